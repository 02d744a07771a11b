"""Everything of one request, assembled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from fastapi_spine.console.assemble.header import facts_of
from fastapi_spine.console.assemble.timing import mark_critical, set_self_time
from fastapi_spine.console.assemble.tree import Node, forest, walk
from fastapi_spine.console.facts import (
    SHORTEST_ENDING,
    is_request,
    log_view,
    request,
    request_row,
)
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Found, Reader
from fastapi_spine.console.quantiles import share_below
from fastapi_spine.console.views import EventView, LogView, RequestRow, SpanView, Spread, TraceView
from fastapi_spine.core.telemetry import STATUS_ERROR

MOST_SPANS: Final = 10_000
_FEW: Final = 6
"""Among fewer than five others a share says nothing."""
_HALF_HOUR_NS: Final = 1_800_000_000_000


def trace_view(reader: Reader, key: str, *, most: int = MOST_SPANS) -> TraceView | None:
    """Return one request, everything about it.

    Args:
        reader: the store.
        key: a request id, its last 8 characters or more, or a trace id.
        most: at most so many spans; beyond, failures, requests and the longest are kept, `cut` says how many went.

    Returns:
        The newest trace behind the key; None if there is none.
    """
    traces = reader.traces_of(key)
    for place, trace_id in enumerate(traces):
        found = reader.trace(trace_id, most)
        if found is not None:
            others = traces[:place] + traces[place + 1 :]
            return assembled(reader, trace_id, key, found, others)
    return None


def assembled(
    reader: Reader, trace_id: str, key: str, found: Found, others: Sequence[str] = ()
) -> TraceView:
    """Return the view of what the store found; `reader` is asked for the request's peers only."""
    roots = forest(found.spans)
    nodes = [node for root in roots for node in walk(root)]
    for node in nodes:
        set_self_time(node)
    asked = _asked(nodes, key)
    main = _top(asked) if asked else max(roots, key=lambda one: one.end - one.start, default=None)
    if main is not None:
        mark_critical(main)
    begin, end = _extent(nodes, found)
    row = request_row(asked.span) if asked else None
    peers = _peers(reader, row)
    slower = _slower_than(peers, row)
    services = dict.fromkeys(node.span.source.service for node in sorted(nodes, key=_start))
    return TraceView(
        trace_id=trace_id,
        request=row,
        requests=_requests(nodes),
        facts=facts_of(asked, peers, slower) if asked else {},
        start_us=begin // 1000,
        duration_us=(end - begin) / 1000,
        spans=[_span(node, begin) for node in nodes],
        logs=_lines(found, nodes),
        services=list(services),
        errors=sum(node.span.status == STATUS_ERROR for node in nodes),
        others=list(others),
        cut=found.cut,
        peers=peers,
        slower_than=slower,
    )


def _lines(found: Found, nodes: Sequence[Node]) -> list[LogView]:
    """Return the lines; one that does not say its request belongs to the request that its span is part of."""
    owner: dict[bytes, str] = {}
    for node in nodes:
        span = node.span
        own = request(span).request_id if is_request(span) else ""
        owner.setdefault(span.span_id, own or owner.get(span.parent_id, ""))
    lines = [log_view(line, cursor) for cursor, line in found.logs]
    return [
        line if line.request_id else structs.replace(line, request_id=owner.get(row.span_id, ""))
        for line, (_, row) in zip(lines, found.logs, strict=True)
    ]


def _start(node: Node) -> int:
    return node.start


def _requests(nodes: Sequence[Node]) -> list[RequestRow]:
    return [request_row(node.span) for node in sorted(nodes, key=_start) if is_request(node.span)]


def _asked(nodes: Sequence[Node], key: str) -> Node | None:
    """Return the request that has the id, the outermost of several; else the trace's outermost, then first."""
    servers = [node for node in nodes if is_request(node.span)]
    named = [node for node in servers if request(node.span).request_id == key]
    if not named and len(key) >= SHORTEST_ENDING:
        named = [node for node in servers if request(node.span).request_id.endswith(key)]
    return min(named or servers, key=lambda node: (node.depth, node.start), default=None)


def _top(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node


def _extent(nodes: Sequence[Node], found: Found) -> tuple[int, int]:
    """Return when the trace began and ended; of a trace without spans, its lines."""
    if nodes:
        return min(node.start for node in nodes), max(node.end for node in nodes)
    if found.logs:
        return found.logs[0][1].at_ns, found.logs[-1][1].at_ns
    return 0, 0


def _peers(reader: Reader, row: RequestRow | None) -> Spread | None:
    if row is None or not row.route:
        return None
    at = row.start_us * 1000
    around = Window(max(at - _HALF_HOUR_NS, 0), at + _HALF_HOUR_NS)
    return reader.spread(row.service, row.method, row.route, around)


def _slower_than(peers: Spread | None, row: RequestRow | None) -> float | None:
    """Return the share of peers that were quicker, if they are enough; the request is one of them, not quicker than itself."""
    if peers is None or row is None or peers.count < _FEW:
        return None
    share = share_below(peers.bounds_us, peers.counts, row.duration_us)
    return None if share is None else min(share, 1 - 1 / peers.count)


def _span(node: Node, begin: int) -> SpanView:
    span = node.span
    return SpanView(
        span_id=span.span_id.hex(),
        parent_id=span.parent_id.hex() if node.parent else "",
        service=span.source.service,
        name=span.name,
        title=node.title,
        kind=span.kind,
        start_us=(node.start - begin) / 1000,
        duration_us=(node.end - node.start) / 1000,
        self_us=node.self_ns / 1000,
        critical=node.critical,
        depth=node.depth,
        failed=span.status == STATUS_ERROR,
        status_message=span.status_message,
        scope=span.scope,
        request_id=request(span).request_id if is_request(span) else "",
        attributes=span.attributes,
        events=[
            EventView((event.at_ns - begin) / 1000, event.name, event.attributes)
            for event in span.events
        ],
        links=[link.trace_id.hex() for link in span.links],
    )
