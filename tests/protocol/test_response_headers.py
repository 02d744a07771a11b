"""What an answer tells a browser: the trace of its request, and how long it took to begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from traced import Traced

from fastapi_spine import Guard, SettingsError, Traces, bind
from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.testing import CountedIds, FrozenClock, capture
from fastapi_spine.traces.response_headers import ResponseHeaders

CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"
BOTH = ("traceresponse", "server-timing")
OURS = f"00-{1:032x}-{1:016x}-01".encode()
PAGE = Traces(response_headers=True)


def make(clock: FrozenClock) -> FastAPI:
    """An application whose answers begin in every way."""
    app = FastAPI()

    @app.get("/page")
    async def page() -> None:
        clock.advance(0.0123)

    @app.get("/stream")
    async def stream() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            clock.advance(0.25)
            yield b"one"
            clock.advance(5)
            yield b"two"

        clock.advance(0.5)
        return StreamingResponse(parts())

    @app.get("/own")
    async def own() -> Response:
        answer = Response()
        answer.raw_headers += [
            (b"Server-Timing", b"db;dur=3"),
            (b"server-timing", b"cache"),
            (b"TraceResponse", b"00-mine"),
        ]
        return answer

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404)

    @app.get("/asked-for")
    async def asked_for() -> None:
        bind(keep=True)

    @app.get("/own-page")
    async def own_page(request: Request) -> None:
        request.scope[SCOPE_MARKER].answered_by("/own-page")

    @app.get("/refused")
    async def refused(request: Request) -> Response:
        request.scope[SCOPE_MARKER].refusal = Refusal("deadline", "no_answer_in_time")
        return Response(status_code=503)

    return app


def traced_app(*names: str, **options: Any) -> tuple[Traced, Any]:
    """Return the room and the application, which tells callers what is named."""
    traced = Traced(operations=False, **options)
    tell = ResponseHeaders(names, traced.clock.monotonic_ns).add
    return traced, traced.around(make(traced.clock), tell=tell)


def told(answer: Any) -> tuple[list[bytes], list[bytes]]:
    """The values of both headers."""
    return answer.headers(b"traceresponse"), answer.headers(b"server-timing")


@pytest.mark.parametrize(
    ("path", "took"), [("/page", b"12.3"), ("/stream", b"500.0"), ("/broken", b"0.0")]
)
def test_an_answer_names_its_trace_and_the_time_until_it_began(
    path: str, took: bytes, drive: Any
) -> None:
    """The span is the server span that is exported; a stream tells when it began, an unhandled 500 tells it too."""
    traced, app = traced_app(*BOTH)
    answer = drive(app, path)
    assert told(answer) == ([OURS], [b'traceparent;desc="' + OURS + b'", total;dur=' + took])
    (span,) = traced.spans
    assert f"00-{span.trace_id}-{span.span_id}-01".encode() == OURS


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("traceresponse",), ([OURS], [])),
        (("server-timing",), ([], [b'traceparent;desc="' + OURS + b'", total;dur=0.0'])),
    ],
)
def test_one_header_alone(names: tuple[str, ...], expected: object, drive: Any) -> None:
    """What was not asked for is not there."""
    _, app = traced_app(*names)
    assert told(drive(app, "/missing")) == expected


@pytest.mark.parametrize(
    ("path", "flags", "expected"),
    [
        ("/page", b"01", b"01"),
        ("/page", b"03", b"01"),
        ("/page", b"00", b"00"),
        ("/missing", b"02", b"00"),
        ("/broken", b"02", b"01"),
        ("/asked-for", b"00", b"01"),
        ("/refused", b"00", b"00"),
    ],
)
def test_the_flag_says_whether_the_trace_is_kept(
    path: str, flags: bytes, expected: bytes, drive: Any
) -> None:
    """The caller's verdict, and what the end is sure to add: failures and what was asked for. No other flag is ever set."""
    traced, app = traced_app("traceresponse")
    (value,) = drive(app, path, headers=[(b"traceparent", CALLER % flags)]).headers(
        b"traceresponse"
    )
    assert value == b"00-0af7651916cd43dd8448eb211c80319c-0000000000000001-" + expected
    assert len(traced.spans) == int(expected)


def test_what_the_application_says_itself_stays(drive: Any) -> None:
    """Its `traceresponse` is the only one; `Server-Timing` is ours beside its own."""
    _, app = traced_app(*BOTH)
    own, timings = told(drive(app, "/own"))
    assert own == [b"00-mine"]
    assert timings == [
        b"db;dur=3", b"cache", b'traceparent;desc="' + OURS + b'", total;dur=0.0',
    ]  # fmt: skip


def test_a_fault_of_ours_costs_these_headers_and_nothing_else(drive: Any) -> None:
    """The answer goes out with its id; the fault is counted."""

    def broken_clock() -> int:
        raise OSError

    traced = Traced(operations=False)
    tell = ResponseHeaders(["server-timing"], broken_clock).add
    answer = drive(traced.around(make(traced.clock), tell=tell), "/page")
    assert (answer.status, answer.request_id[-1]) == (200, "1")
    assert traced.health.internal_errors == {"response_headers": 1}


# --- as it is set ------------------------------------------------------------------------------------


@pytest.mark.parametrize("traces", [Traces(), Traces(response_headers=False)])
def test_nothing_is_told_unless_asked_for(traces: Traces, drive: Any) -> None:
    """Off is the default."""
    app = make(FrozenClock())
    with capture(app, traces=traces):
        assert told(drive(app, "/page")) == ([], [])


@pytest.mark.parametrize("traces", [PAGE, Traces(enabled=False, response_headers=True)])
def test_without_a_trace_only_the_time_is_told(traces: Traces, drive: Any) -> None:
    """No receiver or no traces at all: an id would lead nowhere, the time is still true."""
    app = make(clock := FrozenClock())
    with capture(app, clock=clock, id_source=CountedIds(), traces=traces):
        assert told(drive(app, "/page")) == ([], [b"total;dur=12.3"])


def test_a_page_of_ours_has_no_trace(drive: Any) -> None:
    """Spans of `/metrics` are not kept, so its answer names none."""
    _, app = traced_app(*BOTH)
    assert told(drive(app, "/own-page")) == ([], [b"total;dur=0.0"])


def test_a_guards_refusal_tells_too_and_other_origins_may_read_it(drive: Any) -> None:
    """Pages that may read an answer may read these headers by name, without being told of it twice."""
    app = make(FrozenClock())
    guard = Guard(cors="https://shop.example", hosts="api.shop.example")
    headers = [(b"host", b"evil.example"), (b"origin", b"https://shop.example")]
    with capture(app, clock=FrozenClock(), guard=guard, traces=PAGE):
        answer = drive(app, "/page", headers=headers)
    assert (answer.status, *told(answer)) == (400, [], [b"total;dur=0.0"])
    assert answer.headers(b"access-control-expose-headers") == [
        b"x-request-id, ratelimit, ratelimit-policy, retry-after, traceresponse, server-timing"
    ]
    assert answer.headers(b"timing-allow-origin") == []


@pytest.mark.parametrize("wrong", ["traceresponse", ["server-timings"], ["x-request-id"], [1], 1])
def test_other_headers_are_refused(wrong: Any) -> None:
    """The error says which there are."""
    with pytest.raises(SettingsError, match='"traceresponse" and "server-timing"'):
        Traces(response_headers=wrong)
