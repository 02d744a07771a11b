"""Protobuf bodies: `Export…ServiceRequest` of the three signals, read into rows (opentelemetry-proto 1.x)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar

from fastapi_spine.console.otlp.faults import Budget, Reject
from fastapi_spine.console.otlp.limits import Limits
from fastapi_spine.console.otlp.made import event_row, link_row, log_row, span_row
from fastapi_spine.console.otlp.scan import NONE, scan
from fastapi_spine.console.otlp.sources import Sources
from fastapi_spine.console.otlp.values import Pairs
from fastapi_spine.console.otlp.wire import members
from fastapi_spine.console.rows import EventRow, LinkRow, LogRow, Source, SpanRow

Row = TypeVar("Row")

# Tags: field number << 3 | wire type, in the messages named by their prefix.
_RESOURCES: Final = 0x0A
_RESOURCE: Final = 0x0A
_RESOURCE_ATTRIBUTE: Final = 0x0A
_SCOPES: Final = 0x12
_SCOPE: Final = 0x0A
_SCOPE_NAME: Final = 0x0A
_ITEMS: Final = 0x12

_SPAN_TRACE: Final = 0x0A
_SPAN_ID: Final = 0x12
_SPAN_PARENT: Final = 0x22
_SPAN_NAME: Final = 0x2A
_SPAN_KIND: Final = 0x30
_SPAN_START: Final = 0x39
_SPAN_END: Final = 0x41
_SPAN_ATTRIBUTE: Final = 0x4A
_SPAN_EVENT: Final = 0x5A
_SPAN_LINK: Final = 0x6A
_SPAN_STATUS: Final = 0x7A
_SPAN_SEVERAL: Final = frozenset((_SPAN_EVENT, _SPAN_LINK))

_EVENT_TIME: Final = 0x09
_EVENT_NAME: Final = 0x12
_EVENT_ATTRIBUTE: Final = 0x1A
_LINK_TRACE: Final = 0x0A
_LINK_SPAN: Final = 0x12
_LINK_ATTRIBUTE: Final = 0x22
_STATUS_MESSAGE: Final = 0x12
_STATUS_CODE: Final = 0x18

_LOG_TIME: Final = 0x09
_LOG_SEVERITY: Final = 0x10
_LOG_LEVEL: Final = 0x1A
_LOG_BODY: Final = 0x2A
_LOG_ATTRIBUTE: Final = 0x32
_LOG_TRACE: Final = 0x4A
_LOG_SPAN: Final = 0x52
_LOG_OBSERVED: Final = 0x59
_LOG_EVENT: Final = 0x62

_UNSET: Final = (0, "")


class Place(NamedTuple):
    """Where an item was found.

    Attributes:
        source: who sent it.
        scope: what made it.
        now_ns: when it came.
    """

    source: Source
    scope: str
    now_ns: int


class ProtobufReader:
    """Reads bodies. Not for several threads at once: it remembers what repeats.

    Args:
        limits: of one body.
        sources: makes sources.
    """

    def __init__(self, limits: Limits, sources: Sources) -> None:
        self.pairs = Pairs(limits)
        self.limits = limits
        self._sources = sources

    def spans(self, body: bytes, now_ns: int, budget: Budget) -> list[SpanRow]:
        """Read an `ExportTraceServiceRequest`."""
        return self.rows(body, now_ns, budget, self._span)

    def logs(self, body: bytes, now_ns: int, budget: Budget) -> list[LogRow]:
        """Read an `ExportLogsServiceRequest`."""
        return self.rows(body, now_ns, budget, self._log)

    def rows(
        self,
        body: bytes,
        now_ns: int,
        budget: Budget,
        read: Callable[[bytes, Place, Budget], Row],
    ) -> list[Row]:
        """Read every item of a body; those that cannot be taken are counted in the budget."""
        rows: list[Row] = []
        take = rows.append
        for place, start, end in self.items(body, now_ns, budget):
            try:
                take(read(body[start:end], place, budget))
            except Reject as reject:
                budget.rejected[reject.reason] += 1
        return rows

    def items(self, body: bytes, now_ns: int, budget: Budget) -> Iterator[tuple[Place, int, int]]:
        """Walk over the spans, log records or metrics of a body: where each lies, and whose it is."""
        for tag, start, end in members(body, 0, len(body), _RESOURCES, budget):
            if tag != _RESOURCES:
                continue
            source = self._source(body, start, end, budget)
            for inner, scope_start, scope_end in members(body, start, end, _SCOPES, budget):
                if inner != _SCOPES:
                    continue
                scope = self._scope(body, scope_start, scope_end, budget)
                place = Place(source, scope, now_ns)
                for kind, at, to in members(body, scope_start, scope_end, _ITEMS, budget):
                    if kind == _ITEMS:
                        yield place, at, to

    def _source(self, body: bytes, start: int, end: int, budget: Budget) -> Source:
        content = _only(body, start, end, _RESOURCE, budget)
        return self._sources.known(content) or self._sources.make(
            content,
            scan(content, _RESOURCE_ATTRIBUTE, NONE, self.pairs, budget, self.limits)[2],
        )

    def _scope(self, body: bytes, start: int, end: int, budget: Budget) -> str:
        content = _only(body, start, end, _SCOPE, budget)
        return self.pairs.name(_only(content, 0, len(content), _SCOPE_NAME, budget))

    def _span(self, message: bytes, place: Place, budget: Budget) -> SpanRow:
        texts, numbers, attributes, several = scan(
            message, _SPAN_ATTRIBUTE, _SPAN_SEVERAL, self.pairs, budget, self.limits
        )
        text, number = texts.get, numbers.get
        status = self._status(texts[_SPAN_STATUS], budget) if _SPAN_STATUS in texts else _UNSET
        events: list[EventRow] = []
        links: list[LinkRow] = []
        for tag, content in several:
            if isinstance(content, bytes):
                if tag == _SPAN_EVENT:
                    events.append(self._event(content, budget))
                else:
                    links.append(self._link(content, budget))
        return span_row(
            text(_SPAN_TRACE, b""),
            text(_SPAN_ID, b""),
            text(_SPAN_PARENT, b""),
            self.pairs.name(text(_SPAN_NAME, b"")),
            number(_SPAN_KIND, 0),
            number(_SPAN_START, 0),
            number(_SPAN_END, 0),
            status,
            attributes,
            events,
            links,
            place.scope,
            place.source,
        )

    def _status(self, content: bytes, budget: Budget) -> tuple[int, str]:
        if not content:
            return _UNSET
        texts, numbers, _, _ = scan(content, 0, NONE, self.pairs, budget, self.limits)
        return numbers.get(_STATUS_CODE, 0), self.pairs.text(texts.get(_STATUS_MESSAGE, b""))

    def _event(self, content: bytes, budget: Budget) -> EventRow:
        texts, numbers, attributes, _ = scan(
            content, _EVENT_ATTRIBUTE, NONE, self.pairs, budget, self.limits
        )
        name = self.pairs.name(texts.get(_EVENT_NAME, b""))
        return event_row(numbers.get(_EVENT_TIME, 0), name, attributes)

    def _link(self, content: bytes, budget: Budget) -> LinkRow:
        texts, _, attributes, _ = scan(
            content, _LINK_ATTRIBUTE, NONE, self.pairs, budget, self.limits
        )
        return link_row(texts.get(_LINK_TRACE, b""), texts.get(_LINK_SPAN, b""), attributes)

    def _log(self, message: bytes, place: Place, budget: Budget) -> LogRow:
        texts, numbers, attributes, _ = scan(
            message, _LOG_ATTRIBUTE, NONE, self.pairs, budget, self.limits
        )
        text, number = texts.get, numbers.get
        return log_row(
            number(_LOG_TIME, 0) or number(_LOG_OBSERVED, 0) or place.now_ns,
            number(_LOG_SEVERITY, 0),
            self.pairs.name(text(_LOG_LEVEL, b"")),
            self.pairs.value(text(_LOG_BODY, b""), budget),
            attributes,
            text(_LOG_TRACE, b""),
            text(_LOG_SPAN, b""),
            self.pairs.name(text(_LOG_EVENT, b"")),
            place.scope,
            place.source,
            self.limits,
        )


def _only(data: bytes, start: int, end: int, wanted: int, budget: Budget) -> bytes:
    """Find a member of which there is one; the last one counts, and nothing if there is none."""
    content = b""
    for tag, at, to in members(data, start, end, 0, budget):
        if tag == wanted:
            content = data[at:to]
    return content
