"""FastAPI's operations are reported as FastAPI itself would, however they end."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException as StarletteException
from starlette.websockets import WebSocketDisconnect
from traced import Traced, whole

pytestmark = pytest.mark.skipif(
    find_spec("fastapi.telemetry") is None,
    reason="platform: this FastAPI has no telemetry of its own",
)

MODULES = ("fastapi.telemetry._api", "fastapi.routing", "fastapi.background")
PATHS = (
    "/plain", "/sync", "/callable", "/partial", "/refused", "/refused-below", "/refused-dependency", "/broken", "/broken-sync",
    "/invalid/x", "/raised-invalid", "/unserializable", "/tasks", "/broken-task", "/refusing-task", "/cancelled",
    "/unmatched",
)  # fmt: skip


class Called:
    """An endpoint that is an object, and one without a hash at that."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    async def __call__(self) -> str:
        """Answer."""
        return "called"


async def scaled(by: int) -> int:
    """Return a number."""
    return by


def refuse() -> None:
    """Refuse, as a dependency does that finds no token."""
    raise HTTPException(401)


def fail() -> None:
    """Fail, after the answer."""
    raise ZeroDivisionError


def refuse_late() -> None:
    """Raise what would have been an answer, when there is one already."""
    raise HTTPException(404)


def make() -> FastAPI:  # noqa: C901 - one small endpoint an ending
    """Return an application whose operations end in every way."""
    app = FastAPI()

    @app.get("/plain")
    async def plain() -> dict[str, int]:
        return {"a": 1}

    @app.get("/sync")
    def sync() -> dict[str, int]:
        return {"a": 1}

    app.get("/callable")(Called())
    app.get("/partial")(partial(scaled, 3))

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(404)

    @app.get("/refused-below")
    async def refused_below() -> None:
        raise StarletteException(404)

    @app.get("/refused-dependency", dependencies=[Depends(refuse)])
    async def refused_dependency() -> None: ...

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @app.get("/broken-sync")
    def broken_sync() -> None:
        raise LookupError

    @app.get("/invalid/{number}")
    async def invalid(number: int) -> int:
        return number

    @app.get("/raised-invalid")
    async def raised_invalid() -> None:
        raise RequestValidationError([])

    @app.get("/unserializable")
    async def unserializable() -> int:
        return "no number"  # type: ignore[return-value]

    @app.get("/tasks")
    async def tasks(later: BackgroundTasks) -> None:
        for _ in range(20):
            later.add_task(scaled, 1)

    @app.get("/broken-task")
    async def broken_task(later: BackgroundTasks) -> None:
        later.add_task(fail)

    @app.get("/refusing-task")
    async def refusing_task(later: BackgroundTasks) -> None:
        later.add_task(refuse_late)

    @app.get("/cancelled")
    async def cancelled() -> None:
        raise asyncio.CancelledError

    @app.websocket("/echo/{code}")
    async def echo(websocket: WebSocket, code: int) -> None:
        await websocket.accept()
        raise WebSocketDisconnect(code)

    return app


def ask(traced: Traced, path: str) -> list[dict[str, Any]]:
    """Ask once; return every span, with its parent's name."""
    client = TestClient(traced.around(make()), raise_server_exceptions=False)
    with suppress(
        BaseException
    ):  # what a cancelled request does to its client is not the matter here
        client.get(path)
    return told(traced)


def told(traced: Traced) -> list[dict[str, Any]]:
    """Return every span, with its parent's name, by name: background tasks end before or after the request."""
    names = {span.span_id: span.name for span in traced.spans}
    spans = [whole(span) | {"below": names.get(span.parent_span_id or "")} for span in traced.spans]
    return sorted(spans, key=lambda span: str(span["name"]))


@pytest.fixture(name="reports_itself")
def _reports_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let FastAPI report its operations in a way that is not known: it is left to do so by the API."""
    present = vars(sys.modules[MODULES[0]])["_operation"]
    native = getattr(present, "instead_of", present)

    def otherwise(*, name: str, function: object = None, hint: str = "") -> Any:
        del hint
        return native(name=name, function=function)

    for module in MODULES:
        monkeypatch.setattr(sys.modules[module], "_operation", otherwise)


@pytest.mark.parametrize("path", PATHS)
def test_spans_are_those_that_fastapi_would_report(
    path: str, request: pytest.FixtureRequest
) -> None:
    """Names, functions, parents, times, status and `error.type`, however an operation ends."""
    ours = ask(Traced(), path)
    request.getfixturevalue("reports_itself")
    assert ours == ask(Traced(), path)
    assert ours


@pytest.mark.parametrize("code", [1000, 1001, 1006])
def test_a_client_that_leaves_in_good_order_is_no_failure(
    code: int, request: pytest.FixtureRequest
) -> None:
    """WebSocket close codes 1000 and 1001 are (RFC 6455 section 7.4.1)."""

    def leave() -> list[dict[str, Any]]:
        traced = Traced()
        client = TestClient(traced.around(make()))
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/echo/{code}"):
            pass
        return told(traced)

    ours = leave()
    failed = {span["name"]: span["attributes"].get("error.type") for span in ours}
    expected = None if code < 1006 else "starlette.websockets.WebSocketDisconnect"
    assert failed["fastapi.endpoint"] == expected
    request.getfixturevalue("reports_itself")
    assert ours == leave()


@pytest.mark.usefixtures("reports_itself")
def test_a_fastapi_that_reports_otherwise_is_left_to_it() -> None:
    """Its operations are there, by the API."""
    assert [span["name"] for span in ask(Traced(), "/plain")] == [
        "GET /plain",
        "fastapi.dependencies",
        "fastapi.endpoint",
        "fastapi.serialization",
    ]


class Gathered(Traced):
    """Has spans wait for company, and keeps them in the form in which they leave."""

    attentive = False

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[Any] = []
        self.room.delivery.collector = self

    def _take(self, spans: list[Any]) -> None:
        self.raw += spans

    def expect(self) -> None:
        """Take note that something waits."""


def test_a_small_span_is_what_the_whole_one_is() -> None:
    """Where somebody takes small spans, they hold ids, times, name and function, and nothing else was to be said."""
    gathered = Gathered()
    by_name = {span["name"]: span for span in ask(Traced(), "/plain")}
    assert ask(gathered, "/plain") == []
    gathered.room.flush(1)
    smalls = [one for one in gathered.raw if isinstance(one, tuple)]
    for kind, trace_id, span_id, parent, flags, start, end in smalls:
        span = by_name[kind.name]
        assert (kind.kind, dict(kind.attributes), start, end, (*kind.scope,)) == (
            span["kind"], span["attributes"], span["start_ns"], span["end_ns"], span["scope"],
        )  # fmt: skip
        assert (len(trace_id), len(span_id), len(parent), flags) == (32, 16, 16, 3)
    assert [one[0].name for one in smalls] == [
        "fastapi.dependencies",
        "fastapi.endpoint",
        "fastapi.serialization",
    ]
