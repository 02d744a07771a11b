"""Requests per second under uvicorn, with a load tool, spans counted where they arrive.

Here everything counts that a user waits for: server, sockets, the exporter's thread beside the requests. Each stack is a
server of its own that stays for all rounds; the load tool asks them in turns, so that what the machine does meanwhile
hits all alike.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Self

from benchmarks import overhead
from benchmarks.rounds import ENDING, ROOT, BenchmarkError, Drain
from benchmarks.server import CHAIN
from benchmarks.sink import Sink
from benchmarks.table import table
from benchmarks.targets import Target

TOOL = "wrk"
CONNECTIONS = 16
ALL_CALLING = "FastAPI native on the SDK, all signals, and contrib's httpx"
AS_IT_COMES = "fastapi-spine, everything, as it comes"

ONE_SERVICE = (
    (overhead.BARE, "bare:app"),
    (overhead.FULL_FLOOR, "full_floor:app"),
    (overhead.EXPORTED, "exported:app"),
    (overhead.OPERATIONS, "exported:app_with_operations"),
    (overhead.CONTRIB, "exported_peers:app_contrib"),
    (overhead.NATIVE_ALL, "exported_peers:app_native_all"),
    (overhead.LOGFIRE, "exported_peers:app_logfire"),
    (overhead.SENTRY, "exported_peers:app_sentry"),
    (overhead.DATADOG, "exported_peers:app_datadog"),
)
"""Name, and what makes its application."""

THREE_SERVICES = (
    (overhead.BARE, "bare:app"),
    (AS_IT_COMES, "exported:app_as_it_comes"),
    (ALL_CALLING, "exported_peers:app_native_all_calling"),
)
"""The first calls the second, the second the third, by httpx."""

LEAST_OF_BARE = 0.75
"""Share of the bare application's requests per second that everything, exported, has to reach."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked.

    Attributes:
        rounds: how often each stack has its turn.
        seconds: how long a turn takes.
    """

    rounds: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.rounds} turns of {self.seconds} s each, {CONNECTIONS} connections"


@dataclass(frozen=True, slots=True)
class Turn:
    """What the load tool saw.

    Attributes:
        requests: how many were answered.
        rate: answers a second.
        p50: milliseconds.
        p99: milliseconds.
    """

    requests: int
    rate: float
    p50: float
    p99: float


@dataclass(slots=True)
class Row:
    """One stack.

    Attributes:
        name: what it is called.
        turns: what the load tool saw.
        spans: how many server spans have come in the end.
        due: how many had to come.
    """

    name: str
    turns: list[Turn] = field(default_factory=list)
    spans: int = 0
    due: int = 0

    @property
    def rate(self) -> float:
        """The middle rate of all turns, answers a second."""
        return statistics.median(turn.rate for turn in self.turns)

    @property
    def void(self) -> bool:
        """Whether spans are missing, so that the figures mean nothing."""
        return self.spans < self.due


_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def read_turn(said: str) -> Turn:
    """Read what wrk prints.

    Raises:
        BenchmarkError: requests failed, or the text is none of wrk's.
    """
    if "Socket errors" in said or "Non-2xx" in said:
        raise BenchmarkError(f"requests failed under load:\n{said}")
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    shares = dict(re.findall(r"^\s+(\d+)%\s+(\S+)$", said, re.MULTILINE))
    if requests is None or rate is None or not shares.keys() >= {"50", "99"}:
        raise BenchmarkError(f"this is no report of {TOOL}:\n{said}")
    return Turn(
        int(requests[1]), float(rate[1]), _milliseconds(shares["50"]), _milliseconds(shares["99"])
    )


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


class Serving:
    """One or more services in processes of their own, each but the last calling the next.

    Attributes:
        url: the first one's address.
        row: what came of it.
    """

    def __init__(self, name: str, target: str, services: int, drain: Drain) -> None:
        self.row = Row(name)
        self._sink = Sink()
        self._services = services
        self._processes: list[subprocess.Popen[str]] = []
        self._target = f"benchmarks.stacks.{target}"
        self._drain = drain
        self.url = ""

    def __enter__(self) -> Self:
        for _ in range(self._services):
            self.url = self._start([self.url] if self.url else [])
        return self

    def _start(self, following: list[str]) -> str:
        reading, writing = os.pipe()
        arguments = [self._target, str(writing), self._sink.url, "1", *following]
        self._processes.append(
            subprocess.Popen(  # noqa: S603 - our own module, our own arguments
                [sys.executable, "-m", "benchmarks.server", *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=self._drain.writing,
                pass_fds=(writing,),
                text=True,
            )
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            port = told.readline().strip()
        if not port:
            raise BenchmarkError(f"{self.row.name} did not start; see its last words")
        return f"http://127.0.0.1:{port}"

    def asked(self, turn: Turn) -> None:
        """Remember what the load tool saw."""
        self.row.turns.append(turn)

    def __exit__(self, *_exception: object) -> None:
        for process in reversed(
            self._processes
        ):  # the first service first: the others still answer it
            process.communicate(timeout=ENDING)
        self.row.spans = self._sink.counts()["spans"]
        self._sink.close()


def measure(stacks: Sequence[tuple[str, str]], load: Load, services: int = 1) -> list[Row]:
    """Put load on every stack, in turns.

    Args:
        stacks: name, and what makes its application.
        load: how much.
        services: how many stand one behind another.
    """
    path = CHAIN if services > 1 else "/items/7"
    with _all(stacks, services) as servings:
        for serving in servings:
            serving.row.due += _load(serving.url + path, 1).requests * services
        for number in range(load.rounds):
            turned = number % len(servings)
            for serving in servings[turned:] + servings[:turned]:
                turn = _load(serving.url + path, load.seconds)
                serving.asked(turn)
                serving.row.due += turn.requests * services
    rows = [serving.row for serving in servings]
    rows[0].due = 0  # the bare application exports nothing
    return rows


@contextmanager
def _all(stacks: Sequence[tuple[str, str]], services: int) -> Iterator[list[Serving]]:
    drain = Drain()
    try:
        with ExitStack() as stack:
            yield [
                stack.enter_context(Serving(name, target, services, drain))
                for name, target in stacks
            ]
    finally:
        drain.close()


def _load(url: str, seconds: int) -> Turn:
    command = [TOOL, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    done = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - our own arguments
    return read_turn(done.stdout)


def of_one_service(load: Load) -> list[Row]:
    """Put load on one service with each stack; nothing is measured where the load tool is not installed."""
    return [] if shutil.which(TOOL) is None else measure(ONE_SERVICE, load)


def rows_table(rows: Sequence[Row]) -> str:
    """Draw what each stack reached; one whose spans did not all arrive is void."""
    bare = rows[0].rate
    drawn = []
    for row in rows:
        p50, p99 = (
            statistics.median(getattr(turn, which) for turn in row.turns)
            for which in ("p50", "p99")
        )
        figures = (f"{row.rate:.0f}", f"{row.rate / bare:.2f}", f"{p50:.1f}", f"{p99:.1f}")
        if row.void:
            figures = (f"void: {row.spans:,} of {row.due:,} spans came", "-", "-", "-")
        drawn.append((row.name, *figures))
    return table(("Stack", "requests/s", "of bare", "p50 ms", "p99 ms"), drawn)


def targets(rows: Sequence[Row]) -> list[Target]:
    """Compare with what was promised."""
    if not rows:
        return []
    reached = {row.name: row.rate for row in rows if not row.void}
    share = reached.get(overhead.EXPORTED, 0.0) / reached[overhead.BARE]
    promise = f"under uvicorn at least {LEAST_OF_BARE} of the bare application's requests per second, everything exported"
    return [Target(promise, f"{share:.2f}", LEAST_OF_BARE, share)]
