"""The route of a request is its template: finite, prefixes included, at the same cost for any number of routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from fastapi_spine.request.route import route_template
from fastapi_spine.testing import capture


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("foreign")(scope, receive, send)


def endpoint(request: Any) -> PlainTextResponse:
    return PlainTextResponse("ok")


def fastapi_app(files: Path) -> FastAPI:
    app = FastAPI()
    orders, users, deep = APIRouter(), APIRouter(prefix="/users"), APIRouter()

    @deep.get("/x/{y}")
    def x(y: str) -> str:
        return y

    @orders.get("/orders/{order_id}")
    def order(order_id: int) -> int:
        return order_id

    @users.get("/{user_id}")
    def user(user_id: int) -> int:
        return user_id

    users.include_router(orders, prefix="/{user_id}")
    app.include_router(users, prefix="/v1")
    app.include_router(users, prefix="/v2")
    sub = FastAPI()
    sub.include_router(deep, prefix="/r")

    @sub.get("/in/{y}")
    def inside(y: str) -> str:
        return y

    app.mount("/sub", sub)
    app.mount("/tenants/{tenant}", sub)
    app.mount("/static", StaticFiles(directory=files))
    app.mount("/foreign", foreign)
    app.add_route("/plain/{name}", endpoint)

    @app.get("/files/{path:path}")
    def file(path: str) -> str:
        return path

    return app


@pytest.mark.parametrize(
    ("path", "method", "status", "route"),
    [
        ("/v1/users/3", "GET", 200, "/v1/users/{user_id}"),
        ("/v2/users/3", "GET", 200, "/v2/users/{user_id}"),
        ("/v1/users/3/orders/4", "GET", 200, "/v1/users/{user_id}/orders/{order_id}"),
        ("/v1/users/x", "GET", 422, "/v1/users/{user_id}"),
        ("/sub/in/2", "GET", 200, "/sub/in/{y}"),
        ("/sub/in/sub", "GET", 200, "/sub/in/{y}"),
        ("/sub/r/x/2", "GET", 200, "/sub/r/x/{y}"),
        ("/tenants/acme/in/acme", "GET", 200, "/tenants/{tenant}/in/{y}"),
        ("/tenants/acme/in/2", "GET", 200, "/tenants/{tenant}/in/{y}"),
        ("/tenants/tenants/in/2", "GET", 200, "/tenants/{tenant}/in/{y}"),
        ("/files/a/b/c", "GET", 200, "/files/{path:path}"),
        ("/static/a.txt", "GET", 200, "/static/{path}"),
        ("/static/no.txt", "GET", 404, "/static/{path}"),
        ("/foreign/any/thing", "GET", 200, "/foreign/{path}"),
        ("/plain/me", "GET", 200, "/plain/{name}"),
        ("/docs", "GET", 200, "/docs"),
        ("/v1/users/3", "POST", 405, "/v1/users/{user_id}"),
        ("/v1/users/3", "HEAD", 405, "/v1/users/{user_id}"),
        ("/v1/users/3/", "GET", 307, "__unmatched__"),
        ("/nowhere", "GET", 404, "__unmatched__"),
        ("/sub/nowhere", "GET", 404, "__unmatched__"),
        ("/wp-login.php", "GET", 404, "__unmatched__"),
    ],
)
def test_the_route_matrix_of_fastapi(
    drive: Any, tmp_path: Path, path: str, method: str, status: int, route: str
) -> None:
    """Included, nested and mounted routers, sub-applications, files, redirects and misses."""
    (tmp_path / "a.txt").write_text("a")
    with capture(app := fastapi_app(tmp_path)) as lines:
        drive(app, path, method=method)
    (line,) = lines.access
    assert (line["status"], line["route"]) == (status, route)


@pytest.mark.parametrize("root_path", ["", "/proxy"])
def test_a_proxys_prefix_is_not_part_of_the_route(
    drive: Any, tmp_path: Path, root_path: str
) -> None:
    """The same service has the same routes wherever a proxy puts it."""
    with capture(app := fastapi_app(tmp_path)) as lines:
        for path in ("/v1/users/3", "/sub/in/2", "/static/x", "/plain/me"):
            drive(app, root_path + path, root_path=root_path)
    assert [line["route"] for line in lines.access] == [
        "/v1/users/{user_id}", "/sub/in/{y}", "/static/{path}", "/plain/{name}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a/1", "/a/{n}"),
        ("/m/b/2", "/m/b/{n}"),
        ("/m/deeper/b/2", "/m/deeper/b/{n}"),
        ("/static/a.txt", "/static/{path}"),
        ("/guarded/b/3", "/guarded/b/{n}"),
        ("/nowhere", "__unmatched__"),
    ],
)
def test_the_route_matrix_of_starlette(drive: Any, tmp_path: Path, path: str, route: str) -> None:
    """Plain Starlette: routes, nested mounts, mounts with a middleware."""
    (tmp_path / "a.txt").write_text("a")
    b = Route("/b/{n}", endpoint)
    app = Starlette(
        routes=[
            Route("/a/{n}", endpoint),
            Mount("/m", routes=[b, Mount("/deeper", routes=[b])]),
            Mount("/static", StaticFiles(directory=tmp_path)),
            Mount("/guarded", routes=[b], middleware=[Middleware(_PassOn)]),
        ]
    )
    with capture(app) as lines:
        drive(app, path)
    assert lines.access[0]["route"] == route


@pytest.mark.parametrize(
    ("path", "params", "route"),
    [
        ("/users/7", {"name": 7}, "/users/{name}"),
        ("/users", {}, "/users"),
        ("/users/users", {"name": "users"}, "__unmatched__"),  # /users/{name} or /{name}/users
        ("/users/8", {"name": 7}, "__unmatched__"),
        ("/a/1/2", {"n": 1, "m": 2}, "/a/{n}/{m}"),
        ("/a/2/2", {"n": 2, "m": 2}, "/a/{n}/{m}"),
        ("/a/1/a", {"n": "1", "m": "a"}, "/a/{n}/{m}"),
        ("/a/b/b/b", {"all": "b/b", "last": "b"}, "/a/{all}/{last}"),
        ("/a/", {"all": ""}, "/a/{all}"),
    ],
)
def test_a_router_that_leaves_no_route_is_named_by_its_parameters(
    path: str, params: dict[str, object], route: str
) -> None:
    """As older Starlette does: where the values stand, if they can stand there in one way only."""
    assert route_template({"endpoint": endpoint, "path": path, "path_params": params}) == route


class _PassOn(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


def test_scanners_make_one_route(drive: Any, tmp_path: Path) -> None:
    """However many paths strangers try, they are one value."""
    with capture(app := fastapi_app(tmp_path)) as lines:
        for number in range(50):
            drive(app, f"/{number}/{'x' * number}.php")
    assert {line["route"] for line in lines.access} == {"__unmatched__"}


@pytest.mark.parametrize(
    "scope",
    [
        {"route": object()},
        {"route": type("R", (), {"path": 7})()},
        {"route": type("R", (), {"path": "/x", "endpoint": 1})(), "fastapi": "?"},
        {"endpoint": 7},
        {"endpoint": len, "path": None, "path_params": {"a": 1}},
    ],
)
def test_strange_routers_cost_a_name_at_most(drive: Any, scope: dict[str, Any]) -> None:
    """What a framework's next release leaves in the scope can never fail a request."""
    from fastapi_spine import Logs, Spine  # noqa: PLC0415 - only this test wraps

    async def application(inner: Any, receive: Any, send: Any) -> None:
        inner.update(scope)
        await PlainTextResponse("ok")({**inner, "path": "/"}, receive, send)

    wrapped = Spine.wrap(application, logs=Logs(output=lambda _line: None))
    assert drive(wrapped).body == b"ok"
    wrapped.close()
