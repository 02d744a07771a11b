"""How often a caller may ask, from outside: whom a rate counts, and what each answer says of it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from guarded import shop
from starlette.responses import StreamingResponse

from fastapi_spine import Guard
from fastapi_spine.testing import FrozenClock, capture

CLOSED = {"type": "websocket.disconnect", "code": 1000}


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


def test_several_rates_are_told_apart_by_their_names(drive: Any) -> None:
    """A client knows which of the numbers belong to which policy."""
    app = shop()
    guard = Guard(rate=["2/minute", "5/day"], rate_paths={"/orders": ["9/second", "9/10 seconds"]})
    with capture(app, clock=FrozenClock(), guard=guard):
        answer = drive(app, "/orders")
    (policy,), (standing,) = answer.headers(b"ratelimit-policy"), answer.headers(b"ratelimit")
    names = ["default 2/minute", "default 5/day", "/orders 9/second", "/orders 9/10 seconds"]
    assert [part.split(";")[0] for part in policy.decode().split(", ")] == [
        f'"{one}"' for one in names
    ]
    assert [part.split(";")[0] for part in standing.decode().split(", ")] == [
        f'"{one}"' for one in names
    ]


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


@pytest.mark.parametrize(("bits", "status"), [(64, 200), (56, 429)])
def test_a_wider_network_may_be_one_caller(drive: Any, bits: int, status: int) -> None:
    """Whoever has a /56 does not start anew with each of its 256 networks, if that is wanted."""
    app = shop()
    with capture(app, clock=FrozenClock(), guard=Guard(rate="1/minute", rate_ipv6=bits)):
        statuses = [
            drive(app, "/orders", client=(address, 1)).status
            for address in ("2001:db8:1:200::1", "2001:db8:1:2ff::1", "2001:db8:1:300::1")
        ]
    assert statuses == [200, status, 200]


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
