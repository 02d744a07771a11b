"""What users hand to spans runs code of theirs: it can neither replace their own exception nor fill the memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest
from fastapi import FastAPI
from opentelemetry import trace
from traced import Traced

from fastapi_spine.traces.local import SPAN_COST, Bounds
from fastapi_spine.traces.manual import span
from fastapi_spine.traces.values import MOST_MEMBERS, clean, weight_of


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


def test_what_a_value_holds_counts_against_the_memory_of_its_request(drive: Any) -> None:
    """A list of texts weighs what its texts weigh, on spans, events and links alike."""
    texts = ["x" * 1_000] * 1_000
    weight = weight_of(clean(texts, 2_000))
    assert weight == 1_000 * 1_032
    traced = Traced(operations=False, bounds=Bounds(size=2 * weight + 4 * SPAN_COST))

    async def work() -> None:
        for number in range(4):
            with span(f"s{number}") as made:
                made.add_event("told", {"texts": texts})

    names = [one.name for one in served(traced, drive, work)]
    assert names == ["s0", "s1"]
    assert traced.spans[-1].attributes["spine.spans_dropped"] == 2


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
