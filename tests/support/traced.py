"""An application with the traces room around it, and what came out: for tests, without any exporter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi_spine.core.health import Health
from fastapi_spine.core.observer import Observer, Tell
from fastapi_spine.core.telemetry import SpanData
from fastapi_spine.export.resource import Resource
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.request.identity import DebugFlag, identity_reader
from fastapi_spine.request.place import place
from fastapi_spine.request.spine import RequestPass
from fastapi_spine.testing.clock import FrozenClock
from fastapi_spine.testing.ids import CountedIds
from fastapi_spine.traces.instrument import Instrumentations
from fastapi_spine.traces.room import TracesRoom


class Traced:
    """The traces room with a frozen clock and counted ids.

    Attributes:
        spans: what was handed to the exporter, in order.
        clock: stands still until moved.
        room: the room.
        health: counts what failed.
    """

    def __init__(
        self,
        *,
        ids: Any = None,
        clock: Any = None,
        instrument: bool = False,
        instrument_off: Sequence[str] = (),
        sql_comments: bool = False,
        **options: Any,
    ) -> None:
        self.spans: list[SpanData] = []
        self.clock = clock or FrozenClock()
        self.health = Health(self.clock)
        self._ids = ids or CountedIds()
        given: dict[str, Any] = {
            "redactor": Redactor(),
            "clock": self.clock,
            "ids": self._ids,
            "health": self.health,
            "version": "1.0",
            "environ": {},
            "clients": Clients("full"),
            "everywhere": False,
        }
        given["instrumentations"] = Instrumentations(
            {}, instrument_off, wanted=instrument, sql_comments=sql_comments
        )
        given |= options
        given.setdefault(
            "resource",
            Resource("shop", given["environ"], lambda: self._ids.request_id(0), given["version"]),
        )
        self.room = TracesRoom(self._take, **given)

    def _take(self, spans: list[SpanData]) -> None:
        """Keep spans, each with all its attributes in one place."""
        for span in spans:
            span.attributes, span.shared = dict(span.every_attribute()), ()
            self.spans.append(span)

    def around(
        self, app: Any, *others: Observer, first: Sequence[Observer] = (), tell: Tell | None = None
    ) -> Any:
        """Put the pass, with this room and nothing else, around an application; some hear of requests before it."""
        formats = self.room.propagator.formats
        identity = identity_reader(
            self._ids, formats, accept=True, looks_secret=lambda _text: False
        )
        asked = [DebugFlag()] if formats.b3 else []
        observers = (*first, self.room.observer, *others)
        passing = RequestPass(
            identity, observers, self.room, self.clock, self.health, first=asked, tell=tell
        )
        place(app, passing, self, "")
        return app

    def tracer(self, name: str = "test") -> Any:
        """A tracer of the room's provider."""
        return self.room.provider.get_tracer(name, "2.0")

    def told(self) -> list[tuple[str, str, str | None]]:
        """Name, id and parent of every span."""
        return [(span.name, span.span_id, span.parent_span_id) for span in self.spans]


def whole(span: SpanData) -> dict[str, Any]:
    """A span as one value, without its ids."""
    return {
        "name": span.name,
        "kind": span.kind,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "attributes": dict(span.every_attribute()),
        "events": [(event.name, event.at_ns, dict(event.attributes)) for event in span.events],
        "links": [
            (link.trace_id, link.span_id, link.tracestate, dict(link.attributes))
            for link in span.links
        ],
        "status": (span.status, span.status_message),
        "scope": (span.scope_name, span.scope_version),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
    }
