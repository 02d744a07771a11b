"""The exporter and a receiver that misbehaves: everything is delivered once or counted as lost, and nobody waits."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from collector import Call, collector
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import free_port, wait_for

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.core.telemetry import SpanData
from fastapi_spine.export.room import Exporter

TRACE = "0af7651916cd43dd8448eb211c80319c"


def spans(count: int, start: int = 1) -> list[SpanData]:
    """Make spans with ids of their own."""
    return [
        SpanData(TRACE, f"{number:016x}", None, None, 1, "s", 1, 1, 2, {"n": number})
        for number in range(start, start + count)
    ]


@contextmanager
def exporting(url: str, *, bound: int = 1 << 25, **variables: str) -> Iterator[Exporter]:
    """Run an exporter against a receiver."""
    clock = SystemClock()
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, **variables}
    made = Exporter(environ, resource=dict, clock=clock, health=Health(clock), bound=bound)
    try:
        yield made
    finally:
        made.close(0.2)


def settled(exporter: Exporter) -> Balance:
    """Wait until nothing is queued, and read the books."""
    exporter.flush(10)
    balance = exporter.balance()
    assert balance is not None
    return balance


def script(*answers: Callable[[Call], None]) -> Callable[[Call], None]:
    """Answer each request in its turn, and those that come after with 200."""

    def answer(call: Call) -> None:
        (answers[call.number] if call.number < len(answers) else Call.answer)(call)

    return answer


def status(code: int, **headers: str) -> Callable[[Call], None]:
    """Answer with a status."""
    return lambda call: call.answer(code, b"", **headers)


def test_spans_arrive_once_in_batches() -> None:
    """A thousand spans, compressed, with the headers that were asked for."""
    with (
        collector() as receiver,
        exporting(receiver.url, OTEL_EXPORTER_OTLP_HEADERS="x-key=secret") as exporter,
    ):
        exporter.put_all(spans(1000))
        balance = settled(exporter)
    assert balance == Balance(1000, 1000, {}, 0)
    assert sorted(receiver.span_ids()) == [f"{number:016x}" for number in range(1, 1001)]
    assert len(receiver.calls) == 2
    first = receiver.headers[0]
    assert first["content-type"] == "application/x-protobuf"
    assert first["content-encoding"] == "gzip"
    assert first["x-key"] == "secret"


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_receiver_that_asks_for_patience_gets_it(code: int) -> None:
    """The same batch comes again, after as long as it said, and is counted once."""
    with (
        collector(script(status(code, retry_after="0"), status(code, retry_after="0"))) as receiver,
        exporting(receiver.url) as exporter,
    ):
        exporter.put_all(spans(5))
        balance = settled(exporter)
    assert balance == Balance(5, 5, {}, 0)
    assert len(receiver.calls) == 3


@pytest.mark.parametrize("code", [301, 307, 400, 401, 404, 500, 501])
def test_any_other_refusal_is_final(code: int) -> None:
    """No second try, no redirect followed; the batch is counted as rejected."""
    with (
        collector() as other,
        collector(script(status(code, location=f"{other.url}/v1/traces"))) as receiver,
        exporting(receiver.url) as exporter,
    ):
        exporter.put_all(spans(5))
        balance = settled(exporter)
    assert balance == Balance(5, 0, {"rejected": 5}, 0)
    assert (len(receiver.calls), len(other.calls)) == (1, 0)


@pytest.mark.parametrize(("claimed", "rejected"), [(3, 3), (99, 10), (-5, 0), (0, 0)])
def test_partial_success_is_counted_and_never_repeated(claimed: int, rejected: int) -> None:
    """A receiver's claim counts as far as it can be true."""
    with (
        collector(lambda call: call.partly(claimed, "no")) as receiver,
        exporting(receiver.url) as exporter,
    ):
        exporter.put_all(spans(10))
        balance = settled(exporter)
    dropped = {"rejected": rejected} if rejected else {}
    assert balance == Balance(10, 10 - rejected, dropped, 0)
    assert len(receiver.calls) == 1


def test_too_large_is_split_down_to_the_one_that_is() -> None:
    """One span over the receiver's limit among a hundred: ninety-nine arrive."""

    def limited(call: Call) -> None:
        call.answer(413 if call.size > 20_000 else 200)

    with collector(limited) as receiver, exporting(receiver.url) as exporter:
        batch = spans(100)
        batch[37].attributes["text"] = "x" * 50_000
        exporter.put_all(batch)
        balance = settled(exporter)
    assert balance == Balance(100, 99, {"too_large": 1}, 0)


