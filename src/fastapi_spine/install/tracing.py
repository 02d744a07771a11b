"""Traces and their way out, joined: spans are made only where somebody takes them.

Without a receiver and without a tracer provider of the user's, a span would cost every request and be thrown away, so then
there are none; logs and outgoing calls carry the trace id all the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata

from fastapi_spine.core.conventions import DISTRIBUTION, SIGNAL_TRACES
from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.room import Exporter
from fastapi_spine.install.site import Site
from fastapi_spine.logs.client import client_reader
from fastapi_spine.settings.model import Settings
from fastapi_spine.traces.room import TracesRoom

_SECOND_NS = 1_000_000_000


class Tracing:
    """The traces room with its exporter.

    Args:
        settings: all settings.
        site: what rooms are built from.

    Attributes:
        exporter: ships spans, or knows why it does not.
        traces: makes them.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        ours = settings.traces
        self._timeout = ours.flush_timeout
        self.exporter = Exporter(
            site.environ,
            resource=self._resource,
            clock=site.clock,
            health=site.health,
            bound=ours.queue,
        )
        site.health.accounts[SIGNAL_TRACES] = self.exporter.balance
        slow = settings.logs.slow
        self.traces = TracesRoom(
            self.exporter.put_all,
            redactor=site.redactor,
            clock=site.clock,
            ids=site.ids,
            health=site.health,
            service=site.service,
            version=_version(),
            environ=site.environ,
            client=client_reader(settings.logs.client),
            ratio=ours.sample,
            slow_ns=None if math.isinf(slow) else int(slow * _SECOND_NS),
            operations=ours.operations,
            instrument=ours.instrument,
            instrument_off=ours.instrument_off,
            propagate_to=ours.propagate_to,
            own_hosts=ours.hosts,
            receiver=self.exporter.on,
        )

    def starting(self) -> None:
        """Switch instrumentations on; nothing else yet: the application's own start-up code may still choose otherwise."""
        self.traces.starting()

    def started(self) -> None:
        """Take our places in the process, and say once where spans go: the application's own start-up has run."""
        self.exporter.starting()
        self.traces.started()

    def stopped(self) -> None:
        """Ship what is queued; the process may end by signal at any moment now."""
        self.traces.stopped()
        self.exporter.flush(self._timeout)

    def flush(self, timeout: float) -> bool:
        """Ship what is queued, at most so many seconds; say whether all of it went out."""
        return self.exporter.flush(timeout)

    def exiting(self) -> None:
        """Ship what is queued before the interpreter ends."""
        self.exporter.close(self._timeout)

    def close(self) -> None:
        """Give back what was taken, and ship what is queued."""
        self.traces.close()
        self.exporter.close(self._timeout)

    def _resource(self) -> Mapping[str, AttributeValue]:
        return self.traces.resource.attributes


def _version() -> str:

    return metadata.version(DISTRIBUTION)
