"""The provider: limits and resource from the environment, processors of the ecosystem, workers."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from traced import Traced

from fastapi_spine.export.resource import Resource, resource_attributes
from fastapi_spine.testing import capture
from fastapi_spine.traces.limits import Limits, limits_from


def test_limits_are_those_of_the_environment() -> None:
    """Own names win over general ones, empty means unset, nonsense is told and left out."""
    environ = {
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "5", "OTEL_ATTRIBUTE_COUNT_LIMIT": "7", "OTEL_SPAN_LINK_COUNT_LIMIT": "",
        "OTEL_SPAN_EVENT_COUNT_LIMIT": "-1",
    }  # fmt: skip
    limits, complaints = limits_from(environ)
    assert limits == Limits(attributes=5, event_attributes=7, link_attributes=7)
    assert complaints == ["OTEL_SPAN_EVENT_COUNT_LIMIT='-1' is no whole number; 128 is in force."]


def test_the_resource_says_who_the_process_is() -> None:
    """The environment says more; the service's name comes from the settings; host, process and instance are our own."""
    environ = {
        "OTEL_SERVICE_NAME": "from the environment",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=a%20b, deployment.environment.name=prod,broken",
    }
    attributes = Resource("orders", environ, lambda: "instance-1", "1.0").attributes
    assert attributes["service.name"] == "orders"
    assert (attributes["team"], attributes["deployment.environment.name"]) == ("a b", "prod")
    assert (attributes["service.instance.id"], attributes["process.pid"]) == (
        "instance-1",
        os.getpid(),
    )
    assert resource_attributes("") == {}


def test_a_secret_in_the_resource_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every receiver gets the resource with every batch."""
    attributes = (
        "service.version=1.4.2,api_key=0123456789abcdef,db.url=postgres://shop:geheim@db/shop"
    )
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", attributes)
    with capture(FastAPI()) as lines:
        assert lines.spine is not None
        resource: Any = lines.spine.traces and lines.spine.traces.resource
        told = {key: resource.attributes[key] for key in ("service.version", "api_key", "db.url")}
    assert told == {
        "service.version": "1.4.2",
        "api_key": "[REDACTED:api_key]",
        "db.url": "postgres://REDACTED:REDACTED@db/shop",
    }


def test_a_keyword_names_the_service_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over the environment on lines; spans and numbers say the same."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-env")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-attributes")
    with capture(FastAPI(), service="keyword") as lines:
        assert lines.spine is not None
        resource: Any = lines.spine.traces and lines.spine.traces.resource
        assert (lines.spine.service, resource.attributes["service.name"]) == ("keyword", "keyword")


def test_what_is_declared_later_never_wins_over_the_environment() -> None:
    """In this process as in a child that is forked later."""
    resource = Resource("s", {"OTEL_RESOURCE_ATTRIBUTES": "team=a"}, lambda: "i", "1.0")
    before = dict(resource.attributes)
    resource.declare({"team": "b", "more": 1, "service.name": "x"})
    assert resource.attributes == {**before, "more": 1}


def test_a_forked_worker_is_another_instance() -> None:
    """Parent and child have different instance and process ids."""
    made = iter(range(9))
    resource = Resource("s", {}, lambda: f"{os.getpid()}-{next(made)}", "1.0")
    mine = resource.attributes["service.instance.id"]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, json.dumps(dict(resource.attributes)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = json.loads(os.read(reading, 65_536))
    assert theirs["process.pid"] == child
    assert theirs["service.instance.id"] not in {mine, None}


def test_exporters_of_the_ecosystem_read_our_spans() -> None:
    """The SDK's in-memory and console exporters and its OTLP encoder take them, secrets already out."""
    traced = Traced()
    exporter, console = InMemorySpanExporter(), io.StringIO()
    provider = traced.room.provider
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=console)))
    with traced.tracer().start_as_current_span("work", attributes={"password": "hunter2"}) as span:
        span.add_event("e", {"n": 1})
    (seen,) = exporter.get_finished_spans()
    assert dict(seen.attributes or {}) == {"password": "[REDACTED:password]"}
    assert json.loads(console.getvalue())["name"] == "work"
    request = encode_spans([seen])
    (encoded,) = request.resource_spans[0].scope_spans[0].spans
    assert (encoded.name, encoded.trace_id.hex()) == ("work", traced.spans[0].trace_id)
    assert provider.force_flush()
    provider.shutdown()


def test_a_processor_that_raises_is_counted_and_nothing_else() -> None:
    """The span is exported all the same."""

    class Bad:
        """Raises wherever it can."""

        def on_start(self, _span: Any, _context: Any) -> None:
            """Fail."""
            raise ValueError

        def on_end(self, _span: Any) -> None:
            """Fail."""
            raise ValueError

    traced = Traced()
    traced.room.provider.add_span_processor(Bad())
    traced.tracer().start_span("work").end()
    assert [span.name for span in traced.spans] == ["work"]
    assert traced.health.internal_errors == {"span_processor": 2}


def test_a_queues_looks_at_its_broker_are_no_spans() -> None:
    """In a queue's worker a call that belongs to nothing has none; one inside of anything has, and so has what is no call."""
    traced = Traced()
    traced.room.provider.source.lone_calls = False
    tracer = traced.tracer()
    with tracer.start_as_current_span("BRPOP", kind=SpanKind.CLIENT):
        pass
    with (
        tracer.start_as_current_span("job", kind=SpanKind.CONSUMER),
        tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT),
    ):
        pass
    assert [span.name for span in traced.spans] == ["SELECT", "job"]
