"""Whatever is logged, the outcome is one valid line."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_spine.logs.lines.human import HumanLines
from fastapi_spine.logs.lines.json_lines import JsonLines
from fastapi_spine.logs.lines.schemas import SCHEMAS, shape_for

C1 = range(0x80, 0xA0)
DEPTH = 40

any_text = st.text(st.characters(), max_size=300)
"""Surrogates, control characters and all."""
clean_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | clean_text
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
    max_leaves=20,
)


class Stranger:
    """An object that is no JSON and may not even have a text."""

    def __init__(self, text: object) -> None:
        self.text = text

    def __str__(self) -> str:
        if isinstance(self.text, Exception):
            raise self.text
        return self.text  # type: ignore[return-value]


any_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | any_text
    | st.binary(max_size=50)
    | st.dates()
    | st.decimals()
    | st.uuids()
    | st.complex_numbers()
    | st.builds(Stranger, any_text | st.integers() | st.builds(ValueError))
)
any_keys = (
    any_text | st.integers() | st.floats() | st.none() | st.binary(max_size=9) | st.booleans()
)
any_values = st.recursive(
    any_scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(any_keys, inner, max_size=5)
        | st.tuples(inner, inner)
        | st.frozensets(any_keys, max_size=4)
    ),
    max_leaves=40,
)
our_keys = st.sampled_from(
    ["ts", "level", "logger", "msg", "request_id", "trace_id", "span_id", "service", "status", "path",
     "elapsed_ms", "bytes_in", "client", "outcome", "type", "errors", "route", "held", "exc", "truncated"]
)  # fmt: skip
our_values = st.sampled_from(["spine.access", "INFO", "websocket", "x" * 3000])
lines = st.dictionaries(any_text | our_keys, any_values | our_values, max_size=8)


def refuse(word: str) -> NoReturn:
    """Stand in for a strict reader."""
    raise AssertionError(f"{word} is not JSON")


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with one key twice."""
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def read(data: bytes) -> dict[str, Any]:
    """Read one line as the strictest reader would."""
    assert data[-1:] == b"\n"
    text = data[:-1].decode()
    assert not any(ord(character) < 0x20 or ord(character) == 0x7F for character in text)
    assert not any(ord(character) in C1 for character in text)
    assert text.isascii() or not {"\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"} & set(text)
    parsed = json.loads(text, parse_constant=refuse, object_pairs_hook=no_twins)
    json.dumps(parsed, ensure_ascii=False).encode()
    assert isinstance(parsed, dict)
    return parsed


@given(lines, st.sampled_from([1024, 2000, 32 * 1024]), st.sampled_from(SCHEMAS))
@settings(max_examples=150)
def test_anything_gives_one_valid_line(line: dict[str, object], limit: int, schema: str) -> None:
    """Any dict of anything, in any schema, is one strict JSON object within the limit."""
    data = JsonLines(limit, shape_for(schema, "orders")).encode(line)
    assert len(data) <= limit
    read(data)


@given(st.dictionaries(clean_text, json_values, max_size=6))
@settings(max_examples=100)
def test_plain_json_comes_back_equal(line: dict[str, object]) -> None:
    """What JSON can say is said exactly, order included."""
    parsed = read(JsonLines(1 << 20).encode(line))
    assert parsed == line
    assert list(parsed) == list(line)
    assert json.dumps(parsed) == json.dumps(line)


@given(lines, st.booleans(), st.sampled_from([None, 80, 120]))
@settings(max_examples=100)
def test_nothing_can_steer_a_terminal(
    line: dict[str, object], color: bool, width: int | None
) -> None:
    """Any dict of anything is shown; no control character passes but our own colours and newlines."""
    text = HumanLines(color=color, width=width).encode(line).decode()
    assert text[-1] == "\n"
    for style in ("0", "1", "2", "31", "32", "33", "34", "36", "1;31") if color else ():
        text = text.replace(f"\x1b[{style}m", "")
    assert not {
        character
        for character in text
        if character != "\n" and (ord(character) < 0x20 or ord(character) == 0x7F)
    }
    assert not {character for character in text if ord(character) in C1}
