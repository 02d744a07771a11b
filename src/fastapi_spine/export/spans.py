"""Spans as OTLP's `ExportTraceServiceRequest` (opentelemetry-proto, `trace/v1/trace.proto`)."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from fastapi_spine.core.conventions import (
    ATTR_PATH,
    ATTR_SPINE_REQUEST_ID,
    SCOPE_SPINE,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.telemetry import (
    KIND_SERVER,
    AttributeValue,
    EventData,
    LinkData,
    Shared,
    SmallSpan,
    SpanData,
    SpanKind,
    WriteSpan,
)
from fastapi_spine.export.attributes import Pairs, TextHeads, pair
from fastapi_spine.export.request import joined
from fastapi_spine.export.shipper import Shipper
from fastapi_spine.export.wire import blob, fixed32, fixed64, number, text, varint

_ATTRIBUTES: Final = 9
_SPAN: Final = b"\x12"
_from_hex: Final = bytes.fromhex
_TIMES: Final = struct.Struct("<BQBQHI").pack
_TAG_START, _TAG_END, _TAG_FLAGS = 0x39, 0x41, 0x0185
_IDS_AND_TIMES: Final = 62
"""Bytes of a trace id, two span ids, two times and the flags, each with its tag."""
_REMEMBERED: Final = 4096


class SpanEncoder:
    """Writes spans; what repeats from span to span (keys, methods, routes, names) is written once."""

    def __init__(self) -> None:
        self._pair = Pairs(_ATTRIBUTES)
        self._heads: dict[tuple[str, int], bytes] = {}
        self._before = TextHeads(_ATTRIBUTES)
        self._before_path = self._before[ATTR_PATH]
        self._before_id = self._before[ATTR_SPINE_REQUEST_ID]

    def __call__(self, span: SpanData) -> bytes:
        """Write one span, as the field that a `ScopeSpans` has it in."""
        parent = span.parent_span_id
        ids = f"0a10{span.trace_id}1208{span.span_id}"
        parts = [
            bytes.fromhex(ids if parent is None else f"{ids}2208{parent}"),
            self._heads.get((span.name, span.kind)) or self._head(span.name, span.kind),
            _times(span),
        ]
        parts += [shared.wire or self._remember(shared) for shared in span.shared]
        parts += [self._attribute(key, value) for key, value in span.attributes.items()]
        if span.tracestate:
            parts.append(text(3, span.tracestate))
        if span.events or span.links or span.dropped_attributes or span.status:
            parts += _rest(span)
        written = b"".join(parts)
        return _SPAN + varint(len(written)) + written

    def request(
        self, exchange: Exchange, name: str, shared: tuple[Shared, ...], path: str
    ) -> bytes:
        """Write the span of an ordinary request; see `core.telemetry.WriteSpan`.

        Ids, times, path and request id go between what is written already.
        """
        identity, before_path, before_id = exchange.identity, self._before_path, self._before_id
        parent = identity.parent_span_id
        ids = f"0a10{identity.trace_id}1208{identity.span_id}"
        request_id, way = exchange.request_id.encode(), path.encode("utf-8", "backslashreplace")
        times = _TIMES(
            _TAG_START, exchange.started_at, _TAG_END, exchange.ended_at, _TAG_FLAGS, identity.trace_flags
        )  # fmt: skip
        written = b"".join(
            (
                _from_hex(ids if parent is None else f"{ids}2208{parent}"),
                self._heads.get((name, KIND_SERVER)) or self._head(name, KIND_SERVER),
                times,
                *[one.wire or self._remember(one) for one in shared],
                before_path(len(way)),
                way,
                before_id(len(request_id)),
                request_id,
            )
        )
        if identity.tracestate:
            written += text(3, identity.tracestate)
        return _SPAN + varint(len(written)) + written

    def small(self, span: SmallSpan) -> bytes:
        """Write a small span: its ids and times between what is written already."""
        of, trace_id, span_id, parent, flags, start, end = span
        return b"".join(
            (
                of.head or self._write_kind(of),
                _from_hex(f"0a10{trace_id}1208{span_id}2208{parent}"),
                _TIMES(_TAG_START, start, _TAG_END, end, _TAG_FLAGS, flags),
                of.wire,
            )
        )

    def _write_kind(self, kind: SpanKind) -> bytes:
        pairs = (pair(_ATTRIBUTES, key, value) for key, value in kind.attributes.items())
        kind.wire = text(5, kind.name) + number(6, kind.kind) + b"".join(pairs)
        if kind.tracestate:
            kind.wire += text(3, kind.tracestate)
        kind.head = _SPAN + varint(_IDS_AND_TIMES + len(kind.wire))
        return kind.head

    def _attribute(self, key: str, value: AttributeValue) -> bytes:
        """Write an attribute of the span's own; what stands before a text depends on its length only."""
        if type(value) is not str:
            return self._pair(key, value)
        written = value.encode("utf-8", "backslashreplace")
        return self._before[key](len(written)) + written

    def _head(self, name: str, kind: int) -> bytes:
        if len(self._heads) >= _REMEMBERED:
            self._heads.clear()
        made = self._heads[name, kind] = text(5, name) + number(6, kind)
        return made

    def _remember(self, shared: Shared) -> bytes:
        shared.wire = b"".join(pair(_ATTRIBUTES, key, value) for key, value in shared.items())
        return shared.wire


