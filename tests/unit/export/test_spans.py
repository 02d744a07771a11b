"""What is written is what protobuf reads."""

from __future__ import annotations

import math
from typing import Any

import pytest
from collector import read
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.telemetry import (
    KIND_SERVER,
    EventData,
    LinkData,
    Shared,
    SpanData,
    SpanKind,
    whole,
)
from fastapi_spine.export.attributes import any_value
from fastapi_spine.export.request import ScopedForm
from fastapi_spine.export.spans import SpanEncoder

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
PLAIN = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(),
)
VALUE = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Compare values of which some may be no number."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def sent(*spans: SpanData, **resource: Any) -> ExportTraceServiceRequest:
    """Write spans and have protobuf read them."""
    encode = SpanEncoder()
    batch = [((span.scope_name, span.scope_version), encode(span), 1) for span in spans]
    request = ExportTraceServiceRequest()
    request.ParseFromString(ScopedForm(lambda: resource).request(batch))
    return request


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUE, max_size=6))
def test_any_attribute_is_read_back(attributes: dict[str, Any]) -> None:
    """Types and values, also when a span of the same attributes came before."""
    span = SpanData(TRACE, SPAN, None, None, 1, "s", 1, 1, 2, attributes)
    request = sent(span, span)
    for found in request.resource_spans[0].scope_spans[0].spans:
        back = {one.key: read(one.value) for one in found.attributes}
        assert same(back, attributes)


def test_values_without_a_form_become_text() -> None:
    """Numbers beyond 64 bits, lone surrogates, and what lies too deep never fail."""
    span = SpanData(
        TRACE, SPAN, None, None, 1, "s\ud800", 1, 1, 2, {"big": 2**70, "bad": "a\udfff"}
    )
    deep: Any = "end"
    for _ in range(60):
        deep = [deep]
    span.attributes["deep"] = deep
    span.attributes["none"] = None
    (found,) = sent(span).resource_spans[0].scope_spans[0].spans
    back = {one.key: read(one.value) for one in found.attributes}
    assert found.name == "s\\ud800"
    assert (back["big"], back["bad"], back["none"]) == (str(2**70), "a\\udfff", None)
    assert any_value(True) != any_value(1)


@given(st.lists(st.dictionaries(st.text("abc", min_size=1), VALUE, max_size=4), max_size=3))
def test_attributes_in_common_are_read_back_with_a_spans_own(common: list[dict[str, Any]]) -> None:
    """Of each span that has them, the second time too, when they are written already."""
    shared = tuple(map(Shared, common))
    spans = [SpanData(TRACE, SPAN, None, None, 1, "s", 1, 1, 2, {"own": own}) for own in (1, 2)]
    for span in spans:
        span.shared = shared
    wanted = [pair for some in common for pair in some.items()]
    for own, found in enumerate(sent(*spans).resource_spans[0].scope_spans[0].spans, 1):
        back = [(one.key, read(one.value)) for one in found.attributes]
        assert same([value for _, value in back], [*(value for _, value in wanted), own])
        assert [key for key, _ in back] == [*(key for key, _ in wanted), "own"]


@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    parent=st.sampled_from([None, PARENT]),
    state=st.sampled_from([None, "vendor=1"]),
    flags=st.integers(0, 255),
)
def test_the_span_of_an_ordinary_request_is_what_any_span_is(
    path: str, parent: str | None, state: str | None, flags: int
) -> None:
    """However it is written, protobuf reads the same; so it does the second time."""
    identity = Identity("order/7", TRACE, SPAN, parent, flags, state)
    exchange = Exchange("http", {}, identity, 1_000, 5)
    exchange.end_at(905)
    shared = (Shared({"a": 1}), Shared({"b": "c"}))
    usual = SpanData(
        TRACE, SPAN, parent, state, flags, "GET /é", KIND_SERVER, 1_000, 1_900,
        {"url.path": path, "spine.request_id": "order/7"}, "fastapi-spine", "1.0",
    )  # fmt: skip
    usual.shared = shared
    expected, encoder = sent(usual), SpanEncoder()
    group = (usual.scope_name, usual.scope_version)
    for _ in range(2):
        found = ExportTraceServiceRequest()
        found.ParseFromString(
            ScopedForm(dict).request(
                [(group, encoder.request(exchange, "GET /é", shared, path), 1)]
            )
        )
        assert found == expected


