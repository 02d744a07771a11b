"""The exporter and a receiver that misbehaves: everything is delivered once or counted as lost, and nobody waits."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from collector import Call, collector
from exporting import SIGNALS, Three, arrived, exporting, numbers_of, script, spans
from faults import LASTING, drip, endless_head, flood, hang, reset, status
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import free_port, wait_for

from fastapi_spine.core.health import Balance
from fastapi_spine.export.answer import Answer
from fastapi_spine.export.attempt import Line, Unreached
from fastapi_spine.export.spans import SpanEncoder

SPAN_BYTES = len(SpanEncoder()(spans(1)[0]))

any_signal = pytest.mark.parametrize("signal", SIGNALS)


@any_signal
def test_items_arrive_once_in_batches(signal: str) -> None:
    """A thousand of each signal, in two requests or three, compressed, at the signal's path, with the headers that were asked for."""
    with (
        collector() as receiver,
        exporting(
            receiver.url,
            signal,
            OTEL_EXPORTER_OTLP_HEADERS="x-key=secret",
            OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        ) as exporter,
    ):
        exporter.put(signal, 1000)
        balance = exporter.settled(signal)
    assert balance == Balance(1000, 1000, {}, 0)
    assert sorted(arrived(receiver.calls)) == list(range(1, 1001))
    assert [call.path for call in receiver.calls][2:] in ([], [f"/v1/{signal}"])
    assert {call.path for call in receiver.calls} == {f"/v1/{signal}"}
    first = receiver.headers[0]
    assert first["content-type"] == "application/x-protobuf"
    assert first["content-encoding"] == "gzip"
    assert first["x-key"] == "secret"


def test_a_signal_whose_receiver_hangs_does_not_hold_up_the_others() -> None:
    """Traces stand still, lines and numbers arrive meanwhile."""
    with (
        collector(hang) as stuck,
        collector() as receiver,
        exporting(
            receiver.url, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{stuck.url}/v1/traces"
        ) as exporter,
    ):
        for signal in SIGNALS:
            exporter.put(signal, 5)
        exporter.flush(1.0)
        queued = {signal: exporter.balance(signal) for signal in SIGNALS}
    assert queued == {
        "traces": Balance(5, 0, {}, 5),
        "logs": Balance(5, 5, {}, 0),
        "metrics": Balance(5, 5, {}, 0),
    }


@any_signal
@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_receiver_that_asks_for_patience_gets_it(signal: str, code: int) -> None:
    """The same batch comes again, after as long as it said, and is counted once."""
    patience = status(code, retry_after="0")
    with (
        collector(script(patience, patience)) as receiver,
        exporting(receiver.url, signal) as exporter,
    ):
        exporter.put(signal, 5)
        balance = exporter.settled(signal)
    assert balance == Balance(5, 5, {}, 0)
    assert [call.raw for call in receiver.calls] == [receiver.calls[0].raw] * 3


@pytest.mark.parametrize("code", [301, 307, 400, 401, 404, 500, 501])
def test_any_other_refusal_is_final(code: int) -> None:
    """No second try, no redirect followed; the batch is counted as rejected."""
    with (
        collector() as other,
        collector(script(status(code, location=f"{other.url}/v1/traces"))) as receiver,
        exporting(receiver.url, "traces") as exporter,
    ):
        exporter.put("traces", 5)
        balance = exporter.settled("traces")
    assert balance == Balance(5, 0, {"rejected": 5}, 0)
    assert (len(receiver.calls), len(other.calls)) == (1, 0)


@any_signal
@pytest.mark.parametrize(("claimed", "rejected"), [(3, 3), (99, 10), (-5, 0), (0, 0)])
def test_partial_success_is_counted_and_never_repeated(
    signal: str, claimed: int, rejected: int
) -> None:
    """A receiver's claim counts as far as it can be true."""
    with (
        collector(lambda call: call.partly(claimed, "no")) as receiver,
        exporting(receiver.url, signal) as exporter,
    ):
        exporter.put(signal, 10)
        balance = exporter.settled(signal)
    dropped = {"rejected": rejected} if rejected else {}
    assert balance == Balance(10, 10 - rejected, dropped, 0)
    assert len(receiver.calls) == 1


def test_an_answer_in_pieces_is_understood() -> None:
    """Chunked, after an interim answer: the partial success in it counts."""

    def chunked(call: Call) -> None:
        body = call.partly_body(3)
        call.handler.wfile.write(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"1\r\n" + body[:1] + b"\r\n%x;x=y\r\n" % (len(body) - 1) + body[1:] + b"\r\n0\r\n\r\n"
        )  # fmt: skip

    with collector(chunked) as receiver, exporting(receiver.url, "logs") as exporter:
        exporter.put("logs", 10)
        balance = exporter.settled("logs")
        exporter.put("logs", 10)
        twice = exporter.settled("logs")
    assert balance == Balance(10, 7, {"rejected": 3}, 0)
    assert twice == Balance(20, 14, {"rejected": 6}, 0)


