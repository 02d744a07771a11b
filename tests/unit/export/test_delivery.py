"""What becomes of a batch when something goes wrong that is not the receiver's answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from collector import collector
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

    with collector(status(503)) as receiver:
        endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, "traces")
        assert isinstance(endpoint, Endpoint)
        queue = Queue(Budget(1 << 20))
        queue.put_all([(("scope", "1"), b"".join(map(SpanEncoder(), spans(3))), 3)])
        sent = Delivery(endpoint, queue, broken)
        with pytest.raises(RuntimeError, match="HTTP 503"):
            sent.send(queue.take(512, 1 << 20).chunks, ScopedForm(dict).request)
        sent.close()
    assert queue.account.balance() == Balance(3, 0, {"encode": 3}, 0)
