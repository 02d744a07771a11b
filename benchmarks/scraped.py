"""The application that is scraped: `uvicorn benchmarks.scraped:app`, one trivial route and many that fill the page."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.application import Answer, item
from benchmarks.traffic import http_scope, receive, send
from fastapi import FastAPI

from fastapi_spine import Spine

ROUTES = "BENCHMARK_ROUTES"
TRIVIAL = "/items/7"


@asynccontextmanager
async def fill(app: FastAPI) -> AsyncIterator[None]:
    """Ask for every route once, so that each worker's page is full before anybody comes."""
    for number in range(int(os.environ[ROUTES])):
        path = f"/section-{number}/7"
        await app({**http_scope(7), "path": path, "raw_path": path.encode()}, receive, send)
    yield


async def read_item(item_id: int) -> Answer:
    """Answer without doing anything."""
    return item(item_id)


def application() -> FastAPI:
    """Make it; the trivial route comes first, so that the router does not count."""
    app = FastAPI(lifespan=fill)
    Spine(app, service="scraped", traces=False)
    app.get("/items/{item_id}")(read_item)
    for number in range(int(os.environ[ROUTES])):
        app.get(f"/section-{number}/{{item_id}}")(read_item)
    return app
