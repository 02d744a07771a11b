"""Whatever is typed, a search is read or explained, and what was read is written back as the same."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from fastapi_spine.console.filter import Filter
from fastapi_spine.console.search import SearchError, parse, render, window
from fastapi_spine.console.search.keys import KEYS

KEY = st.sampled_from(
    [name for key in KEYS for name in (key.name, *key.also)]
    + ["user_id", "a.b-c", "@servce", "sevice"]
)
OPERATOR = st.sampled_from([":", "=", ">", ">=", "<", "<=", "!=", "=>"])
PLAIN = st.sampled_from(
    ["404", "5xx", "100", "999", "300ms", "1.5s", "0ns", "9h", "warn", "yes", "a*", "*", "1..2", "-1.5..0", "0", "-0.0", "//", "x\\",
     "1" * 40, "0." + "1" * 40, "9" * 39, "0af7651916cd43dd8448eb211c80319c", "AND", "é", "''", "1ms..2s", "24"]
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
QUOTED = TEXT.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
VALUE = st.one_of(PLAIN, QUOTED, st.text("abc*,.-:@/\\\"'", max_size=6))
VALUES = st.lists(VALUE, min_size=1, max_size=3).map(",".join)
TERM = st.one_of(
    st.builds("{}{}{}{}".format, st.sampled_from(["", "-"]), KEY, OPERATOR, VALUES),
    st.builds("{}{}".format, st.sampled_from(["", "-"]), VALUE),
)
SEARCH = st.lists(TERM, max_size=6).map(" ".join)


def read(text: str) -> Filter | None:
    """Read a search; check that a refusal is whole."""
    try:
        return parse(text)
    except SearchError as error:
        wrong = error
    assert wrong.message
    assert 0 <= wrong.position <= len(text)
    shown, carets = wrong.caret().splitlines()
    assert carets.strip() == "^" * max(len(carets.strip()), 1)
    assert len(shown) <= 102
    return None


@given(st.one_of(st.text(max_size=200), SEARCH))
@example("a" * 2000)
@example('"' * 1000)
@example("-" * 1000)
@example(":" * 1000)
@example("\\" * 1000)
@example("a:" * 500)
@example("\ud800")
@example("a:" + "," * 900)
@example("size<-" + "9" * 40)
def test_any_text_is_read_or_explained(text: str) -> None:
    """Nothing but `SearchError` is raised, and what was read survives being written."""
    found = read(text)
    if found is not None:
        assert parse(render(found)) == found


@given(SEARCH)
def test_writing_is_one_spelling(text: str) -> None:
    """What was written once is written the same again."""
    found = read(text)
    if found is not None:
        assert render(parse(render(found))) == render(found)


@given(st.text(max_size=30), st.text(max_size=30))
@example("", "0\x1f")
def test_any_time_is_read_or_explained(since: str, until: str) -> None:
    """A stretch that begins before it ends, in the range of a store's numbers."""
    try:
        found = window(since, until, 1_700_000_000_000_000_000)
    except SearchError:
        return
    assert 0 <= found.start < found.end < 2**63
