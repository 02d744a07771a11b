"""The tracer: makes spans behind OpenTelemetry's API with as little in between as its users need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Token
from functools import wraps
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Final, TypeVar, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind

from fastapi_spine.core.conventions import SCOPE_SPINE
from fastapi_spine.core.telemetry import SpanData
from fastapi_spine.redaction.redactor import REACH
from fastapi_spine.traces import values
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.limits import Limits
from fastapi_spine.traces.local import RANDOM, SAMPLED, LocalTrace, Outbox
from fastapi_spine.traces.span import Span, add_link

_KINDS: Final = {kind: number for number, kind in enumerate(SpanKind, start=1)}
_INTERNAL: Final = SpanKind.INTERNAL
_Function = TypeVar("_Function")


class Source:
    """What spans need of whoever made them.

    Attributes:
        limits: how much one span may hold.
        monotonic: nanoseconds of a clock that never steps.
        outbox: what all local traces share.
        active: reads and sets the current span.
        resource: who the process is, for processors that ask.
        on_start: span processors that hear of every beginning; usually none.
        tracer: makes spans of the layer itself and of `span()`.
        operations: what FastAPI's operations have in common (`OperationKinds`); None if they are no spans of ours.
        lone_calls: whether a call of another service that belongs to nothing has a span.
    """

    __slots__ = (
        "active", "limits", "lone_calls", "monotonic", "on_start", "operations", "outbox", "resource", "tracer",
    )  # fmt: skip

    def __init__(self, outbox: Outbox, active: Active, resource: Any, version: str = "") -> None:
        self.tracer = Tracer(self, SCOPE_SPINE, version)
        self.limits: Limits = outbox.limits
        self.monotonic = outbox.monotonic
        self.outbox = outbox
        self.active = active
        self.resource = resource
        self.on_start: tuple[Any, ...] = ()
        self.operations: Any = None
        self.lone_calls = True


class Tracer(trace.Tracer):
    """Makes the spans of one instrumentation scope.

    Args:
        source: what its spans share.
        name: the scope's name.
        version: the scope's version.

    Attributes:
        source: what its spans share.
        scope: name and version.
    """

    def __init__(self, source: Source, name: str, version: str) -> None:
        self.source = source
        self.scope = (name, version)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        """Begin a span without making it the current one; see `opentelemetry.trace.Tracer.start_span`."""
        source = self.source
        parent = source.active.span(context)
        root = False
        if isinstance(parent, Span):
            home = parent.home
            parent_id: str | None = parent.span_id
        else:
            if kind is SpanKind.CLIENT and not source.lone_calls and not _is_valid(parent):
                return trace.INVALID_SPAN
            home, parent_id = self._new_home(parent)
            root = True
        limits = source.limits
        taken, dropped = values.taken(attributes, limits.attributes, limits.span_length + REACH)
        data = SpanData(
            home.trace_id,
            source.outbox.ids.span_id(),
            parent_id,
            home.tracestate,
            home.flags,
            name if type(name) is str else str(name),
            1 if kind is _INTERNAL else _KINDS[kind],
            source.monotonic() + home.offset if start_time is None else start_time,
            0,
            taken,
            *self.scope,
        )
        if root:
            home.begins_with(data)
        data.dropped_attributes = dropped
        for link in links or ():
            add_link(data, link.context, link.attributes, limits)
        span = Span(data, home, source, (record_exception, set_status_on_exception))
        for processor in source.on_start:
            processor(span, context)
        return span

    def _new_home(self, parent: object) -> tuple[LocalTrace, str | None]:
        """Begin this service's part of a trace: below a span of somebody else's, or as a new trace."""
        outbox = self.source.outbox
        now = outbox.clock.wall_ns()
        offset = now - outbox.monotonic()
        given = parent.get_span_context() if isinstance(parent, trace.Span) else None
        if given is not None and given.is_valid:
            state = given.trace_state.to_header() if given.trace_state else None
            flags = given.trace_flags & (SAMPLED | RANDOM)
            home = LocalTrace(outbox, f"{given.trace_id:032x}", flags, state, offset)
            return home, f"{given.span_id:016x}"
        _, trace_id, _ = outbox.ids.fresh(now)
        if outbox.head.of_trace(trace_id):
            return LocalTrace(outbox, trace_id, RANDOM | SAMPLED, outbox.head.state, offset), None
        return LocalTrace(outbox, trace_id, RANDOM, None, offset), None

    def start_as_current_span(  # type: ignore[override]  # the API names a private class
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        """Return a context manager and decorator; see `opentelemetry.trace.Tracer.start_as_current_span`."""
        arguments = (
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception,
        )  # fmt: skip
        return CurrentSpan(self, self.source.active, arguments, end_on_exit)


def _is_valid(parent: object) -> bool:
    return isinstance(parent, trace.Span) and parent.get_span_context().is_valid


class CurrentSpan:
    """A span that is current from enter to exit.

    Leaving in another context than it was entered in (a stream that the server closes, a generator that the
    garbage collector closes) ends the span and is otherwise silent.
    """

    __slots__ = ("_active", "_arguments", "_end", "_span", "_token", "_tracer")

    def __init__(
        self, tracer: Tracer, active: Active, arguments: tuple[Any, ...], end: bool
    ) -> None:
        self._tracer = tracer
        self._active = active
        self._arguments = arguments
        self._end = end

    def __enter__(self) -> trace.Span:
        span = self._span = self._tracer.start_span(*self._arguments)
        self._token: Token[Context] = self._active.enter_span(span)
        return span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self._active.leave(self._token)
        span = self._span
        if isinstance(error, Exception) and isinstance(span, Span):
            record, set_status = self._arguments[-2:]
            span.failed(error, record=record, set_status=set_status, escaped=False)
        if self._end:
            span.end()

    def __call__(self, function: _Function) -> _Function:
        """Give every call of a function a span of its own; an `async def` until its coroutine has ended."""
        call: Any = function

        def again() -> CurrentSpan:
            return CurrentSpan(self._tracer, self._active, self._arguments, self._end)

        if iscoroutinefunction(function):

            @wraps(call)
            async def traced_async(*args: Any, **kwargs: Any) -> Any:
                with again():
                    return await call(*args, **kwargs)

            return cast("_Function", traced_async)

        @wraps(call)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with again():
                return call(*args, **kwargs)

        return cast("_Function", traced)