@any_signal
def test_too_large_is_split_down_to_the_one_that_is(signal: str) -> None:
    """A receiver that takes no batch with number 37 in it: the ninety-nine others arrive."""

    def limited(call: Call) -> None:
        call.answer(413 if 37 in numbers_of(call.items) else 200)

    with collector(limited) as receiver, exporting(receiver.url, signal) as exporter:
        exporter.put(signal, 100)
        balance = exporter.settled(signal)
    assert balance == Balance(100, 99, {"too_large": 1}, 0)
    assert set(arrived(receiver.calls)) == set(range(1, 101))


def test_a_receiver_that_comes_up_late_gets_everything() -> None:
    """Refused connections are tried again."""
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}", "logs") as exporter:
        exporter.put("logs", 10)
        assert exporter.settled("logs", 0.3).queued == 10
        with collector(port=port) as receiver:
            balance = exporter.settled("logs")
            assert sorted(arrived(receiver.calls)) == list(range(1, 11))
    assert balance == Balance(10, 10, {}, 0)


@pytest.mark.parametrize("fault", [hang, drip, endless_head, reset])
def test_a_receiver_that_misbehaves_costs_nobody_more_than_the_deadline(
    fault: Callable[[Call], None],
) -> None:
    """All three signals at once: closing ends in time with everything counted as lost."""
    with (
        collector(fault) as receiver,
        exporting(receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="300") as exporter,
    ):
        exporter.starting()
        for signal in SIGNALS:
            exporter.put(signal, 5)
        wait_for(lambda: receiver.calls, "the first attempt")
        started = time.monotonic()
        exporter.close(0.5)
        took = time.monotonic() - started
    assert took < 5
    for signal in SIGNALS:
        assert exporter.balance(signal) == Balance(5, 0, {"shutdown": 5}, 0)


def test_a_huge_answer_is_not_read() -> None:
    """64 KiB of it are enough to know that the batch was taken."""
    with collector(flood) as receiver, exporting(receiver.url, "traces") as exporter:
        exporter.put("traces", 5)
        balance = exporter.settled("traces")
    assert balance == Balance(5, 5, {}, 0)


