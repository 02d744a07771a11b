"""Finished spans wait a moment for company, and none is lost or late for it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from traced import Traced, whole

from fastapi_spine.traces.delivery import BATCH


class Collector:
    """Counts how often it is told that something waits."""

    attentive = True

    def __init__(self) -> None:
        self.told = 0

    def expect(self) -> None:
        """Take note."""
        self.told += 1


class Seeing:
    """A span processor that keeps names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Do nothing."""

    def on_end(self, span: Any) -> None:
        """Keep the name."""
        self.names.append(span.name)


def gathering() -> tuple[Traced, Any]:
    """An application whose spans wait for company."""
    traced = Traced(operations=False)
    traced.room.delivery.collector = Collector()
    app = FastAPI()

    @app.get("/items/{number}")
    async def read(number: int) -> int:
        return number

    return traced, traced.around(app)


def ask(app: Any, count: int) -> None:
    """Send so many requests."""
    client = TestClient(app)
    for number in range(count):
        client.get(f"/items/{number}")


def test_spans_leave_together_in_their_order() -> None:
    """Nothing leaves before there are enough; whoever collects is told each time."""
    traced, app = gathering()
    ask(app, BATCH - 1)
    assert traced.spans == []
    assert traced.room.delivery.collector.told == BATCH - 1  # type: ignore[union-attr]
    ask(app, 2)
    paths = [span.attributes["url.path"] for span in traced.spans]
    assert paths == [*(f"/items/{number}" for number in range(BATCH - 1)), "/items/0"]


def test_a_flush_brings_the_rest() -> None:
    """Those that wait are handed on, once."""
    traced, app = gathering()
    ask(app, 3)
    traced.room.flush(1)
    traced.room.flush(1)
    assert [span.attributes["url.path"] for span in traced.spans] == [
        "/items/0",
        "/items/1",
        "/items/2",
    ]


def test_a_span_that_waited_is_what_it_would_have_been() -> None:
    """The same attributes, times and status as without company."""
    alone, together = Traced(operations=False), gathering()
    app = FastAPI()

    @app.get("/items/{number}")
    async def read(number: int) -> int:
        return number

    ask(alone.around(app), 1)
    ask(together[1], 1)
    together[0].room.flush(1)
    assert [whole(span) for span in together[0].spans] == [whole(span) for span in alone.spans]


def test_a_span_processor_does_not_wait() -> None:
    """It sees each span when its request has ended."""
    traced, app = gathering()
    seeing = Seeing()
    traced.room.provider.add_span_processor(seeing)
    ask(app, 1)
    assert seeing.names == ["GET /items/{number}"]


def test_a_child_leaves_what_waits_to_its_parent() -> None:
    """What the exporter has a child forget is not sent twice."""
    traced, app = gathering()
    ask(app, 3)
    traced.room.delivery.forget()
    traced.room.flush(1)
    assert traced.spans == []
