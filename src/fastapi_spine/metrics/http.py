"""Counts every finished exchange: rate, errors, duration per route, and what failed."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from fastapi_spine.core.conventions import (
    KNOWN_METHODS,
    METHOD_OTHER,
    POLICY_ATTRIBUTE,
    TYPE_WEBSOCKET,
)
from fastapi_spine.core.exchange import SERVER_ERROR, Exchange
from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.buckets import Buckets
from fastapi_spine.metrics.family import Family, Point
from fastapi_spine.metrics.fields import FieldNames
from fastapi_spine.metrics.series import Count, Histogram, Labels, Series, family
from fastapi_spine.settings.model import Metrics

BATCH: Final = 32
"""measured: benchmarks/overhead.py; beyond 32 nothing more is gained, and that many requests are held on to."""
_SECOND: Final = 1e-9  # of a nanosecond
_PLAIN: Final = "prometheus"
_OTEL: Final = "otel"
_PROMISED: Final = ("200", "500", "503")


class Cells:
    """Where one method, route and status are counted; found once, then kept.

    Attributes:
        counts: counters to raise by one.
        durations: histograms of seconds.
        sizes: histograms of bytes.
    """

    __slots__ = ("counts", "durations", "sizes")

    def __init__(
        self,
        counts: tuple[Count, ...],
        durations: tuple[Histogram, ...],
        sizes: tuple[Histogram, ...],
    ) -> None:
        self.counts = counts
        self.durations = durations
        self.sizes = sizes


class HttpMetrics:
    """Hears of every finished exchange and counts it.

    Labels are finite by construction: the method from the known set, the route's template, the status that went
    on the wire. Everything else that could grow is capped by `Series`.

    Args:
        settings: names, buckets, limits.
        open_exchanges: returns the exchanges that are open now.
        on_overflow: hears the name of a metric that had no room for a new series.
        exported: whether numbers are sent too, where OpenTelemetry's names are always among them.
    """

    name = "metrics"

    def __init__(
        self,
        settings: Metrics,
        *,
        open_exchanges: Callable[[], Iterable[Exchange]],
        on_overflow: Callable[[str], None],
        exported: bool = False,
    ) -> None:
        self._names = settings.names
        self._otel = exported or settings.names != _PLAIN
        self._sizes = settings.response_size
        self._examples = settings.exemplars
        self._open = open_exchanges
        self._buckets = Buckets(settings.buckets, settings.path_buckets)
        self._fields = FieldNames()
        self._limit = settings.series_limit
        self._on_overflow = on_overflow
        self._cells: dict[tuple[object, ...], Cells] = {}
        self._waiting: deque[Exchange] = deque()
        self._turn = threading.Lock()
        self._requests = self._counts(catalog.REQUESTS)
        self._durations = self._seconds(catalog.DURATION, path=1)
        self._bytes = self._volumes(catalog.RESPONSE_SIZE)
        self._otel_durations = self._seconds(catalog.OTEL_DURATION, path=1)
        self._otel_bytes = self._volumes(catalog.OTEL_RESPONSE_SIZE)
        self._exceptions = self._counts(catalog.EXCEPTIONS)
        self._invalid = self._counts(catalog.VALIDATION_ERRORS)
        self._refusals = self._counts(catalog.GUARD_REFUSALS)
        self._sockets = self._seconds(catalog.WEBSOCKET_DURATION, path=0)

    def finish(self, exchange: Exchange) -> None:
        """Take a finished exchange; some are counted together, because one by itself costs three times as much."""
        waiting = self._waiting
        waiting.append(exchange)
        if len(waiting) >= BATCH or exchange.error is not None:
            self.settle()

    def settle(self) -> None:
        """Count what was taken; by whichever thread wants to read numbers, or every so many requests."""
        with self._turn:
            while self._waiting:
                self._count(self._waiting.popleft())

    def _count(self, exchange: Exchange) -> None:
        if exchange.own:
            return
        if exchange.refusal is not None:
            self._refusals.at(exchange.refusal).value += 1.0
        if exchange.kind == TYPE_WEBSOCKET:
            self._finish_socket(exchange)
            return
        key = (
            exchange.scope.get("method"),
            exchange.route,
            exchange.status,
            exchange.error.__class__,
        )
        cells = self._cells.get(key)
        if cells is None:
            cells = self._find_cells(exchange, key)
        seconds = exchange.elapsed_ns * _SECOND
        example = None
        if self._examples:
            identity = exchange.identity
            example = (identity.trace_id, identity.span_id, seconds, exchange.ended_at)
        for count in cells.counts:
            count.value += 1.0
            count.example = example
        for histogram in cells.durations:
            bucket = bisect_left(histogram.bounds, seconds)
            histogram.counts[bucket] += 1
            histogram.total += seconds
            histogram.examples[bucket] = example
        for histogram in cells.sizes:
            histogram.observe(exchange.bytes_out)
        if exchange.error is not None or exchange.invalid:
            self._count_failure(exchange)

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Count an error that came after the response."""
        del background
        self.settle()
        self._exceptions.at((exchange.route, class_name(error))).value += 1.0

    def leave(self, exchange: Exchange) -> None:
        """Keep nothing of an exchange, so there is nothing to let go of."""

    def promised(
        self, method: str, route: str, threshold_s: float | None, buckets: tuple[float, ...] | None
    ) -> None:
        """Count a promised route from zero: Prometheus' `increase` does not see the first value of a series.

        Args:
            method: the route's.
            route: its template.
            threshold_s: a bound that its durations shall have, seconds; None for none.
            buckets: of the route's policy, if it has some.
        """
        self._buckets.learn(route, buckets)
        if threshold_s is not None:
            self._buckets.promise(route, threshold_s)
        if self._names != _OTEL:
            for status in _PROMISED:
                self._requests.at((method, route, status))
            self._durations.at((method, route))

    def forget(self) -> None:
        """Start from zero: in a child after a fork, whose parent keeps these counts."""
        self._turn = threading.Lock()
        self._waiting.clear()
        self._cells.clear()
        for series in self._all():
            series.clear()

    def families(self, *, otel: bool = False) -> list[Family]:
        """Copy every number as it is now; OpenTelemetry's names too, whatever the page shows, if they are asked for."""
        self.settle()
        otel = otel or self._names != _PLAIN
        shown = [series.family() for series in self._shown(otel=otel)]
        return [*shown, *self._gauges(otel=otel)]

    def _finish_socket(self, exchange: Exchange) -> None:
        seconds = exchange.elapsed_ns * _SECOND
        self._sockets.at((exchange.route,)).observe(seconds)
        if exchange.error is not None:
            self._count_failure(exchange)

    def _count_failure(self, exchange: Exchange) -> None:
        if exchange.error is not None:
            self._exceptions.at((exchange.route, class_name(exchange.error))).value += 1.0
        if exchange.invalid:
            known = self._fields.of(exchange.scope.get("route"), exchange.endpoint)
            for place, kind in exchange.invalid:
                labels = (exchange.route, known.generalize(place), kind)
                self._invalid.at(labels).value += 1.0

    def _find_cells(self, exchange: Exchange, key: tuple[object, ...]) -> Cells:
        """Look up where an exchange is counted; remembered, unless strangers' methods would fill the memory."""
        method = known_method(exchange.scope.get("method"))
        plain: Labels = (method, exchange.route)
        status = "" if exchange.status is None else str(exchange.status)
        policy = getattr(exchange.endpoint, POLICY_ATTRIBUTE, None)
        self._buckets.learn(exchange.route, getattr(policy, "buckets", None))
        counts: list[Count] = []
        durations: list[Histogram] = []
        sizes: list[Histogram] = []
        if self._names != _OTEL:
            counts.append(self._requests.at((*plain, status)))
            durations.append(self._durations.at(plain))
            if self._sizes:
                sizes.append(self._bytes.at(plain))
        if self._otel:
            labels = _otel_labels(exchange, method, status)
            durations.append(self._otel_durations.at(labels))
            if self._sizes:
                sizes.append(self._otel_bytes.at(labels))
        cells = Cells(tuple(counts), tuple(durations), tuple(sizes))
        # Beyond the limit a request is looked up each time: what goes to the overflow series is counted there.
        if method == key[0] and len(self._cells) < self._limit and not self._is_full():
            self._cells[key] = cells
        return cells

    def _is_full(self) -> bool:
        counted = (self._requests, self._durations, self._bytes, self._otel_durations)
        return any(series.overflowed for series in (*counted, self._otel_bytes))

    def _gauges(self, *, otel: bool) -> list[Family]:
        """Count what is open now, 0 for methods seen before: never raised and lowered by hand, so it cannot leak."""
        plain: dict[Labels, int] = {labels[:1]: 0 for labels in list(self._durations.cells)}
        active: dict[Labels, int] = {
            (labels[0], labels[-1]): 0 for labels in list(self._otel_durations.cells)
        }
        sockets = 0
        for exchange in self._open():
            if exchange.kind == TYPE_WEBSOCKET:
                sockets += 1
            elif not exchange.own and not exchange.finished:
                method = known_method(exchange.scope.get("method"))
                scheme = str(exchange.scope.get("scheme", "http"))
                plain[(method,)] = plain.get((method,), 0) + 1
                active[method, scheme] = active.get((method, scheme), 0) + 1
        found = []
        if self._names != _OTEL:
            found.append(family(catalog.IN_PROGRESS, _points(plain)))
        if otel:
            found.append(family(catalog.OTEL_ACTIVE, _points(active)))
        found.append(family(catalog.WEBSOCKETS, [Point((), float(sockets))]))
        return found

    def _shown(self, *, otel: bool) -> list[Series[Count] | Series[Histogram]]:
        """List the families of the names that were asked for."""
        shown: list[Series[Count] | Series[Histogram]] = []
        if self._names != _OTEL:
            shown += [self._requests, self._durations, *([self._bytes] if self._sizes else [])]
        if otel:
            shown += [self._otel_durations, *([self._otel_bytes] if self._sizes else [])]
        return [*shown, self._exceptions, self._invalid, self._refusals, self._sockets]

    def _all(self) -> list[Series[Count] | Series[Histogram]]:
        return [
            self._requests, self._durations, self._bytes, self._otel_durations, self._otel_bytes,
            self._exceptions, self._invalid, self._refusals, self._sockets,
        ]  # fmt: skip

    def _counts(self, entry: catalog.Entry) -> Series[Count]:
        def make(_labels: Labels) -> Count:
            return Count()

        return Series(entry, make, limit=self._limit, on_overflow=self._on_overflow)

    def _seconds(self, entry: catalog.Entry, *, path: int) -> Series[Histogram]:
        def make(labels: Labels) -> Histogram:
            return Histogram(self._buckets.of(labels[path]))

        return Series(entry, make, limit=self._limit, on_overflow=self._on_overflow)

    def _volumes(self, entry: catalog.Entry) -> Series[Histogram]:
        def make(_labels: Labels) -> Histogram:
            return Histogram(SIZE_BOUNDS)

        return Series(entry, make, limit=self._limit, on_overflow=self._on_overflow)


SIZE_BOUNDS: Final = (100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)


def known_method(method: object) -> str:
    """Return a method of the known set, or `_OTHER`: strangers may send any word."""
    return method if isinstance(method, str) and method in KNOWN_METHODS else METHOD_OTHER


def _points(counted: dict[Labels, int]) -> list[Point]:
    return [Point(labels, float(number)) for labels, number in counted.items()]


def _otel_labels(exchange: Exchange, method: str, status: str) -> Labels:
    """Semantic conventions 1.44, `http.server.request.duration`: no error type on success."""
    error = ""
    if exchange.error is not None:
        error = class_name(exchange.error)
    elif exchange.status is not None and exchange.status >= SERVER_ERROR:
        error = status
    scheme = str(exchange.scope.get("scheme", "http"))
    return (method, exchange.route, status, error, scheme)


def class_name(error: BaseException) -> str:
    """Name the class of an exception, with its module unless it is Python's own."""
    cls = type(error)
    module = cls.__module__
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"
