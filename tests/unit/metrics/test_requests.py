"""What is counted of requests, as the page tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, WebSocket
from pydantic import BaseModel, Field

from fastapi_spine import Metrics, Spine, policy
from fastapi_spine.install.given import Given
from fastapi_spine.testing import CountedIds, FrozenClock


class Part(BaseModel):
    """A model with an alias, a list and a dictionary whose keys are the caller's."""

    size: Annotated[int, Field(alias="sizeInMm")]


class Order(BaseModel):
    """What is ordered."""

    parts: list[Part]
    prices: dict[str, int] = {}


def shop() -> FastAPI:
    """An application with a route for each way to end."""
    app = FastAPI()
    router = APIRouter(prefix="/api")

    @router.get("/items/{item_id}")
    async def item(item_id: int) -> int:
        if item_id == 404:
            raise HTTPException(404)
        return item_id

    @router.post("/orders")
    async def order(order: Order) -> int:
        return len(order.parts)

    @app.get("/boom")
    async def boom() -> None:
        raise LookupError("private words")

    @app.get("/later")
    async def later(tasks: BackgroundTasks) -> None:
        def fail() -> None:
            raise OSError("too late")

        tasks.add_task(fail)

    @app.websocket("/ws")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    @app.get("/slow/{name}")
    @policy(buckets=[1, 2])
    async def slow(name: str) -> str:
        return name

    app.include_router(router)
    return app


@pytest.fixture(name="app")
def _app() -> Iterator[FastAPI]:
    app = shop()
    spine = Spine(app)
    yield app
    spine.close()


def test_requests_are_counted_by_method_route_and_status(app: FastAPI, asked: Any) -> None:
    """Templates, not paths; strangers' paths and methods are one value each."""
    shop = asked(app)
    for path in ("/api/items/1", "/api/items/2", "/api/items/404", "/api/items/x", "/nope", "/no"):
        shop.get(path)
    shop.send("BREW", "/api/items/1")
    shop.get("/boom")
    assert shop.numbers("http_requests_total") == {
        'http_requests_total{method="GET",path="/api/items/{item_id}",status="200"}': 2,
        'http_requests_total{method="GET",path="/api/items/{item_id}",status="404"}': 1,
        'http_requests_total{method="GET",path="/api/items/{item_id}",status="422"}': 1,
        'http_requests_total{method="GET",path="__unmatched__",status="404"}': 2,
        'http_requests_total{method="_OTHER",path="/api/items/{item_id}",status="405"}': 1,
        'http_requests_total{method="GET",path="/boom",status="500"}': 1,
    }


def test_exceptions_are_counted_by_class(app: FastAPI, asked: Any) -> None:
    """Also those of background tasks; never their words."""
    shop = asked(app)
    shop.get("/boom")
    shop.get("/later")
    assert shop.numbers("http_request_exceptions_total") == {
        'http_request_exceptions_total{path="/boom",exception="LookupError"}': 1,
        'http_request_exceptions_total{path="/later",exception="OSError"}': 1,
    }
    assert "private words" not in shop.get("/metrics").text


def test_validation_errors_keep_only_names_that_the_route_declares(
    app: FastAPI, asked: Any
) -> None:
    """Aliases and nested models stay; places in lists and a caller's own keys become a star."""
    shop = asked(app)
    body = {"parts": [{"sizeInMm": "hunter2"}, {}], "prices": {"hunter2": "x", "status": "y"}}
    shop.send("POST", "/api/orders", json=body)
    shop.get("/api/items/hunter2")
    prefix = 'http_validation_errors_total{path="/api/orders",loc='
    assert shop.numbers("http_validation_errors_total") == {
        f'{prefix}"body.parts.*.sizeInMm",type="int_parsing"}}': 1,
        f'{prefix}"body.parts.*.sizeInMm",type="missing"}}': 1,
        f'{prefix}"body.prices.*",type="int_parsing"}}': 2,
        'http_validation_errors_total{path="/api/items/{item_id}",loc="path.item_id",'
        'type="int_parsing"}': 1,
    }
    assert "hunter2" not in shop.get("/metrics").text


