"""The same calls give the same spans as OpenTelemetry's own SDK; the differences are in docs/reference/otel-differences.md."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from traced import Traced

OTHER = SpanContext(
    0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "1")])
)
NOWHERE = SpanContext(0, 0, is_remote=False)
FEW = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
    "OTEL_SPAN_LINK_COUNT_LIMIT": "2",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "8",
}

Told = dict[str, Any]


class Nameless:
    """An object that has nothing to say."""


class Named:
    """An object that has."""

    def __str__(self) -> str:
        return "I am named"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The SDK warns of everything that it leaves out."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def told(span: Any) -> Told:
    """A span as one value, without ids and times that the SDK took from the real clock."""
    return {
        "name": span.name,
        "kind": span.kind,
        "parent": span.parent is not None,
        "attributes": dict(span.attributes),
        "order": list(span.attributes),
        "events": [
            (event.name, {k: v for k, v in event.attributes.items() if k != "exception.stacktrace"})
            for event in span.events
        ],
        "links": [
            (
                link.context.trace_id,
                link.context.span_id,
                dict(link.context.trace_state),
                dict(link.attributes),
            )
            for link in span.links
        ],
        "status": (span.status.status_code, span.status.description or None),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        "scope": (span.instrumentation_scope.name, span.instrumentation_scope.version),
        "end": span.end_time == 99,
    }


class Processor:
    """Collects spans as processors of the ecosystem do."""

    def __init__(self) -> None:
        self.ended: list[Told] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Hear of a beginning."""

    def on_end(self, span: Any) -> None:
        """Hear of an end."""
        self.ended.append(told(span))

    def force_flush(self, _timeout_millis: int) -> bool:
        """Have nothing to flush."""
        return True

    def shutdown(self) -> None:
        """End."""


def by_us(play: Callable[[Any], None], environ: dict[str, str]) -> list[Told]:
    """What our provider makes of some calls."""
    traced = Traced(environ=environ)
    processor = Processor()
    traced.room.provider.add_span_processor(processor)
    play(traced.tracer())
    return processor.ended


def by_sdk(play: Callable[[Any], None], environ: dict[str, str]) -> list[Told]:
    """What the SDK makes of them."""
    exporter = InMemorySpanExporter()
    limits = None
    if environ:
        limits = SpanLimits(
            max_span_attributes=3, max_events=2, max_links=2, max_event_attributes=1, max_link_attributes=1,
            max_attribute_length=8,
        )  # fmt: skip
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    play(provider.get_tracer("test", "2.0"))
    return [told(span) for span in exporter.get_finished_spans()]


def _plain(tracer: Any) -> None:
    with tracer.start_as_current_span("outer", attributes={"a": 1}) as outer:
        outer.set_attribute("b", "two")
        with tracer.start_as_current_span("inner", kind=SpanKind.CLIENT):
            trace.get_current_span().set_attributes({"c": 3.5, "d": True})
        outer.update_name("renamed")


def _odd_attributes(tracer: Any) -> None:
    span = tracer.start_span("odd", attributes={"": 1, 7: "seven", "none": None})
    for key in ("", None, 5, "list", "mixed", "map", "named", "nameless"):
        values = {
            "list": [1, 2], "mixed": ["a", 1, None], "map": {"k": {"n": 1}, "": 2, 3: 4},
            "named": Named(), "nameless": Nameless(),
        }  # fmt: skip
        span.set_attribute(key, values.get(str(key), "value"))
    span.set_attributes({"last": (1, 2), "": 3, 9: "nine"})
    span.end()


def _statuses(tracer: Any) -> None:
    orders: list[list[tuple[Any, ...]]] = [
        [(StatusCode.ERROR, "why")],
        [(StatusCode.ERROR, "why"), (StatusCode.OK,)],
        [(StatusCode.OK,), (StatusCode.ERROR, "too late")],
        [(StatusCode.ERROR, "why"), (StatusCode.UNSET,)],
        [(Status(StatusCode.ERROR, "inside"), "beside")],
        [(StatusCode.OK, "no description"), (Status(StatusCode.UNSET),)],
        [(StatusCode.ERROR, "first"), (StatusCode.ERROR, "second")],
        [("nonsense",)],
    ]
    for order in orders:
        span = tracer.start_span("status")
        for arguments in order:
            span.set_status(*arguments)
        span.end()


