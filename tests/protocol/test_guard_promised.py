"""Refusals that an objective calls bad: counted for the route they were for, which no router had named."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from guarded import shop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from fastapi_spine import Guard, Metrics, Objective
from fastapi_spine.testing import CapturedLines, FrozenClock, capture

Answered = tuple[int, str]
TOKEN = "a-token-of-sixteen-or-more"


def limited() -> FastAPI:
    """Return an application with routes of every sort, for a guard that lets one request through."""
    app = FastAPI()
    router = APIRouter(prefix="/orders")

    @router.get("/mine")
    async def mine() -> int:
        return 1

    @router.get("/{order_id}")
    async def order(order_id: str) -> str:
        return order_id

    @router.get("/{order}/lines/{line:int}")
    async def line(order: str, line: int) -> str:
        return f"{order} {line}"

    @app.get("/files/{name}.json")
    async def document(name: str) -> str:
        return name

    @app.get("/tree/{place:path}")
    async def tree(place: str) -> str:
        return place

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    app.include_router(router)
    app.mount("/sub", Starlette(routes=[Route("/report", lambda _: PlainTextResponse("ok"))]))
    app.router.routes.append(Mount("/static", app=PlainTextResponse("file")))
    return app


def told(lines: CapturedLines) -> list[Answered]:
    """Return status and route of every access line."""
    return [(line["status"], line["route"]) for line in lines.access]


def asked(app: FastAPI, paths: list[str], objective: Objective, **guard: Any) -> list[Answered]:
    """Ask for some paths, of which the guard refuses all but the first."""
    settings = Guard(rate="1/minute", probes=[], **guard)
    objectives = [objective]
    with (
        capture(app, clock=FrozenClock(), guard=settings, objectives=objectives) as lines,
        TestClient(app) as client,
    ):
        for path in paths:
            client.get(path)
    return told(lines)


def test_an_objective_that_calls_429_bad_sees_the_guards_own() -> None:
    """One is answered and four are refused: line and counter say of which route."""
    app = shop()
    with (
        capture(
            app,
            guard=Guard(rate_paths={"/orders": "1/minute"}),
            metrics=Metrics(token=TOKEN),
            objectives=[Objective("GET /orders", availability=0.9, bad=["5xx", "429"])],
        ) as lines,
        TestClient(app) as client,
    ):
        for _ in range(5):
            client.get("/orders")
        page = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text
    assert told(lines)[:-1] == [(200, "/orders"), *[(429, "/orders")] * 4]
    assert 'http_requests_total{method="GET",path="/orders",status="429"} 4' in page


def test_refusals_that_no_objective_calls_bad_are_nobodys() -> None:
    """As good answers, those of one caller in a loop would hide that everybody else's fail."""
    objective = Objective("GET /orders/*", availability=0.9)
    assert asked(limited(), ["/orders/mine", "/orders/mine"], objective) == [
        (200, "/orders/mine"), (429, "__unmatched__"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/orders/mine", "/orders/mine"),
        ("/orders/7", "/orders/{order_id}"),
        ("/orders/7/lines/3", "/orders/{order}/lines/{line:int}"),
        ("/orders/7/lines/x", "__unmatched__"),
        ("/orders/", "__unmatched__"),
        ("/files/a.json", "/files/{name}.json"),
        ("/tree/a/b/c", "/tree/{place:path}"),
        ("/sub/report", "/sub/report"),
        ("/static/a/b", "/static/{path}"),
        ("/upload", "__unmatched__"),
        ("/nothing", "__unmatched__"),
        ("/orders/" + "a" * 2_000, "__unmatched__"),
    ],
)
def test_a_refusal_has_the_route_that_the_router_would_have_found(path: str, route: str) -> None:
    """Through routers, mounts and convertors; a path that no route of this method answers stays without."""
    objective = Objective("*", availability=0.9, bad=["429"])
    answers = asked(limited(), ["/orders/mine", path], objective)
    assert answers[1] == (429, route)


@pytest.mark.parametrize("path", ["/orders/7", "/api/orders/7"])
@pytest.mark.parametrize("by_server", [True, False])
def test_an_application_below_a_path_has_its_routes(path: str, *, by_server: bool) -> None:
    """Whether the proxy takes that path away or not, and whoever says what it is."""
    app = limited()
    app.root_path = "" if by_server else "/api"
    objective = Objective("GET /orders/{order_id}", availability=0.9, bad=["429"])
    with (
        capture(app, guard=Guard(rate="1/minute"), objectives=[objective]) as lines,
        TestClient(app, root_path="/api" if by_server else "") as client,
    ):
        client.get(path)
        client.get(path)
    assert told(lines) == [(200, "/orders/{order_id}"), (429, "/orders/{order_id}")]


def test_what_an_objective_excludes_stays_without_a_route() -> None:
    """It promised nothing of that."""
    objective = Objective("*", availability=0.9, bad=["429"], exclude=["/orders/mine"])
    answers = asked(limited(), ["/orders/mine", "/orders/mine", "/orders/7"], objective)
    assert [route for _, route in answers] == [
        "/orders/mine", "__unmatched__", "/orders/{order_id}",
    ]  # fmt: skip


def test_a_body_refused_by_its_length_is_one_of_its_route() -> None:
    """As one that was refused while it came."""
    app = limited()
    objective = Objective("POST /upload", availability=0.9, bad=["413"])
    with (
        capture(app, guard=Guard(body="10b"), objectives=[objective]) as lines,
        TestClient(app) as client,
    ):
        client.post("/upload", content=b"a" * 11)
        client.post("/upload", content=iter([b"a" * 11]))
    assert told(lines) == [(413, "/upload"), (413, "/upload")]


def test_a_store_out_of_reach_is_an_outage_of_every_promised_route() -> None:
    """With `rate_failure="closed"` nobody is served; an objective with the usual rule counts that."""
    objective = Objective("GET /orders/{order_id}", availability=0.9)
    answers = asked(
        limited(),
        ["/orders/7", "/orders/mine"],
        objective,
        rate_store="redis://127.0.0.1:9/0",
        rate_failure="closed",
    )
    assert answers == [(503, "/orders/{order_id}"), (503, "__unmatched__")]


def test_another_host_is_no_request_for_a_route() -> None:
    """Whatever an objective calls bad: it was not for this service."""
    app = shop()
    objective = Objective("*", availability=0.9, bad=["4xx"])
    with (
        capture(app, guard=Guard(hosts=["api.example"]), objectives=[objective]) as lines,
        TestClient(app) as client,
    ):
        client.get("/orders")
    assert told(lines) == [(400, "__unmatched__")]
