"""The door, from outside: who is let in, from which page, and what is told of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request
from guarded import problem, refused, security, shop
from starlette.responses import Response

from fastapi_spine import Guard, SettingsError, Spine
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.testing import FrozenClock, capture

SHOP = (b"origin", b"https://shop.example")
PREFLIGHT = (SHOP, (b"access-control-request-method", b"GET"))


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
        ([(b"host", b".eu.example")], "invalid", "The Host header is malformed."),
        ([(b"host", b"a..eu.example")], "invalid", "The Host header is malformed."),
        (
            [(b"host", b"evil.example"), (b"host", b"api.shop.example")],
            "invalid",
            "The request has more than one Host header.",
        ),
        (
            [(b"host", b"api.shop.example"), (b"host", b"api.shop.example")],
            "invalid",
            "The request has more than one Host header.",
        ),
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


@pytest.mark.parametrize(("second", "status"), [(b"api.shop.example", 200), (b"evil", 400)])
def test_over_http_2_a_host_may_be_said_again_and_not_otherwise(
    drive: Any, second: bytes, status: int
) -> None:
    """A server may hand on `:authority` and `host` both."""
    app = shop()
    headers = [(b"host", b"api.shop.example"), (b"host", second)]
    with capture(app, guard=Guard(hosts=["api.shop.example"])):
        assert drive(app, "/orders", headers=headers, http_version="2").status == status


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


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ([(b"origin", b"https://evil.example"), PREFLIGHT[1]], "Disallowed CORS origin."),
        ([SHOP, (b"access-control-request-method", b"BREW")], "Disallowed CORS method."),
    ],
)
def test_a_refused_preflight_looks_like_every_refusal(
    drive: Any, headers: list[tuple[bytes, bytes]], detail: str
) -> None:
    """A problem with the id and one INFO line; what is wrong stands in the detail."""
    guard = Guard(cors="https://shop.example", cors_methods=["GET"])
    assert refused(drive, guard, method="OPTIONS", headers=headers) == (
        400, problem(400, "Bad Request", detail), ("INFO", "cors", "preflight"),
    )  # fmt: skip


@pytest.mark.parametrize("origin", [b"https://shop.example", b"https://evil.example"])
def test_a_preflights_answer_has_the_security_headers(drive: Any, origin: bytes) -> None:
    """As every answer; what it says of CORS it says once."""
    app = shop()
    with capture(app, guard=Guard(cors="https://shop.example")):
        asked = drive(app, "/orders", method="OPTIONS", headers=[(b"origin", origin), PREFLIGHT[1]])
        other = drive(app, "/orders", headers=[(b"host", b"x")])
    assert security(asked) == security(other)
    assert security(asked) != {}
    (vary,) = asked.headers(b"vary")
    assert vary.split(b", ")[0] == b"Origin"
    allowed = [origin] if origin == SHOP[1] else []
    assert asked.headers(b"access-control-allow-origin") == allowed


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
