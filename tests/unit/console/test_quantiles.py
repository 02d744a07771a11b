"""Percentiles from buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.console.quantiles import bucket_of, percentiles, quantile, share_below

BOUNDS = (10.0, 20.0, 40.0)
COUNTS = st.lists(st.integers(0, 1000), min_size=4, max_size=4)


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ([0, 0, 0, 0], 0.5, None),
        ([4, 0, 0, 0], 0.5, 5.0),
        ([0, 4, 0, 0], 0.5, 15.0),
        ([0, 4, 0, 0], 1.0, 20.0),
        ([2, 2, 4, 0], 0.5, 20.0),
        ([0, 0, 0, 4], 0.5, 40.0),
        ([0, 4, 0, 0], 0.0, 10.0),
    ],
)
def test_a_percentile_lies_on_a_line_through_its_bucket(
    counts: list[int], share: float, expected: float | None
) -> None:
    """As Prometheus interpolates; from 0 in the first bucket, at least the last bound in the open one."""
    assert quantile(BOUNDS, counts, share) == expected


@pytest.mark.parametrize(
    ("counts", "longest", "expected"),
    [
        ([0, 1, 0, 0], 12.0, (12.0, 12.0, 12.0)),
        ([0, 8, 0, 0], 18.0, (15.0, 18.0, 18.0)),
        ([0, 0, 0, 1], 70.0, (40.0, 40.0, 40.0)),
        ([0, 0, 1, 0], 12.0, (20.0, 20.0, 20.0)),
    ],
)
def test_no_percentile_is_beyond_the_longest_that_came(
    counts: list[int], longest: float, expected: tuple[float, float, float]
) -> None:
    """One request of 12 took 12 at most; a longest that its bucket contradicts is believed down to the bucket."""
    assert percentiles(BOUNDS, counts, longest) == expected


def test_nothing_observed_has_no_percentiles() -> None:
    """None of the three, and no share."""
    assert percentiles(BOUNDS, [0, 0, 0, 0]) == (None, None, None)
    assert share_below(BOUNDS, [0, 0, 0, 0], 3.0) is None
    assert quantile((), (), 0.5) is None


@given(COUNTS, st.floats(0, 1))
def test_a_percentile_is_in_the_bucket_of_its_rank(counts: list[int], share: float) -> None:
    """Never further off than the bucket is wide, and higher shares never give lower values."""
    found = quantile(BOUNDS, counts, share)
    if found is None:
        assert sum(counts) == 0
        return
    exact = sorted(place for place, count in enumerate(counts) for _ in range(count))
    place = exact[max(-int(-share * len(exact) // 1) - 1, 0)]
    edges = (0.0, *BOUNDS, BOUNDS[-1])
    assert edges[place] - 1e-9 <= found <= edges[place + 1] + 1e-9
    p50, p95, p99 = percentiles(BOUNDS, counts)
    assert p50 is not None
    assert p95 is not None
    assert p99 is not None
    assert p50 <= p95 <= p99


@given(COUNTS, st.floats(0, 100))
def test_the_share_below_grows_from_nothing_to_all(counts: list[int], value: float) -> None:
    """0 at 0, never more than 1, and more for a larger value."""
    found = share_below(BOUNDS, counts, value)
    if found is not None:
        assert share_below(BOUNDS, counts, 0.0) == 0.0
        assert 0.0 <= found <= 1.0
        assert found <= (share_below(BOUNDS, counts, value + 5) or 0.0)


def test_a_value_knows_its_bucket() -> None:
    """Upper bounds belong to their bucket; beyond the last one it is open."""
    assert [bucket_of(BOUNDS, value) for value in (0.0, 10.0, 10.1, 41.0)] == [
        (0.0, 10.0),
        (0.0, 10.0),
        (10.0, 20.0),
        (40.0, float("inf")),
    ]
