"""Server spans that others would start: they get ours, so that a request has exactly one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import SCOPE_FASTAPI
from fastapi_spine.traces.server_span import ServerSpan
from fastapi_spine.traces.span import Span
from fastapi_spine.traces.tracer import Tracer

WEB_SCOPES: Final = frozenset(
    {
        SCOPE_FASTAPI,
        "opentelemetry.instrumentation.fastapi",
        "opentelemetry.instrumentation.starlette",
        "opentelemetry.instrumentation.asgi",
    }
)
"""Instrumentations that make a span for the same request as we do."""

_PER_MESSAGE: Final = (
    " http send", " http receive", " websocket send", " websocket receive",
)  # fmt: skip
"""Contrib's spans for every ASGI message: two or three a request that tell nothing."""

_CAPTURED: Final = ("http.request.header.", "http.response.header.")
_OURS: Final = (
    "http.", "url.", "net.", "network.", "server.", "client.", "user_agent.", "error.", "exception.", "asgi.",
)  # fmt: skip


class WebTracer(Tracer):
    """The tracer of an instrumentation that knows nothing of the spine."""

    def __init__(self, source: Any, name: str, version: str) -> None:
        super().__init__(source, name, version)
        self._scope = name

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
        """Begin a span; for the request that is being served, its span is the one that runs already."""
        parent = self.source.active.span(context)
        if name.endswith(_PER_MESSAGE) and isinstance(parent, Span):
            return JoinedSpan(parent)
        exchange = current.get()
        server = exchange.span if exchange is not None else None
        if (
            isinstance(server, ServerSpan)
            and server.is_recording()
            and self._scope not in server.joined
            and (kind is SpanKind.SERVER or parent is server)
            and not (self._scope == SCOPE_FASTAPI and kind is SpanKind.INTERNAL)
        ):
            server.joined |= {self._scope}
            joined = JoinedSpan(server)
            joined.set_attributes(attributes or {})
            return joined
        return super().start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )  # fmt: skip


class JoinedSpan(Span):
    """Stands for a span of ours and lets through what a user's hook may have to say.

    What the instrumentation itself reports of the request is left out: name, status, exceptions and HTTP
    attributes are on our span already, redacted and by the stable conventions. Headers that a user had
    captured come through. `end` does nothing.
    """

    def __init__(self, span: Span) -> None:
        super().__init__(span.data, span.home, span.source)
        self._span = span

    def is_recording(self) -> bool:
        """Tell whether the span behind it is open."""
        return self._span.is_recording()

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute, unless it is one that the request's own span has."""
        if key.startswith(_CAPTURED) or not key.startswith(_OURS):
            self._span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes, those excepted that the request's own span has."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Add an event."""
        self._span.add_event(name, attributes, timestamp)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Do nothing: the request tells of its exception itself."""

    def failed(
        self, error: BaseException, *, record: bool, set_status: bool, escaped: bool
    ) -> None:
        """Do nothing: the same."""

    def update_name(self, name: str) -> None:
        """Do nothing: the name is method and route."""

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Do nothing: the status follows from the response."""

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the span behind it ends by itself."""
