"""A request carried to where no context goes: threads, queues, background jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from opentelemetry import context as otel
from opentelemetry import propagate

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.context import current, outgoing_headers
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.ids import is_request_id
from fastapi_spine.core.trace_context import parse_traceparent
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.headers import TRACEPARENT, trace_headers
from fastapi_spine.traces.propagation import REQUEST_ID
from fastapi_spine.traces.span import Span

_ONE_HEADER: Final = 8_192
"""Characters of a header that are read; what is longer is malformed then, or over its limit."""


def carry() -> dict[str, str]:
    """Return the running request as text that a queue or a job can hold.

    Returns:
        The trace headers with the running span as the parent, the baggage, and the request id. Plain names and
        values, fit for JSON; empty outside a request and a span.
    """
    carried = outgoing_headers()
    propagate.inject(carried)
    return carried


@contextmanager
def resume(carried: Mapping[str, str]) -> Iterator[None]:
    """Continue a request in another thread, process or job: its trace, and its id.

    Spans begun inside are children of the span that was running at `carry()`. Log lines carry the request's ids, and
    calls to services of ours its request id; what is bound inside (`bind`) stays inside::

        job = carry()
        ...
        with resume(job), span("send invoice"):
            ...

    In the process and thread pool of the request itself nothing of this is needed: `asyncio.create_task` and
    `asyncio.to_thread` take the context along.

    Args:
        carried: what `carry()` returned. It is checked like headers from outside.
    """
    checked = {name: str(value)[: _ONE_HEADER + 1] for name, value in carried.items()}
    active = Active()
    token = active.enter(propagate.extract(checked, otel.get_current()))
    request = current.set(_carried(checked) or current.get())
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator that is closed from another context
            current.reset(request)
        active.leave(token)


def _carried(headers: Mapping[str, str]) -> Exchange | None:
    """Return what stands for a request that is served elsewhere; None if its ids did not come, or are none."""
    request_id = headers.get(REQUEST_ID, "")
    trace = parse_traceparent(headers.get(TRACEPARENT, "").encode("utf-8", "replace"))
    if trace is None or not is_request_id(request_id):
        return None
    trace_id, span_id, flags = trace
    exchange = Exchange("http", {}, Identity(request_id, trace_id, span_id, None, flags), 0, 0)
    exchange.finished = True
    exchange.span = _Elsewhere()
    return exchange


class _Elsewhere:
    """Stands for the span of a request that is served elsewhere."""

    def leave(self, scope: Scope) -> None:
        """Do nothing: the request ends elsewhere."""

    def outgoing_headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now, if a span runs here; else those that were carried go on."""
        running = Active().span()
        return trace_headers(running) if isinstance(running, Span) else {}
