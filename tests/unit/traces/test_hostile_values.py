"""What users hand to spans runs code of theirs: it can neither replace their own exception nor fill the memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Mapping
from typing import Any, cast

import pytest
from fastapi import FastAPI
from opentelemetry import trace
from traced import Traced

from fastapi_spine.redaction.clients import Clients
from fastapi_spine.traces.local import SPAN_COST, Bounds
from fastapi_spine.traces.manual import span
from fastapi_spine.traces.values import MOST_MEMBERS, clean


class MuteError(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise ZeroDivisionError


class Broken(Mapping[str, Any]):
    """A mapping whose own code fails."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Any:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise ZeroDivisionError


MUTE = "<MuteError without a text: ZeroDivisionError>"


@pytest.fixture(name="traced")
def _traced() -> Traced:
    return Traced(operations=False)


def served(traced: Traced, drive: Any, work: Any) -> list[Any]:
    """Run a coroutine function inside a request, and return its spans without the request's own."""
    app = FastAPI()
    app.add_api_route("/", work)
    drive(traced.around(app))
    return [one for one in traced.spans if one.kind != 2]


@pytest.mark.parametrize("way", ["span", "start_as_current_span", "start_span"])
def test_an_exception_that_cannot_say_what_it_is_stays_itself(
    traced: Traced, drive: Any, way: str
) -> None:
    """The application gets its own exception, and the span is there and says what it can."""
    around: dict[str, Any] = {
        "span": lambda: span("x"),
        "start_as_current_span": lambda: traced.tracer().start_as_current_span("x"),
        "start_span": lambda: traced.tracer().start_span("x"),
    }

    async def work() -> None:
        with pytest.raises(MuteError), around[way]():
            raise MuteError

    (made,) = served(traced, drive, work)
    (event,) = made.events
    assert (made.status_message, event.attributes["exception.message"]) == (
        f"MuteError: {MUTE}",
        MUTE,
    )


