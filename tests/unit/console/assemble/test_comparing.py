"""Fisher's exact test, against published and hand-computed values."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.console.assemble.comparing import chance_of_more


def test_the_lady_tasting_tea() -> None:
    """Fisher's own example: all four of eight cups right by chance once in seventy; three or more 17 times."""
    assert chance_of_more(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert chance_of_more(3, 4, 1, 4) == pytest.approx(17 / 70)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_it_is_the_tail_of_the_hypergeometric_distribution(
    total: int, before: int, data: st.DataObject
) -> None:
    """Counted out with whole numbers."""
    marked = data.draw(st.integers(0, total))
    marked_before = data.draw(st.integers(0, before))
    everything, all_marked = total + before, marked + marked_before
    ways = sum(
        comb(total, k) * comb(before, all_marked - k)
        for k in range(marked, min(total, all_marked) + 1)
        if all_marked - k <= before
    )
    exact = ways / comb(everything, all_marked) if all_marked else 1.0
    assert chance_of_more(marked, total, marked_before, before) == pytest.approx(exact, abs=1e-9)


def test_nothing_to_compare_is_no_news() -> None:
    """Without requests in one window, or without errors in both, nothing is unlikely."""
    assert [
        chance_of_more(5, 10, 0, 0),
        chance_of_more(0, 0, 5, 10),
        chance_of_more(0, 9, 0, 9),
    ] == [
        1.0,
        1.0,
        1.0,
    ]


def test_millions_of_requests_are_compared() -> None:
    """Large counts cost no time and no precision that matters."""
    assert chance_of_more(10_000, 1_000_000, 10_000, 1_000_000) == pytest.approx(0.5, abs=0.01)
    assert chance_of_more(11_000, 1_000_000, 10_000, 1_000_000) < 1e-9
