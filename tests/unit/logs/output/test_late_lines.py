"""Lines that are made later, some at a time: each once, in its place, or counted."""

from __future__ import annotations

import os
import threading
from collections import Counter
from functools import partial
from pathlib import Path

from sinks import PATIENT, Make

from fastapi_spine.logs.output.late import LateGroup, make_all
from fastapi_spine.logs.output.sink import LATE_BATCH

COST = 100


def numbered(numbers: list[int]) -> list[bytes]:
    """Make lines."""
    return [f"together {number}\n".encode() for number in numbers]


def test_lines_of_a_kind_keep_their_place_between_others(tmp_path: Path, sinks: Make) -> None:
    """Whatever is put between two of them stands between them."""
    expected = []
    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())
        for number in range(200):
            assert sink.put_together(numbered, number, COST)
            expected.append(b"together %d\n" % number)
            if number % 7 == 0:
                sink.put(b"other %d\n" % number)
                expected.append(b"other %d\n" % number)
            if number % 11 == 0:
                sink.put_late(partial(b"late %d\n".__mod__, number), COST)
                expected.append(b"late %d\n" % number)
        assert sink.flush(PATIENT)
    assert (tmp_path / "log").read_bytes() == b"".join(expected)
    assert (sink.written, sink.queued_bytes, sink.dropped) == (len(expected), 0, {})


def test_each_line_is_made_once(tmp_path: Path, sinks: Make) -> None:
    """By the thread that fills the batch, or by the writer."""
    made: list[int] = []

    def make(numbers: list[int]) -> list[bytes]:
        made.extend(numbers)
        return numbered(numbers)

    with (tmp_path / "log").open("wb") as file:
        sink = sinks(file.fileno())
        for number in range(3 * LATE_BATCH + 5):
            sink.put_together(make, number, COST)
        assert sink.flush(PATIENT)
    assert sorted(made) == list(range(3 * LATE_BATCH + 5))
    assert (sink.written, sink.queued_bytes) == (3 * LATE_BATCH + 5, 0)


def test_lines_that_stand_apart_are_made_in_one_go() -> None:
    """Each group gets its own lines, in their order; one that cannot be made harms no other."""
    calls: list[list[int]] = []

    def make(numbers: list[int]) -> list[bytes]:
        calls.append(list(numbers))
        if 4 in numbers:
            raise ValueError("ours")
        return numbered(numbers)

    def groups(*things: list[int]) -> list[LateGroup]:
        made = [LateGroup(make, COST) for _ in things]
        for group, some in zip(made, things, strict=True):
            group.waiting.extend(some)
        return made

    whole = groups([0], [], [1, 2], [3])
    make_all(whole)
    assert calls == [[0, 1, 2, 3]]
    assert [list(group.made) for group in whole] == [
        [b"together 0\n"], [], [b"together 1\ntogether 2\n"], [b"together 3\n"],
    ]  # fmt: skip
    faulty = groups([3, 4], [5])
    make_all(faulty)
    first, second = ([str(one) for one in group.made] for group in faulty)
    assert (first, second) == ([str(b"together 3\n"), "ours"], [str(b"together 5\n")])


def test_a_line_that_cannot_be_made_is_counted_and_the_others_are_written(
    pipe: tuple[int, int], sinks: Make
) -> None:
    """What it raised is told."""
    reader, writer = pipe
    told: list[BaseException] = []

    def make(numbers: list[int]) -> list[bytes]:
        if 1 in numbers:
            raise ValueError("ours")
        return numbered(numbers)

    sink = sinks(writer, on_fault=told.append)
    for number in range(3):
        sink.put_together(make, number, COST)
    assert sink.flush(PATIENT)
    assert os.read(reader, 100) == b"together 0\ntogether 2\n"
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
        taken = [sink.put_together(numbered, number, COST) for number in range(20)]
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
                sink.put_together(numbered, number, COST)
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
    assert found == Counter(b"together %d\n" % number for number in range(4 * count))
