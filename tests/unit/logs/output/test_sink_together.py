"""Many threads, the garbage collector and the end of the process meet in one sink."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sinks import LINE, PATIENT, Make, until

from fastapi_spine.logs.output.delivery import BATCH, Delivery
from fastapi_spine.logs.output.descriptor import Descriptor
from fastapi_spine.logs.output.sink import DescriptorSink
from fastapi_spine.logs.output.tally import Tally


class Chatty:
    """Garbage that logs when it is collected."""

    def __init__(self, sink: DescriptorSink) -> None:
        self.sink = sink
        self.itself = self

    def __del__(self) -> None:
        self.sink.put(b"collected\n")


def put_among_garbage(sink: DescriptorSink, count: int) -> None:
    """Put lines while the collector runs at every turn."""
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(count):
            Chatty(sink)
            sink.put(b"put\n")
    finally:
        gc.set_threshold(*before)
    gc.collect()


def fill(writer: int) -> None:
    """Leave no room in a pipe."""
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, LINE)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x")
    os.set_blocking(writer, True)


@pytest.mark.parametrize(
    "count", [3_000, pytest.param(300_000, marks=pytest.mark.soak)], ids=["small", "soak"]
)
@pytest.mark.parametrize("capacity", [1 << 26, 2_000], ids=["room", "overflowing"])
def test_a_destructor_may_log_in_the_middle_of_logging(
    tmp_path: Path, sinks: Make, count: int, capacity: int
) -> None:
    """Objects that log when collected neither lock anything up nor escape the count."""
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno(), capacity=capacity)
        put_among_garbage(sink, count)
        assert sink.flush(PATIENT)
    assert sink.written + sum(sink.dropped.values()) == 2 * count
    assert len((tmp_path / "log").read_bytes().splitlines()) == sink.written


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(100_000, marks=pytest.mark.soak)], ids=["small", "soak"]
)
def test_lines_from_many_threads_are_each_written_once(
    tmp_path: Path, sinks: Make, count: int
) -> None:
    """Eight threads at once: every line exactly once, each thread's in its order."""
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno(), capacity=1 << 28)

        def emit(name: int) -> None:
            for number in range(count):
                sink.put(b"%d %d\n" % (name, number))

        threads = [threading.Thread(target=emit, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sink.flush(PATIENT)
    found = [line.split() for line in (tmp_path / "log").read_bytes().splitlines()]
    for name in range(8):
        mine = [int(number) for owner, number in found if int(owner) == name]
        assert mine == list(range(count))
    assert (sink.queued_bytes, sink.dropped) == (0, {})


def test_in_direct_mode_a_line_is_out_when_put_returns(pipe: tuple[int, int], sinks: Make) -> None:
    """After shutdown began, a process that dies right after logging has logged."""
    reader, writer = pipe
    os.set_blocking(reader, False)
    sink = sinks(writer)
    sink.direct(on=True)
    found = []
    for number in range(20):
        sink.put(b"%d\n" % number)
        found.append(os.read(reader, 100))
    assert found == [b"%d\n" % number for number in range(20)]


def test_in_direct_mode_a_stalled_pipe_is_waited_for_once(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """Thousands of last words into a pipe nobody reads do not add up to a long shutdown."""
    _, writer = pipe
    sink = sinks(writer, capacity=100_000)
    sink.direct(on=True)
    for _ in range(20_000):
        sink.put(LINE)
    assert sink.queued_bytes <= 75_000


def test_what_is_left_at_the_end_is_counted(pipe: tuple[int, int], sinks: Make) -> None:
    """Closing with a stalled reader keeps its deadline, counts the rest, and ends the thread."""
    _, writer = pipe
    sink = sinks(writer)
    for _ in range(1000):
        sink.put(LINE)
    assert not sink.close(0.01)
    sink.put(LINE)
    until(lambda: sink.written + sink.dropped.get("shutdown", 0) == 1001)
    assert list(sink.dropped) == ["shutdown"]
    assert sink.queued_bytes == 0


def test_lines_behind_a_flush_in_vain_are_counted_at_the_end_too(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """Wherever somebody waits in the queue: every line has its end, and whoever waits goes on."""
    _, writer = pipe
    fill(writer)
    sink = sinks(writer)
    whole = (
        BATCH // len(LINE) + 1
    )  # so many lines are taken at a time: the flag of a flush then stands first
    for _ in range(5):
        for _ in range(whole):
            sink.put(LINE)
        assert not sink.flush(0.01)
    sink.put(LINE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sink.flush, PATIENT)
        assert not sink.close(0.05)
        assert waiting.result(), "what it waited for is counted"
    assert (sink.written, sink.dropped, sink.queued_bytes) == (0, {"shutdown": 5 * whole + 1}, 0)


def test_a_flush_without_lines_holds_up_no_line(pipe: tuple[int, int]) -> None:
    """Whoever writes the last lines writes those behind it as well."""
    reader, writer = pipe
    os.set_blocking(reader, False)
    faults: list[BaseException] = []
    delivery = Delivery(Descriptor(writer), Tally(None, None), faults.append)
    marks = [threading.Event() for _ in range(3)]
    delivery.queue.extend([marks[0], marks[1], b"one\n", marks[2], b"two\n"])
    while delivery.step(PATIENT, last=True):
        pass
    assert (os.read(reader, 100), delivery.written) == (b"one\ntwo\n", 2)
    assert all(mark.is_set() for mark in marks)
    assert delivery.idle
    assert faults == []


def test_without_threads_flush_writes_by_itself(
    pipe: tuple[int, int], sinks: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no thread can be started, flush writes in the caller, and gives up at its deadline."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    reader, writer = pipe
    sink = sinks(writer, capacity=1 << 24)
    sink.put(b"last words\n")
    assert sink.flush(PATIENT)
    assert os.read(reader, 100) == b"last words\n"
    for _ in range(1000):
        sink.put(LINE)
    assert not sink.flush(0.01)
    assert sink.written + sink.queued_bytes // (len(LINE) + 48) == 1001
