"""How a window is cut into steps of time."""

from __future__ import annotations

from typing import Final, NamedTuple

from fastapi_spine.console.filter import Window

MINUTE_NS: Final = 60_000_000_000
_MOST_STEPS: Final = 61
"""An hour and the minute ahead that lists allow for wrong clocks are still cut into minutes."""
_ROUND: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
"""Minutes that people read easily; beyond, whole days."""


class Steps(NamedTuple):
    """A window that begins and ends at whole steps since the epoch.

    Attributes:
        window: covers the one that was asked for.
        step_ns: whole minutes.
        number: how many.
    """

    window: Window
    step_ns: int
    number: int

    def before(self) -> Window:
        """Return the window of the same length before this one."""
        return Window(max(self.window.start - self.number * self.step_ns, 0), self.window.start)


def cut(window: Window) -> Steps:
    """Cut a window into at most 62 steps of a length that people read easily."""
    length = max(window.end - window.start, 1)
    minutes = -(-length // (_MOST_STEPS * MINUTE_NS))
    days = -(-minutes // _ROUND[-1])
    step = next((one for one in _ROUND if one >= minutes), days * _ROUND[-1]) * MINUTE_NS
    start = window.start // step * step
    count = max(-(-(window.end - start) // step), 1)
    return Steps(Window(start, start + count * step), step, count)
