"""The tracer provider that an application finds behind `opentelemetry.trace.get_tracer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace

from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import SpanData
from fastapi_spine.export.resource import Resource
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.delivery import Delivery
from fastapi_spine.traces.local import Outbox
from fastapi_spine.traces.readable import ReadableSpan
from fastapi_spine.traces.tracer import Source, Tracer
from fastapi_spine.traces.web_tracer import WEB_SCOPES, WebTracer


class Provider(trace.TracerProvider):
    """Makes tracers; neither the SDK's provider nor a wrapper around it.

    Args:
        outbox: where finished spans go.
        delivery: the outbox's way out; processors are added there.
        resource: who the process is.
        active: reads and sets the current span.
        health: catches what span processors raise.
        version: of this distribution.
    """

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        resource: Resource,
        active: Active,
        health: Health,
        version: str = "",
    ) -> None:
        self._delivery = delivery
        self._health = health
        self._processors: list[Any] = []
        self._tracers: dict[tuple[str, str], Tracer] = {}
        self.source = Source(outbox, active, resource, version)

    @property
    def resource(self) -> Resource:
        """Who the process is."""
        return self.source.resource  # type: ignore[no-any-return]

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,  # noqa: ARG002 - part of the API; OTLP's scope has no place for it
        attributes: Mapping[str, Any] | None = None,  # noqa: ARG002 - the same
    ) -> Tracer:
        """Return the tracer of an instrumentation scope.

        Args:
            instrumenting_module_name: the scope's name.
            instrumenting_library_version: its version.
            schema_url: not used.
            attributes: not used.
        """
        key = (instrumenting_module_name or "", instrumenting_library_version or "")
        tracer = self._tracers.get(key)
        if tracer is None:
            kind = WebTracer if key[0] in WEB_SCOPES else Tracer
            tracer = self._tracers.setdefault(key, kind(self.source, *key))
        return tracer

    def add_span_processor(self, span_processor: Any) -> None:
        """Let a span processor of the ecosystem see every span that is kept.

        Its `on_start` is called when a span begins, its `on_end` when the span is passed on, with secrets
        already out. What it raises is caught, counted and told.

        Args:
            span_processor: has the methods of `opentelemetry.sdk.trace.SpanProcessor`.
        """
        guarded, source = self._health.guarded, self.source

        def on_end(span: SpanData) -> None:
            span_processor.on_end(ReadableSpan(span, source))

        def on_start(span: Any, context: Any) -> None:
            guarded("span_processor", span_processor.on_start, span, context)

        self._processors.append(span_processor)
        self._delivery.processors = (*self._delivery.processors, on_end)
        source.on_start = (*source.on_start, on_start)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the added processors; our own export has its own rhythm.

        Args:
            timeout_millis: milliseconds each may take.

        Returns:
            Whether all of them said yes.
        """
        guarded = self._health.guarded
        answers = [
            guarded("span_processor", processor.force_flush, timeout_millis)
            for processor in self._processors
        ]
        return all(answer is not False for answer in answers)

    def shutdown(self) -> None:
        """Shut the added processors down."""
        for processor in self._processors:
            self._health.guarded("span_processor", processor.shutdown)
