"""What the exporter says in the log: where telemetry goes, what is wrong with a receiver, what was lost.

Its lines are log lines like any other, so they are exported too. That is no circle: each kind comes once a minute
at most, whatever happens to those before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from fastapi_spine.core.conventions import (
    KEY_DROPPED,
    KEY_ENDPOINT,
    KEY_REASON,
    KEY_SIGNAL,
    KEY_WAITING,
    LOGGER_EXPORT,
    MSG_EXPORT_DROPPED,
    MSG_EXPORT_NOWHERE,
    MSG_EXPORT_TO,
    MSG_EXPORT_TROUBLE,
)
from fastapi_spine.core.spool_names import (
    KEY_FOLDER,
    KEY_RECOVERED,
    KEY_SPOOLED,
    MSG_SPOOL_FOUND,
    MSG_SPOOL_LEFT,
    MSG_SPOOL_OFF,
)
from fastapi_spine.export.endpoint import Endpoint, Nowhere

_MINUTE_NS: Final = 60_000_000_000

log = logging.getLogger(LOGGER_EXPORT)

Lost = Callable[[], Mapping[str, Mapping[str, int]]]
Found = dict[str, Mapping[str, object]]


class Report:
    """Says it, each thing once a minute at most.

    Args:
        monotonic_ns: tells time.
        lost: returns what was lost so far, by signal and reason.
    """

    def __init__(self, monotonic_ns: Callable[[], int], lost: Lost) -> None:
        self._monotonic_ns = monotonic_ns
        self._lost = lost
        self._troubles: dict[str, tuple[int, str]] = {}
        self._told_at: int | None = None
        self._told: Found = {}
        self._kept: dict[str, int] = {}

    def start(self, ends: Mapping[str, Endpoint | Nowhere]) -> None:
        """Say where each signal goes: one line for all that go, one for each reason why others do not."""
        going = {signal: str(end) for signal, end in ends.items() if isinstance(end, Endpoint)}
        if going:
            log.info(MSG_EXPORT_TO, extra={KEY_ENDPOINT: going})
        reasons: dict[Nowhere, list[str]] = {}
        for signal, end in ends.items():
            if isinstance(end, Nowhere):
                reasons.setdefault(end, []).append(signal)
        for nowhere, signals in reasons.items():
            extra = {KEY_SIGNAL: ", ".join(signals), KEY_REASON: nowhere.reason}
            log.log(
                logging.WARNING if nowhere.wrong else logging.INFO, MSG_EXPORT_NOWHERE, extra=extra
            )

    def trouble(self, signal: str, what: str) -> None:
        """Tell what is wrong with a signal's receiver; not what another signal has just told."""
        now = self._monotonic_ns()
        recent = {one: told for one, told in self._troubles.items() if now - told[0] < _MINUTE_NS}
        if signal in recent:
            return
        told_already = any(said == what for _, said in recent.values())
        self._troubles = {**recent, signal: (now, what)}
        if not told_already:
            log.warning(MSG_EXPORT_TROUBLE, extra={KEY_SIGNAL: signal, KEY_REASON: what})

    def losses(self) -> None:
        """Tell what was lost in all, if it is more than was told a minute ago or longer."""
        now = self._monotonic_ns()
        if self._told_at is None or now - self._told_at >= _MINUTE_NS:
            self._tell(self._found(), now)

    def spool_off(self, folder: str, why: str) -> None:
        """Tell why nothing is kept on disk; the spool says it once for each time that it begins."""
        log.warning(MSG_SPOOL_OFF, extra={KEY_FOLDER: folder, KEY_REASON: why})

    def spool_found(self, folder: str, items: Mapping[str, int]) -> None:
        """Tell what ended processes had left on disk, and this one is going to send."""
        log.info(MSG_SPOOL_FOUND, extra={KEY_FOLDER: folder, KEY_RECOVERED: dict(items)})

    def end(
        self, waiting: Mapping[str, int] | None = None, spooled: Mapping[str, int] | None = None
    ) -> None:
        """Tell what was lost in all, because no later line may.

        Args:
            waiting: items by signal that are neither delivered nor lost, and are lost if the process ends now.
            spooled: items by signal that are on disk, and are not.
        """
        found = self._found()  # before this line is lost itself, after the end
        kept = {signal: count for signal, count in (spooled or {}).items() if count}
        if kept and kept != self._kept:
            self._kept = kept
            log.info(MSG_SPOOL_LEFT, extra={KEY_SPOOLED: kept})
        left = {signal: count for signal, count in (waiting or {}).items() if count}
        self._tell({**found, KEY_WAITING: left} if left else found, self._monotonic_ns())

    def _found(self) -> Found:
        lost = {signal: reasons for signal, reasons in self._lost().items() if reasons}
        return {KEY_DROPPED: lost} if lost else {}

    def _tell(self, found: Found, now: int) -> None:
        if found and found != self._told:
            self._told_at, self._told = now, found
            log.warning(MSG_EXPORT_DROPPED, extra=found)
