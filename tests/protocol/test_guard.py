"""The door, from outside: who is let in, what every answer says, and what is told of the rest."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.responses import Response, StreamingResponse

from fastapi_spine import Guard, SettingsError, Spine
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.testing import CountedIds, FrozenClock, capture

MADE = "00000000-0000-7000-8000-000000000001"
SHOP = (b"origin", b"https://shop.example")
PREFLIGHT = (SHOP, (b"access-control-request-method", b"GET"))
CLOSED = {"type": "websocket.disconnect", "code": 1000}


def shop(**options: Any) -> FastAPI:
    """Return an application of a few routes."""
    app = FastAPI(**options)

    @app.get("/orders")
    async def orders() -> dict[str, int]:
        return {"orders": 1}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    @app.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    @app.get("/healthz")
    async def healthz() -> int:
        return 1

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()

    return app


def refused(drive: Any, guard: Guard, path: str = "/orders", **request: Any) -> Any:
    """Send one request; return status, problem, and what the access line says of the guard."""
    app = shop()
    with capture(app, clock=FrozenClock(), id_source=CountedIds(), guard=guard) as lines:
        answer = drive(app, path, **request)
    (line,) = lines.access
    told = (line["level"], line.get("guard"), line.get("reason"))
    return answer.status, json.loads(answer.body), told


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": MADE,
    }


# --- hosts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        b"api.shop.example",
        b"API.shop.example:8443",
        b"api.shop.example.",
        b"x.eu.example",
        b"a.b.eu.example",
    ],
)
def test_known_host_names_come_in(drive: Any, host: bytes) -> None:
    """Case, port and a final dot do not matter; a star stands for any number of labels."""
    app = shop()
    guard = Guard(hosts=["api.shop.example", "*.eu.example"])
    with capture(app, guard=guard):
        assert drive(app, "/orders", headers=[(b"host", host)]).status == 200


@pytest.mark.parametrize(
    ("headers", "reason", "detail"),
    [
        (
            [(b"host", b"evil.example")],
            "unknown",
            "This service does not answer to that host name.",
        ),
        ([(b"host", b"eu.example")], "unknown", "This service does not answer to that host name."),
        ([(b"host", b"10.0.0.7")], "unknown", "This service does not answer to that host name."),
        ([(b"host", b"api.shop.example@evil")], "invalid", "The Host header is malformed."),
        ([(b"host", b"\xff\xfe")], "invalid", "The Host header is malformed."),
        ([(b"host", b"")], "invalid", "The Host header is malformed."),
        ([], "missing", "The request has no Host header."),
    ],
)
def test_other_host_names_are_refused(
    drive: Any, headers: list[tuple[bytes, bytes]], reason: str, detail: str
) -> None:
    """The answer is a problem with the id; the line is INFO and says which guard and why."""
    guard = Guard(hosts=["api.shop.example", "*.eu.example"])
    assert refused(drive, guard, headers=headers) == (
        400, problem(400, "Bad Request", detail), ("INFO", "hosts", reason),
    )  # fmt: skip


def test_a_probe_may_be_asked_by_address_and_by_no_unknown_name(drive: Any) -> None:
    """Kubernetes asks a pod's address; that opens the probe's path and no other, to addresses and no names."""
    app = shop()
    with capture(app, guard=Guard(hosts=["api.shop.example"])):
        by_address = drive(app, "/healthz", headers=[(b"host", b"10.0.0.7:8000")])
        by_name = drive(app, "/healthz", headers=[(b"host", b"evil.example")])
    assert (by_address.status, by_name.status) == (200, 400)


# --- CORS ------------------------------------------------------------------------------------------


def test_a_page_may_read_the_answer_an_unhandled_500_and_a_refusal(drive: Any) -> None:
    """All three carry the origin's permission, and the id may be read."""
    app = shop()
    guard = Guard(cors=["https://shop.example"], hosts=["testserver"])
    with capture(app, guard=guard):
        answers = [
            drive(app, "/orders", headers=[(b"host", b"testserver"), SHOP]),
            drive(app, "/broken", headers=[(b"host", b"testserver"), SHOP]),
            drive(app, "/orders", headers=[(b"host", b"evil"), SHOP]),
        ]
    assert [answer.status for answer in answers] == [200, 500, 400]
    for answer in answers:
        assert answer.headers(b"access-control-allow-origin") == [b"https://shop.example"]
        assert answer.headers(b"vary") == [b"Origin"]
        assert answer.headers(b"access-control-expose-headers") == [
            b"x-request-id, ratelimit, ratelimit-policy, retry-after"
        ]


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"https://shop.example.evil", b"\xff"]
)
def test_other_origins_get_no_permission(drive: Any, origin: bytes) -> None:
    """The answer goes out, and the browser keeps it from the page."""
    app = shop()
    with capture(app, guard=Guard(cors="https://shop.example")):
        answer = drive(app, "/orders", headers=[(b"host", b"x"), (b"origin", origin)])
    assert answer.status == 200
    assert answer.headers(b"access-control-allow-origin") == []
    assert answer.headers(b"vary") == [b"Origin"]