def test_durations_fall_into_buckets(asked: Any) -> None:
    """A request that took 70 ms counts from the bucket of 100 ms on, and its 70 ms are in the sum."""
    clock = FrozenClock()
    app = FastAPI()

    @app.get("/quick")
    async def quick() -> None:
        clock.advance(0.07)

    spine = Spine(app, given=Given(clock), metrics=Metrics(buckets=[0.05, 0.1, 1], runtime=False))
    ours = asked(app)
    ours.get("/quick")
    name = "http_request_duration_seconds"
    numbers = ours.numbers(f"{name}_bucket", f"{name}_sum", f"{name}_count")
    spine.close()
    assert numbers == {
        f'{name}_bucket{{method="GET",path="/quick",le="0.05"}}': 0,
        f'{name}_bucket{{method="GET",path="/quick",le="0.1"}}': 1,
        f'{name}_bucket{{method="GET",path="/quick",le="1.0"}}': 1,
        f'{name}_bucket{{method="GET",path="/quick",le="+Inf"}}': 1,
        f'{name}_count{{method="GET",path="/quick"}}': 1,
        f'{name}_sum{{method="GET",path="/quick"}}': pytest.approx(0.07),
    }


def test_routes_may_have_buckets_of_their_own(asked: Any) -> None:
    """By pattern in the settings, by policy at the route, else everybody's."""
    app = shop()
    spine = Spine(
        app, metrics=Metrics(buckets=[0.5, 3], path_buckets={"/api/*": [0.25], "/boom": [9]})
    )
    ours = asked(app)
    for path in ("/api/items/1", "/slow/x", "/boom", "/nope"):
        ours.get(path)
    bounds: dict[str, list[str]] = {}
    for sample in ours.numbers("http_request_duration_seconds_bucket"):
        path, bound = sample.split('path="')[1].split('",le="')
        bounds.setdefault(path, []).append(bound.removesuffix('"}'))
    spine.close()
    assert bounds == {
        "/api/items/{item_id}": ["0.25", "+Inf"],
        "/slow/{name}": ["1.0", "2.0", "+Inf"],
        "/boom": ["9.0", "+Inf"],
        "__unmatched__": ["0.5", "3.0", "+Inf"],
    }


def test_names_of_semantic_conventions_instead(asked: Any) -> None:
    """`names="otel"`: stable names only; error type and status as the conventions say."""
    app = shop()
    spine = Spine(app, metrics=Metrics(names="otel"))
    ours = asked(app)
    ours.get("/api/items/1")
    ours.get("/boom")
    counted = ours.numbers("http_server_request_duration_seconds_count")
    text = ours.get("/metrics").text
    spine.close()
    assert counted == {
        'http_server_request_duration_seconds_count{http_request_method="GET",'
        'http_route="/api/items/{item_id}",http_response_status_code="200",error_type="",'
        'url_scheme="http"}': 1,
        'http_server_request_duration_seconds_count{http_request_method="GET",'
        'http_route="/boom",http_response_status_code="500",error_type="LookupError",'
        'url_scheme="http"}': 1,
    }
    assert "http_requests_total" not in text
    assert "http_request_duration_seconds" not in text


def test_both_names_for_the_time_of_a_migration(asked: Any) -> None:
    """`names="both"` counts each request under both."""
    app = shop()
    spine = Spine(app, metrics=Metrics(names="both", response_size=True))
    ours = asked(app)
    ours.get("/api/items/1")
    text = ours.get("/metrics").text
    spine.close()
    assert "\nhttp_requests_total{" in text
    assert "\nhttp_server_request_duration_seconds_count{" in text
    assert '\nhttp_response_size_bytes_sum{method="GET",path="/api/items/{item_id}"} 1\n' in text


def test_exemplars_name_the_last_request(asked: Any) -> None:
    """Counter and bucket carry trace and span id of the request that the caller's header began."""
    app = shop()
    spine = Spine(app)
    ours = asked(app)
    trace = "0af7651916cd43dd8448eb211c80319c"
    ours.get("/api/items/1", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    counters = ours.examples("http_requests_total")
    buckets = ours.examples("http_request_duration_seconds_bucket")
    spine.close()
    assert [one["trace_id"] for one in counters.values()] == [trace]
    assert [one["trace_id"] for one in buckets.values()] == [trace]
    assert all(len(one["span_id"]) == 16 for one in counters.values())


def test_the_page_never_counts_itself(app: FastAPI, asked: Any) -> None:
    """Scrapes leave no series and are not in progress."""
    ours = asked(app)
    ours.get("/metrics")
    numbers = ours.numbers()
    assert not [name for name in numbers if name.startswith("http_requests_total")]
    assert not [name for name in numbers if name.startswith("http_requests_in_progress")]


def test_requests_in_progress_never_leak(asked: Any) -> None:
    """While one is served it is counted; after completion, failure and cancellation it is not."""
    app = shop()
    began = asyncio.Event()

    @app.get("/wait")
    async def wait() -> None:
        began.set()
        await asyncio.Event().wait()

    spine = Spine(app)
    ours = asked(app)
    found: list[dict[str, float]] = []

    async def scenario() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await client.get("/boom")
            task = asyncio.create_task(client.get("/wait"))
            await began.wait()
            page = (await client.get("/metrics")).text
            found.append({"open": float(_line(page, "http_requests_in_progress"))})
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(scenario())
    numbers = ours.numbers("http_requests_in_progress")
    spine.close()
    assert found == [{"open": 1.0}]
    assert numbers == {'http_requests_in_progress{method="GET"}': 0}


def _line(page: str, name: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"{name}{{")).split()[-1]


