"""Which headers carry a trace in and out, by `OTEL_PROPAGATORS`: a table of what comes in, and what goes on."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage, propagate, trace
from opentelemetry.trace import SpanKind
from traced import Traced

from fastapi_spine.core.context import outgoing_headers
from fastapi_spine.core.trace_formats import formats_from
from fastapi_spine.testing import CountedIds, capture
from fastapi_spine.traces.carry import carry, resume

TRACE = "463ac35c9f6413ad48485a3953bb6124"
HALF = "48485a3953bb6124"
CALLER = "a2fb4a1d1a96d312"
W3C = "0af7651916cd43dd8448eb211c80319c"
OWN = f"{1:016x}"
NEW = f"{1:032x}"
PARENT = {"traceparent": f"00-{W3C}-{CALLER}-01", "tracestate": "a=1"}
SINGLE = {"b3": f"{TRACE}-{CALLER}-1-05e3ac9a4f6e3b90"}
MULTI = {"x-b3-traceid": TRACE, "x-b3-spanid": CALLER, "x-b3-sampled": "1"}
KNOWN = "(known are tracecontext, baggage, b3, b3multi, none)"
Headers = dict[str, str]


def onwards(
    drive: Any, propagators: str, *headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> tuple[Headers, dict[str, Any]]:
    """Send one request to a service without a receiver; return the headers of a call it would make, and its line."""
    monkeypatch.setenv("OTEL_PROPAGATORS", propagators)
    app = FastAPI()
    going: Headers = {}

    @app.get("/")
    async def call() -> None:
        going.update(outgoing_headers())

    sent = [(k.encode(), v.encode("latin-1")) for some in headers for k, v in some.items()]
    with capture(app, id_source=CountedIds()) as lines:
        drive(app, headers=sent)
    assert going.pop("x-request-id") == "00000000-0000-7000-8000-000000000001"
    return going, lines.access[0]


@pytest.mark.parametrize(
    ("propagators", "sent", "going"),
    [
        ("", PARENT, {"traceparent": f"00-{W3C}-{OWN}-01", "tracestate": "a=1"}),
        ("", SINGLE, {"traceparent": f"00-{NEW}-{OWN}-03"}),
        ("tracecontext", PARENT, {"traceparent": f"00-{W3C}-{OWN}-01", "tracestate": "a=1"}),
        ("b3", SINGLE, {"b3": f"{TRACE}-{OWN}-1"}),
        ("b3", MULTI, {"b3": f"{TRACE}-{OWN}-1"}),
        ("b3", PARENT, {"b3": f"{NEW}-{OWN}"}),
        ("b3", {}, {"b3": f"{NEW}-{OWN}"}),
        ("b3,tracecontext", {}, {"b3": f"{NEW}-{OWN}", "traceparent": f"00-{NEW}-{OWN}-03"}),
        (
            "b3,tracecontext",
            {"b3": "0"},
            {"b3": f"{NEW}-{OWN}-0", "traceparent": f"00-{NEW}-{OWN}-02"},
        ),
        ("B3 ,, b3", SINGLE, {"b3": f"{TRACE}-{OWN}-1"}),
        (
            "b3multi",
            SINGLE,
            {"x-b3-traceid": TRACE, "x-b3-spanid": OWN, "x-b3-sampled": "1"},
        ),
        (
            "b3,b3multi,tracecontext",
            MULTI,
            {
                "b3": f"{TRACE}-{OWN}-1",
                "x-b3-traceid": TRACE,
                "x-b3-spanid": OWN,
                "x-b3-sampled": "1",
                "traceparent": f"00-{TRACE}-{OWN}-01",
            },
        ),
        ("baggage", PARENT | SINGLE, {}),
        ("none", PARENT | SINGLE | MULTI, {}),
        ("b3,none", SINGLE, {}),
        ("jaeger,b3", SINGLE, {"b3": f"{TRACE}-{OWN}-1"}),
        ("jaeger", PARENT, {"traceparent": f"00-{W3C}-{OWN}-01", "tracestate": "a=1"}),
    ],
)
def test_formats_that_are_named_are_read_and_written(
    propagators: str, sent: Headers, going: Headers, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every format named goes out, nothing else comes in or goes out, and the request id always goes along."""
    assert onwards(drive, propagators, sent, monkeypatch=monkeypatch)[0] == going


