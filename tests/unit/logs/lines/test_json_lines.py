"""A line as strict JSON, whatever is in it."""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections import OrderedDict
from http import HTTPStatus
from typing import Any, NoReturn

import pytest
from strict_lines import LINE, read

from fastapi_spine.core.conventions import Outcome
from fastapi_spine.logs.lines.json_lines import JsonLines


def written(value: object, limit: int = 32 * 1024) -> object:
    """Return what a reader gets for one field."""
    return read(JsonLines(limit).encode({"msg": "m", "field": value}))["field"]


def test_a_plain_line_is_written_as_it_is() -> None:
    """Keys keep their order, values their types, and nothing is added but the newline."""
    data = JsonLines().encode(LINE)
    assert data == json.dumps(LINE, separators=(",", ":")).encode() + b"\n"


def test_text_of_any_language_stays_readable() -> None:
    """UTF-8 is written as it is; only what a terminal obeys becomes an escape."""
    data = JsonLines().encode({"msg": "größe 注文 🚀"})
    assert data == '{"msg":"größe 注文 🚀"}\n'.encode()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x00\x1b[31m\r\n", rb"\u0000\u001b[31m\r\n"),
        ("\x7f", rb"\u007f"),
        ("\x80\x85\x9f", rb"\u0080\u0085\u009f"),
        ("\u2028\u2029", rb"\u2028\u2029"),
        ("\u061c\u200e\u200f", rb"\u061c\u200e\u200f"),
        ("\u202a\u202b\u202c\u202d\u202e", rb"\u202a\u202b\u202c\u202d\u202e"),
        ("\u2066\u2067\u2068\u2069\ufeff", rb"\u2066\u2067\u2068\u2069\ufeff"),
    ],
)
def test_characters_that_steer_a_viewer_are_escaped(text: str, escaped: bytes) -> None:
    """They arrive whole at a JSON reader and inert at a terminal, in keys too."""
    flat = JsonLines().encode({"msg": text})
    assert flat == b'{"msg":"' + escaped + b'"}\n'
    assert JsonLines().encode({"msg": f"é{text}"}) == b'{"msg":"\xc3\xa9' + escaped + b'"}\n'
    assert JsonLines().encode({text: [text]}) == b'{"%b":["%b"]}\n' % (escaped, escaped)


class Color(enum.Enum):
    """An enum of no JSON type."""

    RED = "red"


class Unprintable:
    """Raises whenever it is asked what it is."""

    def __str__(self) -> str:
        raise RuntimeError("not telling")


class Liar:
    """Answers with something that is no text."""

    def __str__(self) -> str:
        number: Any = 5
        return number  # type: ignore[no-any-return]


class Masked:
    """Pretends to be a string when asked for its class."""

    __class__ = str  # type: ignore[assignment]

    def __str__(self) -> str:
        return "mask"


class Shouting(str):
    """A str with a method of its own, which must not be called."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("called")


class Relay:
    """Its text is a str of somebody's own kind."""

    def __str__(self) -> str:
        return Shouting("relayed")


class Hostile(dict[str, object]):
    """A dict whose methods must not be called."""

    def items(self) -> NoReturn:
        """Fail."""
        raise RuntimeError("called")

    def __iter__(self) -> NoReturn:
        raise RuntimeError("called")