def test_a_receiver_that_comes_up_late_gets_everything() -> None:
    """Refused connections are tried again."""
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}") as exporter:
        exporter.put_all(spans(10))
        assert settled_within(exporter, 0.3).queued == 10
        with collector(port=port) as receiver:
            balance = settled(exporter)
    assert balance == Balance(10, 10, {}, 0)
    assert len(receiver.span_ids()) == 10


def settled_within(exporter: Exporter, seconds: float) -> Balance:
    """Give the exporter a moment, and read the books."""
    exporter.flush(seconds)
    balance = exporter.balance()
    assert balance is not None
    return balance


def _hang(call: Call) -> None:
    call.handler.rfile.read(1)


def _drip(call: Call) -> None:
    pause = threading.Event()
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
        call.handler.wfile.write(bytes([byte]))
        call.handler.wfile.flush()
        pause.wait(0.05)


def _flood(call: Call) -> None:
    call.handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n")
    for _ in range(300):
        call.handler.wfile.write(b"z" * 1_000_000)


def _endless_head(call: Call) -> None:
    call.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        call.handler.wfile.write(b"x-%d: y\r\n" % number)


def _reset(call: Call) -> None:
    call.handler.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
    )
    call.handler.connection.close()


@pytest.mark.parametrize("fault", [_hang, _drip, _endless_head, _reset])
def test_a_receiver_that_misbehaves_costs_nobody_more_than_the_deadline(
    fault: Callable[[Call], None],
) -> None:
    """Putting stays quick, and closing ends in time with everything counted as lost."""
    with (
        collector(fault) as receiver,
        exporting(receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="300") as exporter,
    ):
        exporter.put_all(spans(5))
        wait_for(lambda: receiver.calls, "the first attempt")
        started = time.monotonic()
        exporter.close(0.5)
        took = time.monotonic() - started
    assert took < 5
    assert exporter.balance() == Balance(5, 0, {"shutdown": 5}, 0)


def test_a_huge_answer_is_not_read() -> None:
    """64 KiB of it are enough to know that the batch was taken."""
    with collector(_flood) as receiver, exporting(receiver.url) as exporter:
        exporter.put_all(spans(5))
        balance = settled(exporter)
    assert balance == Balance(5, 5, {}, 0)


def test_a_queue_that_is_full_drops_the_oldest() -> None:
    """Nobody listens: memory stays within the bound, and the books say what is gone."""
    with exporting(f"http://127.0.0.1:{free_port()}", bound=100_000) as exporter:
        for place in range(50):
            exporter.put_all(spans(100, place * 100 + 1))
        balance = exporter.balance()
        assert balance is not None
        assert balance.emitted == 5000
        assert balance.queued <= 100_000 / 600 + 512
        assert balance.dropped == {"queue_full": 5000 - balance.queued}


def test_a_child_leaves_its_parents_spans_to_the_parent() -> None:
    """After a fork the child sends its own only, and counts what it inherited as not its own to send."""
    with collector() as receiver, exporting(receiver.url) as exporter:
        exporter.put_all(spans(5))
        child = os.fork()
        if child == 0:
            exporter.put_all(spans(3, 100))
            exporter.flush(5)
            balance = exporter.balance()
            os._exit(0 if balance == Balance(8, 3, {"fork": 5}, 0) else 1)
        _, code = os.waitpid(child, 0)
        balance = settled(exporter)
    assert code == 0
    assert balance == Balance(5, 5, {}, 0)
    assert sorted(receiver.span_ids()) == sorted(
        f"{number:016x}" for number in (*range(1, 6), *range(100, 103))
    )


FAULTS: dict[str, Callable[[Call], None]] = {
    "ok": Call.answer,
    "busy": status(503, retry_after="0"),
    "bad": status(400),
    "large": status(413),
    "part": lambda call: call.partly(1),
}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(FAULTS)), max_size=6), st.integers(1, 4))
def test_the_books_balance_whatever_happens(faults: Sequence[str], threads: int) -> None:
    """Under scripted faults and from several threads: delivered is what a stranger counted."""
    taken: list[Any] = []

    def answer(call: Call) -> None:
        fault = faults[call.number] if call.number < len(faults) else "ok"
        if fault == "ok":
            taken.extend(call.spans)
        elif fault == "part":
            taken.extend(call.spans[1:])
        FAULTS[fault](call)

    with collector(answer) as receiver, exporting(receiver.url) as exporter:
        writers = [
            threading.Thread(target=exporter.put_all, args=(spans(150, place * 150 + 1),))
            for place in range(threads)
        ]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
        balance = settled(exporter)
    assert balance.emitted == threads * 150
    assert balance.queued == 0
    assert balance.emitted == balance.delivered + sum(balance.dropped.values())
    assert balance.delivered == len(taken) == len({span.span_id for span in taken})
