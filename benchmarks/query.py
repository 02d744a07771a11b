"""Questions to a filled store, while another process writes into it: `python -m benchmarks.query FOLDER` is the writer."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.ingest import END_NS, Moving
from benchmarks.numbers import percentile
from benchmarks.rounds import PATIENCE, ROOT, BenchmarkError
from benchmarks.shop_rows import RARE, batches, request_id, trace_id

from fastapi_spine.console.filter import Window
from fastapi_spine.console.search import parse
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.console.store.folder import Folder, size_of

_HOUR_NS = 3600 * 1_000_000_000
_MINUTE_NS = 60 * 1_000_000_000
ALWAYS = Window(0, 1 << 62)
LAST_HOUR = Window(END_NS - _HOUR_NS, END_NS)
PAGE = 50
_PAUSE_S = 0.02
_FIRST_NEW = 1 << 40


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question.

    Attributes:
        name: what is asked.
        limit_ms: how long the median may take.
        ask: asks it, about something else each time; returns how many rows came.
    """

    name: str
    limit_ms: float
    ask: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a question took, in milliseconds."""

    name: str
    limit_ms: float
    times: list[float]
    rows: int

    @property
    def median(self) -> float:
        """The middle one."""
        return percentile(self.times, 50)


def questions(reader: StoreReader, requests: int) -> list[Question]:
    """List what is asked of a store with so many requests."""
    rng = Random(1)

    def trace(key: str) -> int:
        found = reader.trace(reader.traces_of(key)[0], 10_000)
        return 0 if found is None else len(found.spans) + len(found.logs)

    def listed(text: str) -> Callable[[], int]:
        wanted = parse(text)
        return lambda: len(reader.requests(wanted, ALWAYS, limit=PAGE).requests)

    def lines(text: str) -> Callable[[], int]:
        wanted = parse(text)
        return lambda: len(reader.logs(wanted, ALWAYS, limit=PAGE).logs)

    def by_user() -> int:
        wanted = parse(f"user_id:{rng.randrange(50_000)}")
        return len(reader.requests(wanted, ALWAYS, limit=PAGE).requests)

    def lines_by_user() -> int:
        wanted = parse(f"user_id:{rng.randrange(50_000)}")
        return len(reader.logs(wanted, ALWAYS, limit=PAGE).logs)

    return [
        Question("everything of a request, by request id", 5, lambda: trace(request_id(rng.randrange(requests)))),
        Question("everything of a trace, by trace id", 5, lambda: trace(trace_id(rng.randrange(requests)).hex())),
        Question("newest 50 requests", 10, listed("")),
        Question("newest 50, `failed:yes`", 10, listed("failed:yes")),
        Question("newest 50, `route:/orders/* status>=500`", 10, listed("route:/orders/* status>=500")),
        Question("newest 50, `service:payments slower:300ms`", 10, listed("service:payments slower:300ms")),
        Question("newest 50 requests, `user_id:…`", 10, by_user),
        Question(f"lines with a rare word, `{RARE}`", 10, lines(RARE)),
        Question("newest 50 lines, `user_id:…`", 10, lines_by_user),
        Question("rate, errors, durations a route and minute, last hour", 30,
                 lambda: len(reader.series(LAST_HOUR, _MINUTE_NS))),
    ]  # fmt: skip


def measure(folder: Path, requests: int, rounds: int) -> list[Answered]:
    """Ask every question so often, in turns, while another process writes."""
    reader = StoreReader(folder, Keep(bytes=1 << 40), clock=Moving(END_NS))
    asked = questions(reader, requests)
    times: dict[str, list[float]] = {one.name: [] for one in asked}
    rows: dict[str, int] = {}
    with _writing(folder):
        for one in asked:
            one.ask()  # opens files
        for _ in range(rounds):
            for one in asked:
                begin = time.perf_counter()
                rows[one.name] = one.ask()
                times[one.name].append((time.perf_counter() - begin) * 1000)
    reader.close()
    return [Answered(one.name, one.limit_ms, times[one.name], rows[one.name]) for one in asked]


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.query", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    try:
        if process.stdout is None or process.stdout.readline() != b"writing\n":
            raise BenchmarkError("the writer did not begin")
        yield
        if process.poll() is not None:
            raise BenchmarkError("the writer ended before the questions did")
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def write(folder: Path) -> None:
    """Write some ten thousand rows a second until the process is ended."""
    clock = Moving(END_NS)
    writer = StoreWriter(folder, Keep(bytes=1 << 40), clock)
    pause = threading.Event()
    told = False
    for batch in batches(1 << 30, END_NS, 1_000_000, _FIRST_NEW):
        writer.add(batch)
        writer.commit()
        writer.tidy()
        if not told:
            print("writing", flush=True)
            told = True
        pause.wait(_PAUSE_S)


def expire(folder: Path) -> tuple[float, float]:
    """Let the oldest fifth go; return milliseconds, and which part of the bytes went."""
    known = Folder(folder).slices()
    total = sum(size_of(file.path) for file in known)
    clock = Moving(END_NS)
    writer = StoreWriter(folder, Keep(bytes=total * 4 // 5, seconds=1 << 40), clock)
    begin = time.perf_counter()
    writer.tidy()
    took = (time.perf_counter() - begin) * 1000
    left = sum(size_of(file.path) for file in Folder(folder).slices())
    writer.close()
    return took, 1 - left / total


if __name__ == "__main__":
    write(Path(sys.argv[1]))
