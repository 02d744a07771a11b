"""The process in which one contender runs: `python -m benchmarks.worker MODULE:FUNCTION FD [ROUTES]`.

Standard output belongs to the contender alone. Commands come line by line on standard input,
replies go to the descriptor FD: first `ready`, then one for each command.

- `measure N` repeats the subject N times; the reply is the CPU nanoseconds that the whole process
  spent, all its threads and the flush included.
- `added N` does so in slices that take turns with the same number of repetitions without the layer;
  the reply is the difference. Two processes differ by a few per cent for no other reason than where
  things lie in memory; one process with itself does not.
- `calls` counts what no machine can disturb: function calls, Python's and C's, of one repetition with
  and without the layer; the reply is the difference.
- `answer` asks once; the reply is what a client would get.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
from collections.abc import Callable
from time import process_time_ns

from benchmarks.subject import Subject

MEASURE = "measure"
ADDED = "added"
CALLS = "calls"
ANSWER = "answer"
READY = "ready"

SLICE = 100
"""Repetitions between two changes of side in `added`."""

TRIES = 15


def build(target: str, arguments: list[str]) -> Subject:
    """Make the subject that `module:function` describes; its arguments are whole numbers."""
    module, _, function = target.partition(":")
    subject = getattr(importlib.import_module(module), function)(*map(int, arguments))
    if not isinstance(subject, Subject):
        raise TypeError(f"{target} made {subject!r} instead of a Subject")
    return subject


def measure(subject: Subject, count: int) -> int:
    """Return the CPU nanoseconds that `count` repetitions cost, until all is written."""
    before = process_time_ns()
    subject.repeat(count)
    subject.flush()
    return process_time_ns() - before


def measure_added(subject: Subject, count: int) -> int:
    """Return the CPU nanoseconds that `count` repetitions cost more than as many without the layer.

    The median of slices, so that a moment in which the machine did something else does not count. Every
    slice ends with a flush, so that no line is written on the other side's account.
    """
    without = _other_side(subject)
    added = []
    for _ in range(max(1, count // SLICE)):
        before = process_time_ns()
        without(SLICE)
        spent = process_time_ns() - before
        added.append(measure(subject, SLICE) - spent)
    return round(statistics.median(added) / SLICE * count)


def count_calls(repeat: Callable[[int], None]) -> int:
    """Return how many functions one repetition calls in this thread: the usual number of several tries."""
    return int(statistics.median(_calls_of_one(repeat) for _ in range(TRIES)))


def _calls_of_one(repeat: Callable[[int], None]) -> int:
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        repeat(1)
    finally:
        sys.setprofile(None)
    return calls


def calls_added(subject: Subject) -> int:
    """Return how many more functions a repetition calls with the layer than without."""
    return count_calls(subject.repeat) - count_calls(_other_side(subject))


def _other_side(subject: Subject) -> Callable[[int], None]:
    if subject.without is None:
        raise TypeError("this subject has nothing to be compared with in its own process")
    return subject.without


def reply(subject: Subject, command: str) -> str:
    """Carry out one command."""
    verb, _, count = command.partition(" ")
    if verb == MEASURE:
        return str(measure(subject, int(count)))
    if verb == ADDED:
        return str(measure_added(subject, int(count)))
    if verb == CALLS:
        return str(calls_added(subject))
    if verb == ANSWER:
        answer = subject.answer()
        subject.flush()
        return answer
    raise ValueError(f"unknown command: {command!r}")


def main(arguments: list[str]) -> None:
    """Obey until standard input ends."""
    target, descriptor, *rest = arguments
    subject = build(target, rest)
    with os.fdopen(int(descriptor), "w", buffering=1, encoding="utf-8") as replies:
        print(READY, file=replies)
        for line in sys.stdin:
            print(reply(subject, line.strip()), file=replies)
    subject.close()


if __name__ == "__main__":
    main(sys.argv[1:])
