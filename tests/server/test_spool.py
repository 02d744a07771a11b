"""The exporter with a spool, and a receiver that is away: what cannot be delivered waits on disk, whoever sends it then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from collector import Call, collector
from exporting import SIGNALS, Three, arrived, exporting, numbers_of
from faults import drip, hang, reset, status
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import free_port, wait_for
from spooled import MIB, files, terms

from fastapi_spine.core.health import Balance
from fastapi_spine.export.spool import backlog

any_signal = pytest.mark.parametrize("signal", SIGNALS)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a receiver count as away after its first failure."""
    monkeypatch.setattr(backlog, "PATIENCE_S", 0.0)


def kept(exporter: Three, signal: str, count: int) -> None:
    """Wait until so many items of a signal are on disk."""
    exporter.flush(0)
    wait_for(lambda: exporter.spooled()[signal] >= count, f"{count} {signal} on disk")


def settle(exporter: Three, signal: str) -> None:
    """Wait until all items of a signal that are queued are on disk."""

    def done() -> bool:
        balance = exporter.balance(signal)
        return balance is not None and balance.queued == exporter.spooled()[signal]

    exporter.flush(0)
    wait_for(done, f"{signal} on disk")


@pytest.mark.usefixtures("hasty")
@any_signal
def test_what_came_in_an_outage_arrives_after_it_the_oldest_first(
    tmp_path: Path, signal: str
) -> None:
    """It waits on disk meanwhile, as queued; nothing is lost, nothing comes twice, and no file is left."""
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}", signal, spool=terms(tmp_path)) as exporter:
        for start in (1, 11, 21):
            exporter.put(signal, 10, start)
            kept(exporter, signal, start + 9)
        during = exporter.balance(signal)
        with collector(port=port) as receiver:
            balance = exporter.settled(signal, 30)
            exporter.put(signal, 10, 31)
            after = exporter.settled(signal)
    assert during == Balance(30, 0, {}, 30)
    assert (balance, after) == (Balance(30, 30, {}, 0), Balance(40, 40, {}, 0))
    assert arrived(receiver.calls) == list(range(1, 41))
    assert files(tmp_path) == []


@any_signal
def test_the_next_process_sends_what_the_last_one_could_not(tmp_path: Path, signal: str) -> None:
    """It is not lost with the shutdown; the next one counts it as recovered, and begins to send it without being asked."""
    asked = terms(tmp_path)
    with exporting(f"http://127.0.0.1:{free_port()}", signal, spool=asked) as first:
        first.put(signal, 1000)
        first.close(0.2)
        left = first.balance(signal)
    with collector() as receiver, exporting(receiver.url, signal, spool=asked) as second:
        second.starting()
        wait_for(lambda: second.balance(signal) == Balance(0, 1000, {}, 0, 1000), "all of it")
    assert left == Balance(1000, 0, {}, 1000)
    assert sorted(arrived(receiver.calls)) == list(range(1, 1001))


@any_signal
@pytest.mark.parametrize("fault", [hang, drip, reset, status(503, retry_after="60")])
def test_an_end_in_the_middle_of_an_attempt_keeps_its_batch(
    tmp_path: Path, signal: str, fault: Callable[[Call], None]
) -> None:
    """It is broken off, and the batch is on disk with all others; nobody waits longer than was allowed."""
    with (
        collector(fault) as receiver,
        exporting(receiver.url, signal, spool=terms(tmp_path)) as exporter,
    ):
        exporter.put(signal, 600)
        exporter.flush(0)
        wait_for(lambda: receiver.calls, "the first attempt")
        exporter.put(signal, 10, 601)
        begun = time.monotonic()
        exporter.close(0.5)
        took = time.monotonic() - begun
    # Of numbers those that were not collected yet are nobody's.
    expected = 600 if signal == "metrics" else 610
    assert exporter.balance(signal) == Balance(expected, 0, {}, expected)
    assert took < 5


def test_a_pause_is_no_end(tmp_path: Path) -> None:
    """What was left is on disk, because the process may be ended now; if it is not, it sends it itself."""
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}", "logs", spool=terms(tmp_path)) as exporter:
        exporter.put("logs", 600)
        exporter.pause(0.1)
        assert exporter.spooled()["logs"] == 600
        exporter.put("logs", 10, 601)
        with collector(port=port) as receiver:
            balance = exporter.settled("logs", 30)
    assert balance == Balance(610, 610, {}, 0)
    assert sorted(arrived(receiver.calls)) == list(range(1, 611))


