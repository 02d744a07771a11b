"""Which request is running here: one context variable, set once per request."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from fastapi_spine.core.conventions import HEADER_REQUEST_ID
from fastapi_spine.core.exchange import Exchange

current: Final[ContextVar[Exchange | None]] = ContextVar("fastapi_spine_exchange", default=None)
"""The exchange of the running request. Followed by asyncio tasks, `anyio.to_thread` and
`asyncio.to_thread`; a bare `threading.Thread` or `run_in_executor` starts without it (before
Python 3.14) unless it is run inside `contextvars.copy_context()`."""


def request_id() -> str | None:
    """Return the id of the running request.

    Returns:
        The id that the response's `x-request-id` carries, or None outside a request.
    """
    exchange = current.get()
    return exchange.request_id if exchange is not None else None


def outgoing_headers() -> dict[str, str]:
    """Return the headers that carry the running request on to another service.

    Send them with a call, and the service called writes the same request id and continues the same trace::

        await client.get(url, headers=outgoing_headers())

    Returns:
        `x-request-id`, `traceparent` (the running span as the parent, else this request's; W3C Trace Context) and,
        if one came in, `tracestate`; empty outside a request. Where `OTEL_PROPAGATORS` names other formats, the
        headers of those.
    """
    exchange = current.get()
    if exchange is None:
        return {}
    identity, span = exchange.identity, exchange.span
    trace = span.outgoing_headers() if span is not None else None
    return {HEADER_REQUEST_ID.decode(): identity.request_id} | (trace or identity.headers())


def bind(**fields: object) -> None:
    """Put fields on every further log line of the running request, its access line included.

    The fields belong to the request, not to the caller's scope: what a dependency binds in a worker thread is
    on the access line too. Values pass redaction like any other. Outside a request nothing happens, so shared
    code may call it anywhere.

    Args:
        **fields: names and values; a later value of the same name replaces the earlier one. A name that the line
            itself uses (`status`, `route` …) appears as `extra.<name>`.
    """
    exchange = current.get()
    if exchange is None:
        return
    if exchange.bound is None:
        exchange.bound = fields
    else:
        exchange.bound.update(fields)
