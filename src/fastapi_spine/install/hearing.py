"""Who in this layer hears of background jobs, for as long as it is at work."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi_spine.core.health import Health
from fastapi_spine.core.job_runs import Audience, JobListener


class Hearing:
    """One of the rooms.

    Args:
        health: catches what listeners raise.
        listeners: who hears of jobs; with none of them a job asks nobody.
    """

    def __init__(self, health: Health, listeners: Sequence[JobListener]) -> None:
        self._audience = Audience(health, listeners)

    def starting(self) -> None:
        """Hear of jobs from now on: an application that was only imported, as by a worker, does not."""
        self._audience.come()

    def started(self) -> None:
        """Have nothing to add."""

    def stopped(self) -> None:
        """Hear of no more jobs."""
        self._audience.go()

    def flush(self, timeout: float) -> bool:
        """Have nothing queued."""
        del timeout
        return True

    def exiting(self) -> None:
        """Have nothing to write."""

    def close(self) -> None:
        """Hear of no more jobs."""
        self._audience.go()
