"""Redaction on text and values that nobody thought of."""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Callable
from random import Random  # noqa: TID251 -- a corpus is drawn from a fixed seed

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.redaction.corpus_heldout import HELDOUT_LEAKS
from tests.unit.redaction.corpus_leaks import LEAKS
from tests.unit.redaction.corpus_makers import make
from tests.unit.redaction.corpus_third import THIRD_LEAKS

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.redaction import ExtraPattern, Policy, Redactor
from fastapi_spine.redaction.gate import DIGITS, ROUGH_DIGITS, gate
from fastapi_spine.redaction.paths import Paths
from fastapi_spine.redaction.vendors import TOKEN_RULES

REDACTOR = Redactor(Policy(pii=True))
PIECES = [
    "password", "passwd=", "token: ", "api key: ", "Authorization: Bearer ", "Basic ", "cookie: a=",
    '"secret": "', "'pwd': '", '\\"token\\": \\"', "%22password%22%3A%22", "&quot;", "sid=", "=", ":",
    "://a:b@", "https://", "?sig=", "&token=", "@h:1", "-----BEGIN PRIVATE KEY-----", "eyJhbGci.",
    "ghp_a1B2c3D4e5F6", "sk-", "4111 1111 1111 1111", "219-09-9999", "curl -u a:b ", "--token ",
    "[type=x, input_value='", "'loc': ('password'), 'input': '", "[parameters: ('", "[SQL: ", ")=(",
    'name="password"', "<password>", "</", "[REDACTED:password]", "REDACTED", "password is ", "|",
    "INSERT INTO t (password) VALUES ('", "key=", "?key=", "Some(", "mysql -p", "htpasswd -b a b ", "id,token\n1,", "AUTH ",
    "name: token\n  value: ", "&lt;password&gt;", "cvv 123 ", "token: [", "'auth': {'user': ", "${A:-", "echo a | ", "kty",
    "hunter2", "a1B2c3D4e5F6", "none", "{", "}", "[", "]", "(", ")", '"', "'", "\\", "\\n", "\n", " ",
    "\u0130", "\u212a", "\u2028", "\ud800", "\x00", "127.0.0.1", "bob@example.com",
]  # fmt: skip
TEXT = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=20).map("".join),
)
SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=40),
    st.datetimes(), st.uuids(), st.decimals(), st.complex_numbers(), st.builds(object),
)  # fmt: skip
KEY = st.one_of(st.sampled_from(["password", "n", "token", "loc", "input", "name", "value"]), TEXT)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(KEY, st.integers(), st.binary(max_size=8)), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(TEXT)
def test_redacting_again_and_again_comes_to_rest(text: str) -> None:
    """Any text, however mangled, is redacted without a fault and soon changes no more.

    One pass is enough for what applications write (the corpora prove it). Fragments of formats
    glued together may lose a little more on the second pass, never less.
    """
    clean = text
    for _ in range(4):
        clean = REDACTOR.text(clean)
        assert clean != "[REDACTED:error]"
    assert REDACTOR.text(clean) == clean


@given(TEXT)
def test_the_gate_lets_every_text_through_that_a_rule_would_change(text: str) -> None:
    """No rule matches a text at which its own gate or the common gate says no."""
    rules = REDACTOR._text  # noqa: SLF001 -- the gate is not part of the face
    for step in rules.steps:
        if step.run(text) == text:
            continue
        if step.anchors is None:
            assert ROUGH_DIGITS.search(text), step.name
            assert DIGITS.search(text), step.name
        else:
            assert gate(step.anchors)(text.lower()), step.name
            assert rules.may_match(text.lower()), step.name


@given(VALUE)
def test_any_value_comes_out_writable(value: object) -> None:
    """Whatever goes in, the result is JSON."""
    clean = REDACTOR.value(value)
    json.dumps(clean, default=str)
    msgspec.json.encode(without_surrogates(clean))


@given(st.dictionaries(KEY, SCALAR, max_size=6))
def test_a_record_is_what_its_fields_are(record: dict[str, object]) -> None:
    """The fast path over a whole record and the slow one over each field agree."""
    whole = REDACTOR.record(record)
    nested = REDACTOR.value({"x": record})
    assert isinstance(nested, dict)
    assert str(whole) == str(nested["x"])


@given(
    st.sampled_from(
        ["password={}", '{{"token": "{}"}}', "Authorization: Bearer {}", "?secret={}&a=1"]
    ),
    st.text(alphabet="abcdefghjkmnpqrstuvwxyz", min_size=3, max_size=8),
    st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTUVWXYZ", min_size=8, max_size=60),
)
def test_the_mark_holds_no_part_of_the_secret(template: str, head: str, tail: str) -> None:
    """No four characters in a row of the secret are left."""
    secret = f"{head}7{tail}"
    clean = REDACTOR.text(template.format(secret))
    parts = {secret[i : i + 4] for i in range(len(secret) - 3)}
    frame = template.format("") + "[REDACTED:password]secret token authorization"
    assert not [part for part in parts if part in clean and part not in frame]


