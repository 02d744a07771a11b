"""One request, whole: what logs, metrics and traces are three renderings of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.b3 import DEBUG, DEFER
from fastapi_spine.core.conventions import FIELD_KEEP, ROUTE_UNMATCHED, Outcome
from fastapi_spine.core.trace_context import w3c_headers
from fastapi_spine.core.trace_formats import W3C, TraceFormats, state_of

SERVER_ERROR: Final = 500
WEBSOCKET_INTERNAL_ERROR: Final = 1011
"""RFC 6455 section 7.4.1: the server met an unexpected condition."""


_NOTHING_SENT: Final[Mapping[bytes, bytes]] = {}
_NO_NAMES: Final[frozenset[bytes]] = frozenset()
_COMPLETED: Final = Outcome.COMPLETED
"""A name of the module's own: a member of an enumeration is found by way of its metaclass."""


def _unmatched(_scope: Scope) -> str:
    return ROUTE_UNMATCHED


class RefusedId:
    """Why an inbound request id was not taken: a reason and a length, never the bytes."""

    __slots__ = ("length", "reason")

    def __init__(self, reason: str, length: int) -> None:
        self.reason = reason
        self.length = length


class Identity(msgspec.Struct, eq=False):
    """The ids of one request, taken from its own headers or made new.

    Attributes:
        request_id: 1 to 128 characters of `[A-Za-z0-9._:/+=@-]`.
        trace_id: 32 lower-case hex digits (W3C Trace Context).
        span_id: 16 lower-case hex digits: this request's own span.
        parent_span_id: the caller's span, if it sent a valid one.
        trace_flags: the caller's flags, or 0x02 (random trace id) for a trace that begins here, and 0x01 if it is sampled.
        tracestate: the caller's vendor entries, passed on as they came; of a trace that begins here and is sampled by a
            ratio, the threshold. None if there is nothing of it.
        refused: why an inbound request id was not taken, if one came and was not.
    """

    request_id: str
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    trace_flags: int = 0x02
    tracestate: str | None = None
    refused: RefusedId | None = None

    def headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now, with this request's own span as the parent."""
        return w3c_headers(self.trace_id, self.span_id, self.trace_flags, self.tracestate)

    def written(
        self, trace_id: str, span_id: str, flags: int, tracestate: str | None
    ) -> dict[str, str]:
        """Return the trace headers of a call made now below any span; see `TraceFormats.write`."""
        return w3c_headers(trace_id, span_id, flags, tracestate)

    @property
    def debug(self) -> bool:
        """Whether the caller wants all of this trace that there is; only B3 can say so."""
        return False


class ChosenIdentity(Identity, eq=False):
    """The ids of one request in a process whose `OTEL_PROPAGATORS` names other formats than the default.

    Attributes:
        formats: those formats.
        state: the caller's decision about sampling in the words of B3 (`core.b3`); empty if there is none.
    """

    formats: TraceFormats = W3C
    state: str = DEFER

    def headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now; where nobody has decided, B3 leaves the decision open."""
        return self.formats.write(
            self.trace_id, self.span_id, self.trace_flags, self.tracestate, self.state
        )

    def written(
        self, trace_id: str, span_id: str, flags: int, tracestate: str | None
    ) -> dict[str, str]:
        """Return the trace headers of a call made now below any span."""
        state = state_of(flags, debug=self.debug and trace_id == self.trace_id)
        return self.formats.write(trace_id, span_id, flags, tracestate, state)

    @property
    def debug(self) -> bool:
        """Whether the caller wants all of this trace that there is: `d`, or `X-B3-Flags: 1`."""
        return self.state == DEBUG


class Refusal(NamedTuple):
    """Why a guard answered, and not the application.

    Attributes:
        guard: which one, such as `rate`.
        reason: one of a few words, such as `over_limit`.
    """

    guard: str
    reason: str


class RequestSpan(Protocol):
    """What the traces room hangs on an exchange: the request's own span, or what stands for it.

    It does not hold the exchange in turn: every request would leave a ring for the garbage collector.
    """

    def leave(self, scope: Scope) -> None:
        """Make current again what was before the request; the application has ended."""

    def outgoing_headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now, the running span as their parent."""


