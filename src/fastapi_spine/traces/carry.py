"""A request carried to where no context goes: threads, queues, background jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import context as otel
from opentelemetry import propagate

from fastapi_spine.core.context import current
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.propagation import REQUEST_ID

_ONE_HEADER: Final = 8_192
"""Characters of a header that are read; what is longer is malformed then, or over its limit."""


def carry() -> dict[str, str]:
    """Return the running request as text that a queue or a job can hold.

    Returns:
        The trace headers with the running span as the parent, the baggage, and the request id. Plain names and
        values, fit for JSON; empty outside a request and a span.
    """
    carried: dict[str, str] = {}
    propagate.inject(carried)
    exchange = current.get()
    if exchange is not None:
        carried[REQUEST_ID] = exchange.request_id
    return carried


@contextmanager
def resume(carried: Mapping[str, str]) -> Iterator[None]:
    """Continue the trace of a request in another thread, process or job.

    Spans begun inside are children of the span that was running at `carry()`::

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
    try:
        yield
    finally:
        active.leave(token)
