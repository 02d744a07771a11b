"""Durations, sizes and all other kinds of values, on whatever people write."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastapi_spine.settings.catalog import entries
from fastapi_spine.settings.kind import Kind, Malformed
from fastapi_spine.settings.lists import NAMES, PATTERNS, POLICIES, TEXTS, ExtraPattern
from fastapi_spine.settings.measures import BUCKETS
from fastapi_spine.settings.parse import COUNT, DURATION, DURATION_OR_OFF, LEVEL, size

KINDS = st.sampled_from(list({entry.setting.kind for entry in entries()}))

durations = st.floats(min_value=0, max_value=1e12, allow_nan=False) | st.integers(
    min_value=0, max_value=10**9
).map(lambda milliseconds: milliseconds / 1000)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
paths = st.text(st.characters(exclude_categories=["Cs"])).map(lambda rest: f"/{rest}")
policies = st.sampled_from(["on", "off", "errors", "minute"]) | st.floats(0, 1).map(
    lambda share: f"sample:{share:.6f}"
)
patterns = st.builds(
    ExtraPattern,
    kind=st.from_regex(r"\A[a-z][a-z0-9_]{0,9}\Z"),
    literal=texts,
    pattern=st.just("a+"),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(
        ["1s", "64KiB", 10**4000, "9" * 5000, "1e999s", "inf", "nan", "٣s", "sample:9", "off"]
    ),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.just(object())
    ),
    max_leaves=5,
)


def from_file(kind: Kind[Any], value: object) -> object:
    """Show a value, paste it into a TOML file, read it."""
    return kind.parse(tomllib.loads(f"x = {kind.show(value)}")["x"])


@given(durations)
def test_a_shown_duration_is_read_as_the_same_duration(seconds: float) -> None:
    """Nothing is lost between printing a duration and pasting it."""
    assert from_file(DURATION, seconds) == seconds
    assert from_file(DURATION_OR_OFF, seconds) == seconds


@given(st.integers(0, 10**9))
def test_units_of_a_duration_agree(count: int) -> None:
    """Milliseconds, seconds, minutes, hours and plain numbers measure the same time."""
    assert DURATION.parse(f"{count}ms") == count / 1000
    assert (
        DURATION.parse(f"{count}s") == DURATION.parse(count) == DURATION.parse(str(count)) == count
    )
    assert DURATION.parse(f"{count}m") == count * 60
    assert DURATION.parse(f" {count} h ") == count * 3600


@given(st.integers(1, 10**18))
def test_a_shown_size_is_read_as_the_same_size(count: int) -> None:
    """Sizes are exact, however large."""
    assert from_file(size(), count) == count


@given(st.integers(1, 10**11), st.sampled_from(["KiB", "kib", " KIB"]))
def test_units_of_a_size_agree(count: int, unit: str) -> None:
    """A KiB is 1024 bytes and a kB 1000, in any case."""
    assert size().parse(f"{count}{unit}") == count * 1024
    assert size().parse(f"{count}.5{unit}") == count * 1024 + 512
    assert size().parse(f"{count}MB") == size().parse(f"{count}000kB") == count * 10**6


@given(st.integers(0, 1000))
def test_a_shown_level_is_read_as_the_same_level(level: int) -> None:
    """Names and numbers of levels agree."""
    assert from_file(LEVEL, level) == LEVEL.parse(str(level)) == level


@given(st.integers(1, 10**18))
def test_a_shown_count_is_read_as_the_same_count(count: int) -> None:
    """Whole numbers stay what they are."""
    assert COUNT.parse(count) == count


@given(st.lists(texts))
def test_shown_lists_are_read_as_the_same_lists(names: list[str]) -> None:
    """Whatever characters a name has, it survives being printed and pasted."""
    assert from_file(NAMES, NAMES.parse(names)) == NAMES.parse(names)
    assert from_file(TEXTS, TEXTS.parse(names)) == tuple(names)


@given(st.dictionaries(paths, policies))
def test_shown_policies_are_read_as_the_same_policies(table: dict[str, str]) -> None:
    """Whatever characters a path has, it survives being printed and pasted."""
    assert from_file(POLICIES, POLICIES.parse(table)) == table


@given(st.lists(patterns))
def test_shown_patterns_are_read_as_the_same_patterns(given_patterns: list[ExtraPattern]) -> None:
    """Tables survive being printed and pasted."""
    assert from_file(PATTERNS, PATTERNS.parse(given_patterns)) == tuple(given_patterns)


@settings(max_examples=500)
@given(kind=KINDS, written=anything)
@example(kind=BUCKETS, written=[10**400])
def test_every_value_is_read_or_refused(kind: Kind[Any], written: object) -> None:
    """No value ends in another error than ours, and a value once read is read as itself."""
    try:
        value = kind.parse(written)
    except Malformed:
        return
    assert kind.parse(value) == value
    assert isinstance(kind.show(value), str)


@settings(max_examples=500)
@given(
    kind=KINDS,
    text=st.text() | st.sampled_from(["true", "off", "1,2", "/a=on", "=", ",", "9" * 5000]),
)
def test_every_variable_is_read_or_refused(kind: Kind[Any], text: str) -> None:
    """No text of a variable ends in another error than ours."""
    if kind.text is None:
        return
    try:
        value = kind.parse(kind.text(text))
    except Malformed:
        return
    assert kind.parse(value) == value


@given(st.floats().filter(lambda seconds: not 0 <= seconds < math.inf))
def test_a_duration_is_finite_and_not_negative(seconds: float) -> None:
    """Waiting for ever is never meant."""
    with pytest.raises(Malformed):
        DURATION.parse(seconds)
