"""A clock that stands still until told otherwise."""

from __future__ import annotations

FROZEN_WALL_NS = 1_767_323_045_000_000_000
"""2026-01-02T03:04:05Z."""


class FrozenClock:
    """Time that only moves when the test moves it.

    Args:
        wall_ns: nanoseconds since the epoch at the start.
    """

    def __init__(self, wall_ns: int = FROZEN_WALL_NS) -> None:
        self._wall = wall_ns
        self._monotonic = 1_000_000_000

    def wall_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return self._wall

    def monotonic_ns(self) -> int:
        """Return nanoseconds of a clock that never steps."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        passed = round(seconds * 1_000_000_000)
        self._wall += passed
        self._monotonic += passed

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock, as a time server does; the monotonic clock does not notice."""
        self._wall += round(seconds * 1_000_000_000)
