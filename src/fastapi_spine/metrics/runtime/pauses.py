"""How long the garbage collector held everything up."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.family import Family
from fastapi_spine.metrics.series import Histogram, family

_BOUNDS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
_GENERATIONS: Final = 3
_SECOND: Final = 1e-9


class GcPauses:
    """Listens to the garbage collector. It may run anywhere, so this takes no lock and makes almost nothing.

    Args:
        monotonic_ns: reads the clock.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._began = 0
        self._pauses = [Histogram(_BOUNDS) for _ in range(_GENERATIONS)]

    def start(self) -> None:
        """Begin to listen, once."""
        if self._hear not in gc.callbacks:
            gc.callbacks.append(self._hear)

    def close(self) -> None:
        """Listen no more."""
        if self._hear in gc.callbacks:
            gc.callbacks.remove(self._hear)

    def forget(self) -> None:
        """Start from zero."""
        self._pauses = [Histogram(_BOUNDS) for _ in range(_GENERATIONS)]

    def family(self) -> Family:
        """Copy what was measured."""
        points = (pauses.point((str(number),)) for number, pauses in enumerate(self._pauses))
        return family(catalog.GC_PAUSE, points)

    def _hear(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = self._monotonic_ns()
        elif self._began:
            pause = (self._monotonic_ns() - self._began) * _SECOND
            self._pauses[min(info["generation"], _GENERATIONS - 1)].observe(pause)
