"""The exporter as one of the rooms: which signals it ships, and how long an end may wait for it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from fastapi_spine.core.conventions import (
    DISTRIBUTION,
    SIGNAL_LOGS,
    SIGNAL_METRICS,
    SIGNAL_TRACES,
)
from fastapi_spine.export.resource import Resource
from fastapi_spine.export.room import Exporter
from fastapi_spine.export.spool.terms import SpoolTerms
from fastapi_spine.install.site import Site
from fastapi_spine.settings.model import Settings


class Exporting:
    """The exporter, furnished from settings.

    Args:
        settings: all settings.
        site: what rooms are built from.

    Attributes:
        exporter: ships telemetry, or knows why it does not.
        resource: who the process is.
        version: of this distribution.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        self._timeout = settings.export.flush_timeout
        self.version = metadata.version(DISTRIBUTION)
        ids, clock = site.ids, site.clock
        self.resource = Resource(
            site.service,
            site.environ,
            lambda: ids.request_id(clock.wall_ns()),
            self.version,
            site.redactor.record,
        )
        self.exporter = Exporter(
            site.environ,
            signals=tuple(_wanted(settings)),
            resource=lambda: self.resource.attributes,
            clock=clock,
            health=site.health,
            bound=settings.export.queue,
            version=self.version,
            spool=_spool(settings, site.service),
        )

    def starting(self) -> None:
        """Begin to send numbers, and what another process has left on disk."""
        self.exporter.starting()

    def started(self) -> None:
        """Say once where telemetry goes."""
        self.exporter.started()

    def stopped(self) -> None:
        """Ship what is queued; the process may end by signal at any moment now, and then `exiting` never comes."""
        self.exporter.pause(self._timeout)

    def flush(self, timeout: float) -> bool:
        """Ship what is queued, at most so many seconds; say whether all of it went out."""
        return self.exporter.flush(timeout)

    def exiting(self) -> None:
        """Ship what is queued before the interpreter ends."""
        self.exporter.close(self._timeout)

    def close(self) -> None:
        """Ship what is queued, and end the threads."""
        self.exporter.close(self._timeout)


def _spool(settings: Settings, service: str) -> SpoolTerms | None:
    export = settings.export
    if not export.spool:
        return None
    folder = Path(export.spool).expanduser().absolute()
    return SpoolTerms(folder, service, export.spool_bytes, export.spool_age)


def _wanted(settings: Settings) -> Iterable[str]:
    if settings.traces.enabled:
        yield SIGNAL_TRACES
    if settings.logs.enabled and settings.logs.export:
        yield SIGNAL_LOGS
    if settings.metrics.enabled and settings.metrics.export:
        yield SIGNAL_METRICS
