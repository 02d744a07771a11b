"""Our own health: faults of ours are caught, counted and told, and never reach the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeVar, TypeVarTuple

from fastapi_spine.core.clock import Clock

REPORT_EVERY_NS = 60 * 1_000_000_000
"""At most one report a minute for each step, however many requests it fails."""


class Balance(NamedTuple):
    """The books of one exporter: emitted + recovered = delivered + dropped + queued.

    Attributes:
        emitted: how many items were handed over.
        delivered: how many a receiver has taken.
        dropped: how many were lost, by reason.
        queued: how many are waiting or under way, on disk too.
        recovered: how many were found on disk, left there by processes that have ended and had emitted them.
    """

    emitted: int
    delivered: int
    dropped: dict[str, int]
    queued: int
    recovered: int = 0


Report = Callable[[str, BaseException, int], None]
"""Takes the step's name, the error, and how often that step has failed in all."""

_A = TypeVarTuple("_A")
_R = TypeVar("_R")


class Health:
    """Counters of what went wrong or was left out, and the one place where our faults end.

    Attributes:
        internal_errors: faults of ours by step.
        dropped: log lines lost, by reason.
        suppressed: access lines that noise rules left out, by route.
        redactions: values masked, by kind.
        accounts: the books of each exporter, by signal; asked whenever somebody wants to read them.
    """

    def __init__(self, clock: Clock) -> None:
        self.internal_errors: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.suppressed: Counter[str] = Counter()
        self.redactions: Counter[str] = Counter()
        self.accounts: dict[str, Callable[[], Balance | None]] = {}
        self._monotonic_ns = clock.monotonic_ns
        self._reported_at: dict[str, int] = {}
        self._reporting = False
        self._report: Report | None = None

    def report_to(self, report: Report | None) -> None:
        """Say where faults are told; None keeps them as counters only."""
        self._report = report

    def guarded(self, step: str, action: Callable[[*_A], _R], *args: *_A) -> _R | None:
        """Run one step of ours.

        Args:
            step: the step's name in counters and reports.
            action: what to run.
            *args: its arguments; by position only, because keywords cost a dictionary a call.

        Returns:
            What the step returned, or None if it failed. Only `Exception` is caught: a cancellation or an
            interpreter exit is not ours to stop.
        """
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001 - the single place where our faults end
            self.fault(step, error)
            return None

    def fault(self, step: str, error: BaseException) -> None:
        """Count a fault of ours, and tell of it unless that step was told of in the last minute."""
        self.internal_errors[step] += 1
        if self._report is None or self._reporting:
            return
        now = self._monotonic_ns()
        last = self._reported_at.get(step)
        if last is not None and now - last < REPORT_EVERY_NS:
            return
        self._reported_at[step] = now
        self._reporting = True
        try:
            self._report(step, error, self.internal_errors[step])
        except Exception:  # noqa: BLE001 - a report that fails leaves its count behind
            self.internal_errors["report"] += 1
        finally:
            self._reporting = False