def test_a_preflight_is_answered_before_the_application(drive: Any) -> None:
    """A good one with 200 and no remark, a bad one with 400, counted as a refusal."""
    app = shop()
    with capture(app, guard=Guard(cors="https://shop.example")) as lines:
        good = drive(app, "/orders", method="OPTIONS", headers=list(PREFLIGHT))
        bad = drive(
            app, "/orders", method="OPTIONS",
            headers=[(b"origin", b"https://evil.example"), PREFLIGHT[1]],
        )  # fmt: skip
    assert (good.status, bad.status) == (200, 400)
    assert good.headers(b"access-control-allow-origin") == [b"https://shop.example"]
    assert [(line.get("guard"), line.get("reason")) for line in lines.access] == [
        (None, None),
        ("cors", "preflight"),
    ]


def test_an_applications_own_vary_stays(drive: Any) -> None:
    """Ours comes as a second one: caches add them up."""
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> Any:
        return Response(headers={"vary": "accept-encoding"})

    with capture(app, guard=Guard(cors="https://shop.example")):
        answer = drive(app, "/", headers=[(b"host", b"x"), SHOP])
    assert answer.headers(b"vary") == [b"accept-encoding", b"Origin"]


def test_any_origin_with_credentials_is_refused_at_set_up() -> None:
    """Any page could act for its visitor; the message says what to do instead."""
    with pytest.raises(SettingsError, match="Name the origins that may"):
        Spine(shop(), guard=Guard(cors="*", cors_credentials=True))


# --- headers ---------------------------------------------------------------------------------------


def security(answer: Any) -> dict[str, str]:
    """Return the security headers of an answer."""
    (start,) = (one for one in answer.sent if one["type"] == "http.response.start")
    ours = (
        "x-content",
        "x-frame",
        "referrer",
        "permissions",
        "cross-origin",
        "content-sec",
        "strict",
    )
    pairs = ((name.decode(), value.decode()) for name, value in start["headers"])
    return {name: value for name, value in pairs if name.startswith(ours)}


def test_security_headers_stand_on_every_answer(drive: Any) -> None:
    """On a 200, a 404 and a 500 alike; over plain HTTP without HSTS."""
    app = shop()
    with capture(app, guard=True):
        found = [security(drive(app, path)) for path in ("/orders", "/nowhere", "/broken")]
    assert found[0] == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
    }
    assert found[1:] == [found[0], found[0]]


def test_hsts_is_said_over_tls_only(drive: Any) -> None:
    """RFC 6797 section 7.2."""
    app = shop()
    with capture(app, guard=True):
        answer = drive(app, "/orders", scheme="https")
    assert answer.headers(b"strict-transport-security") == [b"max-age=31536000; includeSubDomains"]


def test_documentation_pages_have_a_policy_of_their_own(drive: Any) -> None:
    """Wherever the application has put them; nobody else's page may load from the content network."""
    app = shop(docs_url="/internal/docs")
    with capture(app, guard=True):
        docs = security(drive(app, "/internal/docs"))["content-security-policy"]
        usual = security(drive(app, "/docs"))["content-security-policy"]
    assert "https://cdn.jsdelivr.net" in docs
    assert "jsdelivr" not in usual


