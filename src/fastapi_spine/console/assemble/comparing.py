"""Whether two windows differ by more than chance: Fisher's exact test, one-sided.

The test asks how likely the larger share of the two would be, had both windows the same share and only chance had dealt
(R. A. Fisher, 1922; the tail of the hypergeometric distribution). It is exact for small counts, which is where routes
with few requests cry wolf. `UNLIKELY` is strict because an overview tries hundreds of routes at a time.
"""

from __future__ import annotations

from math import exp, lgamma
from typing import Final

UNLIKELY: Final = 0.001
_NEGLIGIBLE: Final = 1e-12


def chance_of_more(marked: int, total: int, marked_before: int, total_before: int) -> float:
    """Return how likely so large a share of marked ones is by chance.

    Args:
        marked: how many of `total` now.
        total: all now.
        marked_before: how many of `total_before`.
        total_before: all before.

    Returns:
        0 to 1; 1 where there is nothing to compare.
    """
    everything, all_marked = total + total_before, marked + marked_before
    if not total or not total_before or not all_marked:
        return 1.0
    whole = _choose(everything, all_marked)
    likely = 0.0
    for number in range(marked, min(total, all_marked) + 1):
        if all_marked - number > total_before:
            continue
        term = exp(_choose(total, number) + _choose(total_before, all_marked - number) - whole)
        likely += term
        # Terms fall once beyond the expected number; before it the answer is "likely" anyway.
        if term < _NEGLIGIBLE and number * everything > total * all_marked:
            break
    return min(likely, 1.0)


def _choose(total: int, number: int) -> float:
    return lgamma(total + 1) - lgamma(number + 1) - lgamma(total - number + 1)