FORMS: list[tuple[object, object]] = [
    (float("nan"), "NaN"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
    ([float("nan")], ["NaN"]),
    (2**64 - 1, 2**64 - 1),
    (2**64, "18446744073709551616"),
    (-(2**63), -(2**63)),
    (-(2**63) - 1, "-9223372036854775809"),
    ("\ud800 lone", "\\ud800 lone"),
    (b"raw \xff\n", "raw \\xff\n"),
    (bytearray(b"abc"), "abc"),
    (None, None),
    (True, True),
    (Outcome.FAILED, "failed"),
    (HTTPStatus.NOT_FOUND, 404),
    (Color.RED, "red"),
    (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
    ((1, 2), [1, 2]),
    ({3}, [3]),
    (OrderedDict(a=1), {"a": 1}),
    (Hostile(a=1), {"a": 1}),
    (Shouting("hey"), "hey"),
    (Relay(), "relayed"),
    (Unprintable(), "<unprintable Unprintable>"),
    (Liar(), "<unprintable Liar>"),
    (Masked(), "mask"),
    (int, "<class 'int'>"),
]


@pytest.mark.parametrize(
    ("value", "expected"),
    FORMS,
    ids=[f"{place}-{type(value).__name__}" for place, (value, _) in enumerate(FORMS)],
)
def test_any_value_has_a_form(value: object, expected: object) -> None:
    """What JSON has no word for becomes text, alone and inside a structure."""
    assert written(value) == expected
    assert written({"inner": value}) == {"inner": expected}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({1: "a", "1": "b"}, {"1": "a", "1#2": "b"}),
        ({None: 1, True: 2, 1.5: 3}, {"None": 1, "True": 2, "1.5": 3}),
        ({(1, 2): 3, b"k": 4}, {"(1, 2)": 3, "k": 4}),
        ({"\ud800": 1, Shouting("s"): 2}, {"\\ud800": 1, "s": 2}),
        ({Unprintable: 1}, {str(Unprintable): 1}),
    ],
)
def test_keys_become_text_and_stay_apart(
    members: dict[Any, object], expected: dict[str, object]
) -> None:
    """No two members of an object share a key, whatever the keys were."""
    assert written(members) == expected


def test_a_number_too_large_for_decimal_is_written_in_hex() -> None:
    """Python refuses to write more than 4300 digits; the value still arrives."""
    assert written(16**5000) == hex(16**5000)


def test_a_line_near_the_recursion_limit_is_still_a_line() -> None:
    """When not even copying is possible the line says who spoke."""

    def dig() -> bytes:
        try:
            return dig()
        except RecursionError:
            return JsonLines().encode({**LINE, "field": {"a": [{"b": [1]}]}})

    line = read(dig())
    assert line["level"] in {"INFO", "ERROR"}


def test_a_schema_that_fails_leaves_a_minimal_line() -> None:
    """The last resort is valid JSON even when the schema is broken."""

    def broken(_: dict[str, object]) -> dict[str, object]:
        raise RuntimeError

    assert JsonLines(shape=broken).encode(LINE) == (
        b'{"level":"ERROR","msg":"a log line could not be encoded"}\n'
    )


def test_a_schema_is_given_plain_data_only() -> None:
    """Whatever a program logs, a schema sees JSON types."""
    seen: list[dict[str, object]] = []

    def look(line: dict[str, object]) -> dict[str, object]:
        seen.append(line)
        return {"shaped": line["field"]}

    data = JsonLines(shape=look).encode({"field": {"a": (b"x", Liar())}})
    assert (seen[0], data) == (
        {"field": {"a": ["x", "<unprintable Liar>"]}},
        b'{"shaped":{"a":["x","<unprintable Liar>"]}}\n',
    )


def test_unknown_objects_are_asked_once_and_only_for_their_text() -> None:
    """No repr, no attribute, no iteration: one str() and nothing else."""
    asked: list[str] = []

    class Watched:
        def __getattribute__(self, name: str) -> object:
            asked.append(name)
            return super().__getattribute__(name)

        def __str__(self) -> str:
            asked.append("str")
            return "watched"

        def __repr__(self) -> str:
            asked.append("repr")
            return ""

        def __iter__(self) -> NoReturn:
            asked.append("iter")
            raise RuntimeError

    assert written([Watched()]) == ["watched"]
    assert asked == ["str"]


def test_a_dict_changing_under_our_hands_is_no_error() -> None:
    """A field whose text adds to the line's own dict does not break the line."""
    line: dict[str, object] = {"msg": "m"}

    class Adds:
        def __str__(self) -> str:
            line[f"more{len(line)}"] = 1
            return "added"

    line["field"] = Adds()
    assert read(JsonLines().encode(line)) == {"msg": "m", "field": "added"}