def _errors(tracer: Any) -> None:
    def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError("bad"), KeyError("k"), pytest.fail.Exception("custom"), SystemExit(1)):
        for options in ({}, {"record_exception": False}, {"set_status_on_exception": False}):
            with pytest.raises(type(error)), tracer.start_as_current_span("cm", **options):
                fail(error)
            with pytest.raises(type(error)), tracer.start_span("with", **options):
                fail(error)
    span = tracer.start_span("recorded")
    span.record_exception(ValueError("x"), {"exception.message": "mine", "more": 1}, escaped=True)
    span.end()


def _events_and_links(tracer: Any) -> None:
    links = [Link(OTHER, {"l": 1, "m": 2}), Link(NOWHERE), Link(NOWHERE, {"only": "attributes"})]
    span = tracer.start_span("many", links=links)
    for number in range(5):
        span.add_event(f"event {number}", {"n": number, "text": "t" * 20})
        span.add_link(OTHER, {"n": number})
    span.add_event("bare")
    span.add_link(NOWHERE)
    span.end()


def _too_much(tracer: Any) -> None:
    span = tracer.start_span("full", attributes={f"k{n}": "v" * n for n in range(12)})
    span.set_attribute("k11", "again")
    span.set_attribute("new", [("x" * 20), {"deep": "y" * 20}])
    span.set_attributes({f"late{n}": n for n in range(5)})
    span.end()


def _after_the_end(tracer: Any) -> None:
    span = tracer.start_span("ended")
    span.end(99)
    span.end(100)
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.add_event("late")
    span.add_link(OTHER)
    span.update_name("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError())
    assert not span.is_recording()


def _parents(tracer: Any) -> None:
    remote = trace.set_span_in_context(trace.NonRecordingSpan(OTHER))
    tracer.start_span("below a remote span", context=remote).end()
    tracer.start_span("below nothing", context=trace.set_span_in_context(trace.INVALID_SPAN)).end()
    parent = tracer.start_span("explicit parent")
    tracer.start_span("child", context=trace.set_span_in_context(parent)).end()
    with trace.use_span(parent, end_on_exit=True):
        tracer.start_span("sibling").end()


def _decorated(tracer: Any) -> None:
    def work(number: int) -> int:
        trace.get_current_span().set_attribute("number", number)
        return number * 2

    work = tracer.start_as_current_span("decorated", attributes={"d": 1})(work)

    assert [work(1), work(2)] == [2, 4]
    assert work.__name__ == "work"


PLAYS = [
    _plain, _odd_attributes, _statuses, _errors, _events_and_links, _too_much, _after_the_end, _parents, _decorated,
]  # fmt: skip


@pytest.mark.parametrize("environ", [{}, FEW], ids=["usual limits", "tight limits"])
@pytest.mark.parametrize("play", PLAYS)
def test_the_same_calls_give_the_same_spans(
    play: Callable[[Any], None], environ: dict[str, str]
) -> None:
    """Names, kinds, attributes and their order, events, links, status, drops: all as from the SDK."""
    assert by_us(play, environ) == by_sdk(play, environ)


KEYS = st.sampled_from(["a", "b", "c", "d", "e", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("xyz", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
ATTRIBUTES = st.dictionaries(KEYS, VALUES, max_size=5)
CALL = st.one_of(
    st.tuples(st.just("set_attribute"), KEYS, VALUES),
    st.tuples(st.just("set_attributes"), ATTRIBUTES),
    st.tuples(st.just("add_event"), st.text("abc", max_size=3), ATTRIBUTES),
    st.tuples(st.just("add_link"), st.sampled_from([OTHER, NOWHERE]), ATTRIBUTES),
    st.tuples(st.just("update_name"), st.text("abc", max_size=3)),
    st.tuples(
        st.just("set_status"), st.sampled_from(StatusCode), st.none() | st.text("why", max_size=3)
    ),
    st.tuples(st.just("end"), st.just(99)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(CALL, max_size=12), ATTRIBUTES, st.booleans())
def test_any_calls_give_the_same_span(
    calls: list[tuple[Any, ...]], attributes: dict[str, Any], tight: bool
) -> None:
    """Whatever is called on a span, in whatever order, the SDK would have made the same of it."""

    def play(tracer: Any) -> None:
        span = tracer.start_span("any", attributes=attributes)
        for name, *arguments in calls:
            getattr(span, name)(*arguments)
        span.end()

    environ = FEW if tight else {}
    assert by_us(play, environ) == by_sdk(play, environ)