@pytest.mark.parametrize("code", [400, 401, 404])
def test_what_a_receiver_refuses_is_not_kept(tmp_path: Path, code: int) -> None:
    """It would refuse it again."""
    with (
        collector(status(code)) as receiver,
        exporting(receiver.url, "traces", spool=terms(tmp_path)) as exporter,
    ):
        exporter.put("traces", 5)
        balance = exporter.settled("traces")
    assert balance == Balance(5, 0, {"rejected": 5}, 0)


def test_a_script_that_only_imports_the_application_takes_nothing_over(tmp_path: Path) -> None:
    """Nor does it wait for what is there: the files are left to a process that serves."""
    asked = terms(tmp_path)
    with exporting(f"http://127.0.0.1:{free_port()}", spool=asked) as first:
        first.put("traces", 5)
        first.close(0.1)
    with collector() as receiver, exporting(receiver.url, spool=asked) as script:
        script.put("logs", 3)
        assert script.flush(10)
        balance = script.balance("traces")
    assert balance == Balance(0, 0, {}, 0)
    assert len(files(tmp_path)) == 1


@pytest.mark.usefixtures("hasty")
@any_signal
def test_a_batch_from_disk_that_is_too_large_is_halved(tmp_path: Path, signal: str) -> None:
    """After a restart, too: only the one that is too large by itself is lost."""
    asked = terms(tmp_path)

    def limited(call: Call) -> None:
        call.answer(413 if 37 in numbers_of(call.items) else 200)

    with exporting(f"http://127.0.0.1:{free_port()}", signal, spool=asked) as first:
        first.put(signal, 100)
        first.close(0.1)
    with collector(limited) as receiver, exporting(receiver.url, signal, spool=asked) as second:
        second.starting()
        balance = Balance(0, 99, {"too_large": 1}, 0, 100)
        wait_for(lambda: second.balance(signal) == balance, "the halves")
    assert set(arrived(receiver.calls)) == set(range(1, 101))


@pytest.mark.usefixtures("hasty")
def test_fresh_telemetry_does_not_wait_for_what_is_on_disk(tmp_path: Path) -> None:
    """A receiver that takes its time for each batch gets new lines between old ones."""
    asked = terms(tmp_path, 64 * MIB)

    def slow(call: Call) -> None:
        time.sleep(0.2)
        call.answer()

    with exporting(f"http://127.0.0.1:{free_port()}", "logs", spool=asked) as first:
        for start in range(1, 41):
            first.put("logs", 1, start)
            kept(first, "logs", start)
    with collector(slow) as receiver, exporting(receiver.url, "logs", spool=asked) as second:
        second.starting()
        wait_for(lambda: len(receiver.calls) >= 2, "the first old ones")
        second.put("logs", 1, 1000)
        wait_for(lambda: 1000 in arrived(receiver.calls), "the new one")
        assert second.spooled()["logs"] > 10


@pytest.mark.usefixtures("hasty")
def test_numbers_arrive_in_their_order(tmp_path: Path) -> None:
    """Those on disk before fresh ones: an older count after a newer one looks as if it had begun anew."""
    asked = terms(tmp_path)
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}", "metrics", spool=asked) as first:
        for start in (1, 2, 3):
            first.put("metrics", 1, start)
            kept(first, "metrics", start)
    with (
        collector(port=port) as receiver,
        exporting(receiver.url, "metrics", spool=asked) as second,
    ):
        second.put("metrics", 1, 4)
        second.starting()
        second.flush(0)
        wait_for(lambda: len(receiver.calls) == 4, "all of them")
    assert arrived(receiver.calls) == [1, 2, 3, 4]


@pytest.mark.usefixtures("hasty")
def test_a_full_spool_drops_the_oldest_and_says_so(tmp_path: Path) -> None:
    """A tiny bound: it holds, and the books say what is gone."""
    with exporting(
        f"http://127.0.0.1:{free_port()}", "traces", spool=terms(tmp_path, 5 * 4096)
    ) as exporter:
        for start in range(1, 10):
            exporter.put("traces", 1, start)
            settle(exporter, "traces")
        balance = exporter.balance("traces")
        assert balance is not None
        assert balance == Balance(9, 0, {"spool_full": 9 - balance.queued}, balance.queued)
        assert 3 <= balance.queued <= 5
        assert len(files(tmp_path)) == balance.queued


