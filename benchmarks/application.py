"""The application that every stack is put around: one small route, any number of others before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

PATH = "/items/{item_id}"

Answer = dict[str, Any]
Endpoint = Callable[[int], Awaitable[Answer]]


async def read_item(item_id: int) -> Answer:
    """Answer without doing anything, so that what is around it stands out."""
    return item(item_id)


def item(item_id: int) -> Answer:
    """Make the answer of the measured route."""
    return {"item_id": item_id, "name": "desk lamp", "price": 39.5, "in_stock": True}


def application(routes: int, endpoint: Endpoint = read_item, **options: Any) -> FastAPI:
    """Make an application.

    Args:
        routes: how many routes it has; the measured one comes last, which is its worst place.
        endpoint: what answers the measured route.
        **options: more for FastAPI.
    """
    app = FastAPI(title="benchmark", **options)
    for number in range(routes - 1):
        app.get(f"/section-{number}/{{item_id}}")(read_item)
    app.get(PATH)(endpoint)
    return app
