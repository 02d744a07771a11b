"""Ids between their two forms: hex text in our data, integers in OpenTelemetry's API."""

from __future__ import annotations

import re
from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

_FLAGS: Final = tuple(map(TraceFlags, range(4)))
_NONE: Final = TraceState()
_API_KEY: Final = re.compile(
    r"[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13}"
)
"""Keys that the API takes: those of Trace Context level 1. One of level 2 would cost the whole list, and a warning;
it is left out here and stays in the header, which is written from our own data."""


def span_context(
    trace_id: str, span_id: str, flags: int, tracestate: str | None, *, remote: bool = False
) -> SpanContext:
    """Return the API's span context.

    Args:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        flags: W3C trace flags.
        tracestate: the header's value, already checked.
        remote: whether another process made the span.
    """
    state = _NONE if tracestate is None else _state(tracestate)
    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, _FLAGS[flags & 3], state)


def _state(tracestate: str) -> TraceState:
    pairs = (member.partition("=") for member in tracestate.split(","))
    return TraceState([(key, value) for key, _, value in pairs if _API_KEY.fullmatch(key)])
