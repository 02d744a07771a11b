"""The arithmetic of the results: medians, their spread, and differences taken round by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds say together.

    Attributes:
        median: the middle one.
        low: a quarter of the rounds is below it.
        high: a quarter of the rounds is above it.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.1f}"

    @property
    def range(self) -> str:
        """The middle half of the rounds, as text."""
        return f"{self.low:.1f} to {self.high:.1f}"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many per cent of at least two values do not exceed, drawn between neighbours."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def differences(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Subtract round by round, so that what slows a whole round down cancels out.

    Raises:
        ValueError: the two did not run the same number of rounds.
    """
    return [value - other for value, other in zip(values, others, strict=True)]


def ratio(value: float, other: float) -> str:
    """Say how many times `other` is in `value`; a dash where there is nothing to compare with."""
    return f"{value / other:.2f}" if other > 0 else "-"
