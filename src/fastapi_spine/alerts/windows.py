"""The table of windows and burn rates, read from its data file, which cites where its numbers come from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, NamedTuple

Severity = Literal["page", "ticket"]
TableName = Literal["workbook", "drill"]
WORKBOOK: Final = "workbook"
NO_DATA: Final = "no_data"
"""The tier of alerts that nothing is known."""
_FILE: Final = "windows.toml"


class Tier(NamedTuple):
    """One row.

    Attributes:
        name: a label of alerts; it stays the same for ever.
        severity: whether it wakes somebody, or can wait for the morning.
        long_s: the window that must have burnt so much, seconds.
        short_s: the window that shows that it still does, seconds.
        factor: how many times faster than allowed.
        for_s: how long both must hold before it fires, seconds.
        keep_s: how long they must not hold before it is over, seconds.
    """

    name: str
    severity: Severity
    long_s: int
    short_s: int
    factor: float
    for_s: int
    keep_s: int


class Table(NamedTuple):
    """All rows, the fastest first.

    Attributes:
        name: of the table.
        every_s: how often to evaluate, seconds.
        silent_s: after how long without a request nothing is known, seconds.
        silent_for_s: how long nothing must be known before somebody is told who wants to be, seconds.
        tiers: the rows.
    """

    name: str
    every_s: float
    silent_s: int
    silent_for_s: int
    tiers: tuple[Tier, ...]

    def silence(self, severity: Severity) -> Tier:
        """Return the row of an alert that nothing is known; it burns nothing, and so has no factor."""
        length = self.silent_s
        return Tier(NO_DATA, severity, length, length, 0.0, self.silent_for_s, 0)

    def windows(self) -> list[int]:
        """Return every window there is, growing, seconds."""
        both = {length for tier in self.tiers for length in (tier.long_s, tier.short_s)}
        return sorted({*both, self.silent_s})


@cache
def table(name: TableName = WORKBOOK) -> Table:
    """Return a table by its name."""
    text = (resources.files("fastapi_spine.alerts") / _FILE).read_text(encoding="utf-8")
    given = tomllib.loads(text)[name]
    tiers = tuple(_tier(one) for one in given["tier"])
    return Table(name, float(given["every"]), given["silent"], given["silent_for"], tiers)


def _tier(given: dict[str, Any]) -> Tier:
    return Tier(
        given["name"],
        given["severity"],
        given["long"],
        given["short"],
        float(given["factor"]),
        given["for"],
        given["keep"],
    )
