"""Redaction of nested values: structure, identity, limits."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest

from fastapi_spine.redaction import Policy, Public, Redactor, Secret, redact
from fastapi_spine.redaction.tree import DEEPEST, MOST_NODES


class Colour(Enum):
    """An enumeration as applications log them."""

    RED = "red"


@dataclasses.dataclass
class Login:
    """A dataclass that somebody logs whole."""

    user: str
    password: str


CLEAN: list[dict[str, object]] = [
    {"msg": "request completed", "status": 200, "elapsed_ms": 1.5, "ok": True, "n": None},
    {"a": {"b": [1, "two", {"c": (3, "four")}]}, "d": {"x", "y"}},
    {"at": datetime(2025, 1, 1, tzinfo=UTC), "id": UUID(int=7), "sum": Decimal("1.5")},
    {"password": None, "token": True, "secret": False, "cookie": ""},
]


@pytest.mark.parametrize("record", CLEAN)
def test_a_clean_record_is_returned_as_it_is(record: dict[str, object]) -> None:
    """The same object comes back, and a second time as well."""
    redactor = Redactor()
    assert redactor.record(record) is record
    assert redactor.record(record) is record
    assert redactor.value(record) is record


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (
            ["mysql", "-uroot", "-phunter22", "shop"],
            ["mysql", "-uroot", "-p[REDACTED:password]", "shop"],
        ),
        (
            {"auth": {"type": "basic", "username": "bob", "value": "q7Kd93hX"}},
            {"auth": {"type": "basic", "username": "bob", "value": "[REDACTED:authorization]"}},
        ),
        (
            {"kty": "oct", "kid": "1", "k": "q7Kd93hX"},
            {"kty": "oct", "kid": "1", "k": "[REDACTED:private_key]"},
        ),
        (
            {"Name": "/prod/token", "Value": "q7Kd93hX"},
            {"Name": "/prod/token", "Value": "[REDACTED:token]"},
        ),
        (
            {"errors": {"password": ["too short", "too common"]}},
            {"errors": {"password": ["too short", "too common"]}},
        ),
    ],
)
def test_a_value_is_judged_by_what_stands_beside_and_above_it(value: object, clean: object) -> None:
    """Commands, names beside values and descriptions below a sensitive key are read as such."""
    assert Redactor().value(value) == clean


def test_a_name_beside_a_value_counts_at_the_top_of_a_record() -> None:
    """Extra fields of a record are judged together, the second time as well as the first."""
    redactor = Redactor()
    for _ in range(2):
        assert redactor.record({"msg": "set", "key": "api_token", "value": "q7Kd93hX"}) == {
            "msg": "set",
            "key": "api_token",
            "value": "[REDACTED:token]",
        }


def test_the_given_record_is_never_changed() -> None:
    """Redaction copies on write, at every depth."""
    inner: dict[str, object] = {"password": "hunter2", "n": 1}
    record: dict[str, object] = {"ctx": [inner], "msg": "hi"}
    assert Redactor().record(record) == {
        "ctx": [{"password": "[REDACTED:password]", "n": 1}],
        "msg": "hi",
    }
    assert record == {"ctx": [{"password": "hunter2", "n": 1}], "msg": "hi"}
    assert record["ctx"] == [inner]


def test_everything_below_a_sensitive_key_goes_and_the_structure_stays() -> None:
    """Leaves of any type are replaced; None and booleans say nothing and stay."""
    value = {"credentials": {"id": "q7Kd", "parts": ["a1b2", 7, None, True], "n": Decimal(3)}}
    gone = "[REDACTED:credentials]"
    assert redact(value) == {
        "credentials": {"id": gone, "parts": [gone, gone, None, True], "n": gone},
    }


def test_a_number_under_a_sensitive_key_goes() -> None:
    """A numeric password is a password; a count of secrets is a count."""
    assert redact({"password": 12345678, "passwords": 3}) == {
        "password": "[REDACTED:password]",
        "passwords": 3,
    }


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (
            [(b"authorization", b"Bearer q7Kd93"), (b"host", b"a")],
            [["authorization", "Bearer [REDACTED:authorization]"], ["host", "a"]],
        ),
        ([["x-api-key", "q7Kd93"], ["a", "b"]], [["x-api-key", "[REDACTED:api_key]"], ["a", "b"]]),
        ({"name": "password", "value": "q7"}, {"name": "password", "value": "[REDACTED:password]"}),
        (["app", "--token", "q7Kd93", "x"], ["app", "--token", "[REDACTED:token]", "x"]),
        (("curl", "-u", "bob:q7Kd93"), ["curl", "-u", "bob:[REDACTED:password]"]),
        (
            {"loc": ("body", "password"), "input": "q7", "ctx": {"given": "q7"}},
            {
                "loc": ("body", "password"),
                "input": "[REDACTED:password]",
                "ctx": {"given": "[REDACTED:password]"},
            },
        ),
        (b"password=q7Kd93", "password=[REDACTED:password]"),
        (bytearray(b"plain text"), "plain text"),
        (Colour.RED, "red"),
        (Login("bob", "q7Kd93"), "Login(user='bob', password='[REDACTED:password]')"),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "a", (2, 3): "b"}, {"1": "a", "(2, 3)": "b"}),
        ({"x password=q7Kd93": 1}, {"x password=[REDACTED:password]": 1}),
        (["password", "email"], ["password", "email"]),
        (("password", "token"), ("password", "token")),
        (("token", "q7Kd93"), ["token", "[REDACTED:token]"]),
        (("password", "mypassword"), ["password", "[REDACTED:password]"]),
        (
            [("Authorization", "Bearer q7Kd-93hX")],
            [["Authorization", "Bearer [REDACTED:authorization]"]],
        ),
    ],
)
def test_pairs_bytes_and_objects_are_understood(value: object, clean: object) -> None:
    """Headers, arguments, errors, bytes and objects fare as a reader would expect."""
    assert redact(value) == clean


def test_an_exception_becomes_redacted_text_with_its_notes_and_causes() -> None:
    """Type, message, notes and causes are kept, without secrets."""
    error = ValueError("bad password=q7Kd93")
    error.add_note("token=q7Kd93hX")
    error.__cause__ = KeyError("user")
    assert redact(error) == (
        "ValueError: bad password=[REDACTED:password]\ntoken=[REDACTED:token]\nKeyError: 'user'"
    )


def test_the_caller_may_decide_for_one_value() -> None:
    """Public lets a value through untouched, Secret never does, and Secret prints as its mark."""
    record = {"session": Public("q7Kd93"), "note": Secret("plain"), "n": [Public("password=x7")]}
    assert redact(record) == {
        "session": "q7Kd93",
        "note": "[REDACTED:secret]",
        "n": ["password=x7"],
    }
    assert f"{Secret('plain')!r} {Secret('plain')} {Public(7)}" == (
        "[REDACTED:secret] [REDACTED:secret] 7"
    )


def test_url_attributes_use_the_bare_word_of_opentelemetry() -> None:
    """url.* and http.* hold REDACTED instead of a mark."""
    url = "https://a:b@h/p?token=q7&sig=x7&page=2"
    assert redact({"url.full": url}) == {
        "url.full": "https://REDACTED:REDACTED@h/p?token=REDACTED&sig=REDACTED&page=2"
    }


def nested(depth: int) -> dict[str, Any]:
    """Return `depth` mappings inside each other with a secret at the bottom."""
    value: dict[str, Any] = {"password": "q7Kd93hX"}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [DEEPEST, 5000])
def test_what_lies_too_deep_is_replaced(depth: int) -> None:
    """Beyond the depth limit a mark stands for everything, however deep it goes."""
    assert "q7Kd93hX" not in str(redact(nested(depth)))
    assert "[REDACTED:depth]" in str(redact(nested(depth)))
    assert "q7Kd93hX" not in str(redact({"password": nested(depth)}))


def test_cycles_end() -> None:
    """A value that holds itself is cut, not followed for ever."""
    loop: dict[str, Any] = {"password": "q7Kd93hX"}
    loop["self"] = [loop]
    text = str(redact(loop))
    assert "q7Kd93hX" not in text
    assert "[REDACTED:depth]" in text
    many: list[Any] = []
    many.extend([many] * 10)
    assert "[REDACTED:size]" in str(redact(many))


@pytest.mark.parametrize("key", ["items", "password"])
def test_wide_values_are_cut(key: str) -> None:
    """Beyond the node limit one mark stands for the rest; it cannot be used to fill a disk."""
    wide = [f"text {number}" for number in range(3 * MOST_NODES)]
    clean = redact({key: wide, "token": "q7Kd93hX"})
    assert isinstance(clean, dict)
    assert clean[key][-1] == "[REDACTED:size]"
    assert len(clean[key]) <= MOST_NODES + 1
    mapping = redact({str(number): "text" for number in range(3 * MOST_NODES)})
    assert isinstance(mapping, dict)
    assert len(mapping) <= MOST_NODES + 2


def test_a_record_cannot_cost_more_than_its_characters() -> None:
    """Many long texts in one record are read up to a limit together."""
    clean = redact([f"{number} " + "x" * 16_000 for number in range(40)])
    assert isinstance(clean, list)
    assert clean[-1] == "[REDACTED:size]"


def test_every_result_can_be_written_as_json() -> None:
    """Whatever a record holds, msgspec can encode what comes out."""

    class Stranger:
        """An object that JSON does not know."""

    record: dict[str, object] = {
        "a": Stranger(),
        "b": b"\xff\x00",
        "c": {1.5: {None: {"x", b"y"}}},
        "d": ValueError("x"),
        "e": iter([1]),
        "f": complex(1, 2),
        "g": 2**70,
        "h": float("nan"),
        "i": [Colour.RED, Login("a", "b"), Secret("x"), Public(Stranger())],
        "j": datetime(2025, 1, 1, tzinfo=UTC),
        "k": range(3),
        "l": Redactor,
    }
    assert msgspec.json.decode(msgspec.json.encode(Redactor().record(record)))


def test_items_of_a_list_of_tokens_go_if_they_look_like_secrets() -> None:
    """A language model's tokens are words and numbers; a name in front may say what they are, too."""
    record: dict[str, object] = {
        "tokens": ["alphaSecret1", "the", 7],
        "user": {"refreshTokens": ("q7Kd93hXq2",)},
        "max_tokens": ["q7Kd93hXq2"],
        "input": {"tokens": ["quick", "covid19", "##ing"]},
        "sessions": [{"tokens": [{"id": "usr8sKd93hXq2"}]}],
    }
    assert Redactor().record(record) == {
        "tokens": ["[REDACTED:token]", "the", 7],
        "user": {"refreshTokens": ["[REDACTED:token]"]},
        "max_tokens": ["q7Kd93hXq2"],
        "input": {"tokens": ["quick", "covid19", "##ing"]},
        "sessions": [{"tokens": [{"id": "usr8sKd93hXq2"}]}],
    }


@pytest.mark.parametrize(
    "policy",
    [
        Policy(allow_keys=frozenset({"tokens"})),
        Policy(allow_keys=frozenset({"user.tokens"})),
        Policy(disable_kinds=frozenset({"token"})),
        Policy(enabled=False),
    ],
)
def test_a_list_of_tokens_may_be_allowed(policy: Policy) -> None:
    """By its name, by its place, by the kind."""
    record: dict[str, object] = {"user": {"tokens": ["alphaSecret1"]}}
    assert Redactor(policy).record(record) == record
