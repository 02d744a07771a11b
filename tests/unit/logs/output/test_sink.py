"""Lines put into the sink are written, or counted as dropped; nothing else ever happens."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path

from sinks import LINE, PATIENT, Make, until, writers

from fastapi_spine.logs.output.sink import MemorySink


def report(dropped: dict[str, int]) -> bytes:
    """Word a report as the pipeline does: one JSON line."""
    return json.dumps({"dropped": dropped}).encode() + b"\n"


class Reader:
    """Reads a pipe to its end in a thread, from the moment it is told to."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._found = b""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _read(self) -> None:
        while piece := os.read(self._fd, 1 << 16):
            self._found += piece

    def lines(self) -> list[bytes]:
        """Wait for the end, and return every line."""
        self._thread.join(PATIENT)
        assert not self._thread.is_alive()
        return self._found.splitlines(keepends=True)


def split(lines: list[bytes]) -> tuple[list[bytes], Counter[str]]:
    """Tell lines from reports, and add the reports up."""
    plain, reported = [], Counter[str]()
    for line in lines:
        if line.startswith(b'{"dropped"'):
            reported.update(json.loads(line)["dropped"])
        else:
            plain.append(line)
    return plain, reported


def test_a_line_is_written_without_anybody_asking(pipe: tuple[int, int], sinks: Make) -> None:
    """A line shows up on its own; the thread behind it starts with it and keeps nobody alive."""
    reader, writer = pipe
    before = len(writers())
    sink = sinks(writer)
    assert len(writers()) == before
    sink.put(b"hello\n")
    assert os.read(reader, 100) == b"hello\n"
    assert [thread.daemon for thread in writers()[before:]] == [True]
    until(lambda: sink.queued_bytes == 0)
    assert (sink.written, sink.dropped) == (1, {})


def test_flush_means_everything_is_out_in_order(tmp_path: Path, sinks: Make) -> None:
    """After flush said yes, a file holds every line, in the order they were put."""
    expected = [b"line %d\n" % number for number in range(20_000)]
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())
        for line in expected:
            sink.put(line)
        assert sink.flush(PATIENT)
    assert (tmp_path / "log").read_bytes() == b"".join(expected)
    assert (sink.written, sink.queued_bytes, sink.dropped) == (20_000, 0, {})


def test_an_idle_sink_flushes_at_once_and_needs_no_thread(sinks: Make) -> None:
    """Nothing queued: flush says yes and starts nothing."""
    before = writers()
    assert sinks(1).flush(0.0)
    assert writers() == before


