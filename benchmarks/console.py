"""What the console takes and how soon it answers: `python -m benchmarks.console` writes its part of the page."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import ingest, machine, query, receive
from benchmarks.ingest import Ingested
from benchmarks.numbers import Spread, percentile
from benchmarks.query import Answered
from benchmarks.receive import Received
from benchmarks.table import table
from benchmarks.targets import Target, targets_table

RESULTS = Path(__file__).with_name("results.md")
TITLE = "## The console"
_MOST_MIB = 300
_SPANS_A_SECOND = 30_000
_EXPIRE_MS = 50


@dataclass(frozen=True, slots=True)
class ConsolePlan:
    """How much is measured.

    Attributes:
        requests: kept in the store, ten rows each.
        rounds: how often each question is asked.
        turns: how often receiving is measured.
        seconds: how long each time.
    """

    requests: int
    rounds: int
    turns: int
    seconds: float


WHOLE = ConsolePlan(requests=1_000_000, rounds=100, turns=7, seconds=5)


@dataclass(frozen=True, slots=True)
class Console:
    """What was measured."""

    received: Received
    ingested: Ingested
    answered: list[Answered]
    expired: tuple[float, float]


def measure(plan: ConsolePlan) -> Console:
    """Measure everything; the store lies in a folder that is removed afterwards."""
    received = receive.measure(plan.turns, plan.seconds)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "data"
        ingested = ingest.measure(place, plan.requests)
        answered = query.measure(place, plan.requests, plan.rounds)
        return Console(received, ingested, answered, query.expire(place))


def section(found: Console, circumstances: str) -> str:
    """Write up what was measured, and when on what machine: the rest of the page is of another day."""
    kept = found.ingested
    took, part = found.expired
    rows = [
        (one.name, f"{one.rows}", f"{one.median:.1f}", f"{percentile(one.times, 95):.1f}", f"{one.limit_ms:g}")
        for one in found.answered
    ]  # fmt: skip
    questions = table(("Question", "rows", "median ms", "95 % ms", "at most"), rows, texts=1)
    return (
        f"{TITLE}\n\n{circumstances}\n\nReceiving, from bytes on the socket to committed, four senders at once that share the machine's "
        f"cores with the console: {found.received}.\n\n"
        f"The store alone, {kept.requests:,} requests of five spans and five lines ({kept.rows:,} rows) of ten hours: "
        f"{kept.rows_a_second:,.0f} rows a second, {kept.rows / kept.cpu_s:,.0f} a second of CPU time; "
        f"{kept.bytes / kept.rows:.0f} bytes a row in {kept.slices} files; slowest call {kept.slowest_ms:.0f} ms; "
        f"{kept.peak_mib:.0f} MiB at most. Letting {part:.0%} of it go took {took:.0f} ms.\n\n"
        f"Questions to it, from one process while another writes some thousand rows a second:\n\n{questions}\n"
        f"{targets_table(targets(found))}"
    )


def targets(found: Console) -> list[Target]:
    """Say which promises were kept."""
    spans = Spread.of(found.received.cpu).median
    peak = max(found.received.peak_mib, found.ingested.peak_mib)
    took = found.expired[0]
    slow = max(found.answered, key=lambda one: one.median / one.limit_ms)
    return [
        Target("the console takes at least 30,000 spans a second of CPU time, from socket to committed",
               f"{spans:,.0f}", _SPANS_A_SECOND / spans, 1),
        Target("each of the console's questions is answered in time", f"{slow.name}: {slow.median:.1f} ms of {slow.limit_ms:g}",
               slow.median, slow.limit_ms),
        Target("the console takes at most 300 MiB", f"{peak:.0f} MiB", peak, _MOST_MIB),
        Target("the oldest fifth goes within 50 ms", f"{took:.0f} ms", took, _EXPIRE_MS),
    ]  # fmt: skip


def put(page: str, written: str) -> str:
    """Return the page with the section in it, in the place of an older one or before the page's targets."""
    before, found, rest = page.partition(f"{TITLE}\n")
    if found:
        _, _, after = rest.partition("\n## ")
        return f"{before}{written}" + (f"\n## {after}" if after else "")
    before, found, after = page.partition("## Targets\n")
    return f"{before}{written}\n{found}{after}" if found else f"{page}\n{written}"


def taken_from(page: str) -> str:
    """Return the console's section of a page; empty if it has none."""
    _, found, rest = page.partition(f"{TITLE}\n")
    return f"{found}{rest.partition(chr(10) + '## ')[0]}" if found else ""


def _circumstances() -> str:
    moment = datetime.now(UTC)
    where = machine.description().partition("\n")[0].removeprefix("- ")
    return f"Written by `python -m benchmarks.console` on {moment:%Y-%m-%d %H:%M} UTC: {where}."


def main() -> None:
    """Measure the console, print, and put it into `benchmarks/results.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=main.__doc__)
    parser.add_argument("--requests", type=int, default=WHOLE.requests, help="how many are kept")
    parser.add_argument("--keep", action="store_true", help="leave the page as it is")
    chosen = parser.parse_args()
    machine.description()  # a package that it misses is better known before minutes of measuring
    found = measure(ConsolePlan(chosen.requests, WHOLE.rounds, WHOLE.turns, WHOLE.seconds))
    written = section(found, _circumstances())
    print(written)
    if not chosen.keep:
        RESULTS.write_text(put(RESULTS.read_text(encoding="utf-8"), written), encoding="utf-8")


if __name__ == "__main__":
    main()