class Exchange:
    """One HTTP request, or one WebSocket connection, from its first byte to its end.

    The request pass fills it in; observers read it. Times: `started_at` is wall time in nanoseconds since
    the epoch, read once; `started`, `first_byte` and `ended` are monotonic nanoseconds, so durations never
    suffer when the clock is set. `elapsed_ns` is how long the caller waited, `ended_at` when that ended, as wall time; both are 0
    until the request has finished. `ordinary` is true of an HTTP request that went well: its ending says nothing but its status. `status` is what went on the wire, None if nothing did. `invalid` holds
    the place and kind (`("body.name", "missing")`) of what a validation error found, never a value. `held` belongs
    to the logs room, `span` to the traces room. `kept` says why the end of the request keeps a trace that was not
    sampled. `refusal` says which guard answered, `headers` what guards add to the answer, whoever gives it, and
    `header_names` which of them give way to the application's own. `error` is for `finish`: it is forgotten when the
    application has ended, its type (`error_type`) is not. `own` is
    true when a page of ours answered, such as `/metrics`, and not the application. `sent` are the request's headers as
    they came, of repeated ones the last; `route` is the template of the route that answered, read when the request has ended; `shown_path` and `shown_client` are the path and the client as they may be written, once somebody has asked.
    """

    __slots__ = (
        "_name_route", "bound", "bytes_in", "bytes_out", "close_code", "disconnected", "elapsed_ns", "ended", "ended_at", "endpoint", "error", "error_type",
        "finished", "first_byte", "header_names", "headers", "held", "identity", "invalid", "kept", "kind", "messages_in",
        "messages_out", "ordinary", "outcome", "own", "refusal", "request_id", "response_complete", "route", "scope", "sent", "shown_client", "shown_path", "span", "started",
        "started_at", "status", "streamed", "traceback", "trailers",
    )  # fmt: skip

    def __init__(
        self,
        kind: Literal["http", "websocket"],
        scope: Scope,
        identity: Identity,
        started_at: int,
        started: int,
        name_route: Callable[[Scope], str] = _unmatched,
        sent: Mapping[bytes, bytes] = _NOTHING_SENT,
    ) -> None:
        self.kind = kind
        self.scope = scope
        self.identity = identity
        self.request_id = identity.request_id
        self.started_at = started_at
        self.started = started
        self.sent = sent
        self.shown_path: str | None = None
        self.shown_client: str | None = None
        self.first_byte = 0
        self.ended = 0
        self.elapsed_ns = 0
        self.ended_at = 0
        self.status: int | None = None
        self.bytes_in = 0
        self.bytes_out = 0
        self.messages_in = self.messages_out = 0
        self.streamed = False
        self.trailers = False
        self.response_complete = False
        self.disconnected = False
        self.finished = False
        self.own = False
        self.ordinary = False
        self.close_code: int | None = None
        self.outcome = _COMPLETED
        self.error: BaseException | None = None
        self.error_type: type[BaseException] | None = None
        self.traceback: TracebackType | None = None
        self.invalid: tuple[tuple[str, str], ...] = ()
        self.route = ROUTE_UNMATCHED
        self._name_route = name_route
        self.endpoint: object = None
        self.bound: dict[str, object] | None = None
        self.held: object = None
        self.headers: list[tuple[bytes, bytes]] | None = None
        self.header_names = _NO_NAMES
        self.refusal: Refusal | None = None
        self.kept: str | None = None
        self.span: RequestSpan | None = None

    def route_so_far(self) -> str:
        """Read the route's template without keeping it: the router may still be looking."""
        return self.route if self.own or self.finished else self._name_route(self.scope)

    def answered_by(self, page: str) -> None:
        """Take note that a page of ours answers, and not the application; `page` stands for the route."""
        self.own = True
        self.route = page

    def end_at(self, ended: int) -> None:
        """Set when it ended, a monotonic reading, and what follows from that."""
        self.finished = True
        self.ended = ended
        self.elapsed_ns = ended - self.started
        self.ended_at = self.started_at + self.elapsed_ns
        self.ordinary = (
            self.outcome is _COMPLETED
            and self.kind == "http"
            and self.refusal is None
            and self.status is not None
            and self.status < SERVER_ERROR
        )

    @property
    def forced(self) -> bool:
        """Whether somebody wants all of this request that there is: `bind(keep=True)`."""
        return self.bound is not None and self.bound.get(FIELD_KEEP) is True

    @property
    def failed(self) -> bool:
        """Whether the service broke its promise: a 5xx, an exception, or no whole response.

        What a guard refused was meant to be, whatever its status.
        """
        return self.refusal is None and (
            self.outcome in _FAILURES
            or (self.status is not None and self.status >= SERVER_ERROR)
            or self.close_code == WEBSOCKET_INTERNAL_ERROR
        )


_FAILURES = frozenset({Outcome.FAILED, Outcome.FAILED_AFTER_START, Outcome.INCOMPLETE})
