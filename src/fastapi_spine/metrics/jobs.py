"""Counts every run of a background job: how many, how long, how they ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from fastapi_spine.core.conventions import SERIES_OVERFLOW
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.job_names import OPERATION_PROCESS, JobOutcome
from fastapi_spine.core.job_runs import JobRun
from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.family import Family, Point
from fastapi_spine.metrics.http import class_name
from fastapi_spine.metrics.series import Count, Example, Histogram, Labels, Series, family
from fastapi_spine.settings.model import Metrics

_SECOND: Final = 1e-9  # of a nanosecond
_PLAIN: Final = "prometheus"
_OTEL: Final = "otel"
_LONGEST: Final = 128
"""Characters of a label."""
MOST_QUEUES: Final = 50
"""Names of queues that are labels. A message names its own, so whoever writes to the broker could use up all series."""
_FROM_ZERO: Final = (JobOutcome.COMPLETED, JobOutcome.FAILED)
"""Outcomes that are counted from a job's beginning: Prometheus' `increase` does not see the first value of a series."""
_RAISED: Final = frozenset(
    {JobOutcome.FAILED, JobOutcome.RETRIED, JobOutcome.EXPECTED, JobOutcome.LOST}
)
"""Outcomes whose exception is told, as on the span."""


class JobMetrics:
    """Hears of every run of a job in this process and counts it.

    Runs end in several threads at once, and last longer than a lock does, so there is one.

    Args:
        settings: names, buckets, limits.
        wall_ns: tells when an example was, nanoseconds since the epoch.
        on_overflow: hears the name of a metric that had no room for a new series.
        exported: whether numbers are sent too, where OpenTelemetry's names are always among them.
        in_child: called before the first job of a process that was forked: it may not be asked for anything else.
    """

    name = "job_metrics"

    def __init__(
        self,
        settings: Metrics,
        *,
        wall_ns: Callable[[], int],
        on_overflow: Callable[[str], None],
        exported: bool = False,
        in_child: Callable[[], None],
    ) -> None:
        self._names = settings.names
        self._otel = exported or settings.names != _PLAIN
        self._examples = settings.exemplars
        self._bounds = settings.job_buckets
        self._limit = settings.series_limit
        self._wall_ns = wall_ns
        self._on_overflow = on_overflow
        self._runs = self._counts(catalog.JOB_RUNS)
        self._exceptions = self._counts(catalog.JOB_EXCEPTIONS)
        self._durations = self._seconds(catalog.JOB_DURATION)
        self._otel_durations = self._seconds(catalog.OTEL_JOB_DURATION)
        self._in_child = in_child
        self._woken = True
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._turn = threading.Lock()
        self._jobs: set[str] = set()
        self._queues: set[str] = set()
        self._open: WeakValueDictionary[int, JobRun] = WeakValueDictionary()

    def began(self, run: JobRun, exchange: Exchange) -> None:
        """Take note of a run that goes on, for as long as it is there: one that never ends is not counted for ever."""
        del exchange
        if not self._woken:
            self._woken = True
            self._in_child()
        job = _cut(run.name)
        with self._turn:
            self._open[id(run)] = run
            if job not in self._jobs and len(self._jobs) < self._limit:
                self._jobs.add(job)
                self._count_from_zero(job)

    def ended(self, run: JobRun, exchange: Exchange, elapsed_ns: int) -> None:
        """Count a run."""
        seconds = elapsed_ns * _SECOND
        example = None
        if self._examples:
            identity = exchange.identity
            example = (identity.trace_id, identity.span_id, seconds, self._wall_ns())
        job, outcome = _cut(run.name), run.outcome or JobOutcome.COMPLETED
        error = ""
        if outcome in _RAISED and run.error is not None:
            error = _cut(class_name(run.error))
        with self._turn:
            self._open.pop(id(run), None)
            if self._names != _OTEL:
                count = self._runs.at((job, outcome.value))
                count.value += 1.0
                count.example = example
            if error:
                self._exceptions.at((job, error)).value += 1.0
            if outcome is not JobOutcome.LOST:  # how long that took nobody knows
                self._observe(run, seconds, example, (job, outcome.value, error))

    def _observe(
        self, run: JobRun, seconds: float, example: Example | None, told: tuple[str, str, str]
    ) -> None:
        histograms: list[Histogram] = []
        if self._names != _OTEL:
            histograms.append(self._durations.at(told[:1]))
        if self._otel:
            histograms.append(self._otel_durations.at(self._otel_labels(run, *told)))
        for histogram in histograms:
            histogram.examples[histogram.observe(seconds)] = example

    def families(self, *, otel: bool = False) -> list[Family]:
        """Copy every number as it is now; OpenTelemetry's names too, whatever the page shows, if they are asked for."""
        shown: list[Series[Count] | Series[Histogram]] = []
        if self._names != _OTEL:
            shown += [self._runs, self._durations]
        if otel or self._names != _PLAIN:
            shown.append(self._otel_durations)
        shown.append(self._exceptions)
        return [*(series.family() for series in shown), self._in_progress()]

    def forget(self) -> None:
        """Start from zero: in a child after a fork, whose parent keeps these counts."""
        self._begin_anew()
        self._woken = False
        for series in (self._runs, self._exceptions, self._durations, self._otel_durations):
            series.clear()

    def _count_from_zero(self, job: str) -> None:
        room = self._limit - len(self._runs.cells)
        if self._names != _OTEL and room >= len(_FROM_ZERO):
            for outcome in _FROM_ZERO:
                self._runs.at((job, outcome.value))

    def _in_progress(self) -> Family:
        """Count what goes on now, 0 for jobs seen before: never raised and lowered by hand, so it cannot leak."""
        counted = dict.fromkeys(list(self._jobs), 0)
        for reference in self._open.valuerefs():
            run = reference()
            if run is not None:
                job = _cut(run.name)
                shown = job if job in counted else SERIES_OVERFLOW
                counted[shown] = counted.get(shown, 0) + 1
        points = [Point((job,), float(number)) for job, number in counted.items()]
        return family(catalog.JOBS_IN_PROGRESS, points)

    def _otel_labels(self, run: JobRun, job: str, outcome: str, error: str) -> Labels:
        """Semantic conventions 1.44, `messaging.process.duration`; the job and its outcome as on the span."""
        queue = _cut(run.queue)
        if queue not in self._queues:
            if len(self._queues) < MOST_QUEUES:
                self._queues.add(queue)
            else:
                queue = SERIES_OVERFLOW
        told = "" if outcome == JobOutcome.COMPLETED else outcome
        return (OPERATION_PROCESS, _cut(run.system), queue, job, told, error)

    def _counts(self, entry: catalog.Entry) -> Series[Count]:
        def make(_labels: Labels) -> Count:
            return Count()

        return Series(entry, make, limit=self._limit, on_overflow=self._on_overflow)

    def _seconds(self, entry: catalog.Entry) -> Series[Histogram]:
        def make(_labels: Labels) -> Histogram:
            return Histogram(self._bounds)

        return Series(entry, make, limit=self._limit, on_overflow=self._on_overflow)


def _cut(text: str) -> str:
    """Return a text as a label: not too long, and fit for UTF-8 whoever wrote it."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
