"""Spans become a tree, whatever came."""

from __future__ import annotations

from itertools import pairwise

from console_memory import span
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.console.assemble.timing import mark_critical, set_self_time
from fastapi_spine.console.assemble.tree import Node, forest, walk
from fastapi_spine.console.rows import SpanRow

MS = 1_000_000


def shown(spans: list[SpanRow]) -> list[tuple[int, int]]:
    """Return number and depth of each span in the order of the waterfall."""
    return [
        (int.from_bytes(node.span.span_id, "big"), node.depth)
        for root in forest(spans)
        for node in walk(root)
    ]


def timed(spans: list[SpanRow]) -> dict[int, tuple[float, bool]]:
    """Return own time in ms, and whether it is on the critical path of the first tree, by number."""
    roots = forest(spans)
    nodes = [node for root in roots for node in walk(root)]
    for node in nodes:
        set_self_time(node)
    mark_critical(roots[0])
    return {
        int.from_bytes(node.span.span_id, "big"): (node.self_ns / MS, node.critical)
        for node in nodes
    }


def test_callers_stand_before_what_they_called_and_siblings_by_time() -> None:
    """In whatever order they came."""
    spans = [span(4, 2, 20, 5), span(3, 1, 50, 5), span(1, None, 0, 100), span(2, 1, 10, 30)]
    assert shown(spans) == [(1, 0), (2, 1), (4, 2), (3, 1)]


def test_a_span_without_its_caller_is_a_beginning() -> None:
    """Its children stay below it."""
    assert shown([span(1, None, 0, 9), span(5, 99, 3, 4), span(6, 5, 4, 1)]) == [
        (1, 0),
        (5, 0),
        (6, 1),
    ]


def test_circles_are_broken_at_their_earliest_span() -> None:
    """Two that call each other, one that calls itself, and one that hangs on a circle all survive."""
    spans = [span(1, 2, 0, 9), span(2, 1, 1, 2), span(3, 3, 2, 1), span(4, 2, 3, 1)]
    assert shown(spans) == [(1, 0), (2, 1), (4, 2), (3, 0)]


def test_a_span_that_came_twice_is_shown_once() -> None:
    """A sender that tried again sends the same; other spans with the same id stay."""
    one = span(1, None, 0, 9)
    assert shown([one, one, span(2, 1, 1, 1), one._replace(name="other")]) == [
        (1, 0),
        (2, 1),
        (1, 0),
    ]


def test_a_chain_of_ten_thousand_is_walked() -> None:
    """Depth costs no stack."""
    spans = [span(n, n - 1 or None, n / 1000, 100) for n in range(1, 10_001)]
    assert shown(spans)[-1] == (10_000, 9_999)
    assert timed(spans)[10_000][1]


def test_own_time_counts_overlapping_children_once() -> None:
    """And what of a child lies outside counts not at all."""
    spans = [
        span(1, None, 0, 100),
        span(2, 1, 10, 30),
        span(3, 1, 20, 40),
        span(4, 1, -5, 10),
        span(5, 1, 90, 50),
    ]
    own = {number: self_ms for number, (self_ms, _) in timed(spans).items()}
    assert own == {1: 35.0, 2: 30.0, 3: 40.0, 4: 10.0, 5: 50.0}


def test_the_critical_path_goes_backwards_from_the_end() -> None:
    """The child that ended last, then the last that ended before it began; what ran beside is not on it."""
    spans = [
        span(1, None, 0, 100),
        span(2, 1, 5, 20),  # ended before 4 began: on it
        span(3, 1, 10, 50),  # ran beside 4: not on it
        span(4, 1, 40, 50),  # ended last: on it
        span(5, 4, 45, 10),  # below it, ended before 6 began
        span(6, 4, 60, 25),
        span(7, 3, 20, 10),  # below what is not on it
    ]
    assert {number for number, (_, critical) in timed(spans).items() if critical} == {1, 2, 4, 5, 6}


def test_work_after_the_answer_is_not_critical() -> None:
    """A background task begins when its request has ended: nobody waited for it."""
    spans = [span(1, None, 0, 100), span(2, 1, 10, 20), span(3, 1, 100, 500)]
    assert {number for number, (_, critical) in timed(spans).items() if critical} == {1, 2}


def test_a_clock_that_differs_makes_nothing_negative() -> None:
    """A child that seems to begin before its caller, and a span that ends before it begins."""
    spans = [span(1, None, 0, 100), span(2, 1, -20, 50), span(3, 1, 60, -10)]
    assert timed(spans) == {1: (70.0, True), 2: (50.0, True), 3: (0.0, False)}


SPANS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-50, 150), st.integers(-10, 120)),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        span(place, parent or None, start, took)
        for place, (parent, start, took) in enumerate(rows, 1)
    ]
)


def union(children: list[Node], low: int, high: int) -> int:
    """Return how much of a stretch children cover, the slow way: millisecond by millisecond."""
    step = MS
    return sum(
        step
        for at in range(low, high, step)
        if any(child.start <= at < child.end for child in children)
    )


@given(SPANS)
def test_own_time_and_children_make_the_whole(spans: list[SpanRow]) -> None:
    """Each span is shown once, own time plus what children cover is its duration, nothing is negative."""
    roots = forest(spans)
    nodes = [node for root in roots for node in walk(root)]
    assert len(nodes) == len(spans)
    assert len({node.span.span_id for node in nodes}) == len(spans)
    for node in nodes:
        set_self_time(node)
        assert node.end >= node.start
        assert node.self_ns + union(node.children, node.start, node.end) == node.end - node.start


@given(SPANS)
def test_the_critical_path_is_never_longer_than_its_root(spans: list[SpanRow]) -> None:
    """Those of one level on it do not overlap, and each hangs on one that is on it."""
    for root in forest(spans):
        below = mark_critical(root)
        assert 0 <= below <= root.end - root.start
        for node in walk(root):
            if node.critical and node is not root:
                assert node.parent is not None
                assert node.parent.critical
            on_it = sorted((one.start, one.end) for one in node.children if one.critical)
            for (_, end), (start, _) in pairwise(on_it):
                assert min(end, node.end) <= max(start, node.start)
