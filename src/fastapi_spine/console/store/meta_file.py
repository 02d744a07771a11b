"""The file of what outlives slices, as its writer sees it."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from msgspec import json, msgpack

from fastapi_spine.console.store.failures import Failure
from fastapi_spine.console.store.mend import mended, mended_row
from fastapi_spine.console.store.points import Histograms, Last, Senders
from fastapi_spine.console.store.rollup import LONGEST, MINUTE_NS, Cell, Key, Name, RollUps
from fastapi_spine.console.store.sql import query

_pack = msgpack.Encoder().encode
_numbers = msgpack.Decoder(list[int]).decode
_sender = msgpack.Decoder(dict[str, dict[str, int]]).decode
_bounds = json.Decoder(tuple[float, ...]).decode
_STEP_NS: Final = 10_000_000_000
_MOST_REMEMBERED: Final = 10_000


class MetaFile:
    """Reads and writes; nothing lasts before `commit`.

    Args:
        connection: open for writing; this object closes it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._series: dict[Name, int] = {}
        self._bounds: dict[tuple[float, ...], int] = {
            _bounds(text): number for number, text in connection.execute(query("all_bounds"))
        }
        self._seen: dict[tuple[str, str, str], int] = {}

    def cell(self, key: Key) -> Cell | None:
        """Return the numbers of a minute."""
        minute, name, basis = key
        row = self._connection.execute(
            query("rollup"), (minute, self._series_of(name), basis)
        ).fetchone()
        if row is None:
            return None
        count, failures, number, buckets, outcomes = row
        bounds = next(known for known, id_ in self._bounds.items() if id_ == number)
        held = unpacked_buckets(buckets)
        longest_ns = held.pop(LONGEST, 0)
        return Cell(bounds, count, failures, held, unpacked_buckets(outcomes), longest_ns)

    def last_point(self, series: bytes) -> Last | None:
        """Return the last point of a cumulative histogram."""
        row = self._connection.execute(query("cumulative"), (series,)).fetchone()
        return Last(row[0], row[1], tuple(_numbers(row[3]))) if row else None

    def numbers_of(self, service: str, instance: str) -> dict[str, dict[str, int]]:
        """Return what a process said of its own telemetry."""
        row = self._connection.execute(query("sender"), mended_row((service, instance))).fetchone()
        return _sender(row[0]) if row else {}

    def put(self, rollups: RollUps, histograms: Histograms, senders: Senders) -> None:
        """Write the numbers that have changed."""
        self._begin()
        cells = [self._row(key, rollups.cell(key)) for key in rollups.changed]
        self._connection.executemany(query("put_rollup"), cells)
        points = [
            (series, last.start_ns, last.at_ns, sum(last.buckets), _pack(last.buckets))
            for series, last in histograms.changed.items()
        ]
        self._connection.executemany(query("put_cumulative"), map(mended_row, points))
        said = [
            (service, instance, version, at_ns, _pack(mended(senders.of((service, instance)))))
            for (service, instance), (version, at_ns) in senders.changed.items()
        ]
        self._connection.executemany(query("put_sender"), map(mended_row, said))

    def put_failures(self, changes: Iterable[tuple[Failure, int]]) -> None:
        """Count failures."""
        for failure, count in changes:
            self._begin()
            self._put_failure(failure, count)

    def _put_failure(self, failure: Failure, count: int) -> None:
        key = mended_row((failure.fingerprint, failure.service))
        self._connection.execute(query("add_failures"), (failure.minute, *key, count))
        known = self._connection.execute(query("failure"), key).fetchone()
        if count < 0:
            if known and known[6] == known[7] == failure.at_ns:
                self._connection.execute(query("drop_failure"), key)
            return
        told = (
            failure.type, failure.message, failure.where, failure.route, failure.request_id, failure.trace_id.hex(),
        )  # fmt: skip
        first, last = (known[6], known[7]) if known else (failure.at_ns, failure.at_ns)
        if known and failure.at_ns < last:
            told = known[:6]
        row = (*key, *told, min(first, failure.at_ns), max(last, failure.at_ns))
        self._connection.execute(query("put_failure"), mended_row(row))

    def put_instance(self, service: str, instance: str, version: str, at_ns: int) -> None:
        """Note that a process sent something; written once in ten seconds each."""
        key = (service, instance, version)
        known = self._seen.get(key)
        if known is not None and at_ns - known < _STEP_NS:
            return
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key] = at_ns
        self._begin()
        self._connection.execute(query("put_instance"), mended_row((*key, at_ns, at_ns)))

    def expire(self, before_ns: int, gone_before_ns: int) -> None:
        """Forget numbers older than one moment, and failures and processes older than another."""
        self._begin()
        minute = before_ns // MINUTE_NS
        for name, bound in (
            ("expire_rollups", minute),
            ("expire_failure_minutes", minute),
            ("expire_failures", before_ns),
            ("expire_instances", before_ns),
            ("expire_cumulative", gone_before_ns),
            ("expire_senders", gone_before_ns),
        ):
            self._connection.execute(query(name), (bound,))

    def commit(self) -> None:
        """Make it last."""
        self._connection.commit()

    def roll_back(self) -> None:
        """Forget what was put since the last commit."""
        self._connection.rollback()
        self._series.clear()
        self._seen.clear()
        rows = self._connection.execute(query("all_bounds"))
        self._bounds = {_bounds(text): number for number, text in rows}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute(query("begin"))

    def _row(self, key: Key, cell: Cell) -> tuple[int, int, int, int, int, int, bytes, bytes]:
        minute, name, basis = key
        return (
            minute,
            self._series_of(name),
            basis,
            cell.count,
            cell.failures,
            self._bounds_of(cell.bounds),
            _pairs({LONGEST: cell.longest_ns, **cell.buckets} if cell.longest_ns else cell.buckets),
            _pairs(cell.outcomes),
        )

    def _series_of(self, name: Name) -> int:
        number = self._series.get(name)
        if number is None:
            told = mended_row(name)
            row = self._connection.execute(query("series_id"), told).fetchone()
            if row is None:
                self._begin()
                row = self._connection.execute(query("add_series"), told).fetchone()
            if len(self._series) >= _MOST_REMEMBERED:
                self._series.clear()
            number = self._series[name] = int(row[0])
        return number

    def _bounds_of(self, bounds: tuple[float, ...]) -> int:
        number = self._bounds.get(bounds)
        if number is None:
            text = json.encode(bounds).decode("ascii")
            row = self._connection.execute(query("bounds_id"), (text,)).fetchone()
            if row is None:
                row = self._connection.execute(query("add_bounds"), (text,)).fetchone()
            number = self._bounds[bounds] = int(row[0])
        return number


def _pairs(counts: dict[int, int]) -> bytes:
    return _pack([number for pair in counts.items() for number in pair])


def unpacked_buckets(blob: bytes) -> dict[int, int]:
    """Return buckets: number → count."""
    flat = _numbers(blob)
    return dict(zip(flat[::2], flat[1::2], strict=True))
