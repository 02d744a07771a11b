"""The metrics room, furnished from its settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.fork import in_child
from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import Numbers
from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.exposition.otlp import metrics_of
from fastapi_spine.metrics.exposition.users import UsersMetrics
from fastapi_spine.metrics.family import Family, Point, Snapshot
from fastapi_spine.metrics.http import HttpMetrics
from fastapi_spine.metrics.jobs import JobMetrics
from fastapi_spine.metrics.runtime.room import Runtime
from fastapi_spine.metrics.series import Count, Labels, Series, family
from fastapi_spine.metrics.serve.page import MetricsPage
from fastapi_spine.metrics.serve.port import MetricsPort
from fastapi_spine.metrics.workers.group import head_of_jobs
from fastapi_spine.metrics.workers.workers import Workers
from fastapi_spine.settings.model import Metrics

_SECOND = 1_000_000_000


class MetricsRoom:
    """Everything that counts, shares and shows.

    Args:
        settings: the `Metrics` section.
        clock: tells time.
        health: counts what fails or is left out.
        service: the service's name.
        environ: tells where private folders of this user are.
        open_exchanges: the exchanges that are open now.
        exported: whether somebody will ask for `numbers`.
        serves: whether there are requests; else this is a worker of jobs, whose page is on a port of its own if anywhere.

    Attributes:
        http: hears of requests.
        jobs: hears of background jobs.
        page: the page on the application.
        in_child: called in a process that was forked from this one, before its first job.
    """

    def __init__(
        self,
        settings: Metrics,
        *,
        clock: Clock,
        health: Health,
        service: str,
        environ: Mapping[str, str],
        open_exchanges: Collection[Exchange],
        exported: bool = False,
        serves: bool = True,
    ) -> None:
        self._serves = serves
        self._shares = serves or settings.port > 0
        self.in_child: Callable[[], object] = _nobody
        self._clock = clock
        self._started_at = clock.wall_ns() / _SECOND
        self._overflow = Series(
            catalog.OVERFLOW, _new_count, limit=settings.series_limit, on_overflow=_nothing
        )
        opened = _copier(open_exchanges)
        self.http = HttpMetrics(
            settings,
            open_exchanges=opened,
            on_overflow=self._count_overflow,
            exported=exported,
        )
        self.jobs = JobMetrics(
            settings,
            wall_ns=clock.wall_ns,
            on_overflow=self._count_overflow,
            exported=exported,
            in_child=self._wake,
        )
        self._runtime = Runtime(
            settings, health=health, clock=clock, service=service, open_exchanges=opened
        )
        self._users = UsersMetrics(health)
        self._workers = Workers(
            self.snapshot,
            service=service,
            mode=settings.workers,
            series_limit=settings.series_limit,
            environ=environ,
            health=health,
            head=0 if serves else head_of_jobs(),
        )
        self.page = MetricsPage(settings, self.families, self._users, health)
        self._port = MetricsPort(settings, self.page, health)
        in_child(self, MetricsRoom.forget)  # it begins at zero

    def snapshot(self) -> Snapshot:
        """Copy every number of this process as it is now."""
        return Snapshot(str(os.getpid()), self._started_at, self._own())

    def numbers(self) -> Numbers:
        """Copy every number of this process, as it is now, under OpenTelemetry's names."""
        return Numbers(self._started_at, list(metrics_of(self._own(otel=True))))

    def families(self) -> list[Family]:
        """Gather the numbers of all workers, for a page; takes some ms, up to half a second if a sibling hangs."""
        gathered = self._workers.gather()
        degraded = [Point((reason,), 1.0) for reason in sorted(gathered.degraded)]
        return [
            *gathered.families,
            family(catalog.WORKERS, [Point((), float(gathered.workers))]),
            family(catalog.DEGRADED, degraded),
        ]

    def starting(self) -> None:
        """Begin to measure: the event loop is there now."""
        self._runtime.start()
        if self._shares:
            self._workers.start()
        self._port.start()

    def started(self) -> None:
        """Nothing depends on the application's own start-up code."""

    def stopped(self) -> None:
        """Leave the last numbers with the siblings; the process may end by signal at any moment now."""
        self._runtime.close()
        self._port.close()
        self._workers.close()

    def flush(self, timeout: float) -> bool:
        """Have nothing to write: whoever wants numbers comes for them."""
        del timeout
        return True

    def exiting(self) -> None:
        """Leave the last numbers with the siblings."""
        self._workers.close()

    def close(self) -> None:
        """Stop measuring and give back port, thread and files."""
        self.stopped()

    def forget(self) -> None:
        """Start from zero: in a child after a fork, whose parent keeps these counts."""
        self._started_at = self._clock.wall_ns() / _SECOND
        self.http.forget()
        self.jobs.forget()
        self._overflow.clear()
        self._runtime.forget()
        self._workers.forget()
        self.page.forget()
        self._port.forget()

    def _wake(self) -> None:
        """Count as one among others: a child that was forked from a worker at work hears of no other beginning."""
        if self._shares:
            self._workers.start()
        self.in_child()

    def _own(self, *, otel: bool = False) -> list[Family]:
        return [
            *(self.http.families(otel=otel) if self._serves else ()),
            *self.jobs.families(otel=otel),
            self._overflow.family(),
            *self._runtime.families(),
            *self._users.families(),
        ]

    def _count_overflow(self, metric: str) -> None:
        self._overflow.at((metric,)).value += 1.0


def _new_count(_labels: Labels) -> Count:
    return Count()


def _nobody() -> None:
    """Wake nobody."""


def _nothing(_metric: str) -> None:
    """Count no overflow of the counter of overflows: it has one series a metric."""


def _copier(exchanges: Collection[Exchange]) -> Callable[[], tuple[Exchange, ...]]:
    def copy() -> tuple[Exchange, ...]:
        return tuple(exchanges)

    return copy