def test_single_headers_can_be_changed_and_left_out(drive: Any) -> None:
    """What the application says itself wins over both."""
    app = FastAPI()

    @app.get("/")
    async def index() -> Any:
        return Response(headers={"Referrer-Policy": "no-referrer"})

    changes = {"X-Frame-Options": "SAMEORIGIN", "permissions-policy": "off", "x-extra": "1"}
    with capture(app, guard=Guard(headers=changes)):
        answer = drive(app, "/")
    found = security(answer)
    assert found["x-frame-options"] == "SAMEORIGIN"
    assert "permissions-policy" not in found
    assert (answer.headers(b"x-extra"), answer.headers(b"referrer-policy")) == (
        [b"1"],
        [b"no-referrer"],
    )


def test_headers_can_be_switched_off(drive: Any) -> None:
    """The other guards go on without them."""
    app = shop()
    with capture(app, guard=Guard(headers=False, hosts="testserver")):
        assert security(drive(app, "/orders")) == {}


# --- rates -----------------------------------------------------------------------------------------


def test_a_caller_over_the_rate_is_told_when_to_come_back(drive: Any) -> None:
    """Every answer says where the caller stands; the one too many is a 429, and others are not touched."""
    app = shop()
    clock = FrozenClock()
    with capture(app, clock=clock, guard=Guard(rate="2/minute", rate_window="fixed")) as lines:
        answers = [drive(app, "/orders") for _ in range(3)]
        other = drive(app, "/orders", client=("198.51.100.9", 1))
        clock.advance(60)
        later = drive(app, "/orders")
    assert [answer.status for answer in (*answers, other, later)] == [200, 200, 429, 200, 200]
    assert [answer.headers(b"ratelimit") for answer in answers] == [
        [b'"default";r=1;t=59'], [b'"default";r=0;t=59'], [b'"default";r=0;t=59'],
    ]  # fmt: skip
    assert answers[0].headers(b"ratelimit-policy") == [b'"default";q=2;w=60']
    assert answers[2].headers(b"retry-after") == [b"59"]
    line = lines.access[2]
    assert (line["level"], line["guard"], line["reason"], line["status"]) == (
        "INFO", "rate", "over_limit", 429,
    )  # fmt: skip


def test_a_404_and_a_500_count_and_say_so(drive: Any) -> None:
    """Whoever tries paths or breaks things is limited too."""
    app = shop()
    with capture(app, clock=FrozenClock(), guard=Guard(rate="2/minute")):
        answers = [drive(app, path) for path in ("/nowhere", "/broken", "/orders")]
    assert [answer.status for answer in answers] == [404, 500, 429]
    assert all(answer.headers(b"ratelimit") for answer in answers)


def test_paths_have_rates_and_costs_of_their_own(drive: Any) -> None:
    """They hold beside the general rate; a path that costs nothing and a probe are not counted."""
    app = shop()
    guard = Guard(
        rate="10/minute", rate_paths={"/upload": "1/minute"}, rate_costs={"/orders": 5, "/free": 0}
    )
    with capture(app, clock=FrozenClock(), guard=guard):
        uploads = [drive(app, "/upload", method="POST") for _ in range(2)]
        free = [drive(app, path) for path in ("/free", "/healthz")]
        orders = [drive(app, "/orders") for _ in range(2)]
    assert [one.status for one in uploads] == [200, 429]
    assert uploads[0].headers(b"ratelimit-policy") == [b'"default";q=10;w=60, "/upload";q=1;w=60']
    assert [one.headers(b"ratelimit") for one in free] == [[], []]
    assert [one.status for one in orders] == [200, 429]


def test_callers_are_told_apart_by_a_header_or_their_network(drive: Any) -> None:
    """One key has one rate wherever it is used; without a key the address counts, of IPv6 the subscriber's /64."""
    app = shop()
    with capture(
        app, clock=FrozenClock(), guard=Guard(rate="1/minute", rate_by="header:x-api-key")
    ):
        key = [(b"host", b"x"), (b"x-api-key", b"k1")]
        statuses = [
            drive(app, "/orders", headers=key).status,
            drive(app, "/orders", headers=key, client=("198.51.100.9", 1)).status,
            drive(app, "/orders", client=("2001:db8:1:2::1", 1)).status,
            drive(app, "/orders", client=("2001:db8:1:2:ffff::9", 1)).status,
            drive(app, "/orders", client=("2001:db8:1:3::1", 1)).status,
            drive(app, "/orders", client=None).status,
        ]
    assert statuses == [200, 429, 200, 429, 200, 200]


