"""What is handed over enters the queue in few chunks: those of a scope, or of a logger, together."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from exporting import TRACE, spans

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.core.telemetry import SpanKind
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.lines import BATCH, LineOutlet
from fastapi_spine.export.log_records import RecordEncoder
from fastapi_spine.export.queue import WEIGHT, Budget, Queue
from fastapi_spine.export.request import Chunk, ScopedForm
from fastapi_spine.export.shipper import Shipper
from fastapi_spine.export.spans import SpanEncoder, SpanOutlet

SERVER, OPERATIONS = ("server", "1"), ("operations", "2")


class Still(Shipper):
    """Ships nothing, so that what is queued can be looked at."""

    def start(self) -> None:
        """Have no thread."""


@pytest.fixture
def health() -> Health:
    """Count faults."""
    return Health(SystemClock())


def still(health: Health, bound: int = 1 << 25) -> Still:
    """Make a shipper with a queue of its own."""
    endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "traces")
    assert isinstance(endpoint, Endpoint)
    queue = Queue(Budget(bound))
    sent = Delivery(endpoint, queue, lambda _: None)
    return Still(queue, ScopedForm(dict), sent, health=health, tick=lambda: None)


def waiting(shipper: Shipper) -> list[Chunk]:
    """Take everything that waits."""
    return shipper.queue.take(1 << 30, 1 << 30).chunks


def test_spans_of_a_scope_are_queued_together(health: Health) -> None:
    """Server spans and small ones in turns, in their order; as many as one chunk holds."""
    encode = SpanEncoder()
    kind = SpanKind("validate", 1, OPERATIONS, {"code.function.name": "f"})
    handed: list[Any] = []
    server: list[bytes] = []
    small: list[bytes] = []
    for span in spans(100):
        span.scope_name, span.scope_version = SERVER
        below = [(kind, TRACE, f"{n:016x}", span.span_id, 1, n, n + 1) for n in (1, 2)]
        handed += [*below, span]
        server.append(encode(span))
        small += map(encode.small, below)
    shipper = still(health)
    SpanOutlet(shipper).take(handed)
    assert shipper.queue.account.balance() == Balance(300, 0, {}, 300)
    assert waiting(shipper) == [
        (OPERATIONS, b"".join(small[:128]), 128),
        (OPERATIONS, b"".join(small[128:]), 72),
        (SERVER, b"".join(server), 100),
    ]


def test_a_span_that_cannot_be_written_loses_only_itself(health: Health) -> None:
    """Neither its scope's others nor those behind it."""
    taken: list[Any] = spans(3)
    taken[1].span_id = "no hex"
    shipper = still(health)
    SpanOutlet(shipper).take(taken)
    encode = SpanEncoder()
    assert waiting(shipper) == [(("", ""), encode(taken[0]) + encode(taken[2]), 2)]
    assert shipper.queue.account.balance() == Balance(3, 0, {"encode": 1}, 2)
    assert health.internal_errors == {"export_encode": 1}


def test_lines_of_a_logger_are_queued_together(health: Health) -> None:
    """With the line that makes enough of them, or when somebody comes for them."""
    shipper = still(health)
    outlet, encoder = LineOutlet(shipper), RecordEncoder()
    written: dict[str, list[bytes]] = {"shop": [], "sql": []}
    for number in range(BATCH + 1):
        fields: dict[str, Any] = {"logger": "sql" if number % 4 else "shop", "n": number}
        written[fields["logger"]].append(encoder.line(1, logging.INFO, fields, 0))
        outlet.take(1, logging.INFO, fields, 0)
    assert len(shipper.queue) == BATCH
    outlet.settle()
    assert waiting(shipper) == [
        (("shop", ""), b"".join(written["shop"][:-1]), BATCH // 4),
        (("sql", ""), b"".join(written["sql"]), BATCH * 3 // 4),
        (("shop", ""), written["shop"][-1], 1),
    ]


@pytest.mark.parametrize("bound", [4096, 100_000, 1 << 20])
def test_a_queue_of_any_bound_keeps_what_came_last(health: Health, bound: int) -> None:
    """However many come at once: what one chunk holds is little beside the bound, so nearly all of it is used."""
    shipper = still(health, bound)
    size = len(SpanEncoder()(spans(1)[0]))
    count = 2 * bound // size
    SpanOutlet(shipper).take(spans(count))
    queue = shipper.queue
    assert bound - queue.weight <= bound // 64 + WEIGHT + size
    assert queue.account.balance() == Balance(
        count, 0, {"queue_full": count - len(queue)}, len(queue)
    )
    last = waiting(shipper)[-1]
    assert last[1].endswith(SpanEncoder()(spans(1, count)[0]))
