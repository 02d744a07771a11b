"""A fault of ours ends as a counter; the application's answer is that of the bare one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from fastapi_spine.core import context
from fastapi_spine.logs import access, access_line, noise, pipeline
from fastapi_spine.redaction import paths
from fastapi_spine.request import endings, identity, route, spine, validation, wrappers
from fastapi_spine.testing import FrozenClock, capture

STEPS: list[tuple[object, str, str]] = [
    (identity.IdentityReader, "read", "/"),
    (wrappers, "with_request_id", "/"),
    (wrappers.HttpWire, "_starting", "/"),
    (wrappers.HttpWire, "_complete", "/"),
    (wrappers, "from_body", "/unfit"),
    (wrappers.HttpWire, "_received", "/body"),
    (wrappers, "from_exception", "/items/x"),
    (spine, "route_template", "/"),
    (spine.RequestPass, "_begin", "/"),
    (spine.RequestPass, "_leave", "/"),
    (endings, "of_error", "/boom"),
    (endings, "of_return", "/500"),
    (noise.Noise, "skipped", "/"),
    (access.AccessLog, "_is_slow", "/"),
    (paths.Paths, "plain", "/"),
    (paths.Paths, "_read", "/items/42.0"),
    (access_line.AccessLines, "fields", "/items/x"),
    (pipeline.Pipeline, "head", "/"),
    (pipeline.Pipeline, "put", "/"),
    (pipeline.Pipeline, "exc", "/boom"),
    (pipeline.Pipeline, "record", "/log"),
]
ERRORS = [ValueError("ours"), RecursionError(), MemoryError(), UnicodeError("ours")]


def app() -> FastAPI:
    import logging  # noqa: PLC0415 - the endpoint's own

    application = FastAPI()

    @application.get("/")
    async def index() -> dict[str, bool]:
        return {"ok": True}

    @application.get("/log")
    async def log() -> dict[str, bool]:
        logging.getLogger("app").info("hello")
        return {"ok": True}

    @application.post("/body")
    async def body(payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    @application.get("/items/{number}")
    async def item(number: int) -> int:
        return number

    @application.get("/boom")
    async def boom() -> None:
        raise KeyError("theirs")

    @application.get("/unfit")
    async def unfit() -> Any:
        return JSONResponse({"detail": []}, 422)

    @application.get("/500")
    async def answered() -> Any:
        return JSONResponse({"sorry": 1}, 500)

    return application


def ask(drive: Any, application: Any, path: str) -> Any:
    if path == "/body":
        return drive(application, path, method="POST", body=b'{"a": 1}')
    return drive(application, path)


def bare_form(answer: Any) -> Any:
    messages = [
        {**message, "headers": [pair for pair in message["headers"] if pair[0] != b"x-request-id"]}
        if "headers" in message
        else message
        for message in answer.sent
    ]
    return messages, type(answer.raised), str(answer.raised)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("owner", "name", "path"), STEPS, ids=[f"{name}{path}" for _, name, path in STEPS]
)
def test_a_broken_step_never_reaches_the_client(
    drive: Any,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    path: str,
    error: Exception,
) -> None:
    """Each step in turn fails on every request; answers stay those of the bare application."""
    bare = bare_form(ask(drive, app(), path))

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise error

    with capture(application := app(), clock=FrozenClock()) as lines:
        monkeypatch.setattr(owner, name, broken)
        answers = [bare_form(ask(drive, application, path)) for _ in range(3)]
        monkeypatch.undo()
    assert answers == [bare] * 3
    health = lines.spine.health
    assert sum(health.internal_errors.values()) >= 3
    reports = lines.of("spine.health")
    steps = [report["step"] for report in reports]
    assert len(steps) == len(set(steps)), "a step is told of at most once a minute"


class ConflictError(Exception):
    """An application's own, whose `errors` is no list of pydantic's."""

    def errors(self, field: str) -> list[str]:
        """Return what is wrong with one field."""
        return [field]


class UnreadableError(Exception):
    """An application's own, whose `errors` cannot be asked."""

    @property
    def errors(self) -> object:
        """Refuse."""
        raise LookupError("not loaded")


@pytest.mark.parametrize("kind", [ConflictError, UnreadableError])
def test_an_exception_that_cannot_be_read_costs_its_answer_no_header(
    drive: Any, kind: type[Exception]
) -> None:
    """The id and the guard's headers stand on it as on any other."""
    application = FastAPI()

    @application.exception_handler(kind)
    async def conflict(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"sorry": 1}, 409)

    @application.get("/")
    async def index() -> None:
        raise kind

    with capture(application, guard=True) as lines:
        answer = drive(application)
    (line,) = lines.access
    assert (answer.status, answer.body) == (409, b'{"sorry":1}')
    assert answer.request_id == line["request_id"]
    assert answer.headers(b"x-content-type-options") == [b"nosniff"]
    assert lines.spine.health.internal_errors == {"response_error": 1}


def test_a_fault_is_told_again_after_a_minute(drive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names the step, the error and how often it has happened."""

    def broken(*args: Any) -> Any:
        raise ValueError("ours")

    clock = FrozenClock()
    with capture(application := app(), clock=clock) as lines:
        monkeypatch.setattr(identity.IdentityReader, "read", broken)
        for seconds in (0, 1, 58, 2):
            clock.advance(seconds)
            drive(application)
    reports = lines.of("spine.health")
    assert [(report["step"], report["count"]) for report in reports] == [("begin", 1), ("begin", 4)]
    assert reports[0]["level"] == "ERROR"
    assert reports[0]["exc"]["type"] == "ValueError"


def test_the_context_is_as_before_after_any_request(drive: Any) -> None:
    """The variable is set at entry and given back at the end, whatever happened."""
    application = app()
    check: Callable[[], Any] = context.current.get
    with capture(application):
        for path in ("/", "/boom", "/nowhere", "/500"):
            drive(application, path)
            assert check() is None
    assert validation.from_exception(None) == ()
    assert route.route_template({}) == "__unmatched__"