@pytest.mark.parametrize(
    ("propagators", "sent", "trace_id"),
    [
        ("tracecontext,b3", PARENT | SINGLE, TRACE),
        ("b3,tracecontext", PARENT | SINGLE, W3C),
        ("tracecontext,b3", PARENT | {"b3": "0"}, W3C),
        ("tracecontext,b3", PARENT | {"b3": "nonsense"}, W3C),
        ("b3,tracecontext", SINGLE | {"traceparent": "nonsense"}, TRACE),
        ("b3", SINGLE | {"x-b3-traceid": W3C, "x-b3-spanid": CALLER}, TRACE),
        ("b3", MULTI | {"b3": "nonsense"}, NEW),
    ],
)
def test_the_last_valid_parent_wins(
    propagators: str, sent: Headers, trace_id: str, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the list; of B3's two encodings the single header decides alone."""
    assert onwards(drive, propagators, sent, monkeypatch=monkeypatch)[1]["trace_id"] == trace_id


@pytest.mark.parametrize("propagators", ["tracecontext,b3", "b3,tracecontext"])
@pytest.mark.parametrize(
    ("b3", "traceparent", "going"),
    [
        ("1", f"{CALLER}-03", ("1", "03", "a=1")),
        ("d", f"{CALLER}-03", ("d", "03", "a=1")),
        ("d", f"{CALLER}-00", ("d", "01", "a=1")),
        ("", f"{CALLER}-02", ("0", "02", "a=1")),
    ],
)
def test_of_a_parent_that_is_told_twice_nothing_is_lost(
    propagators: str, b3: str, traceparent: str, going: tuple[str, ...], drive: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As between two services that are on their way from one format to the other: state, random id, debug."""
    single = "-".join(filter(None, (TRACE, CALLER, b3)))
    sent = {"b3": single, "traceparent": f"00-{TRACE}-{traceparent}", "tracestate": "a=1"}
    found, _ = onwards(drive, propagators, sent, monkeypatch=monkeypatch)
    state, flags, tracestate = going
    assert found == {
        "b3": f"{TRACE}-{OWN}-{state}",
        "traceparent": f"00-{TRACE}-{OWN}-{flags}",
        "tracestate": tracestate,
    }


@pytest.mark.parametrize(
    ("sent", "going"),
    [
        ({"b3": f"{HALF}-{CALLER}-0"}, f"{HALF:0>32}-{OWN}-0"),
        ({"b3": f"{TRACE}-{CALLER}"}, f"{TRACE}-{OWN}"),
        ({"b3": f"\t{TRACE}-{CALLER}-d "}, f"{TRACE}-{OWN}-d"),
        ({"b3": f"{TRACE}-{CALLER}-1-{'0' * 16}"}, f"{TRACE}-{OWN}-1"),
        ({"b3": "0"}, f"{NEW}-{OWN}-0"),
        ({"b3": "1"}, f"{NEW}-{OWN}-1"),
        ({"b3": "d"}, f"{NEW}-{OWN}-d"),
        (MULTI | {"x-b3-traceid": HALF}, f"{HALF:0>32}-{OWN}-1"),
        (MULTI | {"x-b3-sampled": "0"}, f"{TRACE}-{OWN}-0"),
        (MULTI | {"x-b3-sampled": "true"}, f"{TRACE}-{OWN}-1"),
        (MULTI | {"x-b3-sampled": "false"}, f"{TRACE}-{OWN}-0"),
        (MULTI | {"x-b3-flags": "1"}, f"{TRACE}-{OWN}-d"),
        (MULTI | {"x-b3-flags": "0"}, f"{TRACE}-{OWN}-1"),
        (MULTI | {"x-b3-parentspanid": "X"}, f"{TRACE}-{OWN}-1"),
        ({"x-b3-sampled": "0"}, f"{NEW}-{OWN}-0"),
        ({"x-b3-flags": "1"}, f"{NEW}-{OWN}-d"),
    ],
)
def test_b3_is_read_by_its_standard(
    sent: Headers, going: str, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64-bit ids get zeros on their left; who has not decided is passed on as such; debug goes on as debug."""
    assert onwards(drive, "b3", sent, monkeypatch=monkeypatch)[0] == {"b3": going}


@pytest.mark.parametrize(
    "headers",
    [
        (SINGLE, SINGLE),
        (MULTI, {"x-b3-traceid": TRACE}),
        (MULTI, {"x-b3-sampled": "1"}),
        *(
            ({"b3": value},)
            for value in (
                "", "x", "2", "-", "1-1", f"{TRACE}", f"{TRACE}-", f"{TRACE}-{CALLER}-", f"{TRACE}-{CALLER}-2",
                f"{TRACE}-{CALLER}-1-", f"{TRACE}-{CALLER}-1-{CALLER[1:]}", f"{TRACE}-{CALLER}-{CALLER}",
                f"{TRACE.upper()}-{CALLER}-1", f"{TRACE}-{CALLER.upper()}-1", f"{TRACE}-{CALLER}-D",
                f"{TRACE[1:]}-{CALLER}-1", f"{TRACE}0-{CALLER}-1", f"{TRACE}-{CALLER}0-1", f"{TRACE[:24]}-{CALLER}-1",
                f"{'0' * 32}-{CALLER}-1", f"{'0' * 16}-{CALLER}-1", f"{TRACE}-{'0' * 16}-1", f"{TRACE}-{CALLER}-1\xff",
                f"{TRACE}-{CALLER}-1,{TRACE}-{CALLER}-1",
            )
        ),
        *(
            (MULTI | changed,)
            for changed in (
                {"x-b3-traceid": TRACE.upper()}, {"x-b3-traceid": TRACE[1:]}, {"x-b3-traceid": "0" * 32},
                {"x-b3-traceid": ""}, {"x-b3-spanid": CALLER.upper()}, {"x-b3-spanid": "0" * 16},
                {"x-b3-spanid": TRACE}, {"x-b3-sampled": "2"}, {"x-b3-sampled": ""}, {"x-b3-sampled": "d"},
            )
        ),
        ({"x-b3-traceid": TRACE},),
        ({"x-b3-spanid": CALLER, "x-b3-sampled": "1"},),
    ],
)  # fmt: skip
def test_malformed_b3_begins_a_new_trace(
    headers: tuple[Headers, ...], drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeated, upper case, of another length, all zeros, an id without the other: nothing of it is taken."""
    going, _ = onwards(drive, "b3", *headers, monkeypatch=monkeypatch)
    assert going == {"b3": f"{NEW}-{OWN}"}


@pytest.mark.parametrize("sent", [{"b3": "d"}, {"x-b3-flags": "1"}, SINGLE])
def test_debug_keeps_all_there_is_of_a_request(
    sent: Headers, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `bind(keep=True)` does: the lines that were held back are written, and the access line says why."""
    monkeypatch.setenv("OTEL_PROPAGATORS", "b3")
    app = FastAPI()

    @app.get("/")
    async def work() -> None:
        logging.getLogger(__name__).debug("a detail")

    with capture(app, packages=[__name__.partition(".")[0]]) as lines:
        drive(app, headers=[(k.encode(), v.encode()) for k, v in sent.items()])
    wanted = sent is not SINGLE
    assert [line["msg"] for line in lines.of(__name__)] == (["a detail"] if wanted else [])
    assert lines.access[0].get("keep") == (True if wanted else None)


@pytest.mark.parametrize(
    ("sent", "ratio", "kept"),
    [
        ({"b3": f"{TRACE}-{CALLER}-1"}, 0.0, True),
        ({"b3": f"{TRACE}-{CALLER}-0"}, 1.0, False),
        ({"b3": f"{TRACE}-{CALLER}-d"}, 0.0, True),
        ({"b3": f"{TRACE}-{CALLER}"}, 1.0, True),
        ({"b3": f"{TRACE}-{CALLER}"}, 0.0, False),
        ({"b3": "0"}, 1.0, False),
        ({"b3": "1"}, 0.0, True),
        ({}, 1.0, True),
        ({}, 0.0, False),
    ],
)
def test_who_decides_about_sampling(sent: Headers, ratio: float, kept: bool, drive: Any) -> None:
    """The caller, if it says so, with or without ids; else the ratio, and what is called hears the verdict."""
    formats, _ = formats_from({"OTEL_PROPAGATORS": "b3"})
    traced = Traced(ratio=ratio, operations=False, formats=formats)
    app = FastAPI()
    going: Headers = {}

    @app.get("/")
    async def call() -> None:
        going.update(outgoing_headers())

    drive(traced.around(app), headers=[(k.encode(), v.encode()) for k, v in sent.items()])
    ids = sent.get("b3", "").split("-")
    caller = ids[1] if len(ids) > 1 else None
    assert [span.parent_span_id for span in traced.spans] == ([caller] if kept else [])
    state = "d" if sent.get("b3", "").endswith("-d") else "1" if kept else "0"
    assert going["b3"].rpartition("-")[2] == state


@pytest.mark.parametrize(
    ("propagators", "names"),
    [
        ("", {"traceparent", "tracestate", "baggage"}),
        ("tracecontext", {"traceparent", "tracestate"}),
        ("b3", {"b3"}),
        ("b3multi,baggage", {"x-b3-traceid", "x-b3-spanid", "x-b3-flags", "baggage"}),
        ("none", set()),
    ],
)
def test_calls_of_instrumented_clients_carry_the_same(
    propagators: str, names: set[str], drive: Any
) -> None:
    """The caller's debug flag and baggage too, where they were asked for; the request id by its own rule."""
    formats, _ = formats_from({"OTEL_PROPAGATORS": propagators})
    traced = Traced(operations=False, formats=formats)
    app = FastAPI()
    carrier: Headers = {}

    @app.get("/")
    async def call() -> None:
        told = {"server.address": "stock"}
        tracer = traced.tracer()
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=told):
            traced.room.propagator.inject(carrier)

    sent = PARENT | {"b3": f"{TRACE}-{CALLER}-d", "baggage": "user=7"}
    drive(traced.around(app), headers=[(k.encode(), v.encode()) for k, v in sent.items()])
    client, _ = traced.spans
    assert set(carrier) == names | {"x-request-id"}
    assert names <= traced.room.propagator.fields
    values = {
        "traceparent": f"00-{W3C}-{client.span_id}-01",
        "b3": f"{TRACE}-{client.span_id}-d",
        "x-b3-traceid": TRACE,
        "x-b3-flags": "1",
        "baggage": "user=7",
    }
    assert all(carrier[name] == values[name] for name in names & set(values))


@pytest.mark.parametrize("propagators", ["", "b3", "b3multi", "baggage", "none", "tracecontext,b3"])
def test_a_job_continues_the_trace_whatever_is_named(propagators: str, drive: Any) -> None:
    """`carry` and `resume` hold trace, request id and baggage; calls of the job speak the process's formats."""
    formats, _ = formats_from({"OTEL_PROPAGATORS": propagators})
    traced = Traced(operations=False, formats=formats)
    app = FastAPI()
    carried: Headers = {}

    @app.get("/")
    async def hand_over() -> None:
        carried.update(carry())

    before = propagate.get_global_textmap()
    propagate.set_global_textmap(traced.room.propagator)
    try:
        sent = [(b"b3", f"{TRACE}-{CALLER}-d".encode()), (b"baggage", b"user=7")]
        answer = drive(traced.around(app), headers=sent)
        with resume(carried), traced.tracer().start_as_current_span("job"):
            going = outgoing_headers()
            user = baggage.get_baggage("user")
    finally:
        propagate.set_global_textmap(before)
    server, job = traced.spans
    assert (job.trace_id, job.parent_span_id) == (server.trace_id, server.span_id)
    assert user == ("7" if formats.baggage else None)
    assert going.pop("x-request-id") == carried["x-request-id"] == answer.request_id
    assert set(going) <= formats.writes
    if formats.b3 and "b3" in going:
        assert going["b3"] == f"{TRACE}-{job.span_id}-d"


@pytest.mark.parametrize(
    ("propagators", "reason"),
    [
        ("", None),
        ("tracecontext,baggage,b3,b3multi", None),
        ("none", None),
        (
            "jaeger,xray,b3",
            f"OTEL_PROPAGATORS: jaeger, xray is not understood {KNOWN}; b3 is in use.",
        ),
        (
            "ottrace",
            f"OTEL_PROPAGATORS: ottrace is not understood {KNOWN}; tracecontext, baggage is in use.",
        ),
        ("none,b3", "OTEL_PROPAGATORS: none is named, so b3 beside it is not in use."),
    ],
)
def test_what_is_not_understood_is_told_once(
    propagators: str, reason: str | None, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One WARNING at the start, and requests are served; with spans or without."""
    monkeypatch.setenv("OTEL_PROPAGATORS", propagators)
    for traces in (True, False):
        app = FastAPI()
        with capture(app, traces=traces) as lines:
            drive(app)
            drive(app)
        told = [(line["level"], line["reason"]) for line in lines.of("spine.traces")]
        assert told == ([("WARNING", reason)] if reason else [])


def test_a_caller_who_leaves_the_decision_to_us_counts_as_one_who_samples() -> None:
    """A span context cannot say that nobody has decided; what was begun on purpose is recorded."""
    formats, _ = formats_from({"OTEL_PROPAGATORS": "b3"})
    propagator = Traced(formats=formats).room.propagator
    context = propagator.extract({"b3": f"{TRACE}-{CALLER}"})
    given = trace.get_current_span(context).get_span_context()
    assert (given.trace_id, given.span_id) == (int(TRACE, 16), int(CALLER, 16))
    assert (given.is_remote, int(given.trace_flags)) == (True, 1)