def test_a_pipe_nobody_reads_costs_memory_up_to_the_bound_and_no_more(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """20,000 lines into an unread pipe: bounded, counted, told in the log, and nothing torn."""
    reader, writer = pipe
    told = Counter[str]()
    sink = sinks(
        writer,
        capacity=100_000,
        report=report,
        on_drop=lambda reason, count: told.update({reason: count}),
    )
    most = 0
    for _ in range(20_000):
        sink.put(LINE)
        most = max(most, sink.queued_bytes)
    assert most <= 75_000
    assert not sink.flush(0.01)
    reading = Reader(reader)
    reading.start()
    assert sink.flush(PATIENT)
    os.close(writer)
    lines, reported = split(reading.lines())
    assert set(lines) == {LINE}
    assert len(lines) + sink.dropped["queue_full"] == 20_000
    assert reported == told == Counter(sink.dropped)


def test_ordinary_lines_leave_a_quarter_to_the_important_ones(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """When the queue is full for INFO lines, access and ERROR lines still find a place."""
    _, writer = pipe
    sink = sinks(lambda: writer, capacity=100_000)
    for _ in range(1000):
        sink.put(LINE)
    until(lambda: sink.written > 100)  # the pipe is full
    for _ in range(1000):
        sink.put(LINE)
    ordinary = sink.queued_bytes
    for _ in range(1000):
        sink.put(LINE, keep=True)
    assert 74_000 < ordinary <= 75_000
    assert 99_000 < sink.queued_bytes <= 100_000


def test_a_reader_that_goes_away_is_counted_and_a_new_one_served(sinks: Make) -> None:
    """A closed pipe takes nothing down; with another one in its place writing goes on."""
    old_reader, old_writer = os.pipe()
    new_reader, new_writer = os.pipe()
    now = old_writer
    sink = sinks(lambda: now, report=report)
    os.close(old_reader)
    for _ in range(100):
        sink.put(LINE)
    assert sink.flush(PATIENT)
    assert (sink.dropped, sink.written) == ({"broken_pipe": 100}, 0)
    now = new_writer
    sink.put(LINE)
    assert sink.flush(PATIENT)
    os.close(old_writer)
    os.close(new_writer)
    reading = Reader(new_reader)
    reading.start()
    assert split(reading.lines()) == ([LINE], Counter({"broken_pipe": 100}))


def test_a_full_disk_keeps_the_lines_that_fit_and_counts_the_others(
    tmp_path: Path, sinks: Make
) -> None:
    """When there is room again the kept lines are written, and the log says what is missing."""
    full = os.open("/dev/full", os.O_WRONLY)
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    now = full
    sink = sinks(lambda: now, capacity=100_000, report=report)
    sink.put(LINE)
    assert not sink.flush(0.2)
    for _ in range(1000):
        sink.put(LINE)
    kept = 75_000 // (len(LINE) + 48)
    assert sink.dropped == {"disk_full": 1001 - kept}
    now = file
    assert sink.flush(PATIENT)
    lines, reported = split((tmp_path / "log").read_bytes().splitlines(keepends=True))
    assert (lines, reported) == ([LINE] * kept, Counter({"disk_full": 1001 - kept}))
    os.close(full)
    os.close(file)


def test_a_torn_line_never_glues_to_the_next_descriptor_or_line(sinks: Make) -> None:
    """A line too long for the pipe, given up half way, does not spoil what follows elsewhere."""
    old_reader, old_writer = os.pipe()
    new_reader, new_writer = os.pipe()
    now = old_writer
    sink = sinks(lambda: now)
    sink.put(b"y" * (1 << 20) + b"\n")
    assert not sink.flush(0.05)
    os.close(old_reader)
    assert sink.flush(PATIENT)
    assert sink.dropped == {"broken_pipe": 1}
    now = new_writer
    sink.put(b"next\n")
    assert os.read(new_reader, 100) == b"next\n"
    for fd in (old_writer, new_writer, new_reader):
        os.close(fd)


def test_without_a_descriptor_the_given_function_writes(sinks: Make) -> None:
    """Under pytest's capture lines go where `sys.stdout.write` goes."""
    taken: list[bytes] = []
    sink = sinks(lambda: None, write=taken.append)
    sink.put(b"one\n")
    sink.put(b"two\n")
    assert sink.flush(PATIENT)
    assert b"".join(taken) == b"one\ntwo\n"


def test_what_others_hand_in_may_fail(sinks: Make) -> None:
    """A stream, a report and a listener that raise lose the lines they cost, and nothing more."""
    taken: list[bytes] = []
    broken = True

    def write(data: bytes) -> None:
        if broken:
            raise ValueError(data)
        taken.append(data)

    def listener(reason: str, count: int) -> None:
        raise LookupError(reason, count)

    def word(dropped: dict[str, int]) -> bytes:
        raise KeyError(*dropped)

    sink = sinks(lambda: None, write=write, on_drop=listener, report=word)
    sink.put(b"lost\n")
    assert sink.flush(PATIENT)
    broken = False
    sink.put(b"found\n")
    assert sink.flush(PATIENT)
    assert (taken, sink.dropped) == ([b"found\n"], {"write_error": 1})


def test_an_idle_sink_sleeps(pipe: tuple[int, int], sinks: Make) -> None:
    """With nothing to write the thread is not woken at all."""
    reader, writer = pipe
    sink = sinks(writer)
    sink.put(b"hello\n")
    assert os.read(reader, 100) == b"hello\n"
    thread = writers()[-1]
    status = Path(f"/proc/self/task/{thread.native_id}/status")

    def switches() -> str:
        return next(line for line in status.read_text().splitlines() if "voluntary" in line)

    def rested() -> bool:
        before = switches()
        threading.Event().wait(0.2)  # several times the gathering, so a wake-up would show
        return switches() == before

    until(rested)


def test_a_memory_sink_keeps_the_lines() -> None:
    """Tests read what was logged from a list."""
    sink = MemorySink()
    sink.put(b"one\n")
    sink.put(b"two\n", keep=True)
    assert sink.flush(0)
    assert sink.lines == [b"one\n", b"two\n"]
