"""What an answer tells a browser of its request: the trace it is found by, and how long it took to begin.

`traceresponse` is an editor's draft: W3C Trace Context, "Trace Context HTTP Response Headers Format"
(https://w3c.github.io/trace-context/#trace-context-http-response-headers-format). A page cannot read the headers of its own
document, but their `Server-Timing` (https://www.w3.org/TR/server-timing/), so that is where real-user monitoring looks for the
trace, in a metric called `traceparent`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from fastapi_spine.core.conventions import (
    HEADER_SERVER_TIMING,
    HEADER_TRACEPARENT,
    HEADER_TRACERESPONSE,
    TIMING_TOTAL,
)
from fastapi_spine.core.exchange import SERVER_ERROR, Exchange
from fastapi_spine.traces.local import SAMPLED
from fastapi_spine.traces.server_span import ServerSpan

_MS_NS = 1_000_000


class ResponseHeaders:
    """Adds to the headers of an answer what its caller may want to know.

    Args:
        names: which headers, `traceresponse` and `server-timing`.
        monotonic_ns: tells how long it took.
    """

    __slots__ = ("_monotonic_ns", "_timing", "_traceresponse")

    def __init__(self, names: Collection[str], monotonic_ns: Callable[[], int]) -> None:
        self._traceresponse = HEADER_TRACERESPONSE.decode() in names
        self._timing = HEADER_SERVER_TIMING.decode() in names
        self._monotonic_ns = monotonic_ns

    def add(self, exchange: Exchange, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Add the headers to an answer that is about to begin.

        An application's own `traceresponse` stays the only one. `Server-Timing` adds up, as its grammar has it.

        Args:
            exchange: the request.
            status: of the answer.
            headers: all that the answer has; grows.
        """
        trace = trace_of(exchange, status)
        if trace and self._traceresponse and not _has_traceresponse(headers):
            headers.append((HEADER_TRACERESPONSE, trace.encode("ascii")))
        if self._timing:
            took_ms = (self._monotonic_ns() - exchange.started) / _MS_NS
            # To a tenth, on purpose: what is finer serves those best who guess secrets by time.
            said = f"{TIMING_TOTAL};dur={took_ms:.1f}"
            if trace:
                said = f'{HEADER_TRACEPARENT.decode()};desc="{trace}", {said}'
            headers.append((HEADER_SERVER_TIMING, said.encode("ascii")))


def trace_of(exchange: Exchange, status: int) -> str:
    """Return trace, span and flags of a request as `traceresponse` has them: `00-<trace id>-<span id>-<flags>`.

    The one flag is `sampled`, set if the trace is kept, as far as that is known when an answer begins: the head took it, or the
    end will because it fails or was asked for. All other flags have to be zero ("Other Flags" of the draft), and readers
    of `Server-Timing` rely on it: Splunk's takes `01` and throws away what is anything else.

    Args:
        exchange: the request.
        status: of its answer.

    Returns:
        Nothing if no span is made of this request, or none that may be kept.
    """
    span = exchange.span
    if span is None or exchange.own:
        return ""
    identity = exchange.identity
    sampled = identity.trace_flags & SAMPLED
    # In a provider of the user's its sampler has the last word.
    if not sampled and isinstance(span, ServerSpan):
        failed = status >= SERVER_ERROR and exchange.refusal is None
        sampled = SAMPLED if failed or exchange.forced else 0
    return f"00-{identity.trace_id}-{identity.span_id}-{sampled:02x}"


def _has_traceresponse(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == HEADER_TRACERESPONSE for name, _ in headers)
