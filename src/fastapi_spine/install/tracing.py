"""Traces with their way out, joined: spans are made only where somebody takes them.

Without a receiver and without a tracer provider of the user's, a span would cost every request and be thrown away, so then
there are none; logs and outgoing calls carry the trace id all the same.
"""

from __future__ import annotations

import math

from fastapi_spine.core.conventions import SIGNAL_TRACES
from fastapi_spine.core.trace_formats import TraceFormats
from fastapi_spine.install.exporting import Exporting
from fastapi_spine.install.site import Site
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.settings.model import Settings
from fastapi_spine.traces.globals import propagate_api
from fastapi_spine.traces.instrument import Instrumentations
from fastapi_spine.traces.room import TracesRoom

_SECOND_NS = 1_000_000_000


def traces_room(
    settings: Settings,
    site: Site,
    exporting: Exporting,
    formats: TraceFormats,
    queue: str = "",
) -> TracesRoom:
    """Furnish the traces room.

    Args:
        settings: all settings.
        site: what rooms are built from.
        exporting: takes the spans.
        formats: which headers carry a trace.
        queue: the job queue whose worker this is, if it is one's; see `Given`.
    """
    propagate_api()  # before anything imports it that would let its fault through
    ours = settings.traces
    slow = settings.logs.slow
    room = TracesRoom(
        exporting.exporter.put_all,
        redactor=site.redactor,
        clock=site.clock,
        ids=site.ids,
        health=site.health,
        resource=exporting.resource,
        version=exporting.version,
        environ=site.environ,
        clients=Clients(settings.logs.client),
        ratio=ours.sample,
        slow_ns=None if math.isinf(slow) else int(slow * _SECOND_NS),
        operations=ours.operations,
        instrumentations=Instrumentations(
            site.environ,
            (*ours.instrument_off, queue),
            wanted=ours.instrument,
            sql_comments=ours.sql_comments,
        ),
        propagate_to=ours.propagate_to,
        own_hosts=ours.hosts,
        receiver=exporting.exporter.on(SIGNAL_TRACES),
        formats=formats,
    )
    # In a queue's worker a call that belongs to nothing is a look of the queue at its broker, several a second.
    room.provider.source.lone_calls = not queue
    delivery = room.delivery
    delivery.collector = exporting.exporter.gather_spans(delivery.settle, delivery.forget)
    delivery.write = exporting.exporter.write_span
    return room
