"""What `spine doctor` says of an application that hurts itself: each finding alone, and none where nothing is wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse

from fastapi_spine import Guard, Metrics, Redaction
from fastapi_spine.cli.doors import doors
from fastapi_spine.cli.endpoints import endpoints
from fastapi_spine.cli.hazards import hazards
from fastapi_spine.core.conventions import POLICY_ATTRIBUTE
from fastapi_spine.settings.load import load


def said(app: Any, **keywords: Any) -> list[str]:
    """Return what is said, a mark before what is urgent; measured costs are left out."""
    found = hazards(app, load(keywords=keywords).settings)
    marked = [f"{'! ' if one.urgent else ''}{one.what}" for one in found]
    return [re.sub(r"about \d+ µs", "about N µs", text) for text in marked]


class Plain:
    """A pure ASGI middleware that does nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        await self.app(scope, receive, send)


class RequestIdMiddleware(Plain):
    """Named as many projects name theirs."""


class PrometheusMiddleware(Plain):
    """Named as many projects name theirs."""


async def dispatch(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def test_an_application_without_faults_is_not_blamed() -> None:
    """A pure middleware and async endpoints are fine, and so are FastAPI's own sync pages."""
    app = FastAPI()
    app.add_middleware(Plain)

    @app.get("/")
    async def index() -> None: ...

    assert said(app, guard=Guard(cors="https://shop.example")) == []


def test_base_http_middlewares_are_named_with_what_they_cost() -> None:
    """By the function's name where there is one; the cost was measured just now."""
    app = FastAPI()
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    assert said(app) == [
        (
            "! dispatch: BaseHTTPMiddleware costs about N µs a request here, each of them, runs the application in a task "
            "of its own and loses what it sets in context variables. Write it as pure ASGI."
        )
    ]


@pytest.mark.parametrize("origins", [{"allow_origins": ["*"]}, {"allow_origin_regex": ".*"}])
def test_any_origin_with_credentials_is_a_hazard(origins: dict[str, Any]) -> None:
    """Starlette allows it and answers with the visitor's origin; without credentials it is no hazard."""
    open_to_all, careful = FastAPI(), FastAPI()
    open_to_all.add_middleware(CORSMiddleware, allow_credentials=True, **origins)
    careful.add_middleware(CORSMiddleware, **origins)
    assert said(open_to_all) == [
        "! CORSMiddleware: any origin with credentials. Any page can act for its visitor. Name the origins that may."
    ]
    assert said(careful) == []


def test_two_cors_layers_are_one_too_many() -> None:
    """A browser refuses an answer with two permissions."""
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    assert said(app, guard=Guard(cors="https://shop.example")) == [
        (
            "! CORSMiddleware: the guard answers for CORS already, and a browser refuses two permissions. "
            "Remove one of them."
        )
    ]


def test_a_second_request_id_and_a_second_count_are_named() -> None:
    """What the layer does already; with our metrics off, somebody else may count."""
    app = FastAPI()
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(PrometheusMiddleware)
    identity = (
        "! RequestIdMiddleware: it gives a second request id, and the two do not agree. "
        "The layer does this already; remove it."
    )
    counts = (
        "! PrometheusMiddleware: it counts every request a second time. "
        "The layer does this already; remove it."
    )
    assert said(app) == [counts, identity]
    assert said(app, metrics=False) == [identity]


@pytest.mark.parametrize("how", ["route", "mount"])
def test_public_metrics_are_named(how: str) -> None:
    """The application's own page, which asks nobody who he is, and ours if all networks are listed."""
    app = FastAPI()
    if how == "route":
        app.get("/metrics")(dispatch_nothing)
    else:
        app.mount("/metrics", PlainTextResponse("up 1"))
    own = (
        "! /metrics is a route of the application's own and open to whoever reaches it. Remove it: the layer's page "
        "shows prometheus_client's default registry too, to those who may see it."
    )
    ours = (
        "! /metrics is open to 0.0.0.0/0: everybody reads what the service does. "
        "List networks, or use metrics.token or metrics.port."
    )
    assert said(app) == [own]
    assert said(FastAPI(), metrics=Metrics(allow=["0.0.0.0/0"])) == [ours]


async def dispatch_nothing() -> None: ...


def test_debug_and_unmasked_output_are_named() -> None:
    """Both tell strangers what they should not know."""
    assert said(FastAPI(debug=True), redaction=Redaction(enabled=False)) == [
        "! debug is on: an unhandled error answers with source code and local paths. Leave debug=True out.",
        "! redaction.enabled is false: whatever is logged is written as it is.",
    ]


@pytest.fixture(name="logger")
def _logger() -> Iterator[Any]:
    """Give loggers by name, and put each back as it was."""
    before: list[tuple[logging.Logger, int]] = []

    def of(name: str) -> logging.Logger:
        logger = logging.getLogger(name)
        before.append((logger, logger.level))
        return logger

    yield of
    for logger, level in before:
        logger.setLevel(level)
        for handler in logger.handlers[:]:
            handler.close()
            logger.removeHandler(handler)


def test_loggers_that_write_secrets_are_named(logger: Any, tmp_path: Path) -> None:
    """A file beside the layer gets everything unmasked; some libraries tell headers and parameters at DEBUG."""
    logger("audit").addHandler(logging.FileHandler(tmp_path / "audit.log"))
    logger("httpcore").setLevel(logging.DEBUG)
    logger("urllib3").setLevel(logging.INFO)
    assert said(FastAPI()) == [
        "! logger 'audit': FileHandler writes what it gets, unmasked. Drop it, or collect the layer's output instead.",
        (
            "! logger 'httpcore' is set to DEBUG and writes request and response headers. Masking finds what looks like a "
            "secret, not all that is one; raise its level."
        ),
    ]


def shop() -> FastAPI:
    """Return an application whose routes lie at several depths."""
    app, inner, outer = FastAPI(), APIRouter(), APIRouter(prefix="/v1")

    @inner.get("/{order_id}")
    def order(order_id: int) -> None: ...

    @app.post("/orders")
    async def orders() -> None: ...

    outer.include_router(inner, prefix="/orders")
    app.include_router(outer, prefix="/api")
    app.get("/given")(partial(sync_with, 1))
    return app


def sync_with(_number: int) -> None: ...


def test_sync_endpoints_are_listed_but_not_called_a_mistake() -> None:
    """With the prefixes of nested routers, and through `partial`."""
    (found,) = said(shop())
    assert found.startswith("GET /api/v1/orders/{order_id}, GET /given: written with `def`")


def test_routes_without_an_objective_are_listed_once_there_is_any() -> None:
    """By target, method and `@policy`; where nobody has promised anything, nobody is blamed."""
    app = shop()
    settings = load(keywords={}).settings
    objective = SimpleNamespace(target=("POST /orders",))
    declared = SimpleNamespace(
        **{name: getattr(settings, name) for name in ("metrics", "redaction", "guard")},
        objectives=(objective,),
    )
    kept = next(one.call for one in endpoints(app) if one.path == "/given")
    setattr(kept, POLICY_ATTRIBUTE, SimpleNamespace(objectives=(objective,)))
    told = [one.what for one in hazards(app, declared) if "objective" in one.what]
    assert told == [
        "GET /api/v1/orders/{order_id}: no objective, so nobody is alerted when they fail."
    ]


def test_the_guards_are_shown_in_their_order_without_the_stores_password() -> None:
    """Proxies, the layer, then the guards, then the application's own."""
    guard = Guard(
        proxies=["10.0.0.0/8"], cors="https://a.example", hosts="a.example", headers={"x-frame-options": "off"},
        rate=["5/minute", "100/day"], rate_paths={"/login": "3/minute"}, rate_store="redis://:pw@cache:6379",
        body=1_000_000, deadline="30s",
    )  # fmt: skip
    assert doors(load(keywords={"guard": guard}).settings.guard) == [
        ("proxies", "believed: 10.0.0.0/8"),
        ("spine", "request id, access line, metrics, span"),
        ("cors", "https://a.example"),
        ("hosts", "a.example"),
        ("headers", "defaults, changed: x-frame-options"),
        (
            "rate",
            "5/minute, 100/day; /login 3/minute by client, sliding window, shared in cache, fail-open",
        ),
        ("body", "at most 1000000 bytes"),
        ("deadline", "30 s"),
        ("then", "the application's own middlewares, and the application"),
    ]
