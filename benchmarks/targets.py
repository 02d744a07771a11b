"""What the layer promised to cost, and what it was measured to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.table import table


@dataclass(frozen=True, slots=True)
class Target:
    """One promise.

    Attributes:
        promise: what was promised, in words.
        measured: what was found, with its unit.
        value: the same as a number.
        limit: the most it may be.
    """

    promise: str
    measured: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether the promise was kept."""
        return self.value <= self.limit


def targets_table(targets: Sequence[Target]) -> str:
    """Draw the promises."""
    rows = [(one.promise, one.measured, "met" if one.met else "**not met**") for one in targets]
    return table(("Target", "Measured", ""), rows, texts=3)