def test_the_span_of_another_provider_ends_though_it_cannot_read_the_exception() -> None:
    """Whatever that provider's own code makes of it."""

    class Reading(trace.NonRecordingSpan):
        ended = False

        def record_exception(self, exception: BaseException, *_rest: Any, **_more: Any) -> None:
            str(exception)

        def end(self, end_time: int | None = None) -> None:
            self.ended = True

    class Tracer(trace.NoOpTracer):
        def start_span(self, *_arguments: Any, **_options: Any) -> trace.Span:
            return foreign

    foreign = Reading(trace.INVALID_SPAN_CONTEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer", lambda *_names: Tracer())
        with pytest.raises(MuteError), span("x"):
            raise MuteError
    assert foreign.ended


def test_a_value_that_cannot_be_read_says_so(traced: Traced, drive: Any) -> None:
    """A field, an attribute, a whole mapping of them, and a list that holds itself."""
    ring: list[Any] = [1]
    ring.append(ring)

    async def work() -> None:
        with span("x", field=MuteError(), ring=ring) as made:
            made.set_attribute("later", cast("Any", MuteError()))
            made.set_attributes(Broken())
            made.add_event("told", Broken())

    (made,) = served(traced, drive, work)
    deep = made.attributes.pop("ring")
    assert made.attributes == {"field": MUTE, "later": MUTE}
    for _ in range(15):
        assert deep[0] == 1
        deep = deep[1]
    assert deep == (1, "…")


@pytest.mark.parametrize(
    "value", [range(10**12), [["x"] * 1_000] * 1_000, {"k": {str(n): n for n in range(5_000)}}]
)
def test_a_value_has_so_many_members_and_no_more(value: Any) -> None:
    """All lists and mappings in it together, however they are nested."""

    def members(one: Any) -> int:
        held = one.values() if isinstance(one, dict) else one if isinstance(one, tuple) else ()
        return len(held) + sum(map(members, held))

    assert members(clean(value, 100)) == MOST_MEMBERS


@pytest.mark.parametrize("place", ["text", "list", "bytes", "name", "status", "event", "link"])
def test_all_that_a_span_holds_counts_against_the_memory_of_its_request(
    drive: Any, place: str
) -> None:
    """Wherever a text stands: two of four spans fit, and the request says how many did not."""
    text = "x" * 10_000
    traced = Traced(operations=False, bounds=Bounds(size=2 * (len(text) + 2 * SPAN_COST)))
    context = trace.SpanContext(1, 1, is_remote=True)

    async def work() -> None:
        for _ in range(4):
            with span(text if place == "name" else "s") as made:
                if place in {"text", "list", "bytes"}:
                    held: Any = {"text": text, "list": [text], "bytes": text.encode()}[place]
                    made.set_attribute("held", held)
                elif place == "status":
                    made.set_status(trace.StatusCode.ERROR, text)
                elif place == "event":
                    made.add_event("told", {"held": text})
                elif place == "link":
                    made.add_link(context, {"held": text})

    assert len(served(traced, drive, work)) == 2
    assert traced.spans[-1].attributes["spine.spans_dropped"] == 2


SECRET = "postgresql://admin:hunter2secretpw@db.example/x"
LENGTHS = range(20, 48, 3)


@pytest.mark.parametrize("length", [100, 16_384])
def test_a_limit_halves_no_secret(length: int) -> None:
    """What is longer is redacted first and cut then: attributes, lists, events, links and statuses."""
    environ = {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": str(length)}
    traced = Traced(operations=False, environ=environ)
    context = trace.SpanContext(1, 1, is_remote=True)
    for shown in LENGTHS:
        text = f"{'a ' * length}"[: length - shown] + SECRET
        with traced.tracer().start_as_current_span("x", attributes={"first": text}) as made:
            made.set_attribute("later", text)
            made.set_attributes({"list": [text], "map": {"k": text}})
            made.add_event("told", {"text": text})
            made.add_link(context, {"text": text})
            made.set_status(trace.StatusCode.ERROR, f"{'a ' * 16_384}"[: 16_384 - shown] + SECRET)
    told = repr(
        [(one.attributes, one.events, one.links, one.status_message) for one in traced.spans]
    )
    assert "hunter2" not in told
    for one in traced.spans:
        assert 0 < len(cast("str", one.attributes["later"])) <= length


def test_headers_and_paths_are_halved_by_nothing_either(traced: Traced, drive: Any) -> None:
    """What strangers send is cut too."""
    app = traced.around(FastAPI())
    for shown in LENGTHS:
        agent = f"{'a ' * 1_024}"[: 1_024 - shown] + SECRET
        path = f"/{'a/' * 2_048}"[: 2_048 - shown] + SECRET
        drive(app, path, headers=[(b"user-agent", agent.encode())])
    assert len(traced.spans) == len(LENGTHS)
    assert "hunter2" not in repr([one.attributes for one in traced.spans])


def test_strangers_fill_no_memory_with_what_is_remembered(drive: Any) -> None:
    """Every request with another long method, host and user agent, and from another long name."""
    traced = Traced(operations=False, clients=Clients("full"))
    app = traced.around(FastAPI())

    def ask(number: int) -> None:
        text = f"{number:05}" * 20_000
        headers = [(b"user-agent", text.encode()), (b"host", text.encode())]
        drive(app, "/", method=text, headers=headers, client=(text, 1))
        traced.spans.clear()

    ask(0)
    tracemalloc.start()
    try:
        for number in range(1, 40):
            ask(number)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1_000_000  # of 16 million that came


def test_a_flood_of_spans_keeps_those_that_the_others_belong_to(drive: Any) -> None:
    """Parents end last, when there is no room any more: a reserve is theirs."""
    traced = Traced(bounds=Bounds(spans=100))

    async def work() -> None:
        with span("load orders"):
            for _ in range(1_000):
                with span("order"):
                    pass

    served(traced, drive, work)
    ids = {one.span_id for one in traced.spans}
    assert [one.name for one in traced.spans if one.parent_span_id not in ids] == ["GET /"]
    assert {"load orders", "fastapi.endpoint"} <= {one.name for one in traced.spans}


def test_one_object_entered_in_two_tasks_ends_each_span_where_it_began(
    traced: Traced, drive: Any
) -> None:
    """`shared = span("x")` at module level, entered by several tasks whose turns overlap."""
    shared = span("shared")

    async def one(name: str, wait: float) -> None:
        with shared as made:
            made.set_attribute("task", name)
            await asyncio.sleep(wait)
        assert trace.get_current_span() is not made

    async def work() -> None:
        with shared, shared:
            await asyncio.gather(one("long", 0.02), one("short", 0.0))

    made = served(traced, drive, work)
    assert [one.attributes.get("task") for one in made] == ["short", "long", None, None]
