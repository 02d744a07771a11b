"""Filling the console's store: rows a second, bytes a row, memory. `python -m benchmarks.ingest FOLDER REQUESTS`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.rounds import ROOT
from benchmarks.shop_rows import ROWS_A_REQUEST, batches

from fastapi_spine.console.store import Keep, StoreWriter
from fastapi_spine.console.store.folder import Folder, size_of

END_NS = 1_790_000_000_000_000_000
HOURS = 10
_NS_A_SECOND = 1_000_000_000
_GROUP = 5
"""Batches a commit: what the console's receiver makes of several senders at a time."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What filling took.

    Attributes:
        requests: how many; ten rows each.
        seconds: of wall time in the store, without making rows.
        cpu_s: of CPU time in the store.
        bytes: on disk at the end.
        slices: files.
        peak_mib: the most memory of the process.
        slowest_ms: the slowest call of any.
    """

    requests: int
    seconds: float
    cpu_s: float
    bytes: int
    slices: int
    peak_mib: float
    slowest_ms: float

    @property
    def rows(self) -> int:
        """How many rows were kept."""
        return self.requests * ROWS_A_REQUEST

    @property
    def rows_a_second(self) -> float:
        """Rows by wall time."""
        return self.rows / self.seconds


class Moving:
    """A clock that is where the rows are: ten hours go by while the store is filled."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def wall_ns(self) -> int:
        """Return the rows' time."""
        return self.now_ns

    def monotonic_ns(self) -> int:
        """Return real time."""
        return time.monotonic_ns()


def fill(folder: Path, requests: int) -> Ingested:
    """Fill a folder, in this process."""
    step = HOURS * 3600 * _NS_A_SECOND // requests
    clock = Moving(END_NS - requests * step)
    writer = StoreWriter(folder, Keep(bytes=1 << 40), clock)
    wall = cpu = slowest = tidied = 0.0
    for number, batch in enumerate(batches(requests, clock.now_ns, step)):
        clock.now_ns = batch.spans[0].start_ns
        begin, begun_cpu = time.perf_counter(), time.process_time()
        writer.add(batch)
        if number % _GROUP == _GROUP - 1:
            writer.commit()
        if begin - tidied > 1:  # as the receiver does
            writer.tidy()
            tidied = begin
        took = time.perf_counter() - begin
        wall, cpu, slowest = wall + took, cpu + time.process_time() - begun_cpu, max(slowest, took)
    clock.now_ns = END_NS
    begin, begun_cpu = time.perf_counter(), time.process_time()
    writer.close()
    wall, cpu = wall + time.perf_counter() - begin, cpu + time.process_time() - begun_cpu
    known = Folder(folder).slices()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(size_of(file.path) for file in known) + size_of(Folder(folder).meta)
    return Ingested(requests, wall, cpu, size, len(known), peak, slowest * 1000)


def measure(folder: Path, requests: int) -> Ingested:
    """Fill a folder in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", str(folder), str(requests)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    return Ingested(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(fill(Path(sys.argv[1]), int(sys.argv[2])))))
