"""What becomes of a batch when something goes wrong that is not the receiver's answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import monotonic

import pytest
from collector import Call, collector
from exporting import Three, arrived, exporting, script, spans
from faults import status

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.queue import Budget, Queue
from fastapi_spine.export.request import ScopedForm
from fastapi_spine.export.spans import SpanEncoder

BEYOND_ALL_YEARS = "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
BEFORE_ALL_YEARS = "Mon, 01 Jan 0001 00:00:00 +2359"


@contextmanager
def telling_fails() -> Iterator[None]:
    """Have a filter of the user's raise at each line of the exporter's."""

    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise KeyError("user's filter")

    broken = Broken()
    logging.getLogger("spine.export").addFilter(broken)
    try:
        yield
    finally:
        logging.getLogger("spine.export").removeFilter(broken)


def quiet(_what: str) -> None:
    """Hear of trouble, and say nothing."""


@contextmanager
def sending(
    url: str, trouble: Callable[[str], None] = quiet, expires_s: float = 300.0
) -> Iterator[tuple[Callable[[int], None], Queue]]:
    """Yield what sends so many spans in one batch, and the queue that keeps the books."""
    endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, "traces")
    assert isinstance(endpoint, Endpoint)
    queue = Queue(Budget(1 << 20))
    delivery = Delivery(endpoint, queue, trouble, expires_s)

    def send(count: int) -> None:
        queue.put_all([(("scope", "1"), b"".join(map(SpanEncoder(), spans(count))), count)])
        delivery.send(queue.take(512, 1 << 20).chunks, ScopedForm(dict).request)

    try:
        yield send, queue
    finally:
        delivery.close()


@pytest.mark.parametrize("date", [BEYOND_ALL_YEARS, BEFORE_ALL_YEARS, "soon"])
def test_a_retry_after_that_is_no_date_is_as_good_as_none(date: str) -> None:
    """The batch comes again after our own pause, and arrives."""
    with (
        collector(script(status(503, retry_after=date))) as receiver,
        exporting(receiver.url, "traces") as exporter,
    ):
        exporter.put("traces", 5)
        balance = exporter.settled("traces")
    assert balance == Balance(5, 5, {}, 0)
    assert arrived(receiver.calls) == 2 * [1, 2, 3, 4, 5]


def test_a_logging_filter_that_raises_costs_no_item_and_reaches_nobody() -> None:
    """It is counted as a fault; the batch that was to be told of arrives, and closing ends as ever."""
    clock = SystemClock()
    health = Health(clock)
    with collector(script(status(503), status(400))) as receiver, telling_fails():
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        exporter = Three(environ, resource=dict, clock=clock, health=health, bound=1 << 20)
        exporter.put("traces", 5)
        refused = exporter.settled("traces")
        exporter.put("traces", 5)
        exporter.close(10)
    assert refused == Balance(5, 0, {"rejected": 5}, 0)
    assert exporter.balance("traces") == Balance(10, 5, {"rejected": 5}, 0)
    # The first trouble and the losses; neither is told again within a minute.
    assert health.internal_errors == {"export": 2}


def test_a_fault_of_ours_in_an_attempt_loses_the_batch_and_books_it() -> None:
    """It goes to whoever sends, who counts it; nothing stays queued for ever."""

    def broken(what: str) -> None:
        raise RuntimeError(what)

    with (
        collector(status(503)) as receiver,
        sending(receiver.url, broken) as (send, queue),
        pytest.raises(RuntimeError, match="HTTP 503"),
    ):
        send(3)
    assert queue.account.balance() == Balance(3, 0, {"encode": 3}, 0)


def test_a_receiver_that_asks_for_no_pause_is_not_asked_at_once() -> None:
    """`Retry-After: 0`, or a date that is over: it is in trouble all the same, and our own pause holds."""
    calls: list[float] = []

    def busy(call: Call) -> None:
        calls.append(monotonic())
        status(503, retry_after="0" if len(calls) % 2 else "Wed, 25 Nov 2015 08:00:00 GMT")(call)

    with collector(busy) as receiver, sending(receiver.url, expires_s=4.0) as (send, queue):
        send(3)
        balance = queue.account.balance()
    assert balance == Balance(3, 0, {"expired": 3}, 0)
    assert 2 <= len(calls) <= 4
    assert all(later - earlier > 0.4 for earlier, later in pairwise(calls))


def test_a_receiver_that_wants_to_be_left_alone_is_left_alone_by_all_batches() -> None:
    """Longer than a batch may wait: it waits to its end, is booked as too old, and the next one does not come early."""
    calls: list[float] = []

    def busy(call: Call) -> None:
        calls.append(monotonic())
        (status(503, retry_after="3") if len(calls) == 1 else Call.answer)(call)

    with collector(busy) as receiver, sending(receiver.url, expires_s=2.0) as (send, queue):
        began = monotonic()
        send(3)
        assert monotonic() - began >= 2.0
        send(4)
        balance = queue.account.balance()
    assert balance == Balance(7, 4, {"expired": 3}, 0)
    assert calls[1] - calls[0] >= 3.0
