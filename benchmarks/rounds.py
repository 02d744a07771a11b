"""Contenders in processes of their own, measured in turns.

Each contender is one process for a whole generation, and each round asks every one of them once, in
an order that moves on by one: what the machine does meanwhile hits all alike, and differences are
taken within a round. A new generation starts new processes, because the layout of one process's
memory alone shifts its figures by a few per cent.

All contenders write to one pipe, which this process drains, as a container's log driver does. The
reader's CPU time is not counted, the writers' is. Every round counts the lines that arrived: a
contender that drops one is an error, not a fast contender.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.worker import ADDED, ANSWER, CALLS, MEASURE, READY

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 10.0
"""Seconds to wait for lines that must already be in the pipe."""
ENDING = 60.0
"""Seconds to wait for a process to end: it may still have spans to send."""

WARM_UP = 50
"""Repetitions after which every cache of the contender is filled."""


class BenchmarkError(Exception):
    """A contender did not do its job, so that its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row.

    Attributes:
        name: what the row is called.
        target: `module:function` that makes the subject.
        arguments: whole numbers for that function.
        lines: how many lines one repetition writes.
        extra_lines: how many lines a round writes besides.
        beside: measure only what it adds, against itself in its own process; see `worker`.
    """

    name: str
    target: str
    arguments: tuple[int, ...] = ()
    lines: int = 1
    extra_lines: int = 0
    beside: bool = False


class Drain:
    """A pipe, and a thread that empties it and counts lines."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._arrived = threading.Condition()
        self._lines = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while data := os.read(self._reading, 65536):
            with self._arrived:
                self._lines += data.count(b"\n")
                self._arrived.notify()

    def take(self, count: int) -> int:
        """Wait until that many lines arrived, forget them, and return how many there were."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._lines >= count, PATIENCE)
            arrived, self._lines = self._lines, 0
        return arrived

    def close(self) -> None:
        """Wait for the rest and close the pipe; all writers must have ended."""
        os.close(self.writing)
        self._thread.join()
        os.close(self._reading)


class Worker:
    """A contender's process."""

    def __init__(self, contender: Contender, output: int) -> None:
        """Start it.

        Args:
            contender: what runs in it.
            output: the descriptor that becomes its standard output.
        """
        self.contender = contender
        reading, writing = os.pipe()
        arguments = [contender.target, str(writing), *map(str, contender.arguments)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [sys.executable, "-m", "benchmarks.worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=output,
            pass_fds=(writing,),
            text=True,
        )
        os.close(writing)
        self._replies = os.fdopen(reading, encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._process.communicate(timeout=ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._replies.close()
        if kind is None and self._process.returncode:
            raise BenchmarkError(f"{self.contender.name} did not end well; see its last words")

    def wait_until_ready(self) -> None:
        """Return when it can be measured."""
        if self._reply() != READY:
            raise BenchmarkError(f"{self.contender.name} is not ready")

    def measure(self, count: int) -> float:
        """Return the CPU microseconds of one repetition, averaged over `count`."""
        verb = ADDED if self.contender.beside else MEASURE
        return int(self._ask(f"{verb} {count}")) / 1000 / count

    def calls_added(self) -> int:
        """Return how many function calls the layer adds to one repetition."""
        return int(self._ask(CALLS))

    def answer(self) -> str:
        """Return what a client of this contender gets."""
        return self._ask(ANSWER)

    def _ask(self, command: str) -> str:
        commands = self._process.stdin
        if commands is None:
            raise BenchmarkError(f"{self.contender.name} hears nothing")
        commands.write(f"{command}\n")
        commands.flush()
        return self._reply()

    def _reply(self) -> str:
        line = self._replies.readline()
        if not line:
            raise BenchmarkError(f"{self.contender.name} ended before it answered")
        return line.strip()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        generations: how often all processes are started anew.
        rounds: how often each is asked in one generation.
        count: repetitions in one round.
        warm_up: repetitions before the first round.
    """

    generations: int
    rounds: int
    count: int
    warm_up: int

    def __str__(self) -> str:
        return (
            f"{self.generations * self.rounds} rounds of {self.count:,} "
            f"in {self.generations} generation(s) of processes"
        )


def calls_added(contender: Contender) -> int:
    """Return how many function calls a contender's layer adds to one repetition."""
    drain = Drain()
    try:
        with Worker(contender, drain.writing) as worker:
            worker.wait_until_ready()
            worker.measure(WARM_UP)
            return worker.calls_added()
    finally:
        drain.close()


def run(contenders: Sequence[Contender], plan: Plan) -> dict[str, list[float]]:
    """Measure contenders in turns.

    Returns:
        CPU microseconds of one repetition, for each name one value a round, in the rounds' order.

    Raises:
        BenchmarkError: one of them answered otherwise than the others, lost lines, or ended.
    """
    costs: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(plan.generations):
        with _workers(contenders) as (workers, drain):
            _compare_answers(workers, drain)
            for worker in workers:
                _measure(worker, drain, plan.warm_up)
            for turn in range(plan.rounds):
                first = turn % len(workers)
                for worker in workers[first:] + workers[:first]:
                    costs[worker.contender.name].append(_measure(worker, drain, plan.count))
    return costs


@contextlib.contextmanager
def _workers(contenders: Sequence[Contender]) -> Iterator[tuple[list[Worker], Drain]]:
    drain = Drain()
    try:
        with contextlib.ExitStack() as stack:
            workers = [stack.enter_context(Worker(one, drain.writing)) for one in contenders]
            for worker in workers:
                worker.wait_until_ready()
            yield workers, drain
    finally:
        drain.close()


def _measure(worker: Worker, drain: Drain, count: int) -> float:
    cost = worker.measure(count)
    expected = count * worker.contender.lines + worker.contender.extra_lines
    arrived = drain.take(expected)
    if arrived != expected:
        name = worker.contender.name
        raise BenchmarkError(f"{name} wrote {arrived} lines where {expected} were due")
    return cost


def _compare_answers(workers: Sequence[Worker], drain: Drain) -> None:
    """See that all do the same job, and take the lines of these requests out of the way."""
    answers = {worker.contender.name: worker.answer() for worker in workers}
    if len(set(answers.values())) > 1:
        raise BenchmarkError(f"contenders answer differently: {answers}")
    drain.take(sum(worker.contender.lines for worker in workers if answers[worker.contender.name]))