def test_a_websocket_over_the_rate_is_refused(drive: Any) -> None:
    """Servers turn the close before the accept into a 403; where they can say more, it is a 429."""
    app = shop()
    with capture(app, clock=FrozenClock(), guard=Guard(rate="1/minute")) as lines:
        first = drive.websocket(app, "/live", [{"type": "websocket.connect"}, CLOSED])
        second = drive.websocket(app, "/live", [{"type": "websocket.connect"}, CLOSED])
        third = drive.websocket(
            app, "/live", [{"type": "websocket.connect"}],
            extensions={"websocket.http.response": {}},
        )  # fmt: skip
    assert first.headers(b"ratelimit") == [b'"default";r=0;t=59']
    assert [one["type"] for one in second.sent] == ["websocket.close"]
    assert third.status == 429
    assert [line.get("guard") for line in lines.access] == [None, "rate", "rate"]


def test_a_stream_says_where_the_caller_stands(drive: Any) -> None:
    """The headers go out with its first message, long before its end; so does a stream's that breaks off."""
    app = FastAPI()

    async def parts(*, broken: bool) -> Any:
        yield b"one"
        if broken:
            raise RuntimeError
        yield b"two"

    @app.get("/stream")
    async def stream(broken: bool = False) -> Any:
        return StreamingResponse(parts(broken=broken))

    with capture(app, clock=FrozenClock(), guard=Guard(rate="2/minute")):
        answers = [drive(app, "/stream", query_string=query) for query in (b"", b"broken=1", b"")]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers(b"ratelimit") for answer in answers] == [
        [b'"default";r=1;t=59'], [b'"default";r=0;t=59'], [b'"default";r=0;t=59'],
    ]  # fmt: skip
    assert [len(answer.headers(b"ratelimit-policy")) for answer in answers] == [1, 1, 1]


def test_a_flood_is_refused_whole_and_told_in_parts(drive: Any) -> None:
    """Ten lines in ten seconds; the next one says how many it stands for."""
    app = shop()
    clock = FrozenClock()
    with capture(app, clock=clock, guard=Guard(rate="1/day")) as lines:
        statuses = [drive(app, "/orders").status for _ in range(31)]
        clock.advance(11)
        drive(app, "/orders")
    assert statuses == [200] + [429] * 30
    told = [line for line in lines.access if line.get("guard") == "rate"]
    assert len(told) == 11
    assert told[-1]["skipped"] == 20


# --- sizes and time ----------------------------------------------------------------------------------


def test_a_declared_body_beyond_the_limit_is_not_read(drive: Any) -> None:
    """413 at once, and the connection ends: what would follow is no request."""
    found = refused(
        drive,
        Guard(body=10),
        "/upload",
        method="POST",
        body=b"x" * 11,
        headers=[(b"content-length", b"11")],
    )
    detail = "The body is larger than 10 bytes."
    status, said, told = found
    assert (status, said["detail"], told) == (413, detail, ("INFO", "body", "declared_too_large"))


@pytest.mark.parametrize(("sizes", "status"), [((5, 5), 200), ((5, 6), 413), ((11,), 413)])
def test_a_growing_body_is_cut_off_at_the_limit(
    drive: Any, sizes: tuple[int, ...], status: int
) -> None:
    """The application reads as much as is allowed; the answer is one, and ours."""
    app = shop()
    last = len(sizes) - 1
    events = [
        {"type": "http.request", "body": b"x" * size, "more_body": place < last}
        for place, size in enumerate(sizes)
    ]
    headers = [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    with capture(app, guard=Guard(body=10)):
        answer = drive(app, "/upload", method="POST", events=events, headers=headers)
    assert (answer.status, answer.raised) == (status, None)
    assert [one["type"] for one in answer.sent] == ["http.response.start", "http.response.body"]


def test_an_application_with_a_limit_of_its_own_keeps_it(drive: Any) -> None:
    """Ours stands down."""
    app = shop(max_body_size=20)
    with capture(app, guard=Guard(body=10)):
        headers = [(b"host", b"x"), (b"content-length", b"15")]
        answer = drive(app, "/upload", method="POST", body=b"x" * 15, headers=headers)
    assert answer.status == 200


def test_an_answer_that_does_not_begin_in_time_is_a_503(drive: Any) -> None:
    """The endpoint is cancelled; the line is a WARNING with the guard's name, never an ERROR."""
    found = refused(drive, Guard(deadline=0.01), "/never")
    detail = "The answer did not begin within 0.01 s."
    assert found == (
        503, problem(503, "Service Unavailable", detail), ("WARNING", "deadline", "no_answer_in_time"),
    )  # fmt: skip


def test_somebody_elses_cancellation_is_not_ours(drive: Any) -> None:
    """A task that its server cancels ends cancelled, and no answer is made up."""
    app = shop()

    async def cancelled() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http", "method": "GET", "path": "/never", "headers": [], "query_string": b"",
            "http_version": "1.1", "scheme": "http", "root_path": "", "state": {},
        }  # fmt: skip
        task = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sent

    with capture(app, guard=Guard(deadline=60)):
        assert asyncio.run(cancelled()) == []


