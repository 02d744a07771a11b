"""Whose tracer provider is in force, and that a request has one server span under each of them."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from played import play, servers

SPINE = "traced.around(app)"
CONTRIB = "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor as I; I.instrument_app(app)"
STARLETTE = "from opentelemetry.instrumentation.starlette import StarletteInstrumentor as I; I.instrument_app(app)"
MIDDLEWARE = "from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware as M; app.add_middleware(M)"
LOGFIRE = """
import logfire
logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(exporter)])
logfire.instrument_fastapi(app)
"""
OTHERS = {"contrib": CONTRIB, "starlette": STARLETTE, "middleware": MIDDLEWARE}
ORDERS = ["before", "after"]


def both(other: str, order: str) -> str:
    """Set the spine and another instrumentation up, in an order."""
    return f"{other}\n{SPINE}" if order == "before" else f"{SPINE}\n{other}"


NATIVE = find_spec("fastapi.telemetry") is not None
OPERATIONS = ["fastapi.dependencies", "fastapi.endpoint", "fastapi.serialization"] if NATIVE else []
"""A FastAPI without telemetry of its own has no operations to report."""


@pytest.mark.parametrize(
    "script",
    [SPINE, *(both(other, order) for other in OTHERS.values() for order in ORDERS)],
    ids=["native", *(f"{name} {order}" for name in OTHERS for order in ORDERS)],
)
def test_ours_is_in_force_and_makes_the_one_server_span(script: str) -> None:
    """FastAPI's own telemetry, contrib's instrumentors and middleware add no server span, no secret, no complaint."""
    outcome = play(script)
    assert [name for name, _, _ in outcome["ours"]] == [*OPERATIONS, "GET /orders/{order_id}"]
    assert servers(outcome) == ["GET /orders/{order_id}"]


@pytest.mark.parametrize("order", ORDERS)
def test_without_lifespan_the_first_request_puts_ours_in_force(order: str) -> None:
    """A server that tells nobody of its start makes no difference."""
    outcome = play(both(CONTRIB, order), lifespan=False)
    assert [name for name, _, _ in outcome["ours"]] == [*OPERATIONS, "GET /orders/{order_id}"]
    assert servers(outcome) == ["GET /orders/{order_id}"]


@pytest.mark.parametrize(
    "script",
    [
        f"trace.set_tracer_provider(theirs)\n{SPINE}",
        f"{SPINE}\ntrace.set_tracer_provider(theirs)",
    ],
    ids=["before", "after"],
)
def test_a_provider_of_the_users_stays_and_gets_the_server_span(script: str) -> None:
    """Whoever brings a provider keeps it; the request's one server span is made there, described by us."""
    outcome = play(script)
    assert outcome["ours"] == []
    assert servers(outcome) == ["GET /orders/{order_id}"]
    assert "'http.route': '/orders/{order_id}'" in outcome["request"]


def test_contrib_in_the_users_provider_makes_no_second_server_span() -> None:
    """It finds ours running and makes an internal span below it."""
    outcome = play(f"{SPINE}\ntrace.set_tracer_provider(theirs)\n{CONTRIB}", clean=False)
    assert servers(outcome) == ["GET /orders/{order_id}"]


def test_a_provider_set_while_the_application_starts_stays() -> None:
    """We decide after the application's own start-up code has run."""
    script = """
from contextlib import asynccontextmanager
@asynccontextmanager
async def starts(app):
    trace.set_tracer_provider(theirs)
    yield
app.router.lifespan_context = starts
traced.around(app)
"""
    assert servers(play(script)) == ["GET /orders/{order_id}"]


def test_the_users_provider_continues_the_callers_trace() -> None:
    """The parent of the span over there is the caller's, from the request's own headers."""
    headers = '((b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),)'
    outcome = play(f"trace.set_tracer_provider(theirs)\n{SPINE}", headers=headers)
    assert outcome["theirs"][-1] == ["GET /orders/{order_id}", "SERVER", "b" * 16]


NEVER_BY_ITSELF = """
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from fastapi_spine.traces.asked import AskedFor
from fastapi_spine.traces.response_headers import ResponseHeaders
theirs = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
theirs.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(theirs)
tell = ResponseHeaders(["traceresponse"], traced.clock.monotonic_ns).add
traced.around(app, first=[AskedFor("look-at-this-one-0001")], tell=tell)
real = ask
async def ask(headers):
    start = (await real("/broken", headers=headers))[0]
    assert dict(start["headers"])[b"traceresponse"].endswith(FLAGS), start
@app.get("/broken", status_code=503)
async def broken() -> None: ...
"""


