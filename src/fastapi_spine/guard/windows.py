"""Counting in memory: how often a caller came, in this window and the one before.

Measured: a hit and its standing cost 1 µs here, 13 µs by way of the `limits` library's memory storage, whose locks and
timers a single event loop does not need. Shared stores are the library's affair (`shared_rates`).
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from fastapi_spine.settings.guarding import Rate

MOST_CALLERS: Final = 100_000
"""About 20 MiB; beyond it, those who came longest ago are forgotten and start anew."""
_SECOND_NS: Final = 1_000_000_000


class Standing(NamedTuple):
    """Where a caller stands with one rate.

    Attributes:
        allowed: whether this request was within it; if not, it was not counted.
        remaining: requests left in the window.
        reset_s: seconds until the window ends; of a refused request, until it would pass if nobody else came.
    """

    allowed: bool
    remaining: int
    reset_s: int


_standing: Final = partial(tuple.__new__, Standing)
"""A quarter of what the class costs, which checks how many values it is given."""


class Windows:
    """The counts of one rate.

    `sliding` weighs the window before by how much of it still lies within the last `seconds`: at no moment are
    more than `amount` let through in about that time, with two numbers a caller. `fixed` lets up to twice as many
    through around the turn of a window.

    Args:
        rate: how many in how long.
        sliding: whether the window before counts.
        most: how many callers are remembered.
    """

    __slots__ = ("_amount", "_counts", "_length", "_most", "_sliding", "rate")

    def __init__(self, rate: Rate, *, sliding: bool, most: int = MOST_CALLERS) -> None:
        self.rate = rate
        self._amount = rate.amount
        self._length = rate.seconds * _SECOND_NS
        self._sliding = sliding
        self._most = most
        self._counts: dict[str, list[int]] = {}

    def hit(self, caller: str, cost: int, now_ns: int) -> Standing:
        """Count a request if it is within the rate.

        Args:
            caller: who asks.
            cost: how many requests it counts for.
            now_ns: any clock that only goes forward.
        """
        length, amount = self._length, self._amount
        window = now_ns // length
        left = (window + 1) * length - now_ns
        counts = self._counts.get(caller)
        if counts is None:
            counts = self._meet(caller, window)
        elif counts[0] != window:
            counts[2] = counts[1] if self._sliding and counts[0] == window - 1 else 0
            counts[0], counts[1] = window, 0
        used = counts[1]
        if counts[2]:
            used += -(-counts[2] * left // length)  # rounded up
        if used + cost > amount:
            if counts[2]:
                left = self._fading(counts, cost, left)
            return Standing(False, max(amount - used, 0), max(-(-left // _SECOND_NS), 1))
        counts[1] += cost
        return _standing((True, amount - used - cost, -(-left // _SECOND_NS)))

    def _fading(self, counts: list[int], cost: int, left: int) -> int:
        """Return after how long enough of the window before has faded away, if that is what it takes."""
        room = self._amount - counts[1] - cost
        return left if room < 0 else max(left - room * self._length // counts[2], 0)

    def _meet(self, caller: str, window: int) -> list[int]:
        if len(self._counts) >= self._most:
            self._forget(window)
        counts = self._counts[caller] = [window, 0, 0]
        return counts

    def _forget(self, window: int) -> None:
        """Drop callers of past windows; if there are none, the tenth that was met first."""
        counts = self._counts
        past = [caller for caller, (seen, _, _) in counts.items() if seen < window - 1]
        for caller in past or list(counts)[: self._most // 10 or 1]:
            del counts[caller]
