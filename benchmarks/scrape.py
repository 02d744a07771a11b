"""What a scrape costs whoever scrapes, and whoever asks the application meanwhile.

A real server, a client that asks for a trivial route at a steady pace, and a scraper in a third process that says what
Prometheus says. Quiet and scraped seconds take turns, so that what the machine does meanwhile hits both alike.
"""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.numbers import Spread, percentile, ratio
from benchmarks.rounds import PATIENCE, ROOT, BenchmarkError
from benchmarks.scraped import ROUTES, TRIVIAL
from benchmarks.table import table
from benchmarks.targets import Target

WORKERS = (1, 4)
LIMIT_MS = 100.0
LIMIT_P99 = 1.5
PACE_S = 0.004
SCRAPE_EVERY_S = 1.0
LINES_A_ROUTE = 18
"""A counter, and a histogram of 15 buckets, count and sum."""

HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
}
REQUEST = f"GET {TRIVIAL} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class ScrapePlan:
    """How much is measured.

    Attributes:
        series: how many lines the page has at least.
        turns: how often quiet and scraped seconds take turns.
        seconds: how long each of them is.
    """

    series: int
    turns: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.turns} turns of {self.seconds:g} s quiet and {self.seconds:g} s scraped"


@dataclass(frozen=True, slots=True)
class Scraped:
    """What was measured with so many workers.

    Attributes:
        scrapes: milliseconds that each scrape took.
        lines: how many samples the page had.
        quiet: milliseconds of each request while nobody scraped.
        busy: the same while somebody scraped every second.
    """

    scrapes: Sequence[float]
    lines: int
    quiet: Sequence[float]
    busy: Sequence[float]

    @property
    def slower(self) -> float:
        """How many times the quiet p99 is in the other."""
        return percentile(self.busy, 99) / percentile(self.quiet, 99)


def measure(plan: ScrapePlan, workers: Sequence[int] = WORKERS) -> dict[int, Scraped]:
    """Measure with each number of workers."""
    return {count: _measure(plan, count) for count in workers}


def _measure(plan: ScrapePlan, workers: int) -> Scraped:
    quiet: list[float] = []
    busy: list[float] = []
    scrapes: list[float] = []
    with _server(plan.series // LINES_A_ROUTE + 1, workers) as port:
        lines = _page(port)[1]
        if lines < plan.series:
            raise BenchmarkError(f"the page has {lines} lines where {plan.series} were due")
        _ask_for(port, plan.seconds / 2)
        for _ in range(plan.turns):
            quiet += _ask_for(port, plan.seconds)
            with _scraper(port) as scraper:
                busy += _ask_for(port, plan.seconds)
                scraper.terminate()
                said, _ = scraper.communicate()
            scrapes += map(float, said.split())
    return Scraped(scrapes, lines, quiet, busy)


@contextmanager
def _server(routes: int, workers: int) -> Iterator[int]:
    """Start uvicorn and wait until all workers count together; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    more = ["--workers", str(workers)] if workers > 1 else []
    command = [sys.executable, "-m", "uvicorn", "benchmarks.scraped:application", "--factory"]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [*command, "--port", str(port), *more],
        cwd=ROOT,
        env={**os.environ, ROUTES: str(routes)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_workers(port, workers, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for_workers(port: int, workers: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 6 * PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if f"\nspine_workers {workers}\n" in _page(port)[0]:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    raise BenchmarkError("the server that is scraped did not come up")


def _page(port: int) -> tuple[str, int]:
    """Scrape once; returns the page and how many samples it has."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics", headers=HEADERS)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    text = gzip.decompress(body).decode() if answer.status == http.HTTPStatus.OK else ""
    return text, sum(1 for line in text.splitlines() if not line.startswith("#"))


@contextmanager
def _scraper(port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.scrape", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _ask_for(port: int, seconds: float) -> list[float]:
    """Ask at a steady pace on one connection; returns the milliseconds from when each request was due.

    A request that has to wait for a slow one before it counts its waiting too.
    """
    took = []
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.perf_counter()
        until = due + seconds
        while due < until:
            time.sleep(max(due - time.perf_counter(), 0.0))
            connection.sendall(REQUEST)
            answer = connection.recv(65536)
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            took.append((time.perf_counter() - due) * 1000)
            due += PACE_S
    return took


def scrape_table(found: dict[int, Scraped]) -> str:
    """Draw what a scrape takes, and what requests take beside it."""
    rows = []
    for workers, one in found.items():
        scrape = Spread.of(one.scrapes)
        p99 = (percentile(one.quiet, 99), percentile(one.busy, 99))
        rows.append(
            (
                str(workers),
                f"{one.lines:,}",
                f"{scrape}",
                scrape.range,
                f"{percentile(one.quiet, 50):.2f}",
                f"{percentile(one.busy, 50):.2f}",
                *(f"{value:.2f}" for value in p99),
                ratio(p99[1], p99[0]),
            )
        )
    requests = ("p50 quiet", "p50 scraped", "p99 quiet", "p99 scraped", "p99 ratio")
    return table(("Workers", "series", "a scrape, ms", "middle half", *requests), rows, texts=0)


def targets(found: dict[int, Scraped]) -> list[Target]:
    """Compare with what was promised."""
    made = []
    for workers, one in found.items():
        took = Spread.of(one.scrapes).median
        size = f"{workers} worker{'s' * (workers > 1)}"
        promise = f"a scrape of 10,000 series takes less than {LIMIT_MS:.0f} ms ({size})"
        made.append(Target(promise, f"{took:.0f} ms", took, LIMIT_MS))
        promise = f"and leaves p99 of a trivial route within {LIMIT_P99} times ({size})"
        made.append(Target(promise, f"{one.slower:.2f}", one.slower, LIMIT_P99))
    return made


def scrape_on(port: int) -> None:
    """Scrape every second until somebody ends us; prints how many milliseconds each took."""
    while True:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/metrics", headers=HEADERS)
        connection.getresponse().read()
        connection.close()
        took = time.perf_counter() - began
        print(took * 1000, flush=True)
        time.sleep(max(SCRAPE_EVERY_S - took, 0.0))


if __name__ == "__main__":
    scrape_on(int(sys.argv[1]))
