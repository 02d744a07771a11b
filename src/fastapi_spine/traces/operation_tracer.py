"""The tracer that FastAPI's operations go to: three or four spans a request, so each line counts.

A shorter way than `Tracer` for the spans that every request has.
"""

from __future__ import annotations

from contextvars import Token
from types import TracebackType
from typing import Any, Self

from opentelemetry.context import Context

from fastapi_spine.core.telemetry import KIND_INTERNAL, SpanData
from fastapi_spine.traces.local import LocalTrace
from fastapi_spine.traces.span import Span
from fastapi_spine.traces.tracer import Source, Tracer


class OperationSpan(Span):
    """A span that is its own context manager: current from enter to exit, ended then.

    FastAPI itself sets status and `error.type`, so an exception that passes is not recorded here.
    """

    __slots__ = ("_token",)

    def __init__(self, data: SpanData, home: LocalTrace, source: Source) -> None:
        self.data = data
        self.home = home
        self.source = source
        self._open = True
        self._context = None
        self._on_exit = (False, False)
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        """Make the span the current one."""
        self._token = self.source.active.enter_span(self)
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
    """Makes operation spans below a span of ours; below anything else it does what every tracer does."""

    def start_as_current_span(self, name: str, *args: Any, **options: Any) -> Any:
        """Return a context manager around an operation.

        Args:
            name: `fastapi.endpoint` and the like.
            *args: see `Tracer`; FastAPI gives none.
            **options: see `Tracer`; `attributes` is a dictionary of FastAPI's own making, taken as it is.
        """
        source = self._source
        parent = source.active.span()
        if args or source.on_start or not isinstance(parent, Span):
            return super().start_as_current_span(name, *args, **options)
        home = parent.home
        data = SpanData(
            home.trace_id, source.outbox.ids.span_id(), parent.data.span_id, home.tracestate, home.flags, name,
            KIND_INTERNAL, source.monotonic() + home.offset, 0, dict(options.get("attributes") or ()), self._name, self._version,
        )  # fmt: skip
        return OperationSpan(data, home, source)