def test_a_folder_that_cannot_be_written_to_is_as_good_as_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One WARNING, and everything is as without a spool."""
    (tmp_path / "file").write_text("")
    asked = terms(tmp_path / "file" / "spool")
    with exporting(f"http://127.0.0.1:{free_port()}", "traces", "logs", spool=asked) as exporter:
        exporter.starting()
        exporter.put("traces", 5)
        exporter.put("logs", 5)
        exporter.close(0.3)
    for signal in ("traces", "logs"):
        assert exporter.balance(signal) == Balance(5, 0, {"shutdown": 5}, 0)
    told = [record for record in caplog.records if record.message.startswith("telemetry that")]
    assert [(one.levelname, vars(one)["folder"]) for one in told] == [
        ("WARNING", str(tmp_path / "file" / "spool"))
    ]


@pytest.mark.usefixtures("hasty")
def test_a_child_leaves_its_parents_files_to_the_parent(tmp_path: Path) -> None:
    """Forked while some are on disk: it sends its own only, and the parent sends the rest when it can."""
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}", "traces", spool=terms(tmp_path)) as exporter:
        exporter.put("traces", 5)
        kept(exporter, "traces", 5)
        child = os.fork()
        if child == 0:
            exporter.put("traces", 3, 100)
            exporter.close(0.2)
            good = exporter.balance("traces") == Balance(8, 0, {"fork": 5}, 3)
            os._exit(0 if good else 1)
        _, code = os.waitpid(child, 0)
        with collector(port=port) as receiver:
            balance = exporter.settled("traces", 30)
    assert (code, balance) == (0, Balance(5, 5, {}, 0))
    assert arrived(receiver.calls) == [1, 2, 3, 4, 5]


def has_sent(exporter: Three, signal: str, recovered: int) -> bool:
    """Whether an exporter has found so many items, and none is left."""
    balance = exporter.balance(signal)
    return balance is not None and (balance.recovered, balance.queued) == (recovered, 0)


FAULTS: dict[str, Callable[[Call], None]] = {
    "ok": Call.answer,
    "reset": reset,
    "bad": status(400),
    "busy": status(503, retry_after="0"),
    "large": status(413),
    "part": lambda call: call.partly(1),
}


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(SIGNALS), st.lists(st.sampled_from(sorted(FAULTS)), max_size=8), st.integers(1, 3)
)  # fmt: skip
def test_the_books_balance_over_several_processes(
    signal: str, faults: Sequence[str], processes: int
) -> None:
    """One after the other, under scripted faults: what they emitted is what a stranger counted and what they say is lost."""
    taken: list[Any] = []

    def answer(call: Call) -> None:
        fault = faults[call.number] if call.number < len(faults) else "ok"
        if fault in {"ok", "part"}:
            taken.extend(numbers_of(call.items)[fault == "part" :])
        FAULTS[fault](call)

    balances: list[Balance] = []
    with TemporaryDirectory() as folder, collector(answer) as receiver:
        for place in range(processes + 1):
            left = sum(one.queued - one.recovered for one in balances)
            with exporting(receiver.url, signal, spool=terms(Path(folder))) as exporter:
                exporter.starting()
                if place < processes:
                    exporter.put(signal, 150, place * 150 + 1)
                else:
                    wait_for(partial(has_sent, exporter, signal, left), "an end of it")
                exporter.close(0.1)
                balance = exporter.balance(signal)
                assert balance is not None
                balances.append(balance)
    dropped = sum(sum(one.dropped.values()) for one in balances)
    assert balances[-1].queued == 0
    assert sum(one.recovered for one in balances) == sum(one.queued for one in balances[:-1])
    assert sum(one.emitted for one in balances) == sum(one.delivered for one in balances) + dropped
    # What was taken in an attempt that an end broke off may have been refused when it came again.
    delivered = sum(one.delivered for one in balances)
    assert delivered <= len(set(taken)) <= delivered + dropped
