"""The headers that carry a trace on: W3C Trace Context level 2."""

from __future__ import annotations

from fastapi_spine.core.conventions import HEADER_TRACEPARENT, HEADER_TRACESTATE
from fastapi_spine.core.exchange import Identity
from fastapi_spine.core.trace_context import w3c_headers
from fastapi_spine.traces.span import Span

TRACEPARENT = HEADER_TRACEPARENT.decode()
TRACESTATE = HEADER_TRACESTATE.decode()
LONGEST_STATE = 512
"""Characters of `tracestate` that are passed on at least (section 3.3.1.5)."""
_LONG_MEMBER = 128


def trace_headers(span: Span) -> dict[str, str]:
    """Return `traceparent` and, if there is one, `tracestate` with a span of ours as the parent.

    Args:
        span: the parent of whatever is called; open or not.
    """
    data = span.data
    state = data.tracestate
    return w3c_headers(data.trace_id, data.span_id, data.flags, state and shortened(state))


def span_headers(identity: Identity, span: Span) -> dict[str, str]:
    """Return the trace headers of a call made below a span, as a request's process writes them.

    Args:
        identity: the request's.
        span: the parent of whatever is called.
    """
    data = span.data
    state = data.tracestate
    return identity.written(data.trace_id, data.span_id, data.flags, state and shortened(state))


def shortened(state: str, most: int = LONGEST_STATE) -> str:
    """Return a `tracestate` of at most `most` characters.

    Members longer than 128 characters go first, then those at the right, always whole (section 3.3.1.5).

    Args:
        state: a valid header value.
        most: characters that may stay.
    """
    if len(state) <= most:
        return state
    members = state.split(",")
    for member in reversed([one for one in members if len(one) > _LONG_MEMBER]):
        if sum(map(len, members)) + len(members) - 1 <= most:
            break
        members.remove(member)
    while members and sum(map(len, members)) + len(members) - 1 > most:
        members.pop()
    return ",".join(members)