# --- proxies -----------------------------------------------------------------------------------------


def clients(drive: Any, proxies: list[str], peer: str, *headers: tuple[bytes, bytes]) -> Any:
    """Send one request through a proxy; return whom the application sees, and by which scheme."""
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> str:
        return f"{request.client.host if request.client else None} {request.url.scheme}"

    with capture(app, guard=Guard(proxies=proxies)):
        answer = drive(app, "/", client=(peer, 1), headers=[(b"host", b"x"), *headers])
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("peer", "headers", "seen"),
    [
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"1.2.3.4, 198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9, 10.0.0.2")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9:4711")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"[2001:db8::9]:4711")], "2001:db8::9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"<script>")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9, unknown")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-proto", b"https")], "10.0.0.1 https"),
        ("10.0.0.1", [(b"x-forwarded-proto", b"gopher")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"forwarded", b'for="[2001:db8::9]:47";proto=https, for=10.0.0.2')], "2001:db8::9 https"),
        ("10.0.0.1", [(b"forwarded", b"for=198.51.100.9;proto=https"), (b"x-forwarded-for", b"1.1.1.1")], "198.51.100.9 https"),
        ("203.0.113.5", [(b"x-forwarded-for", b"198.51.100.9")], "203.0.113.5 http"),
        ("203.0.113.5", [(b"x-forwarded-proto", b"https")], "203.0.113.5 http"),
    ],
)  # fmt: skip
def test_forwarded_headers_are_believed_from_known_proxies_only(
    drive: Any, peer: str, headers: list[tuple[bytes, bytes]], seen: str
) -> None:
    """From right to left; the nearest address that is no proxy of ours is the caller."""
    assert clients(drive, ["10.0.0.0/8"], peer, *headers) == seen


# --- all of them ---------------------------------------------------------------------------------------


def test_refusals_are_counted_by_guard_and_reason(drive: Any) -> None:
    """`http_guard_refusals_total` on the metrics page."""
    app = shop()
    guard = Guard(hosts="testserver", rate="1/minute")
    with capture(app, clock=FrozenClock(), guard=guard):
        for host in (b"evil", b"testserver", b"testserver"):
            drive(app, "/orders", headers=[(b"host", host)])
        page = drive(app, "/metrics", client=("127.0.0.1", 1), headers=[(b"host", b"localhost")])
    refusals = [line for line in page.body.decode().splitlines() if line.startswith("http_guard")]
    assert refusals == [
        'http_guard_refusals_total{guard="hosts",reason="unknown"} 1',
        'http_guard_refusals_total{guard="rate",reason="over_limit"} 1',
    ]


def test_a_fault_of_a_guard_lets_the_request_pass(
    drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is caught and counted: a broken guard is no reason for an outage."""

    def broken(*_arguments: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Hosts, "judge", broken)
    app = shop()
    with capture(app, guard=Guard(hosts="other")) as lines:
        answer = drive(app, "/orders")
        faults = dict(lines.spine.health.internal_errors)
    assert (answer.status, faults) == (200, {"guard": 1})


def test_without_a_guard_nothing_is_added(drive: Any) -> None:
    """The door stands open unless somebody asks for one."""
    app = shop()
    with capture(app):
        assert security(drive(app, "/orders")) == {}
