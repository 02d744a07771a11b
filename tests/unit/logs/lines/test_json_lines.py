"""A line as strict JSON, of bounded length, whatever is in it."""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NoReturn

import pytest

from fastapi_spine.core.conventions import Outcome
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.logs.lines.json_lines import JsonLines

LINE: dict[str, object] = {
    "ts": "2026-11-23T09:14:03.120457Z",
    "level": "INFO",
    "logger": "spine.access",
    "msg": "request completed",
    "request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "service": "orders",
    "method": "GET",
    "path": "/orders/7",
    "status": 200,
    "elapsed_ms": 12.345,
}


def refuse(word: str) -> NoReturn:
    """Stand in for a strict reader, which takes no NaN."""
    raise AssertionError(f"{word} is not JSON")


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with one key twice."""
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def read(data: bytes) -> dict[str, Any]:
    """Read one line as the strictest reader would."""
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert min(data[:-1]) >= 0x20
    assert b"\x7f" not in data
    parsed = json.loads(data.decode(), parse_constant=refuse, object_pairs_hook=no_twins)
    assert isinstance(parsed, dict)
    return parsed


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


def test_a_cycle_ends_and_the_line_says_so() -> None:
    """A container inside itself is named, not followed; the same one twice is no cycle."""
    shared = [1]
    cycle: list[object] = [shared, shared]
    cycle.append(cycle)
    assert read(JsonLines().encode({"msg": "m", "field": cycle})) == {
        "msg": "m",
        "field": [[1], [1], "…[TRUNCATED:cycle]"],
        "truncated": True,
    }


def test_depth_is_bounded() -> None:
    """Sixteen containers inside each other are shown, the seventeenth is not."""
    deep: object = "bottom"
    for _ in range(16):
        deep = [deep]
    assert written(deep) == deep
    line = read(JsonLines().encode({"field": [deep]}))
    text = json.dumps(line["field"], ensure_ascii=False)
    assert (text, line["truncated"]) == ("[" * 16 + '"…[TRUNCATED:depth]"' + "]" * 16, True)


def test_the_number_of_values_is_bounded() -> None:
    """A huge container costs no more than ten thousand steps and says how many it left out."""
    line = read(JsonLines(1 << 20).encode({"many": list(range(50_000)), "after": 1}))
    assert line["many"] == [*range(9_999), "…[TRUNCATED:40001]"]
    assert line["…"] == "…[TRUNCATED:1]"
    assert line["truncated"] is True


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


def test_the_line_given_is_not_changed() -> None:
    """Cutting happens in a copy: the same record may go to other handlers."""
    exc = {"type": "E", "message": "m", "stack": "s" * 5000}
    line = {**LINE, "exc": exc, "field": ["x" * 5000]}
    before = json.dumps(line)
    JsonLines(1024).encode(line)
    assert json.dumps(line) == before


def test_the_stack_is_cut_first() -> None:
    """A long stack is shortened before anything else loses a character."""
    exc = {"type": "app.Boom", "message": "stock is gone", "stack": "s" * 40_000}
    line = {**LINE, "note": "n" * 3000, "exc": exc}
    cut = read(JsonLines().encode(line))
    stack = cut["exc"].pop("stack")
    assert cut == {
        **LINE,
        "note": "n" * 3000,
        "exc": {"type": "app.Boom", "message": "stock is gone"},
        "truncated": True,
    }
    kept = len(stack.split("…")[0])
    assert stack == "s" * kept + f"…[TRUNCATED:{40_000 - kept}]"
    assert kept > 25_000


def test_a_stack_is_cut_once_even_when_more_must_go() -> None:
    """Its mark counts from the original, whatever else is cut after it."""
    exc = {"type": "T", "message": "m" * 9000, "stack": "s" * 9000}
    cut = read(JsonLines(1024).encode({"msg": "m" * 9000, "more": ["x" * 9000] * 5, "exc": exc}))
    for text, letter in (
        (cut["exc"]["stack"], "s"),
        (cut["exc"]["message"], "m"),
        (cut["msg"], "m"),
    ):
        kept = text.count(letter)
        assert text == letter * kept + f"…[TRUNCATED:{9000 - kept}]"


def test_ids_are_never_cut() -> None:
    """The longest request id that is accepted stays whole on the shortest line."""
    head = {**LINE, "request_id": "r" * 128}
    line = read(JsonLines(1024).encode({**head, "msg": "m" * 9000, "field": ["f" * 9000] * 5}))
    assert line["request_id"] == "r" * 128


def test_the_longest_strings_are_cut_to_one_length() -> None:
    """Two long strings share the room; a short one keeps all it has."""
    line = read(JsonLines(4096).encode({"a": "a" * 9000, "b": ["b" * 6000], "c": "c" * 200}))
    (b,) = line["b"]
    assert line["c"] == "c" * 200
    assert len(line["a"]) == len(b)
    assert line["a"] == "a" * 1908 + "…[TRUNCATED:7092]"
    assert b.endswith("…[TRUNCATED:4092]")
    assert list(line) == ["a", "b", "c", "truncated"]


LIMITS = [1024, 1500, 4096, 32 * 1024]

EXCESSES: dict[str, Callable[[], dict[Any, object]]] = {
    "message": lambda: {"msg": "x" * 100_000},
    "escapes": lambda: {"msg": "\u2028" * 40_000},
    "quotes": lambda: {"msg": '"\\' * 40_000},
    "emoji": lambda: {"msg": "🚀" * 40_000},
    "surrogates": lambda: {"msg": "\ud83d" * 40_000},
    "key": lambda: {"k" * 100_000: 1, "k" * 100_001: 2},
    "structure": lambda: {"field": {str(number): number for number in range(9_000)}},
    "strings": lambda: {"field": ["y" * 100 for _ in range(5_000)]},
    "fields": lambda: {f"field{number}": number for number in range(9_000)},
    "exception": lambda: {
        "exc": {"type": "T" * 9000, "message": "\n" * 9000, "stack": "é" * 90_000}
    },
    "all": lambda: {
        "msg": "m" * 50_000,
        "exc": {"type": "T", "message": "m" * 20_000, "stack": "s" * 50_000},
        **{f"field{number}": {"a": ["b"] * 50} for number in range(500)},
    },
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", EXCESSES)
def test_no_line_is_longer_than_the_limit(name: str, limit: int) -> None:
    """Whatever is too long, the line fits, is whole JSON, is marked, and keeps our own keys."""
    given = {**LINE, **EXCESSES[name]()}
    data = JsonLines(limit).encode(given)
    line = read(data)
    assert len(data) <= limit
    assert list(line)[:12] == list(LINE)
    assert line["truncated"] is True
    kept = ("ts", "level", "request_id", "trace_id", "span_id", "status", "elapsed_ms")
    assert {key: line[key] for key in kept} == {key: LINE[key] for key in kept}


def test_room_is_used() -> None:
    """Cutting takes no more than it must: less than 1 % of the limit stays empty."""
    for name in ("message", "escapes", "emoji", "quotes"):
        data = JsonLines().encode({**LINE, **EXCESSES[name]()})
        assert len(data) > 32_500, name


def test_a_key_of_absurd_length_is_cut_and_keeps_its_value() -> None:
    """Two keys that begin alike stay two."""
    line = read(JsonLines(1024).encode({"msg": "m", "k" * 5000: 1, "k" * 6000: {"n" * 900: 2}}))
    assert line == {
        "msg": "m",
        "k" * 128 + "#1…[TRUNCATED:4872]": 1,
        "k" * 128 + "#2…[TRUNCATED:5872]": {"n" * 128 + "#0…[TRUNCATED:772]": 2},
        "truncated": True,
    }


def test_a_cut_never_halves_a_character() -> None:
    """Emoji, escapes and quotes are whole or absent, and the count of what is missing is exact."""
    for text in ("🚀" * 3000, "\u2028" * 3000, '"' * 9000, "\x00" * 3000, "aé\n" * 3000):
        for extra in range(8):
            message = read(JsonLines(2048).encode({"pad": "p" * extra, "msg": text}))["msg"]
            kept, missing = message.rsplit("…[TRUNCATED:", 1)
            assert text.startswith(kept)
            assert int(missing.removesuffix("]")) == len(text) - len(kept)


def test_a_structure_too_long_is_kept_as_the_beginning_of_its_json() -> None:
    """A field that cannot be cut string by string becomes text, marked with what it lost."""
    line = read(JsonLines(1024).encode({"msg": "m", "field": list(range(2000))}))
    assert line["field"].startswith("[0,1,2,3,4,")
    assert "…[TRUNCATED:" in line["field"]


def test_fields_left_out_are_counted() -> None:
    """With thousands of small fields the last ones go, and the line says how many went."""
    line = read(JsonLines(2048).encode({**LINE, **EXCESSES["fields"]()}))
    left = [key for key in line if key.startswith("field") and key != "fields_cut"]
    assert left == [f"field{number}" for number in range(len(left))]
    assert line["fields_cut"] == 9_000 - len(left)


def test_a_limit_too_short_for_our_own_keys_is_refused() -> None:
    """The message says what was given and what is possible."""
    with pytest.raises(SettingsError, match="100 bytes is too short; give 1024"):
        JsonLines(100)


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
