"""The redactor as a whole: failing closed, counting, sharing."""

from __future__ import annotations

import threading

import pytest
from tests.unit.redaction.corpus_leaks import LEAKS
from tests.unit.redaction.corpus_makers import make

from fastapi_spine.redaction import ExtraPattern, Policy, Redactor, redact
from fastapi_spine.redaction.text import TextRules


class Hostile:
    """An object whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("password=q7Kd93hX")

    __repr__ = __str__


class LyingMapping(dict[str, object]):
    """A mapping that fails while it is read."""

    def items(self) -> object:  # type: ignore[override]
        """Fail."""
        raise OSError("token=q7Kd93hX")


@pytest.mark.parametrize("value", [Hostile(), [Hostile()], {"a": Hostile()}, {Hostile(): 1}])
def test_an_object_that_cannot_be_read_becomes_a_mark(value: object) -> None:
    """A raising __str__ or __repr__ costs its own value only, and is reported."""
    faults: list[str] = []
    redactor = Redactor(on_error=lambda error: faults.append(type(error).__name__))
    clean = redactor.record({"msg": "hi", "value": value})
    assert clean["msg"] == "hi"
    assert "[REDACTED:error]" in str(clean["value"])
    assert "q7Kd93hX" not in str(clean)
    assert faults == ["RuntimeError"]


def test_a_fault_in_one_field_leaves_the_others() -> None:
    """The record is still written, without the field that failed."""
    clean = Redactor().record({"msg": "hi", "value": LyingMapping(a=1), "password": "q7Kd93"})
    assert clean == {"msg": "hi", "value": "[REDACTED:error]", "password": "[REDACTED:password]"}


def test_a_fault_of_a_rule_does_not_let_the_text_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """If scanning itself breaks, the text is replaced: it fails closed."""

    def broken(_rules: TextRules, _text: str) -> str:
        raise RecursionError

    monkeypatch.setattr(TextRules, "_scan", broken)
    redactor = Redactor()
    assert redactor.text("with password=q7Kd93hX inside") == "[REDACTED:error]"
    assert redactor.record({"msg": "password=q7Kd93hX"}) == {"msg": "[REDACTED:error]"}
    assert redactor.url("https://a:b@h/?token=q7Kd93hX") == "[REDACTED:error]"


def test_a_failing_callback_turns_the_value_into_a_mark() -> None:
    """A callback can only make more go, never less."""

    def callback(_kind: str) -> None:
        raise ValueError("boom")

    redactor = Redactor(on_redaction=callback)
    assert redactor.text("password=q7Kd93hX here") == "[REDACTED:error]"
    assert redactor.text("nothing to see here") == "nothing to see here"


def test_redactions_are_counted_by_kind() -> None:
    """Each replacement is counted once and told to the callback, without the value."""
    told: list[str] = []
    redactor = Redactor(on_redaction=told.append)
    redactor.record(
        {"password": "q7Kd93", "msg": "token=q7Kd93hX token=q7Kd93hX card 4111111111111111"}
    )
    assert redactor.counts == {"password": 1, "token": 2, "card": 1}
    assert sorted(told) == ["card", "password", "token", "token"]


def test_disabled_redaction_changes_nothing_but_keeps_records_writable() -> None:
    """enabled=False writes secrets as they are; objects still become text."""
    redactor = Redactor(Policy(enabled=False))
    record: dict[str, object] = {"password": "hunter2", "msg": "token=abc123 4111111111111111"}
    assert redactor.record(record) is record
    assert redactor.record({"x": b"password=q7"}) == {"x": "password=q7"}
    assert redactor.url("https://a:b@h/?token=x") == "https://a:b@h/?token=x"
    assert redactor.text("y" * 20_000) == "y" * 20_000


def test_headers_are_returned_as_text() -> None:
    """ASGI and client headers come out as pairs of text, sensitive values replaced."""
    pairs: list[tuple[bytes | str, bytes | str]] = [
        (b"Authorization", b"Bearer q7Kd93"),
        ("Cookie", "sid=q7Kd93"),
        (b"host", b"example.com"),
    ]
    assert Redactor().headers(pairs) == [
        ("Authorization", "Bearer [REDACTED:authorization]"),
        ("Cookie", "[REDACTED:cookie]"),
        ("host", "example.com"),
    ]


def test_urls_use_the_bare_word() -> None:
    """The redactor's url() takes whole URLs and bare query strings."""
    redactor = Redactor()
    assert redactor.url("token=q7Kd93&page=2") == "token=REDACTED&page=2"
    assert redactor.url("https://h/a?X-Amz-Signature=ab&b=1#access_token=q7") == (
        "https://h/a?X-Amz-Signature=REDACTED&b=1#access_token=REDACTED"
    )
    assert redactor.url("https://h/orders/17") == "https://h/orders/17"
    assert redactor.url(redactor.url("https://a:b@h/?sig=x7")) == redactor.url(
        "https://a:b@h/?sig=x7"
    )


def test_a_value_with_its_key_is_judged_by_both() -> None:
    """value(x, key) is what a mapping with that key would have shown."""
    redactor = Redactor()
    assert redactor.value("q7", "password") == "[REDACTED:password]"
    assert redactor.value("q7", "page") == "q7"
    assert redact("q7", policy=Policy()) == "q7"


def test_one_text_handled_twice_is_the_same_twice() -> None:
    """A rendered exception that two handlers share reads the same in both."""
    text = "ValueError: bad token=q7Kd93hX\n" + "  File 'x.py', line 3\n" * 20
    redactor = Redactor()
    assert redactor.text(text) == redactor.text(text)
    assert redactor.text(redactor.text(text)) == redactor.text(text)


def test_eight_threads_write_what_one_would() -> None:
    """A shared redactor gives every thread the same output, and loses no count."""
    records = [case.record for case in make(LEAKS, seed=5, each=1)]
    alone = Redactor()
    expected = [alone.record(record) for record in records]
    shared = Redactor()
    results: list[list[dict[str, object]]] = []

    def work() -> None:
        results.append([shared.record(record) for record in records])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8
    assert shared.counts == {kind: 8 * count for kind, count in alone.counts.items()}


@pytest.mark.parametrize(
    ("policy", "value", "clean"),
    [
        (Policy(), "4111111111111111", "[REDACTED:card]"),
        (Policy(), "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        (Policy(known_values=("0123456789abcdef",)), "0123456789abcdef", "[REDACTED:known]"),
        (
            Policy(known_values=("0123456789abcdef",)),
            "00000000000000000123456789abcdef",
            "0000000000000000[REDACTED:known]",
        ),
        (
            Policy(
                extra_patterns=(ExtraPattern(kind="acme", literal="abc", pattern="abc[0-9]{5}"),)
            ),
            "abc45678-0000-0000-0000-000000000000",
            "[REDACTED:acme]-0000-0000-0000-000000000000",
        ),
    ],
)
def test_what_looks_like_an_id_is_still_read_where_it_could_be_a_secret(
    policy: Policy, value: str, clean: str
) -> None:
    """Ids are skipped for speed, never a card, a known value or a shape of the team's own."""
    assert Redactor(policy).record({"n": 1, "id": value}) == {"n": 1, "id": clean}
    assert Redactor(policy).record({"n": 1, "id": value}) == {"n": 1, "id": clean}
