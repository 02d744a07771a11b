"""A span behind the OpenTelemetry API: what is recorded goes straight into the data that is exported."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.trace import SpanContext, Status, StatusCode

from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_ESCAPED,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    EVENT_EXCEPTION,
)
from fastapi_spine.core.telemetry import STATUS_ERROR, STATUS_OK, EventData, LinkData, SpanData
from fastapi_spine.redaction.redactor import REACH
from fastapi_spine.traces import values
from fastapi_spine.traces.ids import span_context
from fastapi_spine.traces.limits import LONGEST_VALUE, Limits
from fastapi_spine.traces.local import LocalTrace
from fastapi_spine.traces.readable import Readable

_STATUS: Final = {StatusCode.OK: STATUS_OK, StatusCode.ERROR: STATUS_ERROR}


class Span(trace.Span, Readable):
    """One span that is being recorded.

    It is meant for one thread at a time, like any span; two that set the same attribute both succeed.

    Attributes:
        data: what has been recorded; whoever holds it after `end` holds the exported span.
        home: the local trace that it goes to when it ends.
        server: the request's span, of that span itself and of operations below it.
    """

    __slots__ = ("_context", "_on_exit", "_open", "data", "home", "source")

    server: Any = None

    def __init__(
        self,
        data: SpanData,
        home: LocalTrace,
        source: Any,
        on_exit: tuple[bool, bool] = (True, True),
    ) -> None:
        self.data = data
        self.home = home
        self.source = source
        self._on_exit = on_exit
        self._open = True
        self._context: SpanContext | None = None

    # --- identity -----------------------------------------------------------------------------

    def get_span_context(self) -> SpanContext:
        """Return the ids that other spans and services refer to."""
        context = self._context
        if context is None:
            data = self.data
            context = self._context = span_context(
                data.trace_id, data.span_id, data.flags, data.tracestate
            )
        return context

    def is_recording(self) -> bool:
        """Tell whether the span is open."""
        return self._open

    @property
    def span_id(self) -> str:
        """The span's own id: 16 hex digits."""
        return self.data.span_id

    @property
    def offset(self) -> int:
        """What turns a monotonic reading into wall time."""
        return self.home.offset

    # --- recording ----------------------------------------------------------------------------

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute; the oldest goes when there are too many."""
        if self._open:
            limits = self.source.limits
            data = self.data
            data.dropped_attributes += values.put(
                data.attributes, key, value, limits.attributes, limits.span_length + REACH
            )

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes."""
        if self._open:
            limits = self.source.limits
            data = self.data
            data.dropped_attributes += values.put_all(
                data.attributes, attributes, limits.attributes, limits.span_length + REACH
            )

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Add an event; the oldest goes when there are too many.

        Args:
            name: what happened.
            attributes: what is known of it.
            timestamp: wall time, nanoseconds since the epoch; now if None.
        """
        if not self._open:
            return
        limits: Limits = self.source.limits
        kept, _ = values.taken(attributes, limits.event_attributes, limits.length + REACH)
        at = self.source.monotonic() + self.home.offset if timestamp is None else timestamp
        self.data.add_event(EventData(name, at, kept), limits.events)

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Add a link to another span; one that says nothing at all is left out."""
        if self._open:
            add_link(self.data, context, attributes, self.source.limits)

    def update_name(self, name: str) -> None:
        """Give the span another name."""
        if self._open:
            self.data.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status: `OK` is final, and `UNSET` changes nothing (OpenTelemetry specification, Set Status).

        Args:
            status: a code, or a code with its description.
            description: of an error; only beside a bare code.
        """
        if not self._open or self.data.status == STATUS_OK:
            return
        if isinstance(status, Status):
            code, description = status.status_code, status.description
        else:
            code = status
        number = _STATUS.get(code)
        if number is not None:
            self.data.status = number
            told = str(description or "") if number == STATUS_ERROR else ""
            self.data.status_message = told[: LONGEST_VALUE + REACH]

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add the event that describes an exception (semantic conventions, exceptions on spans).

        Args:
            exception: what was raised.
            attributes: more to say; they win over the usual ones.
            timestamp: wall time, nanoseconds since the epoch; now if None.
            escaped: whether it left the span's scope.
        """
        if self._open:
            told = {**described(exception), ATTR_EXCEPTION_ESCAPED: str(escaped)}
            if attributes:
                told.update(attributes)
            self.add_event(EVENT_EXCEPTION, told, timestamp)

    # --- the end ------------------------------------------------------------------------------

    def end(self, end_time: int | None = None) -> None:
        """End the span; only the first call counts.

        Args:
            end_time: wall time, nanoseconds since the epoch; now if None.
        """
        if not self._open:
            return
        data = self.data  # while it is open: what is made only now has no end yet
        self._open = False
        data.end_ns = self.source.monotonic() + self.home.offset if end_time is None else end_time
        self.home.ended(data)

    def failed(
        self, error: BaseException, *, record: bool, set_status: bool, escaped: bool
    ) -> None:
        """Take note of an exception that left the span's block."""
        if self._open and record:
            self.record_exception(error, escaped=escaped)
        if self._open and set_status:
            self.set_status(StatusCode.ERROR, summary_of(error))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """End the span at the end of `with tracer.start_span(…)`."""
        try:
            if error is not None:
                record, set_status = self._on_exit
                self.failed(error, record=record, set_status=set_status, escaped=True)
        finally:
            self.end()

    def __repr__(self) -> str:
        data = self.data
        return f"{type(self).__name__}({data.name!r}, {data.trace_id}-{data.span_id})"


def add_link(
    data: SpanData, context: SpanContext, attributes: Mapping[str, Any] | None, limits: Limits
) -> None:
    """Add a link to span data; see `Span.add_link`."""
    if not (context.is_valid or attributes or context.trace_state):
        return
    kept, _ = values.taken(attributes, limits.link_attributes, limits.length + REACH)
    state = context.trace_state.to_header() if context.trace_state else None
    link = LinkData(f"{context.trace_id:032x}", f"{context.span_id:016x}", state, kept)
    data.add_link(link, limits.links)


def described(error: BaseException, way: TracebackType | None = None) -> dict[str, Any]:
    """Return type, message and stack of an exception as attributes.

    Built-in exceptions go by their bare name, others with their module; a `__str__` that fails says so.

    Args:
        error: the exception.
        way: the traceback, if the exception has lost its own since.
    """
    kind = type(error)
    try:
        stack = "".join(traceback.format_exception(kind, error, way or error.__traceback__))
    except Exception:  # noqa: BLE001 - as in `text_of`
        stack = ""
    return {
        ATTR_EXCEPTION_TYPE: qualified(kind),
        ATTR_EXCEPTION_MESSAGE: text_of(error),
        ATTR_EXCEPTION_STACK: stack,
    }


def text_of(error: BaseException) -> str:
    """Return an exception's own text; the observed program's code runs for it, and may fail."""
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - as said
        return values.without_text(error, fault)


def summary_of(error: BaseException) -> str:
    """Return what a failed span's status says of an exception."""
    return f"{type(error).__name__}: {text_of(error)}"


def qualified(kind: type[BaseException]) -> str:
    """Return an exception's type as `error.type` names it."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
