"""`span("name")` around blocks and functions of every kind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from opentelemetry import trace
from traced import Traced

from fastapi_spine.traces.manual import span


@pytest.fixture(name="traced")
def _traced() -> Traced:
    return Traced(operations=False)


@pytest.fixture(name="play")
def _play(traced: Traced, drive: Any) -> Any:
    """Runs a coroutine function inside a request; its spans come without the request's own."""

    def play(work: Any) -> list[tuple[str, str | None, int, dict[str, Any]]]:
        app = FastAPI()
        app.add_api_route("/", work)
        drive(traced.around(app))
        names = {one.span_id: one.name for one in traced.spans}
        return [
            (one.name, names.get(one.parent_span_id or ""), one.status, dict(one.attributes))
            for one in traced.spans
            if one.kind != 2
        ]

    return play


def test_a_block_has_a_span_with_its_fields_redacted(play: Any) -> None:
    """Nested blocks are nested spans; secrets in fields are gone."""

    async def work() -> None:
        with span("outer", rows=3, password="hunter2"):
            async with span("inner"):
                pass

    assert play(work) == [
        ("inner", "outer", 0, {}),
        ("outer", "GET /", 0, {"rows": 3, "password": "[REDACTED:password]"}),
    ]


def test_a_failing_block_is_a_failed_span(play: Any, traced: Traced) -> None:
    """The exception goes on, and is told on the span."""

    async def work() -> None:
        with pytest.raises(KeyError), span("fails"):
            raise KeyError("k")

    assert play(work) == [("fails", "GET /", 2, {})]
    assert [event.name for event in traced.spans[0].events] == ["exception"]


def test_an_object_that_is_called_like_a_coroutine_can_be_decorated(play: Any) -> None:
    """Its span lasts until the coroutine has ended, and holds what runs in it."""

    class Load:
        async def __call__(self) -> None:
            await asyncio.sleep(0)
            with span("inside"):
                pass

    async def work() -> None:
        await span("load")(Load())()

    assert play(work) == [("inside", "load", 0, {}), ("load", "GET /", 0, {})]


def test_functions_of_every_kind_can_be_decorated(play: Any) -> None:
    """Plain, async, generator, async generator: one span a call, values as before."""

    @span("plain")
    def plain(value: int) -> int:
        return value

    @span("coroutine")
    async def coroutine(value: int) -> int:
        await asyncio.sleep(0)
        return value

    @span("generator")
    def generator() -> Generator[int, int, None]:
        got = yield 1
        yield got

    @span("async generator")
    async def async_generator() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def work() -> list[Any]:
        steps: Any = generator()
        first = next(steps)
        outside = trace.get_current_span()
        second = steps.send(5)
        assert outside is trace.get_current_span()
        assert list(steps) == []
        return [
            plain(1), await coroutine(2), first, second, [item async for item in async_generator()],
        ]  # fmt: skip

    spans = play(work)
    assert [(name, parent) for name, parent, _, _ in spans] == [
        (name, "GET /") for name in ("generator", "plain", "coroutine", "async generator")
    ]
    assert inspect.isasyncgenfunction(async_generator)
    assert inspect.isgeneratorfunction(generator)


def test_a_decorated_dependency_is_still_one(traced: Traced, drive: Any) -> None:
    """FastAPI sees its parameters, caches it, and throws the endpoint's error into its generator."""
    seen: list[str] = []

    @span("auth: decode_jwt")
    async def user(name: str = "ada") -> AsyncIterator[str]:
        try:
            yield name
        except ValueError:
            seen.append("rolled back")
            raise

    app = FastAPI()

    @app.get("/")
    async def endpoint(one: str = Depends(user), two: str = Depends(user)) -> str:  # noqa: FAST002 - `user` is local
        seen.append(one + two)
        raise ValueError

    drive(traced.around(app), query_string=b"name=bob")
    assert seen == ["bobbob", "rolled back"]
    assert [(one.name, one.status) for one in traced.spans if one.kind != 2] == [
        ("auth: decode_jwt", 2)
    ]


def test_a_decorated_dependency_can_be_overridden(traced: Traced, drive: Any) -> None:
    """In tests another one stands in for it, and then there is no span; in threads it has its span as elsewhere."""

    @span("auth: decode_jwt")
    def user() -> str:
        return "ada"

    app = FastAPI()

    @app.get("/")
    async def endpoint(who: str = Depends(user)) -> str:  # noqa: FAST002 - `user` is local
        return who

    traced.around(app)
    seen = [drive(app).body]
    app.dependency_overrides[user] = lambda: "bob"
    seen.append(drive(app).body)
    assert seen == [b'"ada"', b'"bob"']
    assert [one.name for one in traced.spans] == ["auth: decode_jwt", "GET /", "GET /"]


def test_outside_a_request_and_without_a_provider_it_does_nothing() -> None:
    """The block runs; nothing is recorded."""
    with span("nowhere") as made:
        assert not made.is_recording()
