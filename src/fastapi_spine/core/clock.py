"""The one reader of the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What tells time. Wall time says *when*; monotonic time measures *how long* and never steps."""

    @property
    def wall_ns(self) -> Callable[[], int]:
        """Nanoseconds since the Unix epoch, UTC; may step when the system's clock is set."""

    @property
    def monotonic_ns(self) -> Callable[[], int]:
        """Nanoseconds from an unspecified origin; never goes back."""


class SystemClock:
    """The machine's clocks, as plain attributes so that reading one costs one C call."""

    __slots__ = ("monotonic_ns", "wall_ns")

    def __init__(self) -> None:
        self.wall_ns: Callable[[], int] = time.time_ns
        self.monotonic_ns: Callable[[], int] = time.perf_counter_ns
