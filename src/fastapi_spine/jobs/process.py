"""The layer of a worker process: set up when the worker starts, written out when it ends."""

from __future__ import annotations

import logging
from types import FrameType
from typing import Any, Final

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.conventions import KEY_COUNT, KEY_STEP, LOGGER_HEALTH, MSG_STEP_FAILED
from fastapi_spine.core.health import Health
from fastapi_spine.install.given import Given
from fastapi_spine.install.layer import Worker, is_layered
from fastapi_spine.install.naming import packages_of
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Keywords

_log: Final = logging.getLogger(LOGGER_HEALTH)
_BEFORE_FORK_S: Final = 0.5
"""Seconds: a receiver that is away does not keep a worker from starting."""


class Process:
    """What an adapter needs of the process it is in, that of the application or a worker.

    Args:
        caller: who sets the adapter up; names the application's package.
        keywords: settings of the worker's layer.
        title: names the service if nothing else does.
        queue: the queue's name, which is that of its OpenTelemetry instrumentation too.

    Raises:
        SettingsError: a setting is unknown or malformed; told where the adapter is set up, and not first in the worker.

    Attributes:
        layer: that of the worker; None in the application's process, which has its own.
        health: catches what fails here.
    """

    def __init__(self, caller: FrameType, keywords: Keywords, title: str, queue: str) -> None:
        if keywords:
            load(keywords=dict(keywords))
        self._packages = packages_of(caller)
        self._keywords = keywords
        self._title = title
        self._queue = queue
        self.layer: Worker | None = None
        self.health = Health(SystemClock())
        self.health.report_to(_tell)

    def begins(self) -> None:
        """Set the layer up, unless one is at work: that of an application that runs its jobs itself, or of a test.

        An application that the worker merely imports, because its tasks stand beside it, serves nothing here; its layer
        gives way.

        Raises:
            SettingsError: the environment or a file says something that cannot be.
        """
        if self.layer is None and not is_layered():
            given = Given(queue=self._queue)
            self.layer = Worker(self._packages, self._keywords, given, self._title)
            self.health = self.layer.health

    def forks(self) -> None:
        """Ship what is queued before a child begins, which would count it as its own and lost."""
        if self.layer is not None:
            self.layer.flush(_BEFORE_FORK_S)

    def ends(self) -> None:
        """Write and ship what is queued: the process may end without its exit hooks."""
        if self.layer is not None:
            self.layer.ending()


def _tell(step: str, error: BaseException, count: int) -> None:
    """Tell of a fault of ours in a process whose layer, if there is one, is not ours."""
    told: dict[str, Any] = {KEY_STEP: step, KEY_COUNT: count}
    _log.error(MSG_STEP_FAILED, exc_info=error, extra=told)
