"""The tracer that FastAPI's operations go to: three or four spans a request, so each line counts.

A shorter way than `Tracer` for the spans that every request has.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry.context import Context

from fastapi_spine.core.conventions import ATTR_FUNCTION
from fastapi_spine.core.telemetry import KIND_INTERNAL, SmallSpan, SpanData, SpanKind
from fastapi_spine.traces.span import Span
from fastapi_spine.traces.tracer import Source, Tracer

_ON_EXIT: Final = (False, False)
_REMEMBERED: Final = 1_024


class OperationSpan(Span):
    """A span that is its own context manager: current from enter to exit, ended then.

    FastAPI itself sets status and `error.type`, so an exception that passes is not recorded here. Most operations end
    without anybody having looked at their span, so `data` is made when somebody does, at the latest when the span leaves.

    Args:
        tracer: who makes it.
        name: the operation's.
        attributes: FastAPI's own dictionary.
        parent: the span that is current.
        context: the current context.
    """

    __slots__ = (
        "_attributes", "_before", "_ended", "_name", "_parent", "_started", "_token", "_tracer", "touched",
    )  # fmt: skip

    def __init__(
        self,
        tracer: OperationTracer,
        name: str,
        attributes: dict[str, Any] | None,
        parent: Span,
        context: Context,
    ) -> None:
        self._tracer = tracer
        self._name = name
        self._attributes = attributes
        self._parent = parent
        self._before: Context | None = context
        self._ended = 0
        self._token: Token[Context] | None = None
        self.touched = False
        self.home = parent.home
        self.source: Source = tracer.source
        self._open = True
        self._context = None
        self._on_exit = _ON_EXIT
        self._started = self.source.monotonic()

    def __getattr__(self, name: str) -> Any:
        """Make the data, the first time that it is asked for."""
        if name != "data":
            raise AttributeError(name)
        self.touched = True
        home, source = self.home, self.source
        self.data = SpanData(
            home.trace_id, source.outbox.ids.span_id(), self._parent.span_id, home.tracestate, home.flags, self._name,
            KIND_INTERNAL, self._started + home.offset, self._ended, dict(self._attributes or ()), *self._tracer.scope,
        )  # fmt: skip
        return self.data

    def finished(self) -> SpanData:
        """Return what is exported."""
        return self.data

    def small(self) -> SmallSpan | None:
        """Return the same in a small form; None if somebody has looked at it, and it may hold anything."""
        home = self.home
        if self.touched or home.tracestate:
            return None
        offset = self._started + home.offset
        span_id, parent_id = self.source.outbox.ids.span_id(), self._parent.span_id
        kind = self._tracer.kind(self._name, self._attributes)
        return kind, home.trace_id, span_id, parent_id, home.flags, offset, self._ended

    def end(self, end_time: int | None = None) -> None:
        """End the span; only the first call counts."""
        if self.touched or end_time is not None:
            super().end(end_time)
        elif self._open:
            self._open = False
            home = self.home
            self._ended = at = self.source.monotonic() + home.offset
            home.operation_ended(self, at)

    def __enter__(self) -> Self:
        """Make the span the current one."""
        before, self._before = self._before, None
        active = self.source.active
        self._token = active.enter_span(self, active.get() if before is None else before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Make current again what was before, and end the span."""
        token, self._token = self._token, None
        if token is not None:
            self.source.active.leave(token)
        self.end()


class OperationTracer(Tracer):
    """Makes operation spans below a span of ours; below anything else it does what every tracer does.

    Args:
        source: what its spans share.
        name: the scope's name.
        version: the scope's version.
        redact: masks attributes.
    """

    def __init__(
        self, source: Source, name: str, version: str, redact: Callable[[Any], Any]
    ) -> None:
        super().__init__(source, name, version)
        self._redact = redact
        self._kinds: dict[tuple[object, ...], SpanKind] = {}

    def kind(self, name: str, attributes: dict[str, Any] | None) -> SpanKind:
        """Return what operations of that name and function have alike, without secrets; they are few, so it is kept."""
        function = attributes.get(ATTR_FUNCTION) if attributes else None
        known = self._kinds.get((name, function))
        if known is None or (attributes and len(attributes) > 1):
            clean = self._redact({"name": name, **(attributes or {})})
            known = SpanKind(clean.pop("name"), KIND_INTERNAL, self.scope, clean)
            if len(self._kinds) >= _REMEMBERED:
                self._kinds.clear()
            self._kinds[name, function] = known
        return known

    def start_as_current_span(self, name: str, *args: Any, **options: Any) -> Any:
        """Return a context manager around an operation.

        Args:
            name: `fastapi.endpoint` and the like.
            *args: see `Tracer`; FastAPI gives none.
            **options: see `Tracer`; `attributes` is a dictionary of FastAPI's own making, taken as it is.
        """
        source = self.source
        context = source.active.get()
        parent = context.get(source.active.key)
        if args or source.on_start or not isinstance(parent, Span):
            return super().start_as_current_span(name, *args, **options)
        return OperationSpan(self, name, options.get("attributes"), parent, context)
