"""Promises beside routes: found, checked at start-up, counted from zero, told to receivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from fastapi_spine import Metrics, Objective, SettingsError, Spine, policy
from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Health
from fastapi_spine.install.given import Given
from fastapi_spine.install.promising import Promising
from fastapi_spine.request.routes import route_table


def shop() -> FastAPI:
    """Return a shop with routes of every sort."""
    app = FastAPI(title="shop")
    router = APIRouter(prefix="/orders")

    @router.get("/{order_id}")
    @policy(objective=Objective(availability=0.999, latency=("300ms", 0.99)))
    async def order(order_id: int) -> dict[str, int]:
        return {"order": order_id}

    @router.post("")
    async def place() -> None:
        raise RuntimeError

    outer = APIRouter(prefix="/v1")
    outer.include_router(router)
    app.include_router(outer)

    @app.websocket("/live")
    async def live(websocket: Any) -> None: ...

    inner = Starlette(routes=[Route("/report", lambda _: PlainTextResponse("ok"))])
    app.mount("/sub", inner)
    app.router.routes.append(Mount("/files", app=PlainTextResponse("file")))
    return app


@contextmanager
def serving(app: FastAPI, **keywords: Any) -> Iterator[TestClient]:
    """Serve an application with a layer until the block ends."""
    spine = Spine(app, given=Given(sink=None), logs=False, **keywords)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client
    finally:
        spine.close()


class Told:
    """Takes what would go to receivers, and what would be counted."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.counted: list[tuple[str, str, float | None]] = []

    def declare(self, attributes: Any) -> None:
        """Take attributes."""
        self.attributes.update(attributes)

    def promised(self, method: str, route: str, threshold_s: float | None, _buckets: Any) -> None:
        """Take a route."""
        self.counted.append((method, route, threshold_s))


def test_routes_are_read_through_routers_and_mounts() -> None:
    """Templates are those that metrics and spans show."""
    table = route_table(shop())
    found = {(tuple(sorted(one.methods)), one.path) for one in table.routes}

    assert table.whole
    assert (("GET",), "/v1/orders/{order_id}") in found
    assert (("POST",), "/v1/orders") in found
    assert (("GET", "HEAD"), "/sub/report") in found
    assert ((), "/files/{path}") in found
    assert not any(path == "/live" for _, path in found)


@pytest.mark.parametrize(
    ("target", "fix"),
    [
        ("GET /v1/orders/{id}", "did you mean 'GET /v1/orders/{order_id}'?"),
        ("GET /v1/orders", "did you mean 'GET /v1/orders/{order_id}'?"),
        ("DELETE /v1/orders/{order_id}", "GET /v1/orders/{order_id}"),
        ("/nothing/*", "known are"),
    ],
)
def test_an_objective_that_matches_no_route_keeps_the_application_from_starting(
    target: str, fix: str
) -> None:
    """It would read 100 % for ever; the error names the nearest route."""
    with (
        pytest.raises(SettingsError, match="matches no route") as caught,
        serving(shop(), objectives=[Objective(target, availability=0.99)]),
    ):
        pass

    assert fix in str(caught.value)


def test_an_applications_own_shutdown_runs_when_it_must_not_start() -> None:
    """The error is raised inside the application's lifespan, so that what was opened is closed."""
    steps = []

    async def lifespan(_app: FastAPI) -> Any:
        steps.append("open")
        try:
            yield
        finally:
            steps.append("closed")

    app = FastAPI(lifespan=lifespan)
    with (
        pytest.raises(SettingsError),
        serving(app, objectives=[Objective("/nothing", availability=0.99)]),
    ):
        pass

    assert steps == ["open", "closed"]


def test_objectives_of_routes_are_told_with_their_targets() -> None:
    """Receivers of telemetry find every promise on the resource, those of policies included."""
    told = Told()
    promising = Promising(
        shop(),
        [Objective("/v1/orders", availability=0.99)],
        "shop",
        Health(SystemClock()),
        counting=told,
        declaring=told,
    )
    promising.check()

    assert json.loads(told.attributes["spine.objectives"]) == [
        {"target": ["/v1/orders"], "availability": 0.99},
        {
            "target": ["GET /v1/orders/{order_id}"],
            "availability": 0.999,
            "latency": [0.3, 0.99],
        },
    ]
    assert told.counted == [
        ("GET", "/v1/orders/{order_id}", 0.3),
        ("POST", "/v1/orders", None),
        ("GET", "/v1/orders/{order_id}", None),
    ]


def test_a_promised_route_counts_from_zero_and_has_the_thresholds_bucket() -> None:
    """Prometheus sees the first failure, and the line between quick and slow is a bucket's bound."""
    with serving(shop(), metrics=Metrics(token="t" * 16)) as client:
        page = client.get("/metrics", headers={"authorization": f"Bearer {'t' * 16}"}).text

    route = 'path="/v1/orders/{order_id}"'
    assert f'http_requests_total{{method="GET",{route},status="500"}} 0' in page
    assert f'http_request_duration_seconds_bucket{{method="GET",{route},le="0.3"}} 0' in page


def test_objectives_of_a_file_and_of_the_keyword_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOML has them as tables; a promise there is as good as one in code."""
    (tmp_path / "spine.toml").write_text(
        '[[objectives]]\ntarget = "/v1/orders"\navailability = 0.99\nlatency = ["1s", 0.9]\n'
    )
    monkeypatch.chdir(tmp_path)
    spine = Spine(
        shop(),
        given=Given(),
        logs=False,
        objectives=[Objective("GET /v1/orders/{order_id}", availability=0.9)],
    )
    spine.close()

    assert [one.target for one in spine.settings.objectives] == [
        ("/v1/orders",),
        ("GET /v1/orders/{order_id}",),
    ]


def test_what_has_no_routes_to_show_is_served_all_the_same() -> None:
    """Around a bare ASGI callable nothing can be checked; it starts, and a line says so."""

    async def bare(scope: Any, receive: Any, send: Any) -> None: ...

    told = Told()
    Promising(
        bare,
        [Objective("/x", availability=0.9)],
        "shop",
        Health(SystemClock()),
        counting=told,
        declaring=None,
    ).check()

    assert told.counted == []