def test_websockets_have_numbers_of_their_own(app: FastAPI, asked: Any, drive: Any) -> None:
    """A connection is no request: its duration would spoil theirs."""
    drive.websocket(app, "/ws", [{"type": "websocket.connect"}])
    numbers = asked(app).numbers(
        "websocket_connection_duration_seconds_count", "http_requests_total"
    )
    assert numbers == {'websocket_connection_duration_seconds_count{path="/ws"}': 1}


def test_a_metric_has_a_limited_number_of_series(asked: Any) -> None:
    """What comes after the limit is counted in one series, so the sum is right; a counter says so."""
    app = FastAPI()
    for number in range(30):
        app.get(f"/r{number}")(lambda: 1)
    spine = Spine(app, metrics=Metrics(series_limit=10))
    ours = asked(app)
    for number in range(30):
        ours.get(f"/r{number}")
    requests = ours.numbers("http_requests_total")
    overflow = ours.numbers("spine_metric_series_overflow_total")
    spine.close()
    assert len(requests) == 11
    assert sum(requests.values()) == 30
    other = "__overflow__"
    assert (
        requests[f'http_requests_total{{method="{other}",path="{other}",status="{other}"}}'] == 20
    )
    assert overflow['spine_metric_series_overflow_total{metric="http_requests"}'] == 20


def test_every_observation_beyond_the_limit_is_said(asked: Any) -> None:
    """Also where series of unknown methods took the room, and again when the same route is asked again."""
    app = FastAPI()
    for number in range(20):
        app.get(f"/r{number}")(lambda: 1)
    spine = Spine(app, metrics=Metrics(series_limit=10))
    ours = asked(app)
    for number in range(10):
        ours.send("BREW", f"/r{number}")
    for _ in range(3):
        ours.get("/r15")
    overflow = ours.numbers("spine_metric_series_overflow_total")
    spine.close()
    assert overflow == {
        'spine_metric_series_overflow_total{metric="http_requests"}': 3,
        'spine_metric_series_overflow_total{metric="http_request_duration_seconds"}': 3,
    }


def test_an_attack_with_methods_paths_and_hosts_adds_no_series(
    app: FastAPI, asked: Any, drive: Any
) -> None:
    """A thousand strange requests are two series."""
    for number in range(500):
        drive(app, f"/scan/{number}.php", headers=[(b"host", b"h%d.example" % number)])
        drive(app, "/scan", method=f"M{number}")
    assert asked(app).numbers("http_requests_total") == {
        'http_requests_total{method="GET",path="__unmatched__",status="404"}': 500,
        'http_requests_total{method="_OTHER",path="__unmatched__",status="404"}': 500,
    }


def test_counting_can_be_switched_off(asked: Any) -> None:
    """`metrics=False`: no page, no numbers, the application's own 404."""
    app = shop()
    spine = Spine(app, metrics=False)
    answer = asked(app).get("/metrics")
    spine.close()
    assert answer.json() == {"detail": "Not Found"}


def test_frozen_time_gives_the_same_page_twice(asked: Any) -> None:
    """With clock and ids that stand still, two runs write the same numbers of requests."""
    pages = []
    for _ in range(2):
        app = shop()
        spine = Spine(app, given=Given(FrozenClock(), CountedIds()), metrics=Metrics(runtime=False))
        ours = asked(app)
        ours.get("/api/items/1")
        pages.append(ours.numbers("http_request_duration_seconds_sum", "http_requests_total"))
        spine.close()
    assert pages[0] == pages[1] != {}
