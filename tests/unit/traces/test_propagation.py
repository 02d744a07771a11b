"""Who is told what: the trace everybody, the request id only those who are ours."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import baggage, propagate, trace
from opentelemetry import context as otel
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind
from traced import Traced

from fastapi_spine.core.context import bind, outgoing_headers, request_id
from fastapi_spine.testing import capture
from fastapi_spine.traces.carry import carry, resume
from fastapi_spine.traces.destinations import Destinations


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("inventory", True),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("[fd00::1]", True),
        ("::1", True),
        ("orders.svc.cluster.local", True),
        ("payments.shop.example", True),
        ("shop.example", True),
        ("PAYMENTS.SHOP.EXAMPLE.", True),
        ("partner.example.org", True),
        ("a.friends.example", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("api.stripe.com", False),
        ("evilshop.example", False),
        ("shop.example.evil.com", False),
        ("0.0.0.0", False),
        ("134744072", False),
        ("0x08080808", False),
        ("", False),
    ],
)
def test_whose_a_destination_is(host: str, ours: bool) -> None:
    """Named hosts, private addresses and names, siblings; nobody else."""
    destinations = Destinations(["partner.example.org", ".friends.example"], ["api.shop.example"])
    assert destinations.is_ours(host) is ours


@pytest.mark.parametrize(
    "own", ["shop.co.uk", "shop.herokuapp.com", "x.eu.amazonaws.com", "shop.com", "10.0.0.1"]
)
def test_neighbours_below_a_public_suffix_are_strangers(own: str) -> None:
    """Who shares only a registry or a hosting company is no sibling."""
    neighbour = f"stranger.{own.partition('.')[2]}"
    assert Destinations((), [own]).is_ours(neighbour) is False


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"http.url": "http://inventory/availability"}, True),
        ({"url.full": "https://api.stripe.com/v1"}, False),
        ({"server.address": "api.stripe.com"}, False),
        ({"server.address": "10.0.0.7", "url.full": "https://api.stripe.com/"}, True),
        ({}, False),
        ({"http.url": "http://[broken"}, False),
    ],
)
def test_only_ours_are_told_the_request_id(
    attributes: dict[str, str], told: bool, drive: Any
) -> None:
    """The client span says where a call goes; the trace goes along in any case."""
    traced = Traced(operations=False)
    app = FastAPI()
    carrier: dict[str, str] = {}

    @app.get("/")
    async def call() -> None:
        tracer = traced.tracer()
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=attributes):
            traced.room.propagator.inject(carrier)

    traced.around(app)
    answer = drive(app)
    client, server = traced.spans
    assert carrier.pop("x-request-id", None) == (answer.request_id if told else None)
    assert carrier == {"traceparent": f"00-{server.trace_id}-{client.span_id}-03"}


def test_a_users_propagator_keeps_its_headers() -> None:
    """Ours then adds the request id and nothing else."""

    class Mine(CompositePropagator):
        """A user's propagator."""

        def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
            """Set one header."""
            del context, setter
            carrier["b3"] = "mine"

        @property
        def fields(self) -> set[str]:
            """One header."""
            return {"b3"}

    propagator = Traced().room.propagator
    propagator.inner = Mine([])
    carrier: dict[str, str] = {}
    propagator.inject(carrier)
    assert (carrier, propagator.fields) == ({"b3": "mine"}, {"b3", "x-request-id"})


def test_a_repeated_traceparent_begins_a_new_trace() -> None:
    """The rule of Trace Context level 2 for headers that come twice."""

    class Twice(Getter[Any]):
        """Answers with two headers."""

        def get(self, carrier: Any, key: str) -> list[str] | None:
            """Give every value."""
            return carrier.get(key)  # type: ignore[no-any-return]

        def keys(self, carrier: Any) -> list[str]:
            """Give the names."""
            return list(carrier)

    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    context = Traced().room.propagator.extract({"traceparent": [parent, parent]}, getter=Twice())
    assert trace.get_current_span(context) is trace.INVALID_SPAN


def test_a_job_in_another_thread_continues_the_trace(drive: Any) -> None:
    """What `carry` returns is plain text; spans inside `resume` are children of the span that carried."""
    before = propagate.get_global_textmap()
    traced = Traced(operations=False)
    app = FastAPI()
    carried: dict[str, str] = {}

    @app.get("/")
    async def hand_over() -> None:
        carried.update(carry())

    def job() -> None:
        with resume(carried), traced.tracer().start_as_current_span("job"):
            assert trace.get_current_span().is_recording()
        assert trace.get_current_span() is trace.INVALID_SPAN

    propagate.set_global_textmap(traced.room.propagator)
    try:
        answer = drive(traced.around(app))
        thread = threading.Thread(target=job)
        thread.start()
        thread.join()
    finally:
        propagate.set_global_textmap(before)
    server, done = traced.spans
    assert carried["x-request-id"] == answer.request_id
    assert (done.trace_id, done.parent_span_id) == (server.trace_id, server.span_id)


def test_lines_and_calls_of_a_job_carry_the_request(drive: Any) -> None:
    """The id that the answer carried, the trace, and the span that handed over; with nobody to take spans just so."""
    app, carried = FastAPI(), dict[str, str]()

    @app.get("/carry")
    async def hand_over() -> None:
        carried.update(carry())

    def job() -> dict[str, Any]:
        with resume(carried):
            bind(order=7)
            logging.getLogger("job").info("sending")
            found = {"id": request_id(), **outgoing_headers()}
        assert (request_id(), outgoing_headers()) == (None, {})
        return found

    with capture(app) as lines:
        answer = drive(app, "/carry")
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(job).result()
    (access,) = lines.access
    (line,) = lines.of("job")
    ids = {key: access[key] for key in ("request_id", "trace_id", "span_id")}
    assert {key: line[key] for key in (*ids, "order")} == {**ids, "order": 7}
    parent = f"00-{ids['trace_id']}-{ids['span_id']}-03"
    assert found == {
        "id": answer.request_id,
        "x-request-id": answer.request_id,
        "traceparent": parent,
    }


@pytest.mark.parametrize(
    "carried",
    [
        {},
        {"x-request-id": "r-1"},
        {"x-request-id": "r 1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        {"x-request-id": "r-1", "traceparent": "00-a-b-01"},
        {"x-request-id": "é", "traceparent": f"00-{'a' * 32}-{'b' * 16}-\ud800"},
    ],
)
def test_what_was_carried_is_checked(carried: dict[str, str]) -> None:
    """A queue is no safer than a header: what is no id is none."""
    with resume(carried):
        assert request_id() is None


def test_baggage_that_no_header_can_hold_goes_along_as_far_as_it_can() -> None:
    """A lone surrogate in a value costs neither the call nor the rest."""
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(Traced().room.propagator)
    token = otel.attach(baggage.set_baggage("user", "a\ud800b"))
    try:
        assert carry() == {"baggage": "user=a?b"}
    finally:
        otel.detach(token)
        propagate.set_global_textmap(before)
