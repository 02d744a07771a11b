"""The layer with guards: none, one at a time, all of them. A page of another origin asks each time."""

from __future__ import annotations

from typing import Any

from benchmarks.application import application
from benchmarks.stacks.visited import ORIGIN, visited
from benchmarks.subject import Subject
from benchmarks.traffic import served

from fastapi_spine import Guard, Spine

MANY = 999_999_999
HOST = "api.shop.example"
NO_HEADERS: dict[str, Any] = {"headers": False}
EVERYTHING: dict[str, Any] = {
    "cors": ORIGIN,
    "cors_credentials": True,
    "hosts": HOST,
    "body": "1mb",
    "deadline": "30s",
    "proxies": ["192.0.2.0/24"],
}


def _with(routes: int, guard: Guard | None) -> Subject:
    app = application(routes)
    spine = Spine(app, traces=False, metrics=False, guard=guard or False)
    return served(visited(app), spine.flush)


def none(routes: int) -> Subject:
    """Add the layer, logs only."""
    return _with(routes, None)


def cors(routes: int) -> Subject:
    """Add CORS."""
    return _with(routes, Guard(cors=ORIGIN, cors_credentials=True, **NO_HEADERS))


def hosts(routes: int) -> Subject:
    """Add trusted hosts."""
    return _with(routes, Guard(hosts=HOST, **NO_HEADERS))


def headers(routes: int) -> Subject:
    """Add security headers."""
    return _with(routes, Guard())


def rate(routes: int) -> Subject:
    """Add one limit in memory."""
    return _with(routes, Guard(rate=f"{MANY}/hour", **NO_HEADERS))


def body_and_deadline(routes: int) -> Subject:
    """Add a body limit and a deadline."""
    return _with(routes, Guard(body="1mb", deadline="30s", **NO_HEADERS))


def proxies(routes: int) -> Subject:
    """Add a trusted proxy, which brings every request."""
    return _with(routes, Guard(proxies=["203.0.113.0/24"], **NO_HEADERS))


def everything(routes: int) -> Subject:
    """Add all of them, with one limit."""
    return _with(routes, Guard(rate=f"{MANY}/hour", **EVERYTHING))


def second_limit(routes: int) -> Subject:
    """Add all of them, with two limits."""
    return _with(routes, Guard(rate=[f"{MANY}/hour", f"{MANY}/day"], **EVERYTHING))
