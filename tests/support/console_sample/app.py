"""The sample server: the pages as they are shipped, and made-up answers behind the same paths and headers."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from console_sample.data import Samples
from fastapi_spine.console.views import LogPage, LogView, RequestPage, RequestRow
from fastapi_spine.console.web import Manifest

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
MISSPELT = re.compile(r"\b(slowr|statsu|servce):\S*")


@dataclass
class Sample:
    """What a sample server answers with.

    Attributes:
        samples: the lists and traces.
        per_second: how many requests its live tail brings.
        pages: answers that replace the usual ones, by path.
        changes: what the pages have told it, path and body.
    """

    samples: Samples
    per_second: int = 20
    pages: dict[str, Any] | None = None
    changes: list[tuple[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The application."""
        api = {
            "requests": self.requests, "requests/tail": self.request_tail, "logs": self.logs,
            "logs/tail": self.log_tail, "logs/around": self.around, "traces/{key:path}": self.trace,
            "overview": self.overview, "spread": self.spread, "errors": self.errors,
            "health": self.health, "alerts": self.alerts, "alerts/replay": self.replay,
        }  # fmt: skip
        routes = [Route(f"/api/v1/{path}", answer) for path, answer in api.items()]
        routes.append(Route("/api/v1/alerts/{path:path}", self.told, methods=["POST"]))
        return Starlette(routes=[*routes, Route("/{path:path}", serve_files(Manifest()))])

    async def requests(self, request: Request) -> Response:
        """A page of requests."""
        wrong = mistake(request)
        if wrong:
            return wrong
        fitting = [
            row for row in self.samples.requests if fits(row, request.query_params.get("q", ""))
        ]
        rows, older = page(fitting, request)
        return self.answer(request, RequestPage(rows, older, "newest"))

    async def logs(self, request: Request) -> Response:
        """A page of log lines."""
        wrong = mistake(request)
        if wrong:
            return wrong
        fitting = [
            line for line in self.samples.logs if said(line, request.query_params.get("q", ""))
        ]
        lines, older = page(fitting, request)
        return self.answer(request, LogPage(lines, older, "newest"))

    async def around(self, request: Request) -> Response:
        """Lines before and after one."""
        cursors = [line.cursor for line in self.samples.logs]
        cursor = request.query_params["cursor"]
        at = cursors.index(cursor) if cursor in cursors else 10
        lines = self.samples.logs[max(0, at - 10) : at + 11]
        return self.answer(request, LogPage(lines[::-1]))

    async def trace(self, request: Request) -> Response:
        """One request whole."""
        view = self.samples.traces.get(request.path_params["key"])
        if view is None and request.url.path not in (self.pages or {}):
            return problem(404, "not found", "No request and no trace has this id.")
        return self.answer(request, view)

    async def overview(self, request: Request) -> Response:
        """The first page."""
        minutes = {"15m": 15, "6h": 360, "24h": 1440, "7d": 10080}.get(
            request.query_params.get("since", ""), 60
        )
        return self.answer(request, self.samples.overview(minutes))

    async def spread(self, request: Request) -> Response:
        """How long a route took."""
        asked = (request.query_params.get(key, "") for key in ("service", "method", "route"))
        return self.answer(request, self.samples.spread(*asked))

    async def errors(self, request: Request) -> Response:
        """Failures in groups."""
        return self.answer(request, self.samples.errors())

    async def health(self, request: Request) -> Response:
        """How the console is."""
        return self.answer(request, self.samples.health())

    async def alerts(self, request: Request) -> Response:
        """Objectives and alerts."""
        return self.answer(request, self.samples.alerts())

    async def replay(self, request: Request) -> Response:
        """What would have fired."""
        past = [one for one in self.samples.alerts()["alerts"] if one["state"] == "resolved"]
        return self.answer(request, {"alerts": past, "truncated": False})

    async def told(self, request: Request) -> Response:
        """Something that a page changes; the path and what it said are kept in `changes`."""
        self.changes.append((request.url.path, msgspec.json.decode(await request.body())))
        return Response(b"[]", media_type="application/json")

    def answer(self, request: Request, view: Any) -> Response:
        """A view as JSON, or what stands in for it."""
        given = (self.pages or {}).get(request.url.path, view)
        return Response(msgspec.json.encode(given), media_type="application/json")

    async def request_tail(self, request: Request) -> Response:
        """Requests as they come."""
        asked = request.query_params.get("q", "")
        return stream(self.tail("requests", self.samples.request, lambda row: fits(row, asked)))

    async def log_tail(self, request: Request) -> Response:
        """Log lines as they come."""
        asked = request.query_params.get("q", "")
        return stream(self.tail("logs", self.samples.log, lambda line: said(line, asked)))

    async def tail(
        self, event: str, make: Callable[[int, int], Any], wanted: Callable[[Any], bool]
    ) -> AsyncIterator[bytes]:
        """So many a second, ten times a second."""
        yield b": open\n\n"
        numbers = itertools.count(1_000_000)
        moment = self.samples.now_us
        while True:
            made = [
                make(moment + number * 1_000, next(numbers))
                for number in range(max(1, self.per_second // 10))
            ]
            moment += 100_000
            fitting = [one for one in made if wanted(one)]
            if fitting:
                cursor = fitting[-1].cursor.encode()
                data = msgspec.json.encode(fitting)
                yield b"event: %s\nid: %s\ndata: %s\n\n" % (event.encode(), cursor, data)
            await asyncio.sleep(0.1)


def serve_files(manifest: Manifest) -> Callable[[Request], Any]:
    """Answer with the shipped files, under the console's own rules for browsers."""

    async def file(request: Request) -> Response:
        asset = manifest.find(request.url.path)
        if asset is None:
            return Response(status_code=404)
        headers = {
            "content-security-policy": POLICY,
            "cache-control": asset.cache_control,
            "x-content-type-options": "nosniff",
        }
        return Response(asset.body, media_type=asset.content_type, headers=headers)

    return file


def stream(events: AsyncIterator[bytes]) -> Response:
    """Server-sent events."""
    return StreamingResponse(events, media_type="text/event-stream")


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """RFC 9457."""
    body = msgspec.json.encode({"title": title, "detail": detail, "status": status, **more})
    return Response(body, status, media_type="application/problem+json")


def mistake(request: Request) -> Response | None:
    """What a misspelt key is answered with."""
    found = MISSPELT.search(request.query_params.get("q", ""))
    if found is None:
        return None
    key = found[1]
    meant = {"slowr": "slower", "statsu": "status", "servce": "service"}[key]
    return problem(
        400, "the search cannot be read", f"There is no key {key!r}.",
        position=found.start(), length=len(key), hint=f"Did you mean {meant!r}?",
    )  # fmt: skip


def page(found: list[Any], request: Request) -> tuple[list[Any], str]:
    """Some of a list, and the cursor of what follows."""
    limit = int(request.query_params.get("limit", "50"))
    after = request.query_params.get("older", "")
    start = next((n for n, row in enumerate(found, 1) if row.cursor == after), 0)
    rows = found[start : start + limit]
    return rows, rows[-1].cursor if start + limit < len(found) else ""


def fits(row: RequestRow, search: str) -> bool:
    """As much of the search language as the tests of the pages need."""
    checks: dict[str, Callable[[str], bool]] = {
        "service": lambda value: row.service == value,
        "route": lambda value: row.route == value,
        "failed": lambda value: row.failed == (value == "yes"),
        "slower": lambda value: row.duration_us > float(value.removesuffix("ms")) * 1e3,
        "id": lambda value: row.request_id == value,
    }
    for term in search.split():
        key, _, value = term.partition(":")
        if term == "status>=500":
            if (row.status or 0) < 500:
                return False
        elif key in checks and not checks[key](value):
            return False
    return True


def said(line: LogView, search: str) -> bool:
    """Likewise for log lines."""
    for term in search.split():
        key, _, value = term.partition(":")
        if key == "service" and line.service != value:
            return False
        if key == "level" and line.severity < {"warn": 13, "error": 17}.get(value, 0):
            return False
        if ":" not in term and term.lower() not in line.message.lower():
            return False
    return True
