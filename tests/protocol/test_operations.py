"""FastAPI's operations as spans: what FastAPI itself would report, at a lower price."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from opentelemetry import trace
from traced import Traced

from fastapi_spine.traces.operation_span import OperationKinds

pytestmark = pytest.mark.skipif(
    find_spec("fastapi.telemetry") is None,
    reason="platform: this FastAPI has no telemetry of its own",
)


def application(endpoint: Callable[..., Any], **options: Any) -> tuple[Traced, Any]:
    """Return an application with one endpoint, at `/`."""
    traced = Traced(**options)
    app = FastAPI()
    app.get("/")(endpoint)
    return traced, traced.around(app)


def test_an_endpoint_finds_its_operation_as_the_current_span(drive: Any) -> None:
    """What it sets there is on it, redacted, and its own spans are below."""

    async def endpoint() -> None:
        span = trace.get_current_span()
        span.set_attributes({"tenant": "acme", "password": "hunter2"})
        found.append(f"{span.get_span_context().span_id:016x}")

    found: list[str] = []
    traced, app = application(endpoint)
    drive(app, "/")
    (span,) = [span for span in traced.spans if span.name == "fastapi.endpoint"]
    assert [span.span_id] == found
    assert {**span.attributes, "code.function.name": ""} == {
        "code.function.name": "",
        "tenant": "acme",
        "password": "[REDACTED:password]",
    }


def test_a_reference_to_an_operation_stays_right_after_its_end(drive: Any) -> None:
    """Somebody may keep a span and link to it later: the id is the exported one."""
    kept: list[Any] = []

    async def endpoint() -> None:
        kept.append(trace.get_current_span())

    traced, app = application(endpoint)
    drive(app, "/")
    (span,) = [span for span in traced.spans if span.name == "fastapi.endpoint"]
    assert f"{kept[0].get_span_context().span_id:016x}" == span.span_id
    kept[0].set_attribute("late", 1)
    kept[0].end()
    assert [one.name for one in traced.spans].count("fastapi.endpoint") == 1


def test_span_processors_hear_of_operations(drive: Any) -> None:
    """Of the beginning and of the end."""

    class Processor:
        """Keeps names."""

        def on_start(self, span: Any, parent_context: Any = None) -> None:
            """Keep the name, and the parent's."""
            heard.append(("start", span.name))
            assert parent_context is not None

        def on_end(self, span: Any) -> None:
            """Keep the name."""
            heard.append(("end", span.name))

    async def endpoint() -> None: ...

    heard: list[tuple[str, str]] = []
    traced, app = application(endpoint)
    traced.room.provider.add_span_processor(Processor())
    drive(app, "/")
    assert sorted(heard)[4:] == [
        ("start", "GET"),
        ("start", "fastapi.dependencies"),
        ("start", "fastapi.endpoint"),
        ("start", "fastapi.serialization"),
    ]
    assert {name for what, name in heard if what == "end"} == {
        "GET /",
        "fastapi.dependencies",
        "fastapi.endpoint",
        "fastapi.serialization",
    }


def test_applications_of_one_process_do_not_mix(drive: Any) -> None:
    """One wants operations, the other does not, and a third is not observed at all."""

    async def endpoint() -> None: ...

    wants, app = application(endpoint)
    without, other = application(endpoint, operations=False)
    bare = FastAPI()
    bare.get("/")(endpoint)
    for one in (app, other, bare):
        drive(one, "/")
    assert [span.name for span in without.spans] == ["GET /"]
    assert len(wants.spans) == 4


def test_what_a_background_task_holds_is_let_go(drive: Any) -> None:
    """A task is often made for one request: nobody remembers it by its function."""

    class Upload:
        """Something large."""

        def store(self) -> None:
            """Store it."""

    alive: list[weakref.ref[Upload]] = []

    async def endpoint(later: BackgroundTasks) -> None:
        upload = Upload()
        alive.append(weakref.ref(upload))
        later.add_task(upload.store)

    traced, app = application(endpoint)
    drive(app, "/")
    drive(app, "/")
    gc.collect()
    assert [one() for one in alive] == [None, None]
    assert [span.name for span in traced.spans].count("fastapi.background_task") == 2


class Hostile:
    """An endpoint whose hash is a trap."""

    def __hash__(self) -> int:
        raise LookupError

    async def __call__(self) -> str:
        """Answer."""
        return "called"


def test_a_callable_with_a_trap_in_it_is_served_and_named(drive: Any) -> None:
    """Whatever its hash raises, the answer and the span are as always."""
    traced, app = application(Hostile())
    assert drive(app, "/").body == b'"called"'
    (span,) = [span for span in traced.spans if span.name == "fastapi.endpoint"]
    assert str(span.attributes["code.function.name"]).endswith(".Hostile")
    assert traced.health.internal_errors == {}


def test_a_fault_of_ours_loses_the_span_and_nothing_else(drive: Any) -> None:
    """The answer is the application's, also of an endpoint that fails; the fault is counted."""

    def broken(*_arguments: object) -> Any:
        raise TypeError("of ours")

    async def endpoint() -> str:
        return "fine"

    async def failing() -> None:
        raise ZeroDivisionError

    traced, app = application(endpoint)
    app.get("/failing")(failing)
    drive(app, "/")
    source = traced.room.provider.source
    source.operations = OperationKinds(source, broken, broken, traced.health.fault)
    assert drive(app, "/").body == b'"fine"'
    assert isinstance(drive(app, "/failing").raised, ZeroDivisionError)
    # Three operations of the first; two of the second, whose endpoint's exception is looked at too.
    assert traced.health.internal_errors == {"traces": 6}
    assert [span.name for span in traced.spans][4:] == ["GET /", "GET /failing"]


@pytest.mark.parametrize("late", [True, False])
def test_an_operation_that_ends_while_its_request_does_is_neither_lost_nor_doubled(
    drive: Any, late: bool
) -> None:
    """A thread may end its operation in the very moment that the request takes what waits."""

    class Meddling(list[Any]):
        """The request ends between the check and the append, or just after it."""

        def append(self, item: Any) -> None:
            """Append, before or after the others were taken."""
            if late:
                server.taken()
            super().append(item)
            if not late:
                below.extend(server.taken())

    server: Any = None
    below: list[Any] = []

    async def endpoint() -> None:
        nonlocal server
        server = trace.get_current_span().server  # type: ignore[attr-defined]
        server.operations = Meddling()

    traced, app = application(endpoint)
    drive(app, "/")
    names = [span.name for span in traced.spans] + [one[0].name for one in below]
    assert names.count("fastapi.endpoint") == 1
