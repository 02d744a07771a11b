"""The spans of FastAPI's operations: three or four a request, so each line counts."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry.context import Context
from opentelemetry.trace import StatusCode

from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_FUNCTION,
    SCOPE_FASTAPI,
    SPAN_OPERATION_PREFIX,
)
from fastapi_spine.core.telemetry import KIND_INTERNAL, SmallSpan, SpanData, SpanKind
from fastapi_spine.traces.span import Span, qualified
from fastapi_spine.traces.tracer import Source

BACKGROUND: Final = "background_task"
"""How FastAPI names the operation that runs after the answer."""
_REMEMBERED: Final = 1_024


class OperationKinds:
    """What operations have in common: their names, their functions, and which exceptions are no failure of theirs.

    Args:
        source: what their spans share.
        redact: masks attributes.
        expected: tells an exception that FastAPI answers as the application meant it.
        fault: hears of a fault of ours.
        state: see below.

    Attributes:
        source: what their spans share.
        expected: see above.
        fault: see above.
        monotonic: nanoseconds of a clock that never steps.
        span_id: makes ids.
        state: the trace state of these operations.
        sampled: the same of requests that were sampled by our ratio, whose trace state says so.
    """

    __slots__ = (
        "_known", "_redact", "expected", "fault", "monotonic", "sampled", "source", "span_id", "state",
    )  # fmt: skip

    def __init__(
        self,
        source: Source,
        redact: Callable[[Any], Any],
        expected: Callable[[BaseException], bool],
        fault: Callable[[str, BaseException], None],
        state: str | None = None,
    ) -> None:
        own = source.outbox.head.state
        self.state = state
        self.sampled = self
        if own is not None and state is None:
            self.sampled = OperationKinds(source, redact, expected, fault, own)
        self.source = source
        self.span_id = source.outbox.ids.span_id
        self.monotonic = source.monotonic
        self.expected = expected
        self.fault = fault
        self._redact = redact
        self._known: dict[tuple[str, object], SpanKind] = {}

    def of(self, name: str, function: object) -> SpanKind:
        """Return what operations of that name and function have alike, without secrets; they are few, so it is kept."""
        # Functions of routes live as long as their route. A background task may be made for one request, and hold it.
        key = (name, function if name != BACKGROUND else named(function))
        try:
            known = self._known.get(key)
        except Exception:  # noqa: BLE001 - a callable whose hash or equality is its own: its name will do
            key = (name, named(function))
            known = self._known.get(key)
        return known or self._made(key)

    def _made(self, key: tuple[str, object]) -> SpanKind:
        name, function = key
        clean = self._redact({"name": SPAN_OPERATION_PREFIX + name, **attributes_of(function)})
        scope = (SCOPE_FASTAPI, "")
        kind = SpanKind(clean.pop("name"), KIND_INTERNAL, scope, clean, self.state)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = kind
        return kind


class OperationSpan(Span):
    """A span that is its own context manager: current from enter to exit, ended then.

    Most operations end without anybody having looked at their span, so `data` is made when somebody does.

    Args:
        kinds: what operations have in common.
        name: the operation's, as FastAPI has it: `endpoint`.
        function: what it runs, if there is one.
        parent: the span that is current.
        context: the current context.

    Attributes:
        server: the request's span; None below a span that is none of a request of ours.
        offset: what turns a monotonic reading into wall time.
    """

    __slots__ = (
        "_before", "_data", "_ended", "_function", "_id", "_kinds", "_name", "_parent", "_started", "_token", "offset",
        "server",
    )  # fmt: skip

    _on_exit = (False, False)

    def __init__(
        self, kinds: OperationKinds, name: str, function: object, parent: Span, context: Context
    ) -> None:
        self._kinds = kinds
        self._name = name
        self._function = function
        self._parent = parent
        self._before: Context | None = context
        self._token: Token[Context] | None = None
        self.server = parent.server
        self.offset = parent.offset  # type: ignore[misc]
        self._data: SpanData | None = None
        self._context = None
        self._open = True
        self._id = ""
        monotonic = kinds.monotonic
        self._started = monotonic()

    @property
    def source(self) -> Source:
        """What spans share."""
        return self._kinds.source

    @property
    def home(self) -> Any:  # type: ignore[override]
        """The local trace that it goes to when it ends."""
        return self._parent.home

    @property
    def span_id(self) -> str:
        """The span's own id: 16 hex digits."""
        if not self._id:
            self._id = self._kinds.span_id()
        return self._id

    @property
    def data(self) -> SpanData:  # type: ignore[override]
        """What has been recorded, made when somebody asks for it."""
        data = self._data
        if data is None:
            home = self.home
            data = self._data = SpanData(
                home.trace_id, self.span_id, self._parent.span_id, home.tracestate, home.flags,
                SPAN_OPERATION_PREFIX + self._name, KIND_INTERNAL, self._started + self.offset,
                0 if self._open else self._ended + self.offset, attributes_of(self._function), SCOPE_FASTAPI,
            )  # fmt: skip
        return data

    def end(self, end_time: int | None = None) -> None:
        """End the span; only the first call counts.

        A fault of ours loses the span and never reaches the operation.
        """
        try:
            if end_time is not None or self._data is not None:
                super().end(end_time)
            elif self._open:
                kinds, server, offset = self._kinds, self.server, self.offset
                monotonic, new_id = kinds.monotonic, kinds.span_id
                self._ended = ended = monotonic()
                state = None if server is None else server.identity.tracestate
                if state:
                    kinds = kinds.sampled
                if server is None or state is not kinds.state:
                    super().end(ended + offset)
                    return
                self._open = False
                identity, parent = server.identity, self._parent
                above = identity.span_id if parent is server else parent.span_id
                self._id = span_id = self._id or new_id()
                span: SmallSpan = (
                    kinds.of(self._name, self._function), identity.trace_id, span_id, above,
                    identity.trace_flags, self._started + offset, ended + offset,
                )  # fmt: skip
                if not server.keeps(span):
                    self.home.operation_ended(span)
        except Exception as error:  # noqa: BLE001 - as said
            self._kinds.fault("traces", error)

    def __enter__(self) -> Self:
        """Make the span the current one."""
        source = self._kinds.source
        self._token = source.active.enter_span(self, self._before)
        for started in source.on_start:
            started(self, self._before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Make current again what was before, and end the span; an exception nobody meant to raise marks it as failed."""
        token, self._token, self._before = self._token, None, None
        if token is not None:
            self._kinds.source.active.leave(token)
        if kind is not None and isinstance(error, Exception):
            try:
                self._fail(error)
            except Exception as fault:  # noqa: BLE001 - as in `end`
                self._kinds.fault("traces", fault)
        self.end()

    def _fail(self, error: Exception) -> None:
        """Say that the operation failed, as FastAPI does: what it answers by itself is no failure, save after the answer."""
        if self._name == BACKGROUND or not self._kinds.expected(error):
            self.set_attribute(ATTR_ERROR_TYPE, qualified(type(error)))
            self.set_status(StatusCode.ERROR)


def attributes_of(function: object) -> dict[str, Any]:
    """Return what an operation's span says of the function it runs (semantic conventions, `code.function.name`)."""
    return {} if function is None else {ATTR_FUNCTION: named(function)}


def named(function: object) -> str:
    """Return a callable's full name, or a text as it is; an object that can be called goes by its class's."""
    if isinstance(function, str):
        return function
    kind = type(function)
    module = getattr(function, "__module__", kind.__module__)
    return f"{module}.{getattr(function, '__qualname__', kind.__qualname__)}"
