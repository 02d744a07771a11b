"""A request carried to where no context goes: threads, queues, background jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from opentelemetry import baggage
from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import default_getter

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.context import current, outgoing_headers
from fastapi_spine.core.exchange import ChosenIdentity, Exchange, Identity
from fastapi_spine.core.ids import is_request_id
from fastapi_spine.core.trace_context import parse_traceparent
from fastapi_spine.core.trace_formats import W3C, state_of
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.baggage import BAGGAGE, written
from fastapi_spine.traces.globals import formats_in_force, propagate_api
from fastapi_spine.traces.headers import TRACEPARENT, TRACESTATE, span_headers
from fastapi_spine.traces.propagation import REQUEST_ID, extracted, w3c_of
from fastapi_spine.traces.span import Span

Ids = tuple[str, str, str, str | None, int]

_ONE_HEADER: Final = 8_192
"""Characters of a header that are read; what is longer is malformed then, or over its limit."""


def carry() -> dict[str, str]:
    """Return the running request as text that a queue or a job can hold.

    Returns:
        The trace with the running span as the parent, as W3C Trace Context whatever `OTEL_PROPAGATORS` says and in the
        formats it names, the baggage, and the request id. Plain names and values, fit for JSON; empty outside a
        request and a span.
    """
    carried = outgoing_headers()
    propagate_api().inject(carried)
    active = Active()
    context, exchange = active.get(), current.get()
    own = w3c_of(active.span(context))
    if not own and exchange is not None:
        own = Identity.headers(exchange.identity)
    carried |= own
    text = written(baggage.get_all(context))
    return carried | {BAGGAGE: text} if text else carried


@contextmanager
def resume(carried: Mapping[str, str]) -> Iterator[None]:
    """Continue a request in another thread, process or job: its trace, and its id.

    Spans begun inside are children of the span that was running at `carry()`. Log lines carry the request's ids, and
    calls to services of ours its request id; what is bound inside (`bind`) stays inside::

        job = carry()
        ...
        with resume(job), span("send invoice"):
            ...

    For the jobs of a queue `job` does this and more. In the process and thread pool of the request itself nothing of
    this is needed: `asyncio.create_task` and `asyncio.to_thread` take the context along.

    Args:
        carried: what `carry()` returned. It is checked like headers from outside.
    """
    checked = {name: str(value)[: _ONE_HEADER + 1] for name, value in carried.items()}
    active = Active()
    token = active.enter(context_of(checked))
    request = current.set(_carried(checked) or current.get())
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator that is closed from another context
            current.reset(request)
        active.leave(token)


def told_by(message: Mapping[str, object]) -> dict[str, str]:
    """Return those headers of a message that `carry()` writes, as texts of a length that may be read; some brokers hand out bytes."""
    names = {
        REQUEST_ID,
        TRACEPARENT,
        TRACESTATE,
        BAGGAGE,
        *propagate_api().get_global_textmap().fields,
    }
    found = {name: message.get(name) for name in sorted(names)}
    return {
        name: text if isinstance(text, str) else text.decode("latin-1")
        for name, value in found.items()
        if isinstance(value, (str, bytes))
        for text in (value[: _ONE_HEADER + 1],)
    }


def context_of(carried: Mapping[str, str]) -> Context:
    """Return the current context with the parent and the baggage that were carried."""
    context = propagate_api().extract(carried, otel.get_current())
    return extracted(W3C, carried, context, default_getter)


def carried_id(headers: Mapping[str, str]) -> str | None:
    """Return the request id that was carried; None if none was, or something that is none."""
    request_id = headers.get(REQUEST_ID, "")
    return request_id if is_request_id(request_id) else None


def served_elsewhere(ids: Ids, headers: Mapping[str, str]) -> Exchange:
    """Return what stands for a request here whose answer is given elsewhere: lines and calls have its ids.

    Args:
        ids: request id, trace id, span id, the parent's span id, flags.
        headers: what was carried; the caller's decision about sampling is read if a format that is in use can tell it.
    """
    identity = _identity(ids, headers)
    exchange = Exchange("http", {}, identity, 0, 0)
    exchange.finished = True
    exchange.span = _Elsewhere(identity)
    return exchange


def _carried(headers: Mapping[str, str]) -> Exchange | None:
    """Return what stands for a request that is served elsewhere; None if its ids did not come, or are none."""
    request_id = carried_id(headers)
    trace = parse_traceparent(headers.get(TRACEPARENT, "").encode("utf-8", "replace"))
    if trace is None or request_id is None:
        return None
    trace_id, span_id, flags = trace
    return served_elsewhere((request_id, trace_id, span_id, None, flags), headers)


def _identity(ids: Ids, headers: Mapping[str, str]) -> Identity:
    formats = formats_in_force()
    if formats is W3C:
        return Identity(*ids)
    sent = {
        name: [headers[name.decode()].encode("utf-8", "replace")]
        for name in formats.reads
        if name.decode() in headers
    }
    found = formats.read(sent)
    state = state_of(ids[-1]) if found is None else found.state
    return ChosenIdentity(*ids, formats=formats, state=state)


class _Elsewhere:
    """Stands for the span of a request that is served elsewhere."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def leave(self, scope: Scope) -> None:
        """Do nothing: the request ends elsewhere."""

    def outgoing_headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now, if a span runs here; else those that were carried go on."""
        running = Active().span()
        return span_headers(self._identity, running) if isinstance(running, Span) else {}