def test_times_that_no_clock_shows_are_cut() -> None:
    """A user may give any number as a span's time."""
    span = SpanData(TRACE, SPAN, None, None, 1, "s", 1, -5, 2**70)
    (found,) = sent(span).resource_spans[0].scope_spans[0].spans
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (0, 2**64 - 1)


def test_each_request_says_who_the_process_is_now() -> None:
    """Another answer, such as a forked child's, is written anew; the same one is not."""
    answers = [{"service.instance.id": "one"}, {"service.instance.id": "two"}]
    form, found = ScopedForm(lambda: answers[0]), []
    for _ in range(2):
        for _ in range(2):
            request = ExportTraceServiceRequest()
            request.ParseFromString(form.request([]))
            found += [
                one.value.string_value for one in request.resource_spans[0].resource.attributes
            ]
        del answers[0]
        answers.append({})
    assert found == ["one", "one", "two", "two"]


@pytest.mark.parametrize("state", [None, "ot=th:fd70a"])
def test_a_small_span_is_read_as_the_whole_one(state: str | None) -> None:
    """Whichever of the two is written; the trace state of all of a kind too."""
    kind = SpanKind("validate", 1, ("fastapi", ""), {"code.function.name": "f"}, state)
    small = (kind, TRACE, SPAN, PARENT, 3, 5, 7)
    request = ExportTraceServiceRequest()
    request.ParseFromString(ScopedForm(dict).request([(kind.scope, SpanEncoder().small(small), 1)]))
    read_back = request.resource_spans[0].scope_spans[0].spans[0]
    assert read_back == sent(whole(small)).resource_spans[0].scope_spans[0].spans[0]
    assert read_back.trace_state == (state or "")


def test_a_whole_span_is_read_back() -> None:
    """Every field of a span, its events, links, scope and resource."""
    span = SpanData(
        TRACE, SPAN, PARENT, "a=1,b=2", 0x03, "GET /x", 2, 1_000, 2_500, {"k": "v"}, "scope", "1.2"
    )
    span.add_event(EventData("exception", 1_500, {"exception.type": "ValueError"}), 8)
    span.add_link(LinkData(TRACE, PARENT, "c=3", {"n": 1}), 8)
    span.status, span.status_message = 2, "broken"
    span.dropped_attributes, span.dropped_events, span.dropped_links = 3, 4, 5
    request = sent(span, **{"service.name": "orders"})
    resource = request.resource_spans[0]
    scope = resource.scope_spans[0]
    (found,) = scope.spans
    assert [(one.key, read(one.value)) for one in resource.resource.attributes] == [
        ("service.name", "orders")
    ]
    assert (scope.scope.name, scope.scope.version) == ("scope", "1.2")
    assert (found.trace_id.hex(), found.span_id.hex(), found.parent_span_id.hex()) == (
        TRACE,
        SPAN,
        PARENT,
    )
    assert (found.trace_state, found.flags, found.name, found.kind) == ("a=1,b=2", 3, "GET /x", 2)
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (1_000, 2_500)
    event, link = found.events[0], found.links[0]
    assert (event.name, event.time_unix_nano, event.attributes[0].key) == (
        "exception",
        1_500,
        "exception.type",
    )
    assert (link.trace_id.hex(), link.span_id.hex(), link.trace_state) == (TRACE, PARENT, "c=3")
    assert (found.status.code, found.status.message) == (2, "broken")
    assert (
        found.dropped_attributes_count,
        found.dropped_events_count,
        found.dropped_links_count,
    ) == (3, 4, 5)
