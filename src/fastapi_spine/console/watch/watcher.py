"""The watch over all promises: evaluates every few seconds, remembers, tells, answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from msgspec.structs import replace

from fastapi_spine.alerts.burn import budget_left
from fastapi_spine.alerts.evaluate import Verdict, evaluate, tiers_of
from fastapi_spine.alerts.windows import Table, Tier
from fastapi_spine.console.alert_views import (
    Ack,
    Alert,
    AlertsPage,
    ObjectiveView,
    SenderView,
    Silence,
    Trial,
)
from fastapi_spine.console.ports import Reader, StoreError
from fastapi_spine.console.watch.declared import Declared, Watched
from fastapi_spine.console.watch.episodes import episode, open_of, silencing
from fastapi_spine.console.watch.evidence import evidence
from fastapi_spine.console.watch.ledgers import Ledgers
from fastapi_spine.console.watch.memory import Memory, MemoryFile
from fastapi_spine.console.watch.shown import objective_view
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import LOGGER_ALERTS, THREAD_CONSOLE_WATCH

_log: Final = logging.getLogger(LOGGER_ALERTS)
_NS: Final = 1e9
_SHOWN: Final = 200


class Teller(Protocol):
    """Tells people; returns at once."""

    def tell(self, alerts: list[Alert]) -> None:
        """Take every alert that is firing, and those that have just been resolved."""

    def senders(self) -> list[SenderView]:
        """Return how the ways to people are."""

    def trial(self) -> list[Trial]:
        """Send a trial by every way, and wait for the answers."""

    def close(self) -> None:
        """Send what waits, for a moment."""


class Watch:
    """The watch.

    Args:
        reader: the store; its own, since it is asked from the watch's thread.
        declared: what was promised.
        table: windows and burn rates.
        file: keeps what is remembered.
        memory: what was remembered.
        clock: tells time.
        teller: tells people.
    """

    def __init__(
        self, reader: Reader, declared: Declared, table: Table, file: MemoryFile, memory: Memory, clock: Clock,
        teller: Teller,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._declared = declared
        self._table = table
        self._file = file
        self._memory = memory
        self._clock = clock
        self._teller = teller
        self._ledgers = Ledgers(reader)
        self._views: list[ObjectiveView] = []
        self._at_us: int | None = None
        self._trouble = ""
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD_CONSOLE_WATCH, daemon=True)
        if memory.table != table.name:  # states of other windows say nothing about these
            memory.states, memory.table = {}, table.name

    def start(self) -> None:
        """Begin to evaluate."""
        self._thread.start()

    def close(self) -> None:
        """End, and keep what is known."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._teller.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            self.tick()
            self._ending.wait(self._table.every_s)

    def tick(self) -> None:
        """Evaluate once; a fault is told on the page, and the next time may be better."""
        try:
            with self._lock:
                self._evaluate()
            self._trouble = ""
        except StoreError as error:
            self._trouble = f"objectives could not be evaluated: {error}"
        except Exception as error:  # noqa: BLE001 - a fault here must not end the watch
            _log.exception("objectives could not be evaluated")
            self._trouble = f"objectives could not be evaluated: {type(error).__name__}"

    def _evaluate(self) -> None:
        now_s = self._clock.wall_ns() / _NS
        now_us = self._clock.wall_ns() // 1000
        watched = self._declared.watched()
        self._ledgers.update([one.promise for one in watched], now_s)
        verdicts = {one.promise.id: self._judge(one, now_s) for one in watched}
        self._memory.states = {key: one.states for key, one in verdicts.items()}
        news = self._news(watched, verdicts, now_s)
        self._memory.forget(now_us)
        self._file.write(self._memory)
        self._views = [
            objective_view(
                one,
                self._table,
                verdicts[one.promise.id],
                self._ledgers.of(one.promise),
                now_s,
                self._ledgers.routes.get(one.promise.id, []),
                self._ledgers.basis.get(one.promise.id, ""),
            )
            for one in watched
        ]
        self._at_us = now_us
        self._teller.tell(news)

    def _judge(self, watched: Watched, now_s: float) -> Verdict:
        promise = watched.promise
        counts = partial(self._ledgers.of(promise).window, now_s)
        return evaluate(
            promise, self._table, counts, self._memory.states.get(promise.id, {}), now_s
        )

    def _news(
        self, watched: list[Watched], verdicts: dict[str, Verdict], now_s: float
    ) -> list[Alert]:
        """Bring alerts up to date; return what people may have to be told."""
        known = dict(open_of(self._memory.alerts))
        ended = [one for one in self._memory.alerts if one.state == "resolved"]
        current: list[Alert] = []
        for one in watched:
            for tier in tiers_of(one.promise, self._table):
                before = known.pop((one.promise.id, tier.name), None)
                after = episode(before, one.promise, tier, verdicts[one.promise.id], now_s)
                if after is not None:
                    current.append(self._complete(before, after, one, tier, now_s))
        gone = [_withdrawn(one, round(now_s * 1e6)) for one in known.values() if one.fired_us]
        current += gone  # whoever promised it promises it no more
        self._memory.alerts = sorted([*current, *ended], key=lambda one: -one.pending_us)
        return [one for one in current if one.fired_us is not None]

    def _complete(
        self, before: Alert | None, after: Alert, watched: Watched, tier: Tier, now_s: float
    ) -> Alert:
        promise = watched.promise
        whole = self._ledgers.of(promise).window(now_s, promise.window_s)
        after = replace(
            after,
            budget_left=budget_left(whole, promise.allowed),
            silenced_by=silencing(after, self._memory.silences, round(now_s * 1e6)),
        )
        begins = after.state == "firing" and (before is None or before.fired_us is None)
        if not begins and (after.state != "firing" or after.evidence is not None):
            return after
        found = evidence(self._reader, promise, round(now_s * _NS), tier.long_s)
        return replace(after, evidence=found)

    # --- answers ------------------------------------------------------------------------------

    def page(self) -> AlertsPage:
        """Return everything the page shows."""
        with self._lock:
            trouble = [self._trouble, self._file.trouble, *self._declared.trouble.values()]
            return AlertsPage(
                self._at_us,
                self._table.every_s,
                self._table.name,
                list(self._views),
                self._memory.alerts[:_SHOWN],
                list(self._memory.silences),
                self._teller.senders(),
                [one for one in trouble if one],
            )

    def alert(self, key: str) -> Alert | None:
        """Return one alert."""
        with self._lock:
            return next((one for one in self._memory.alerts if one.id == key), None)

    def acknowledge(self, key: str, *, by: str, note: str) -> Alert | None:
        """Note that somebody has seen an alert; it is not sent again while it fires."""
        with self._lock:
            found = self.alert(key)
            if found is None:
                return None
            after = replace(found, acked=Ack(self._clock.wall_ns() // 1000, by, note))
            self._memory.alerts = [after if one.id == key else one for one in self._memory.alerts]
            self._file.write(self._memory)
            return after

    def silence(self, silence: Silence) -> Silence:
        """Keep alerts quiet for a while."""
        with self._lock:
            self._memory.silences = [*self._memory.silences, silence]
            self._requiet()
            return silence

    def end_silence(self, key: str) -> Silence | None:
        """End a silence now."""
        with self._lock:
            found = next((one for one in self._memory.silences if one.id == key), None)
            if found is None:
                return None
            self._memory.silences = [one for one in self._memory.silences if one.id != key]
            self._requiet()
            return replace(found, ends_us=self._clock.wall_ns() // 1000)

    def known(self, objective: str) -> bool:
        """Whether there is an objective of this id."""
        return any(one.promise.id == objective for one in self._declared.watched())

    def trial(self) -> list[Trial]:
        """Send a trial by every way to people."""
        return self._teller.trial()

    @property
    def watched(self) -> Callable[[], list[Watched]]:
        """What is watched over."""
        return self._declared.watched

    @property
    def table(self) -> Table:
        """Windows and burn rates."""
        return self._table

    def _requiet(self) -> None:
        now_us = self._clock.wall_ns() // 1000
        silences = self._memory.silences
        self._memory.alerts = [
            one
            if one.state == "resolved"
            else replace(one, silenced_by=silencing(one, silences, now_us))
            for one in self._memory.alerts
        ]
        self._file.write(self._memory)


def _withdrawn(alert: Alert, now_us: int) -> Alert:
    return replace(alert, state="resolved", resolved_us=now_us, inhibited_by="")


class Nobody:
    """Tells nobody: no way to people is set up."""

    def tell(self, alerts: list[Alert]) -> None:
        """Tell nobody."""

    def senders(self) -> list[SenderView]:
        """Return none."""
        return []

    def trial(self) -> list[Trial]:
        """Send nothing."""
        return []

    def close(self) -> None:
        """Have nothing to send."""
