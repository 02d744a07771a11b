"""The port between a run of a background job and the rooms that hear of it.

A job knows no layer: it may run in a worker, in a thread of an application, in a test. So whoever is at work in the process
hears of all that run in it, as with everything that is the process's own.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Final, Protocol

from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.job_names import JobOutcome


class JobRun(Protocol):
    """One run of a job.

    Attributes:
        name: the job's.
        system: what runs it, such as `celery`; may be empty.
        queue: where it waited; may be empty, and may be any text.
        outcome: how it ended; None while it runs.
        error: why, if an exception says so.
    """

    name: str
    system: str
    queue: str
    outcome: JobOutcome | None
    error: BaseException | None


class JobListener(Protocol):
    """Hears of every run; it may not touch the job, and what it raises is caught and counted.

    Attributes:
        name: names the listener in health counters and reports.
    """

    name: str

    def began(self, run: JobRun, exchange: Exchange) -> None:
        """Take a run that has just begun, with what stands for its request; in the run's own context."""

    def ended(self, run: JobRun, exchange: Exchange, elapsed_ns: int) -> None:
        """Take a run that has ended, before its line is written."""


class Audience:
    """The listeners of one layer.

    Args:
        health: catches what they raise.
        listeners: who hears, in this order.
    """

    def __init__(self, health: Health, listeners: Sequence[JobListener]) -> None:
        self._guarded = health.guarded
        self._listeners = tuple(listeners)

    def come(self) -> None:
        """Hear of jobs from now on."""
        if self._listeners and all(one() is not self for one in _audiences):
            _audiences[:] = [*(one for one in _audiences if one() is not None), weakref.ref(self)]

    def go(self) -> None:
        """Hear of no more jobs."""
        _audiences[:] = [one for one in _audiences if one() not in (None, self)]

    def began(self, run: JobRun, exchange: Exchange) -> None:
        """Tell all of a run that has begun."""
        for listener in self._listeners:
            self._guarded(listener.name, listener.began, run, exchange)

    def ended(self, run: JobRun, exchange: Exchange, elapsed_ns: int) -> None:
        """Tell all of a run that has ended."""
        for listener in self._listeners:
            self._guarded(listener.name, listener.ended, run, exchange, elapsed_ns)


_audiences: Final[list[weakref.ref[Audience]]] = []


def audiences() -> list[Audience]:
    """Return who is there now, the latest last."""
    return [there for one in tuple(_audiences) if (there := one()) is not None]
