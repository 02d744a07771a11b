"""The ledgers of all promises, kept up to date from the store's roll-ups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi_spine.alerts.ledger import MINUTE_S, Ledger
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Reader, Series
from fastapi_spine.console.watch.counting import own, tallies

MINUTE_NS: Final = 60_000_000_000
_LATE: Final = 10
"""Minutes that are read again each time: what is sent late counts where it belongs."""
_CHUNK: Final = 1440
"""Minutes of one question: a store answers at most 10,000 steps."""


class Ledgers:
    """One ledger a promise.

    Args:
        reader: the store.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ledgers: dict[str, tuple[Promise, Ledger]] = {}
        self.routes: dict[str, list[str]] = {}
        self.basis: dict[str, str] = {}

    def of(self, promise: Promise) -> Ledger:
        """Return a promise's ledger."""
        return self._ledgers[promise.id][1]

    def update(self, promises: Iterable[Promise], now_s: float) -> None:
        """Read what is new; of a promise that is new, its whole window."""
        wanted = {one.id: one for one in promises}
        self._ledgers = {
            key: pair for key, pair in self._ledgers.items() if wanted.get(key) == pair[0]
        }
        end = int(now_s) // MINUTE_S + 1
        fresh = [one for one in wanted.values() if one.id not in self._ledgers]
        for promise in fresh:
            first = end - promise.window_s // MINUTE_S - 1
            self._ledgers[promise.id] = (promise, Ledger(first))
        if fresh:
            self._read(fresh, min(self.of(one).first for one in fresh), end)
        known = [one for one in wanted.values() if one not in fresh]
        if known:
            since = min(self.of(one).end for one in known)
            self._read(known, min(since, end) - _LATE, end)
        for promise in wanted.values():
            self.of(promise).forget(end - promise.window_s // MINUTE_S - 1)

    def _read(self, promises: list[Promise], first: int, end: int) -> None:
        for start in range(first, end, _CHUNK):
            stop = min(start + _CHUNK, end)
            window = Window(start * MINUTE_NS, stop * MINUTE_NS)
            services = {one.service for one in promises}
            one_service = services.pop() if len(services) == 1 else ""
            series = self._reader.series(window, MINUTE_NS, service=one_service)
            for promise in promises:
                mine = own(promise, series)
                self._note(promise, mine)
                self.of(promise).put(start, tallies(promise, mine, stop - start))

    def _note(self, promise: Promise, mine: list[Series]) -> None:
        if mine:
            known = self.routes.setdefault(promise.id, [])
            names = {f"{one.method} {one.route}".strip() for one in mine}
            self.routes[promise.id] = sorted({*known, *names})
            self.basis[promise.id] = mine[0].basis
