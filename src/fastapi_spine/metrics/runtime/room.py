"""Everything that is measured of the process itself."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterable
from typing import Final

import anyio.to_thread

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.family import Family, Point
from fastapi_spine.metrics.runtime.heartbeat import Heartbeat
from fastapi_spine.metrics.runtime.pauses import GcPauses
from fastapi_spine.metrics.runtime.process import build_family, health_families, process_families
from fastapi_spine.metrics.runtime.watchdog import Watchdog
from fastapi_spine.metrics.series import Count, Histogram, Labels, Series, family
from fastapi_spine.settings.model import Metrics

_LAG_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Runtime:
    """Measures event loop, threads, garbage collector and process.

    Args:
        settings: what is measured, and how long a loop may stand still.
        health: counts our own faults, which are shown too.
        clock: tells time.
        service: the service's name.
        open_exchanges: returns the requests that are open now.
    """

    def __init__(
        self,
        settings: Metrics,
        *,
        health: Health,
        clock: Clock,
        service: str,
        open_exchanges: Callable[[], Iterable[Exchange]],
    ) -> None:
        self._on = settings.runtime
        self._build = build_family(service)  # asking for versions takes a millisecond: once
        self._health = health
        self._monotonic_ns = clock.monotonic_ns
        self._lag = Histogram(_LAG_BOUNDS)
        self._blocked = Series(
            catalog.LOOP_BLOCKED, _new_count, limit=settings.series_limit, on_overflow=_nothing
        )
        self._pauses = GcPauses(clock.monotonic_ns)
        self._heartbeat: Heartbeat | None = None
        self._limiter: anyio.CapacityLimiter | None = None
        self._watchdog: Watchdog | None = None
        if not math.isinf(settings.blocked):
            self._watchdog = Watchdog(
                settings.blocked,
                monotonic_ns=clock.monotonic_ns,
                open_exchanges=open_exchanges,
                count=self._count_blocked,
                health=health,
            )

    def start(self) -> None:
        """Begin to measure on the running event loop; again if it is another one than the last."""
        if not self._on:
            return
        self._pauses.start()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another framework's loop: there is no timer to be had
            return
        if self._heartbeat is not None and self._heartbeat.loop is loop:
            return
        self._halt()
        self._limiter = anyio.to_thread.current_default_thread_limiter()
        self._heartbeat = Heartbeat(
            loop, threading.get_ident(), self._monotonic_ns, self._lag.observe
        )
        if self._watchdog is not None:
            self._watchdog.watch(self._heartbeat)

    def close(self) -> None:
        """Stop measuring."""
        self._pauses.close()
        self._halt()

    def forget(self) -> None:
        """Start from zero: in a child after a fork, which has no such threads and another loop."""
        self._heartbeat = None
        self._limiter = None
        self._lag = Histogram(_LAG_BOUNDS)
        self._blocked.clear()
        self._pauses.forget()

    def families(self) -> list[Family]:
        """Copy every number as it is now."""
        found = [self._build, *health_families(self._health)]
        if self._on:
            found += [
                family(catalog.LOOP_LAG, [self._lag.point(())]),
                self._blocked.family(),
                self._pauses.family(),
                *self._threads(),
                *process_families(),
            ]
        return found

    def _halt(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
        heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()

    def _threads(self) -> list[Family]:
        limiter = self._limiter
        if limiter is None:
            return []
        return [
            family(entry, [Point((), float(number))])
            for entry, number in (
                (catalog.THREADS_TOTAL, limiter.total_tokens),
                (catalog.THREADS_USED, limiter.borrowed_tokens),
                (catalog.THREADS_WAITING, limiter.statistics().tasks_waiting),
            )
        ]

    def _count_blocked(self, route: str) -> None:
        self._blocked.at((route,)).value += 1.0


def _new_count(_labels: Labels) -> Count:
    return Count()


def _nothing(_metric: str) -> None:
    """Count no overflow: routes are finite."""