@pytest.mark.parametrize("batch", [LEAKS, HELDOUT_LEAKS, THIRD_LEAKS])
def test_every_leak_of_the_corpora_passes_the_gates_of_its_rules(batch: list[object]) -> None:
    """On the corpora too, no rule would change a text that its gate holds back."""
    rules = REDACTOR._text  # noqa: SLF001 -- the gate is not part of the face
    for case in make(batch, seed=3, each=2):
        for text in texts(case.record):
            for step in rules.steps:
                if step.anchors is not None and step.run(text) != text:
                    assert gate(step.anchors)(text.lower()), (step.name, text)


def texts(value: object) -> list[str]:
    """Return every text in a record."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bytes):
        return [value.decode("latin-1")]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts(item)]
    return []


def without_surrogates(value: object) -> object:
    """Return `value` with lone surrogates replaced, as the writer does."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_surrogates(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return [without_surrogates(item) for item in value]
    return value


@pytest.mark.soak(examples=20_000)
@settings(max_examples=20_000, deadline=None)
@given(TEXT)
def test_redacting_again_and_again_comes_to_rest_at_length(text: str) -> None:
    """Redacting what is redacted changes nothing: the long form of the test above."""
    clean = text
    for _ in range(4):
        clean = REDACTOR.text(clean)
    assert REDACTOR.text(clean) == clean


@pytest.mark.soak
def test_the_cost_is_linear_in_the_text(record_property: Callable[[str, object], None]) -> None:
    """Doubling an adversarial text at most doubles the time, at no more than 2 us a character."""
    rng = Random(1)  # noqa: S311 -- adversarial text, not a key
    atoms = [*PIECES, *("".join(rng.choices(PIECES, k=3)) for _ in range(150))]
    record_property("texts", len(atoms))
    record_property("characters", 16_000)
    slow = []
    for atom in atoms:
        half, whole = cost(atom, 8_000), cost(atom, 16_000)
        if whole > 16_000 * 2e-6 or (whole > 16_000 * 0.5e-6 and whole / half > 2.6):
            slow.append((atom, half, whole))
    assert slow == []


def cost(atom: str, size: int) -> float:
    """Return the CPU seconds it takes to redact `size` characters of `atom`, at best."""
    text = ("token " + atom * (size // len(atom) + 1))[:size]
    timer = timeit.Timer(lambda: REDACTOR.text(text), timer=time.thread_time)
    return min(timer.repeat(repeat=7, number=1))


LETTERS = st.text("abcdefghiABCDEFGHI", min_size=1, max_size=18)
WORDS = st.one_of(
    LETTERS,
    st.integers(0, 10**9).map(str),
    st.sampled_from(["password", "token", "secret", "ssn", "basic", "Bearer", "x-y-z", "a.b", "é"]),
    st.sampled_from([rule.literal for rule in TOKEN_RULES]),
    st.tuples(st.sampled_from([rule.literal for rule in TOKEN_RULES]), LETTERS).map("".join),
    st.tuples(LETTERS, st.sampled_from("_-"), LETTERS).map("".join),
)


def finished(path: str) -> Exchange:
    """Make a request that has asked for a path."""
    return Exchange("http", {"path": path}, Identity("r", "0" * 32, "0" * 16), 1, 1)


@given(st.lists(WORDS, max_size=14).map(lambda words: "/" + "/".join(words)))
@example("/glc_AAAAAAA/A/AAA/100000")
@settings(max_examples=1_500)
def test_a_path_that_is_taken_unread_holds_nothing_that_a_rule_would_take(path: str) -> None:
    """Words and small numbers are not scanned, because no rule of ours can match them, and there is nothing to escape."""
    unread = Paths(REDACTOR).plain(finished(path))
    if unread is not None:
        assert (unread, REDACTOR.text(path)) == (path, path)
        assert json.dumps(path) == f'"{path}"'


def test_no_path_is_taken_unread_under_rules_of_the_teams_own() -> None:
    """A known value and a team's own token may look like any word."""
    own = ExtraPattern(kind="badge", literal="badge", pattern="badge[a-z]{1,8}")
    for policy in (Policy(extra_patterns=(own,)), Policy(known_values=("badgeholder",))):
        paths = Paths(Redactor(policy))
        asked = finished("/badges/badgeholder")
        assert paths.plain(asked) is None
        assert "badgeholder" not in paths.of(asked)
    assert Paths(REDACTOR).plain(finished("/badges/badgeholder")) == "/badges/badgeholder"
