"""The flight recorder for background jobs: DEBUG lines of a run, written only if it fails or will be repeated."""

from __future__ import annotations

from typing import Final

from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.job_names import JobOutcome
from fastapi_spine.core.job_runs import JobRun
from fastapi_spine.logs.recorder import Recorder

_WANTED: Final = frozenset({JobOutcome.FAILED, JobOutcome.RETRIED})


class HeldJobs:
    """Has lines held for as long as a run goes on.

    Args:
        recorder: holds them, as those of requests and within the same bounds.
    """

    name = "recorder"

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def began(self, run: JobRun, exchange: Exchange) -> None:
        """Mark the run as one that goes on; the mark is a ring, so it is taken away again."""
        del run
        exchange.scope[SCOPE_MARKER] = exchange

    def ended(self, run: JobRun, exchange: Exchange, elapsed_ns: int) -> None:
        """Write what was held, or forget it."""
        del elapsed_ns
        exchange.scope.pop(SCOPE_MARKER, None)
        self._recorder.release(exchange, write=run.outcome in _WANTED or exchange.forced)