class Unspeakable:
    """A value that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def put_unspeakable(exporter: Three, signal: str) -> None:
    """Hand over three items, of which the second cannot be written."""
    value: Any = Unspeakable()
    if signal == "traces":
        taken = spans(3)
        taken[1].attributes["bad"] = value
        exporter.put_all(taken)
        return
    exporter.put(signal, 1)
    assert exporter.lines is not None
    exporter.lines.take(1, logging.INFO, {"logger": "l", "msg": "m", "bad": value}, 0)
    exporter.put(signal, 1, 3)


@pytest.mark.parametrize("signal", ["traces", "logs"])
def test_an_item_that_cannot_be_written_loses_itself_only(signal: str) -> None:
    """Those that were handed over with it arrive."""
    with collector() as receiver, exporting(receiver.url, signal) as exporter:
        put_unspeakable(exporter, signal)
        balance = exporter.settled(signal)
    assert balance == Balance(3, 2, {"encode": 1}, 0)
    assert arrived(receiver.calls) == [1, 3]


@pytest.mark.parametrize("signal", ["traces", "logs"])
def test_what_comes_after_the_end_is_booked_as_lost(signal: str) -> None:
    """Also an item that could not have been written anyway: nothing stays queued for ever."""
    with collector() as receiver, exporting(receiver.url, signal) as exporter:
        exporter.close(5)
        put_unspeakable(exporter, signal)
        balance = exporter.balance(signal)
    assert balance == Balance(3, 0, {"shutdown": 2, "encode": 1}, 0)
    assert receiver.calls == []


def test_a_queue_that_is_full_drops_the_oldest() -> None:
    """Nobody listens: memory stays within the bound, and the books say what is gone."""
    with exporting(f"http://127.0.0.1:{free_port()}", "traces", bound=100_000) as exporter:
        for place in range(50):
            exporter.put("traces", 100, place * 100 + 1)
        balance = exporter.balance("traces")
        assert balance is not None
        assert balance.emitted == 5000
        assert 0 < balance.queued * SPAN_BYTES <= 100_000
        assert balance.dropped == {"queue_full": 5000 - balance.queued}


def test_one_bound_holds_for_all_signals_and_the_fullest_gives_way() -> None:
    """A signal that nobody takes cannot push another one out."""
    dead = f"http://127.0.0.1:{free_port()}"
    with exporting(dead, "traces", "logs", bound=100_000) as exporter:
        exporter.put("traces", 2000)
        exporter.put("logs", 20)
        lines, traces = exporter.balance("logs"), exporter.balance("traces")
    assert lines == Balance(20, 0, {}, 20)
    assert traces is not None
    assert 0 < traces.queued * SPAN_BYTES < 100_000
    assert traces == Balance(2000, 0, {"queue_full": 2000 - traces.queued}, traces.queued)


def test_a_child_leaves_its_parents_items_to_the_parent() -> None:
    """After a fork the child sends its own only, and counts what it inherited as not its own to send."""
    with collector() as receiver, exporting(receiver.url, "traces", "logs") as exporter:
        exporter.put("traces", 5)
        exporter.put("logs", 5)
        child = os.fork()
        if child == 0:
            exporter.put("traces", 3, 100)
            exporter.put("logs", 3, 100)
            exporter.flush(5)
            mine = Balance(8, 3, {"fork": 5}, 0)
            good = exporter.balance("traces") == exporter.balance("logs") == mine
            os._exit(0 if good else 1)
        _, code = os.waitpid(child, 0)
        balances = exporter.settled("traces"), exporter.settled("logs")
    assert code == 0
    assert balances == (Balance(5, 5, {}, 0), Balance(5, 5, {}, 0))
    assert sorted(arrived(receiver.calls)) == sorted(2 * [*range(1, 6), *range(100, 103)])


def test_lines_about_lines_that_fail_are_no_circle(caplog: pytest.LogCaptureFixture) -> None:
    """Every line of the exporter is exported itself, to a receiver that refuses all: it ends with the first."""
    with collector(status(400)) as receiver, exporting(receiver.url, "logs") as exporter:
        lines = exporter.lines
        assert lines is not None

        class Back(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                take(1, record.levelno, {"logger": record.name, "msg": record.msg}, 0)

        take, back = lines.take, Back()
        logging.getLogger("spine.export").addHandler(back)
        try:
            exporter.put("logs", 5)
            for _ in range(20):
                exporter.flush(1)
        finally:
            logging.getLogger("spine.export").removeHandler(back)
        balance = exporter.balance("logs")
    # The five, what was wrong with them, and how many were lost.
    assert balance == Balance(7, 0, {"rejected": 7}, 0)
    told = [record.message for record in caplog.records if record.name == "spine.export"]
    assert told[:2] == ["telemetry could not be delivered", "telemetry was dropped"]


FAULTS: dict[str, Callable[[Call], None]] = {
    **{name: fault for name, fault in LASTING.items() if name != "busy"},
    "busy": status(503, retry_after="0"),
    "patience": status(429, retry_after="Wed, 25 Nov 2020 08:00:00 GMT"),
    "elsewhere": status(307, location="/v1/elsewhere"),
    "large": status(413),
    "part": lambda call: call.partly(1),
}


@contextmanager
def watching(timeouts: list[str]) -> Iterator[None]:
    """Take note of each attempt that the exporter gives up because its time is over."""
    post = Line.post

    def watched(line: Line, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        try:
            return post(line, body, zipped=zipped, deadline=deadline)
        except Unreached as error:
            if str(error).startswith(TimeoutError.__name__):
                timeouts.append(str(error))
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Line, "post", watched)
        yield


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(SIGNALS), st.lists(st.sampled_from(sorted(FAULTS)), max_size=6), st.integers(1, 4)
)  # fmt: skip
def test_the_books_balance_whatever_happens(
    signal: str, faults: Sequence[str], threads: int
) -> None:
    """Under scripted faults and from several threads: delivered is what a stranger counted, each item once.

    But for answers that came too late, as on a machine that has other things to do: what the stranger had taken then, it is
    given again, and may refuse.
    """
    taken: list[Any] = []
    timeouts: list[str] = []
    scripted: list[str] = []

    def answer(call: Call) -> None:
        fault = faults[call.number] if call.number < len(faults) else "ok"
        if fault in {"hang", "drip"}:
            scripted.append(fault)
        if fault in {"ok", "flood"}:
            taken.extend(numbers_of(call.items))
        elif fault == "part":
            taken.extend(numbers_of(call.items[1:]))
        FAULTS[fault](call)

    with (
        watching(timeouts),
        collector(answer) as receiver,
        exporting(receiver.url, signal, OTEL_EXPORTER_OTLP_TIMEOUT="150") as exporter,
    ):
        writers = [
            threading.Thread(target=exporter.put, args=(signal, 150, place * 150 + 1))
            for place in range(threads)
        ]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
        wait_for(lambda: exporter.flush(0.1), "everything to be settled")
        balance = exporter.settled(signal)
    assert balance.emitted == threads * 150
    assert balance.queued == 0
    dropped = sum(balance.dropped.values())
    assert balance.emitted == balance.delivered + dropped
    assert balance.delivered <= len(set(taken)) <= balance.delivered + dropped
    if len(timeouts) == len(scripted):  # no answer came too late
        assert balance.delivered == len(taken) == len(set(taken))
