"""One request out of its trace: a browser's trace holds all that its user did, and only one of it was asked for."""

from __future__ import annotations

from msgspec.structs import replace

from fastapi_spine.console.views import EventView, SpanView, TraceView


def focused(view: TraceView, key: str) -> tuple[TraceView, int]:
    """Return the part of a trace that belongs to the request that was asked for.

    Args:
        view: a trace.
        key: what was asked for; the trace's own id means all of it.

    Returns:
        The request with everything below its outermost caller, its time beginning with that; and how many other
        requests were left out.
    """
    if view.request is None or key == view.trace_id:
        return view, 0
    kept = _below_outermost(view.spans, view.request.span_id)
    requests = [row for row in view.requests if row.span_id in kept]
    others = len(view.requests) - len(requests)
    if not kept or not others:
        return view, 0
    spans = [span for span in view.spans if span.span_id in kept]
    begin = min(span.start_us for span in spans)
    end = max(span.start_us + span.duration_us for span in spans)
    known = {span.span_id for span in view.spans}
    part = replace(
        view,
        requests=requests,
        start_us=view.start_us + round(begin),
        duration_us=end - begin,
        spans=[_moved(span, begin) for span in spans],
        logs=[
            line
            for line in view.logs
            if line.span_id in kept
            or (line.span_id not in known and line.request_id == view.request.request_id)
        ],
        services=list(dict.fromkeys(span.service for span in spans)),
        errors=sum(span.failed for span in spans),
    )
    return part, others


def _below_outermost(spans: list[SpanView], asked: str) -> set[str]:
    """Return the ids of a span's outermost caller and of all below that; callers come before what they called."""
    outermost: dict[str, str] = {}
    for span in spans:
        outermost.setdefault(span.span_id, outermost.get(span.parent_id, span.span_id))
    wanted = outermost.get(asked)
    return {span_id for span_id, root in outermost.items() if root == wanted}


def _moved(span: SpanView, begin: float) -> SpanView:
    events = [EventView(event.at_us - begin, event.name, event.attributes) for event in span.events]
    return replace(span, start_us=span.start_us - begin, events=events)
