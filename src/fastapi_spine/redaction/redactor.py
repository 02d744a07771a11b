"""The one object that takes secrets out, for logs, span attributes and labels alike.

It fails closed: whatever goes wrong inside, the value becomes ``[REDACTED:error]``, the fault is
reported to `on_error`, and the record is still written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeVar

from fastapi_spine.redaction.arguments import NAMED_BESIDE
from fastapi_spine.redaction.commands import CommandRule
from fastapi_spine.redaction.keys import CACHE_SIZE, KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import ERROR_MARK
from fastapi_spine.redaction.policy import Policy
from fastapi_spine.redaction.text import LONGEST_CLEAN, LONGEST_TEXT, MOST_CLEAN, TextRules
from fastapi_spine.redaction.tree import Rules, Walk
from fastapi_spine.redaction.urls import UrlRule

T = TypeVar("T")

REACH: Final = 1_024
"""Characters that are read beyond a limit, because half a secret might not be recognised."""

_PLAIN = frozenset({int, float, bool, type(None)})
# Ids of spans and traces and UUIDs: no rule can match one that has a letter, so it need not be read
# (unless a known value or a rule of the team's own might look the same).
_ID_LENGTHS = frozenset({16, 32, 36})
_ID = LazyPattern(
    r"(?=[0-9]{0,15}[a-f-])[0-9a-f]{8}(?:[0-9a-f]{8}(?:[0-9a-f]{16})?|(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
_ID_CHARACTERS = frozenset("0123456789abcdefABCDEF-")
_DEFAULT = Policy()


class Redactor:
    """Redaction under one policy; safe to share between threads.

    Args:
        policy: what is removed and what may stay.
        on_redaction: called with the kind each time something is replaced. It is not told the
            value. An exception from it turns the value into ``[REDACTED:error]``.
        on_error: called with a fault of redaction itself, after it was made harmless.

    Attributes:
        counts: how often something was replaced, by kind.
        only_known_shapes: whether there are no rules but those that come with us: what is short and plain is no secret.
    """

    def __init__(
        self,
        policy: Policy = _DEFAULT,
        on_redaction: Callable[[str], None] | None = None,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.counts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._on_redaction = on_redaction
        self._on_error = on_error
        self._keys = KeyClassifier(policy)
        self._plain: set[str] = set()
        self._text = TextRules(policy, self._keys, self._found)
        self._clean = self._text.clean
        self._is_suspect = self._text.is_suspect
        risky = policy.extra_patterns or any(
            _ID_CHARACTERS.issuperset(value) for value in policy.known_values
        )
        self._id_lengths = frozenset[int]() if risky else _ID_LENGTHS
        self.only_known_shapes = not (policy.extra_patterns or policy.known_values)
        self._url_rule = UrlRule(self._keys, self._found)
        self._rules = Rules(
            keys=self._keys,
            text=self._text,
            command=CommandRule(policy.disable_kinds, self._found).spans,
            url=self._url,
            found=self._found,
            guarded_text=self._guarded_text,
            allowed_paths=frozenset(key.lower() for key in policy.allow_keys if "." in key),
        )

    # --- the hot path -------------------------------------------------------------------------

    def record(self, fields: dict[str, object]) -> dict[str, object]:
        """Return the flat record `fields` without secrets.

        The texts of a record are joined and the gate is asked once: a clean record of eight
        fields costs about what two rules would cost. Every value of the result can be written by
        msgspec's JSON encoder (except text with lone surrogates, which the writer must escape).

        Args:
            fields: the merged record, message formatted, exception rendered. Never changed.

        Returns:
            The same object if nothing had to change, else a new dict in the same order.
        """
        plain, clean = self._plain, self._clean
        id_lengths, is_id = self._id_lengths, _ID.fullmatch
        parts: list[str] = []
        for key, value in fields.items():
            if key not in plain:
                return self._record(fields)
            kind = type(value)
            if kind is str:
                if value not in clean and not (len(value) in id_lengths and is_id(value)):  # type: ignore[arg-type]
                    parts.append(value)  # type: ignore[arg-type]
            elif kind not in _PLAIN:
                return self._record(fields)
        joined = "\n".join(parts)
        if len(joined) > LONGEST_TEXT or self._is_suspect(joined):
            return self._record(fields)
        if len(clean) > MOST_CLEAN:
            clean.clear()
        for text in parts:
            if len(text) <= LONGEST_CLEAN:
                clean[text] = None
        return fields

    def _record(self, fields: dict[str, object]) -> dict[str, object]:
        walk = Walk(self._rules)
        clean: dict[str, object] = {}
        changed = False
        for key, value in fields.items():
            name = self._guard(walk.name, key)
            clean[name] = after = self._guard(walk.keyed, name, value, "", 1)
            changed = changed or after is not value or name is not key
            if name is key and key not in NAMED_BESIDE and self._keys.kind(key) is None:
                self._remember_plain(key)
        if not NAMED_BESIDE.isdisjoint(clean):
            judged: object = self._guard(walk.by_name, clean, 1)
            if judged == ERROR_MARK:
                clean |= dict.fromkeys(NAMED_BESIDE & clean.keys(), ERROR_MARK)
            changed = bool(judged) or changed
        return clean if changed else fields

    def _remember_plain(self, key: str) -> None:
        if len(self._plain) >= CACHE_SIZE:
            self._plain.clear()
        self._plain.add(key)

    # --- the rest of the face -----------------------------------------------------------------

    def value(self, value: object, key: str | None = None) -> object:
        """Return `value`, of any type and depth, without secrets; the same object if clean.

        Args:
            value: anything; objects that JSON does not know become redacted text.
            key: the name under which the value stands, if it has one.
        """
        walk = Walk(self._rules)
        if key is None:
            return self._guard(walk.value, value, "", 1)
        return self._guard(walk.keyed, key, value, "", 1)

    def text(self, text: str) -> str:
        """Return `text` without secrets; what exceeds 16 KiB is dropped before scanning."""
        return self._guard(self._text, text)

    def text_within(self, text: str, length: int) -> str:
        """Return at most so many characters of `text` without secrets: a secret that the cut would halve is seen whole."""
        return self.text(text[: length + REACH])[:length]

    def url(self, url: str) -> str:
        """Return `url`, or a bare query string, with OpenTelemetry's bare ``REDACTED`` values."""
        return self._guard(self._url, url)

    def headers(self, pairs: Iterable[tuple[bytes | str, bytes | str]]) -> list[tuple[str, str]]:
        """Return header `pairs` as text, the values of sensitive names replaced.

        Args:
            pairs: names and values as ASGI or an HTTP client hands them out.
        """
        clean: object = self._guard(self._headers, pairs)
        return clean if isinstance(clean, list) else [("", ERROR_MARK)]

    def is_sensitive_key(self, name: str) -> bool:
        """Say whether the value under `name` would be removed whatever it is."""
        return self._keys.kind(name) is not None

    # --- inside -------------------------------------------------------------------------------

    def _headers(self, pairs: Iterable[tuple[bytes | str, bytes | str]]) -> list[tuple[str, str]]:
        clean = []
        for name, value in pairs:
            key = name.decode("latin-1") if isinstance(name, bytes) else name
            content = value.decode("latin-1") if isinstance(value, bytes) else value
            clean.append((key, str(self.value(content, key))))
        return clean

    def _url(self, url: str) -> str:
        return self._text(self._url_rule(url[: 4 * LONGEST_TEXT]))

    def _found(self, kind: str) -> None:
        with self._lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        if self._on_redaction is not None:
            self._on_redaction(kind)

    def _guarded_text(self, value: object) -> str:
        return self._guard(str, value)

    def _guard(self, step: Callable[..., T], *args: object) -> T:
        try:
            return step(*args)
        except Exception as error:  # noqa: BLE001 -- fails closed: a fault must not let a value out
            if self._on_error is not None:
                self._on_error(error)
            return ERROR_MARK  # type: ignore[return-value]


def redact(value: object, *, policy: Policy | None = None) -> object:
    """Return `value` without secrets: the redaction by itself.

    Args:
        value: text, a mapping, a sequence or any object, nested as deep as you like.
        policy: what to remove; the default policy if None.
    """
    return _redactor(policy or _DEFAULT).value(value)


@lru_cache(maxsize=16)
def _redactor(policy: Policy) -> Redactor:
    return Redactor(policy)
