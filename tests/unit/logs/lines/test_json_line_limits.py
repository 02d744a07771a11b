"""A line of JSON is of bounded length, depth and width, and says what it left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from strict_lines import LINE, read

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.logs.lines.json_lines import JsonLines


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
    assert read(JsonLines().encode({"field": deep}))["field"] == deep
    line = read(JsonLines().encode({"field": [deep]}))
    text = json.dumps(line["field"], ensure_ascii=False)
    assert (text, line["truncated"]) == ("[" * 16 + '"…[TRUNCATED:depth]"' + "]" * 16, True)


def test_the_number_of_values_is_bounded() -> None:
    """A huge container costs no more than ten thousand steps and says how many it left out."""
    line = read(JsonLines(1 << 20).encode({"many": list(range(50_000)), "after": 1}))
    assert line["many"] == [*range(9_999), "…[TRUNCATED:40001]"]
    assert line["…"] == "…[TRUNCATED:1]"
    assert line["truncated"] is True


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
