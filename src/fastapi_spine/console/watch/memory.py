"""What survives a restart: alert states, alerts with their evidence, silences, what services promised."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from fastapi_spine.alerts.machine import AlertState
from fastapi_spine.console.alert_views import Alert, Silence

_FILE: Final = "alerts.json"
_PRIVATE: Final = 0o600
_MOST: Final = 64 << 20
_KEEP_US: Final = 30 * 86_400_000_000
_MOST_ALERTS: Final = 500


class Memory(msgspec.Struct):
    """Everything that is remembered.

    Attributes:
        states: objective → tier → state.
        alerts: newest first.
        silences: that have not ended.
        declared: service → its objectives' tables, as its resource said last.
        table: whose windows the states are of.
    """

    states: dict[str, dict[str, AlertState]] = msgspec.field(default_factory=dict)
    alerts: list[Alert] = msgspec.field(default_factory=list)
    silences: list[Silence] = msgspec.field(default_factory=list)
    declared: dict[str, list[dict[str, Any]]] = msgspec.field(default_factory=dict)
    table: str = ""

    def forget(self, now_us: int) -> None:
        """Let go of silences that ended, of old alerts, and of too many."""
        self.silences = [one for one in self.silences if one.ends_us > now_us]
        kept = [
            one
            for one in self.alerts
            if one.resolved_us is None or one.resolved_us > now_us - _KEEP_US
        ]
        active = [one for one in kept if one.resolved_us is None]
        ended = [one for one in kept if one.resolved_us is not None]
        both = active + ended[: max(_MOST_ALERTS - len(active), 0)]
        self.alerts = sorted(both, key=lambda one: -one.pending_us)


class MemoryFile:
    """The file in the data folder.

    Args:
        folder: the console's; None keeps nothing (tests, replay).
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / _FILE
        self.trouble = ""
        self._last = b""

    def read(self) -> Memory:
        """Return what is remembered; a file that cannot be read is moved aside, and told of."""
        if self._path is None:
            return Memory()
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_MOST), type=Memory)
        except FileNotFoundError:
            return Memory()
        except (OSError, msgspec.MsgspecError) as error:
            self.trouble = f"{_FILE} could not be read and was moved aside: {error}"
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".unreadable"))
            return Memory()

    def write(self, memory: Memory) -> None:
        """Keep it if it has changed: made anew, closed to others, and put in its place whole."""
        if self._path is None:
            return
        data = msgspec.json.encode(memory)
        if data == self._last:
            return
        fresh = self._path.with_suffix(".new")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            fresh.replace(self._path)
        except OSError as error:
            self.trouble = f"{_FILE} could not be written: {error}"
        else:
            self.trouble, self._last = "", data
