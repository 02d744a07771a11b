"""Where the spine stands, and what it refuses to stand on."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from fastapi_spine import Logs, PlacementError, Spine
from fastapi_spine.install.layer import Layer

QUIET = Logs(output=lambda _line: None)


@pytest.fixture(name="set_up")
def _set_up() -> Iterator[Any]:
    made: list[Layer] = []

    def set_up(app: Any) -> Spine:
        made.append(spine := Spine(app, logs=QUIET))
        return spine

    yield set_up
    for one in reversed(made):
        one.close()


@pytest.mark.parametrize("kind", [FastAPI, Starlette])
def test_the_application_stays_what_it_was(set_up: Any, kind: Any) -> None:
    """Same object, same kind, same attributes; servers still take it for ASGI 3."""
    app = kind()
    before = dict(app.__dict__)
    build = app.build_middleware_stack
    set_up(app)
    assert isinstance(app, kind)
    assert (type(app).__name__, type(app).__module__) == (kind.__name__, kind.__module__)
    assert inspect.iscoroutinefunction(type(app).__call__)
    assert app.build_middleware_stack == build
    assert {name: app.__dict__[name] for name in before} == before


def test_closing_gives_the_application_back(drive: Any) -> None:
    """After close() the class is the old one and answers carry no id."""
    app = FastAPI()
    before = dict(app.__dict__)
    Spine(app, logs=QUIET).close()
    assert type(app) is FastAPI
    assert app.__dict__ == before
    assert drive(app).headers(b"x-request-id") == []


def test_a_second_spine_is_refused_with_the_place_of_the_first(set_up: Any) -> None:
    """Set up twice is a mistake that the message helps to find."""
    app = FastAPI()
    set_up(app)
    with pytest.raises(
        PlacementError, match=r"already has a Spine \(set up at .*test_place\.py:\d+\)"
    ):
        set_up(app)


def test_too_late_is_refused(drive: Any) -> None:
    """Once requests have passed, some would have no line."""
    app = FastAPI()
    drive(app)
    with pytest.raises(PlacementError, match="already begun to serve"):
        Spine(app)
    assert type(app) is FastAPI


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (FastAPI, "given the class FastAPI; give it an instance"),
        (lambda: None, r"use: app = Spine\.wrap\(app\)"),
        ("app", "not builtins.str"),
        (None, "not builtins.NoneType"),
    ],
)
def test_what_is_no_application_is_refused(thing: Any, message: str) -> None:
    """The message says what to do instead."""
    with pytest.raises(PlacementError, match=message):
        Spine(thing)


def test_wrap_takes_callables_only() -> None:
    """A string is not an ASGI application."""
    with pytest.raises(PlacementError, match="takes an ASGI callable, not str"):
        Spine.wrap("app")  # type: ignore[arg-type]


def test_a_mounted_application_with_a_spine_of_its_own_is_one_request(
    drive: Any, set_up: Any
) -> None:
    """The outer one does the work, and there is one id."""
    inner, outer = FastAPI(), FastAPI()

    @inner.get("/x")
    def x() -> str:
        return "x"

    set_up(inner)
    set_up(outer)
    outer.mount("/inner", inner)
    answer = drive(outer, "/inner/x")
    assert answer.status == 200
    assert len(answer.headers(b"x-request-id")) == 1


def test_middleware_may_be_added_before_and_after(drive: Any, set_up: Any) -> None:
    """The spine is outermost whatever the order, so refusals of theirs carry the id."""

    class Refuse:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await PlainTextResponse("no", 403)(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    early, late = FastAPI(), FastAPI()
    early.add_middleware(Refuse)
    set_up(early)
    set_up(late)
    late.add_middleware(Refuse)
    for app in (early, late):
        answer = drive(app)
        assert (answer.status, len(answer.headers(b"x-request-id"))) == (403, 1)


def test_two_interleaved_requests_keep_their_own_counts(set_up: Any, http_scope: Any) -> None:
    """Nothing about a request lives on the layer."""
    app = FastAPI()
    written: list[bytes] = []
    spine = Spine(app, logs=Logs(output=lambda _line: None))
    gates = {10: asyncio.Event(), 1000: asyncio.Event()}

    @app.get("/{size}")
    async def sized(size: int) -> PlainTextResponse:
        gates[1010 - size].set()
        await gates[size].wait()
        return PlainTextResponse("x" * size)

    class Into:
        def put(self, line: bytes, keep: bool = False) -> None:
            written.append(line)

        def flush(self, timeout: float) -> bool:
            return True

    undo = spine.turn_to(Into())

    async def both() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            await asyncio.sleep(0)

        await asyncio.gather(*(app(http_scope(f"/{size}"), receive, send) for size in (10, 1000)))

    asyncio.run(both())
    undo()
    spine.close()
    assert sorted(
        (b'"bytes_out":10,' in line, b'"bytes_out":1000,' in line) for line in written
    ) == [
        (False, True),
        (True, False),
    ]


def test_a_copied_scope_costs_the_route_only(drive: Any) -> None:
    """A middleware that copies the scope hides the route; the request is served all the same."""
    inner = FastAPI()

    @inner.get("/x")
    def x() -> str:
        return "x"

    async def copying(scope: Any, receive: Any, send: Any) -> None:
        await inner(copy.copy(dict(scope)), receive, send)

    wrapped = Spine.wrap(copying, logs=QUIET)
    assert drive(wrapped, "/x").status == 200
    wrapped.close()
