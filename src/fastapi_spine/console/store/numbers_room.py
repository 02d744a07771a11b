"""What is counted from committed rows: roll-ups, failures, processes, and what senders say of themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from fastapi_spine.console.facts import Request
from fastapi_spine.console.rows import Batch, PointRow, SpanRow
from fastapi_spine.console.store.failures import (
    Failure,
    Once,
    of_line,
    of_other,
    of_request,
    of_span,
)
from fastapi_spine.console.store.keep import Keep
from fastapi_spine.console.store.meta_file import MetaFile
from fastapi_spine.console.store.points import Histograms, Senders
from fastapi_spine.console.store.rollup import Name, RollUps
from fastapi_spine.core.conventions import ATTR_EXCEPTION_TYPE
from fastapi_spine.core.telemetry import KIND_SERVER, STATUS_ERROR

_SECOND_NS: Final = 1_000_000_000
_LATE_NS: Final = 24 * 3600 * _SECOND_NS
_EARLY_NS: Final = 600 * _SECOND_NS
_EXPIRE_EVERY_NS: Final = 600 * _SECOND_NS
_GONE_NS: Final = 2 * 24 * 3600 * _SECOND_NS


class NumbersRoom:
    """Counts after each commit, and writes with it.

    Rows last before their numbers do: a crash between the two loses the numbers of rows that were not acknowledged
    yet, and their sender sends them again. Numbers that cannot be written, on a full disk, wait in memory.
    """

    def __init__(self, meta: MetaFile) -> None:
        self._meta = meta
        self._rollups = RollUps(meta.cell)
        self._histograms = Histograms(meta.last_point)
        self._senders = Senders(meta.numbers_of)
        self._once = Once()
        self._failures: list[tuple[Failure, int]] = []
        self._expired_ns = 0

    def take(
        self, batches: list[Batch], requests: list[tuple[SpanRow, Request]], now_ns: int
    ) -> None:
        """Count what was committed; moments too far from now are left out of the numbers."""
        low, high = now_ns - _LATE_NS, now_ns + _EARLY_NS
        for span, facts in requests:
            if low <= span.start_ns <= high:
                name = Name(span.source.service, facts.method, facts.route)
                duration = max(span.end_ns - span.start_ns, 0)
                status = facts.status or 0
                self._rollups.add_request(
                    name, span.start_ns, duration, failed=facts.failed, status=status
                )
        for failure in self._failed(batches, requests):
            if low <= failure.at_ns <= high:
                self._failures += self._once.changes(failure)
        self._points(batches, low, high)
        self._write(batches, now_ns)

    def _failed(
        self, batches: list[Batch], requests: list[tuple[SpanRow, Request]]
    ) -> Iterator[Failure]:
        for batch in batches:
            for span in batch.spans:
                if span.events:
                    yield from _one(of_span(span))
                if span.status == STATUS_ERROR and span.kind != KIND_SERVER:
                    yield from _one(of_other(span))
            for row in batch.logs:
                if ATTR_EXCEPTION_TYPE in row.attributes:
                    yield from _one(of_line(row))
        for span, facts in requests:
            if facts.failed:
                yield from _one(of_request(span, facts))

    def _points(self, batches: list[Batch], low: int, high: int) -> None:
        for batch in batches:
            for point in batch.points:
                if not self._senders.take(point) and low <= point.at_ns <= high:
                    self._grow(point)

    def _grow(self, point: PointRow) -> None:
        grown = self._histograms.growth(point)
        if grown is not None:
            self._rollups.add_histogram(
                grown.name,
                grown.at_ns,
                grown.bounds,
                grown.buckets,
                failed=grown.failed,
                status=grown.status,
            )

    def _write(self, batches: list[Batch], now_ns: int) -> None:
        try:
            for source in {row.source for batch in batches for rows in batch for row in rows}:
                self._meta.put_instance(source.service, source.instance, source.version, now_ns)
            self._meta.put(self._rollups, self._histograms, self._senders)
            self._meta.put_failures(self._failures)
            self._meta.commit()
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._meta.roll_back()
            return
        self._failures.clear()
        self._rollups.written()
        self._histograms.changed.clear()
        self._senders.changed.clear()

    def tidy(self, now_ns: int, keep: Keep) -> None:
        """Write what could not be written before, and forget what is too old."""
        if self._failures or self._rollups.changed:
            self._write([], now_ns)
        if now_ns - self._expired_ns >= _EXPIRE_EVERY_NS:
            self._expired_ns = now_ns
            with suppress(sqlite3.Error):
                self._meta.expire(now_ns - keep.numbers_seconds * _SECOND_NS, now_ns - _GONE_NS)
                self._meta.commit()

    def close(self) -> None:
        """Write, and close the file."""
        self._meta.close()


def _one(failure: Failure | None) -> Iterator[Failure]:
    if failure is not None:
        yield failure