def _times(span: SpanData) -> bytes:
    try:
        return _TIMES(_TAG_START, span.start_ns, _TAG_END, span.end_ns, _TAG_FLAGS, span.flags)
    except struct.error:  # a user's own times: cut to the nearest that fits
        return fixed64(7, span.start_ns) + fixed64(8, span.end_ns) + fixed32(16, span.flags)


class SpanOutlet:
    """Takes finished spans from the traces room.

    Args:
        shipper: ships them.
        version: of this distribution.

    Attributes:
        write: writes the span of an ordinary request, for `take`.
    """

    def __init__(self, shipper: Shipper, version: str = "") -> None:
        self._requests = (SCOPE_SPINE, version)
        self._shipper = shipper
        self._encode = SpanEncoder()
        self.write: WriteSpan = self._encode.request

    def take(self, spans: Iterable[SpanData | SmallSpan | bytes]) -> None:
        """Queue spans, those of a scope together; what is not written yet is, and if it cannot be loses itself only.

        Args:
            spans: those of requests perhaps as `write` has written them.
        """
        scopes: defaultdict[tuple[str, ...], list[bytes]] = defaultdict(list)
        encode, small = self._encode, self._encode.small
        written = scopes[self._requests]
        for span in spans:
            try:
                if isinstance(span, bytes):
                    written.append(span)
                elif isinstance(span, tuple):
                    scopes[span[0].scope].append(small(span))
                else:
                    scopes[span.scope_name, span.scope_version].append(encode(span))
            except Exception as error:  # noqa: BLE001 - whatever an attribute's own code raises
                self._shipper.lose(error)
        self._shipper.put_all(joined(scopes, self._shipper.queue.chunk_bytes))


def _rest(span: SpanData) -> Iterable[bytes]:
    """Write what most spans do not have."""
    yield from (blob(11, _event(event)) for event in span.events)
    yield from (blob(13, _link(link)) for link in span.links)
    for field, dropped in (
        (10, span.dropped_attributes),
        (12, span.dropped_events),
        (14, span.dropped_links),
    ):
        if dropped:
            yield number(field, dropped)
    if span.status:
        message = text(2, span.status_message) if span.status_message else b""
        yield blob(15, message + number(3, span.status))


def _event(event: EventData) -> bytes:
    pairs = b"".join(pair(3, key, value) for key, value in event.attributes.items())
    return fixed64(1, event.at_ns) + text(2, event.name) + pairs


def _link(link: LinkData) -> bytes:
    state = text(3, link.tracestate) if link.tracestate else b""
    pairs = b"".join(pair(4, key, value) for key, value in link.attributes.items())
    return (
        blob(1, bytes.fromhex(link.trace_id)) + blob(2, bytes.fromhex(link.span_id)) + state + pairs
    )
