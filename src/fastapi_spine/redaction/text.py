"""Secrets in a piece of text: one cheap gate, then the rules whose own gate opens.

Order (first come, first served, and no later rule reads a mark as a value): known values, PEM,
URL credentials, issuers' tokens, bearer and basic, commands, validation errors, SQL parameters,
personal data, own rules, forms and XML, key and value pairs, cards and social security numbers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from fastapi_spine.redaction import patterns, vendors
from fastapi_spine.redaction.commands import COMMAND_ANCHORS, CommandRule
from fastapi_spine.redaction.digits import DigitRules, PersonalRules
from fastapi_spine.redaction.gate import DIGITS, ROUGH_DIGITS, Anchor, gate
from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.pairs import PairRule
from fastapi_spine.redaction.policy import SHORTEST_KNOWN_VALUE, Policy
from fastapi_spine.redaction.prose import ProseRule
from fastapi_spine.redaction.sql import SQL_ANCHORS, SqlRule
from fastapi_spine.redaction.structures import StructureRules
from fastapi_spine.redaction.tables import TableRule
from fastapi_spine.redaction.webhooks import WEBHOOK_ANCHORS, WebhookRule

SHORTEST_TEXT = 7
LONGEST_TEXT = 16 * 1024
LONGEST_CLEAN = 256
MOST_CLEAN = 4096
_CUT_BACK = 256
_BASE64_GROUP = 3
_SAMPLE = "a record without a secret, as long as the records of many applications: password=none"
_ASCII_RUN = LazyPattern(r"[\x20-\x7e]{4,}")

Found = Callable[[str], None]
Rule = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule with the anchors without which it cannot match; None means that it must always run."""

    name: str
    anchors: Sequence[Anchor] | None
    run: Rule


class TextRules:
    """All rules for text under one policy."""

    def __init__(self, policy: Policy, keys: KeyClassifier, found: Found) -> None:
        self.steps = _steps(policy, keys, found) if policy.enabled else []
        gated = [step for step in self.steps if step.anchors is not None]
        always = len(gated) + _DIGIT_STEPS < len(self.steps)
        anchors = [anchor for step in gated for anchor in step.anchors or ()]
        self.may_match = _always if always else gate(anchors)
        self._rules = [
            (gate(step.anchors) if step.anchors is not None else None, step.run)
            for step in self.steps
        ]
        self.clean: dict[str, None] = {}
        for _, run in self._rules:  # compiles what would otherwise be compiled during a request
            run(_SAMPLE)
        self.may_match(_SAMPLE)

    def __call__(self, text: str) -> str:
        """Return `text` without secrets; the same object if there are none.

        Args:
            text: any text; what exceeds 16 KiB is dropped before scanning and counted in its end.
        """
        if len(text) < SHORTEST_TEXT:
            return text
        if len(text) > LONGEST_TEXT and self.steps:
            return self._long(text)
        if text in self.clean or not self.is_suspect(text):
            return text
        return self._scan(text)

    def is_suspect(self, text: str) -> bool:
        """Say whether any rule could match `text`; most texts of most applications say no."""
        if self.may_match(text.lower()):
            return True
        return ROUGH_DIGITS.search(text) is not None and DIGITS.search(text) is not None

    def remember(self, text: str) -> None:
        """Note that `text` is clean: routes, methods and user agents come again and again."""
        if len(text) <= LONGEST_CLEAN:
            if len(self.clean) >= MOST_CLEAN:
                self.clean.clear()
            self.clean[text] = None

    def _scan(self, text: str) -> str:
        clean = text
        lowered = text.lower()
        for may_match, run in self._rules:
            if may_match is None or may_match(lowered):
                before, text = text, run(text)
                lowered = lowered if text is before else text.lower()
        if text != clean:
            return text
        self.remember(clean)
        return clean

    def _long(self, text: str) -> str:
        # The cut falls on a blank where one is near: half a secret might not be recognised.
        room = LONGEST_TEXT - len(f"[TRUNCATED:{len(text)}]")
        cut = max(text.rfind(" ", room - _CUT_BACK, room), text.rfind("\n", room - _CUT_BACK, room))
        cut = cut if cut > 0 else room
        return f"{self._scan(text[:cut])}[TRUNCATED:{len(text) - cut}]"


_DIGIT_STEPS = 1


def _always(_text: str) -> bool:
    return True


def _steps(policy: Policy, keys: KeyClassifier, found: Found) -> list[Step]:
    structures = StructureRules(keys, found)
    return [
        *_known_steps(policy, found),
        *_shape_steps(policy, found),
        *_message_steps(policy, keys, structures, found),
        *_personal_steps(policy, found),
        *_extra_steps(policy, found),
        *_key_steps(keys, structures, found),
        Step("digits", None, DigitRules(policy.disable_kinds, found)),
    ]


def _message_steps(
    policy: Policy, keys: KeyClassifier, structures: StructureRules, found: Found
) -> list[Step]:
    return [
        Step("command", COMMAND_ANCHORS, CommandRule(policy.disable_kinds, found)),
        Step("loc", [Anchor("input", r"\\{0,7}[\"']")], structures.loc),
        Step("input_value", [Anchor("input_value=")], structures.input_value),
        Step("sql", SQL_ANCHORS, SqlRule(keys, found)),
        Step("detail", [Anchor(")=(")], structures.detail),
        Step("web_key", [Anchor("kty", r"\\{0,3}[\"'][ ]?:")], structures.web_key),
        Step("duplicate", [Anchor("duplicate entry")], structures.duplicate),
    ]


