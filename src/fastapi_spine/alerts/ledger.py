"""Good and bad requests of one promise, minute by minute: any window is two look-ups and a subtraction."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, NamedTuple

MINUTE_S: Final = 60


class Tally(NamedTuple):
    """Requests of a stretch of time; bad ones may be a fraction where a bucket is cut by a threshold."""

    total: float
    bad: float


NOTHING: Final = Tally(0.0, 0.0)


class Ledger:
    """Cumulative counts, so that a window costs the same however long it is.

    Args:
        first: the first minute, since the epoch.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self._totals = [0.0]
        self._bads = [0.0]

    @property
    def end(self) -> int:
        """The minute after the last one that is known."""
        return self.first + len(self._totals) - 1

    def put(self, first: int, minutes: list[Tally]) -> None:
        """Write minutes, from `first` on; what was known of them and of later ones is forgotten.

        Minutes between the last known one and `first` had no requests; minutes before the ledger's first are left out.
        """
        if first < self.first:
            minutes, first = minutes[self.first - first :], self.first
        place = first - self.first
        del self._totals[place + 1 :]
        del self._bads[place + 1 :]
        while len(self._totals) <= place:
            self._totals.append(self._totals[-1])
            self._bads.append(self._bads[-1])
        for minute in minutes:
            self._totals.append(self._totals[-1] + minute.total)
            self._bads.append(self._bads[-1] + minute.bad)

    def between(self, start: int, end: int) -> Tally:
        """Return the requests of the minutes from `start` to before `end`; bad ones are among the total."""
        low, high = self._place(start), self._place(end)
        bad = self._bads[high] - self._bads[low]
        return Tally(max(self._totals[high] - self._totals[low], bad), bad)

    def window(self, now_s: float, length_s: int) -> Tally:
        """Return the requests of a window that ends now.

        It begins at a whole minute, at most one earlier than asked: minutes are the finest that is kept.
        """
        return self.between(int(now_s - length_s) // MINUTE_S, -(-int(now_s) // MINUTE_S))

    def first_request(self) -> int | None:
        """Return the first minute with a request; None without any."""
        place = bisect_right(self._totals, self._totals[0]) - 1
        return self.first + place if place < len(self._totals) - 1 else None

    def forget(self, before: int) -> None:
        """Let go of minutes before one."""
        place = min(max(before - self.first, 0), len(self._totals) - 1)
        if place:
            self._totals = [one - self._totals[place] for one in self._totals[place:]]
            self._bads = [one - self._bads[place] for one in self._bads[place:]]
            self.first += place

    def _place(self, minute: int) -> int:
        return min(max(minute - self.first, 0), len(self._totals) - 1)


def added(tallies: Mapping[object, Tally] | list[Tally]) -> Tally:
    """Add tallies up."""
    every = list(tallies.values()) if isinstance(tallies, Mapping) else tallies
    return Tally(sum(one.total for one in every), sum(one.bad for one in every))