@pytest.mark.parametrize("asked", [True, False])
def test_the_users_sampler_hears_what_was_asked_for_and_has_the_last_word(asked: bool) -> None:
    """A caller's trace that was not sampled is, with the token; a failure alone is kept by nobody, and not promised."""
    caller = '(b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-00")'
    token = "look-at-this-one-0001" if asked else "another-0000000000000"
    headers = f'({caller}, (b"x-spine-keep", b"{token}"))'
    outcome = play(f"FLAGS = b'-0{int(asked)}'\n{NEVER_BY_ITSELF}", headers=headers)
    assert servers(outcome) == (["GET /broken"] if asked else [])
    assert ("'spine.kept': 'forced'" in outcome["request"]) is asked


@pytest.mark.parametrize("state", ["1", ""])
def test_the_users_provider_continues_a_caller_who_speaks_b3(state: str) -> None:
    """One that has not decided counts as one that samples, because a provider's sampler knows no third answer."""
    headers = f'((b"b3", "-".join(filter(None, ("a" * 32, "b" * 16, "{state}"))).encode()),)'
    formats = (
        "from fastapi_spine.core.trace_formats import TraceFormats\n"
        "traced = Traced(everywhere=True, formats=TraceFormats(['b3']))\n"
    )
    outcome = play(f"{formats}trace.set_tracer_provider(theirs)\n{SPINE}", headers=headers)
    assert outcome["theirs"][-1] == ["GET /orders/{order_id}", "SERVER", "b" * 16]


@pytest.mark.parametrize("receiver", [True, False], ids=["with a receiver", "without"])
@pytest.mark.parametrize("order", ORDERS)
def test_logfire_keeps_its_provider(order: str, receiver: bool) -> None:
    """Logfire's provider and instrumentation, before and after ours: one server span there, ours, no error line."""
    outcome = play(
        f"traced = Traced(everywhere=True, receiver={receiver})\n{both(LOGFIRE, order)}",
        clean=False,
    )
    assert servers(outcome) == ["GET /orders/{order_id}"]
    assert "'spine.request_id'" in outcome["request"]


def test_without_a_receiver_a_provider_of_the_users_gets_the_server_span() -> None:
    """Whoever exports by a provider of their own need not name a receiver to us."""
    outcome = play(
        f"traced = Traced(everywhere=True, receiver=False)\n{SPINE}\ntrace.set_tracer_provider(theirs)"
    )
    assert servers(outcome) == ["GET /orders/{order_id}"]
    assert "'spine.request_id'" in outcome["request"]


def test_without_anybody_who_takes_spans_there_are_none() -> None:
    """The process's provider stays unset, and requests are served."""
    outcome = play(
        f"traced = Traced(everywhere=True, receiver=False)\n{SPINE}\nexporter.export([])\n"
        "real = ask\nasync def ask(headers):\n    await real(headers=headers)\n"
        "    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)\n    assert traced.room.observer.idle"
    )
    assert (outcome["ours"], outcome["theirs"]) == ([], [])


OTHER_SIGNALS = """
from opentelemetry import _logs, metrics
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader, written = InMemoryMetricReader(), InMemoryLogRecordExporter()
metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
events = LoggerProvider(shutdown_on_exit=False)
events.add_log_record_processor(SimpleLogRecordProcessor(written))
_logs.set_logger_provider(events)
@app.get("/broken")
async def broken() -> None:
    raise ValueError("password=hunter2hunter2")
real = ask
async def ask(headers):
    try:
        await real("/broken", headers=headers)
    except ValueError:
        pass
    got = reader.get_metrics_data()
    names = [m.name for r in got.resource_metrics for s in r.scope_metrics for m in s.metrics] if got else []
    told = [str(one.log_record.body) for one in written.get_finished_logs()]
    assert (names, told) == ([], []), (names, told)
"""


@pytest.mark.parametrize("theirs", ["", "trace.set_tracer_provider(theirs)"], ids=["ours", "user"])
def test_fastapi_counts_and_logs_nothing_beside_us(theirs: str) -> None:
    """With meter and logger providers of the user's: no second set of numbers, no exception text in clear."""
    outcome = play(f"{theirs}\n{OTHER_SIGNALS}\n{SPINE}")
    assert servers(outcome) == ["GET /broken"]


@pytest.mark.skipif(not NATIVE, reason="platform: this FastAPI has no telemetry of its own")
def test_without_understanding_fastapi_there_is_still_one_server_span() -> None:
    """A FastAPI whose private names have changed starts its server span, and is given ours."""
    script = f"{SPINE}\nimport fastapi.telemetry._api as api\napi._RequestTelemetry.__dataclass_fields__ = {{}}"
    outcome = play(script)
    assert servers(outcome) == ["GET /orders/{order_id}"]