def _key_steps(keys: KeyClassifier, structures: StructureRules, found: Found) -> list[Step]:
    anchors = keys.anchors()
    return [
        Step("named", anchors, structures.named),
        Step("element", anchors, structures.element),
        Step("table", anchors, TableRule(keys, found)),
        Step("pairs", anchors, PairRule(keys, found)),
        Step("prose", anchors, ProseRule(keys, found)),
    ]


def _personal_steps(policy: Policy, found: Found) -> list[Step]:
    if not policy.pii:
        return []
    rule = PersonalRules(policy.disable_kinds, found)
    return [Step("personal", [Anchor("@"), *_ip_anchors()], rule)]


def _extra_steps(policy: Policy, found: Found) -> list[Step]:
    return [
        Step(
            extra.kind,
            [Anchor(extra.literal.lower())],
            _sub(LazyPattern(extra.pattern), extra.kind, found),
        )
        for extra in policy.extra_patterns
        if extra.kind not in policy.disable_kinds
    ]


def _ip_anchors() -> list[Anchor]:
    return [*(Anchor(f"{digit}.", "[0-9]") for digit in "0123456789"), Anchor(":", "[0-9a-f:]")]


def _shape_steps(policy: Policy, found: Found) -> Iterable[Step]:
    tokens = vendors.TokenRules(policy.disable_kinds, found)
    shapes: list[tuple[str, Sequence[Anchor], Rule]] = [
        ("private_key", [patterns.PEM_ANCHOR], _sub(patterns.PEM, "private_key", found)),
        (
            "private_key",
            [patterns.PEM_BASE64_ANCHOR],
            _sub(patterns.PEM_BASE64, "private_key", found),
        ),
        ("url_credentials", patterns.USERINFO_ANCHORS, lambda text: patterns.userinfo(text, found)),
        ("url_credentials", patterns.BARE_DSN_ANCHORS, lambda text: patterns.bare_dsn(text, found)),
        (
            "url_credentials",
            [patterns.QUOTED_USERINFO_ANCHOR],
            lambda text: patterns.quoted_userinfo(text, found),
        ),
        ("tokens", [rule.anchor() for rule in tokens.rules], tokens),
        ("webhook", WEBHOOK_ANCHORS, WebhookRule(found)),
        ("azure", [vendors.AZURE_ANCHOR], _sub(vendors.AZURE, "azure", found)),
        ("terraform", [vendors.TERRAFORM_ANCHOR], _sub(vendors.TERRAFORM, "terraform", found)),
        ("mailchimp", [vendors.MAILCHIMP_ANCHOR], _sub(vendors.MAILCHIMP, "mailchimp", found)),
        ("telegram", [vendors.TELEGRAM_ANCHOR], _sub(vendors.TELEGRAM, "telegram", found)),
        ("authorization", [patterns.BEARER_ANCHOR], lambda text: patterns.bearer(text, found)),
        ("authorization", [patterns.BASIC_ANCHOR], lambda text: patterns.basic(text, found)),
    ]
    return [
        Step(kind, anchors, run)
        for kind, anchors, run in shapes
        if kind not in policy.disable_kinds
    ]


def _known_steps(policy: Policy, found: Found) -> Iterable[Step]:
    forms = sorted(
        {form for value in policy.known_values for form in known_forms(value)},
        key=len,
        reverse=True,
    )
    if not forms:
        return []
    runs = [_ASCII_RUN.findall(form) for form in forms]
    anchors = [Anchor(max(run, key=len).lower()) for run in runs if run]
    pattern = LazyPattern("|".join(map(re.escape, forms)))
    return [
        Step(
            "known", anchors if len(anchors) == len(forms) else None, _sub(pattern, "known", found)
        )
    ]


def known_forms(value: str) -> set[str]:
    """Return the forms of a known `value`; one shorter than 10 characters has none."""
    return encodings(value) if len(value) >= SHORTEST_KNOWN_VALUE else set()


def encodings(value: str) -> set[str]:
    """Return `value` as it may stand in a log: plain, URL-, JSON- and base64-encoded.

    The end of a base64 form is left out where it depends on what follows.
    """
    data = value.encode("utf-8", "surrogatepass")
    whole = data[: len(data) - len(data) % 3] if len(data) > _BASE64_GROUP else data
    plain = base64.b64encode(whole).decode().rstrip("=")
    url_safe = base64.urlsafe_b64encode(whole).decode().rstrip("=")
    quoted = {quote(data, safe=""), quote(data), quote_plus(data)}
    return {value, plain, url_safe, json.dumps(value)[1:-1], *quoted}


def _sub(pattern: LazyPattern, kind: str, found: Found) -> Rule:
    instead = mark(kind)

    def run(text: str) -> str:
        text, count = pattern.subn(instead, text)
        for _ in range(count):
            found(kind)
        return text

    return run
