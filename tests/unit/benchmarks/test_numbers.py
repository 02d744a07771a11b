"""The arithmetic behind the published figures."""

from __future__ import annotations

import pytest
from benchmarks.numbers import Spread, differences, ratio


def test_a_spread_is_the_median_and_the_middle_half() -> None:
    """One wild round moves neither the median nor the middle half far."""
    assert Spread.of([10.0, 12.0, 11.0, 13.0, 900.0]) == Spread(median=12.0, low=11.0, high=13.0)


def test_a_single_round_has_no_spread() -> None:
    """One value is its own median and its own range."""
    assert Spread.of([4.25]) == Spread(4.25, 4.25, 4.25)


def test_a_spread_is_written_with_one_decimal() -> None:
    """The tables show tenths of a microsecond."""
    spread = Spread(12.34, 11.06, 13.99)
    assert (f"{spread}", spread.range) == ("12.3", "11.1 to 14.0")


def test_what_slows_a_whole_round_down_cancels_out() -> None:
    """Differences are taken within a round."""
    assert differences([60.0, 160.0, 60.0], [50.0, 150.0, 50.0]) == [10.0, 10.0, 10.0]


def test_rounds_that_do_not_match_are_refused() -> None:
    """A difference between unequal numbers of rounds is an error."""
    with pytest.raises(ValueError, match="shorter"):
        differences([1.0, 2.0], [1.0])


def test_a_ratio_needs_something_to_compare_with() -> None:
    """Nothing, or less than nothing, has no ratio."""
    assert [ratio(3.0, 4.0), ratio(3.0, 0.0), ratio(3.0, -1.0)] == ["0.75", "-", "-"]
