"""Lines that are made later, some at a time: each once, in its place, or counted."""

from __future__ import annotations

import os
import threading
from collections import Counter
from functools import partial
from pathlib import Path

from sinks import PATIENT, Make

from fastapi_spine.logs.output.sink import LATE_BATCH

COST = 100


def test_late_lines_keep_their_place_between_others(tmp_path: Path, sinks: Make) -> None:
    """Whatever is put between two of them stands between them."""
    expected = []
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())
        for number in range(200):
            assert sink.put_late(partial(b"late %d\n".__mod__, number), COST)
            expected.append(b"late %d\n" % number)
            if number % 7 == 0:
                sink.put(b"other %d\n" % number)
                expected.append(b"other %d\n" % number)
        assert sink.flush(PATIENT)
    assert (tmp_path / "log").read_bytes() == b"".join(expected)
    assert (sink.written, sink.queued_bytes, sink.dropped) == (len(expected), 0, {})


def test_each_line_is_made_once(tmp_path: Path, sinks: Make) -> None:
    """By the thread that fills the batch, or by the writer."""
    count = 3 * LATE_BATCH + 5
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())
        for number in range(count):
            sink.put_late(partial(b"late %d\n".__mod__, number), COST)
        sink.make_waiting()
        assert sink.flush(PATIENT)
    assert len((tmp_path / "log").read_bytes().splitlines()) == count
    assert (sink.written, sink.queued_bytes) == (count, 0)


def test_a_line_that_cannot_be_made_is_counted_and_the_others_are_written(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """What it raised is told."""
    reader, writer = pipe
    told: list[BaseException] = []

    def make(number: int) -> bytes:
        if number == 1:
            raise ValueError("ours")
        return b"late %d\n" % number

    sink = sinks(writer, on_fault=told.append)
    for number in range(3):
        sink.put_late(partial(make, number), COST)
    assert sink.flush(PATIENT)
    assert os.read(reader, 100) == b"late 0\nlate 2\n"
    assert (sink.written, sink.dropped, sink.queued_bytes) == (2, {"not_made": 1}, 0)
    assert list(map(str, told)) == ["ours"]


def test_a_full_queue_refuses_and_counts(sinks: Make) -> None:
    """Whoever asked is told, so that the line can still go the other way."""
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        while True:
            try:
                os.write(writer, b"x" * 4096)
            except BlockingIOError:
                break
        sink = sinks(writer, capacity=1_000)
        taken = [sink.put_late(partial(bytes, 10), COST, True) for _ in range(20)]
        assert True in taken
        assert taken[-1] is False
        assert sink.queued_bytes <= 1_000 + COST
    finally:
        os.close(reader)
        os.close(writer)


def test_no_line_is_lost_or_doubled_between_threads(tmp_path: Path, sinks: Make) -> None:
    """Several threads put, the writer takes, somebody has all made now and then."""
    count = 4_000
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())

        def put(first: int) -> None:
            for number in range(first, first + count):
                sink.put_late(partial(b"late %d\n".__mod__, number), COST)
                if number % 97 == 0:
                    sink.make_waiting()

        threads = [threading.Thread(target=put, args=(count * one,)) for one in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENT)
        sink.make_waiting()
        assert sink.flush(PATIENT)
    found = Counter((tmp_path / "log").read_bytes().splitlines(keepends=True))
    assert found == Counter(b"late %d\n" % number for number in range(4 * count))
