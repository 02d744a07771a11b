"""Every benchmark, and the page with their results."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import console, end_to_end, guards, log_line, machine, overhead, redaction, scrape
from benchmarks.end_to_end import Load, Row, rows_table
from benchmarks.log_line import lines_table
from benchmarks.overhead import Overhead, flat_table, single_lines, stacks_table
from benchmarks.rounds import Plan
from benchmarks.scrape import ScrapePlan, scrape_table
from benchmarks.table import table
from benchmarks.targets import targets_table

RESULTS = Path(__file__).with_name("results.md")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: one plan for each part."""

    one_route: Plan
    many_routes: Plan
    flat: Plan
    lines: Plan
    guards: Plan
    load: Load
    scrape: ScrapePlan


WHOLE = Size(
    one_route=Plan(generations=3, rounds=16, count=600, warm_up=300),
    many_routes=Plan(generations=5, rounds=10, count=200, warm_up=100),
    flat=Plan(generations=3, rounds=5, count=500, warm_up=200),
    lines=Plan(generations=3, rounds=10, count=2000, warm_up=500),
    guards=guards.WHOLE,
    load=Load(rounds=9, seconds=2),
    scrape=ScrapePlan(series=10_000, turns=10, seconds=6),
)
QUICK = Size(
    one_route=Plan(generations=1, rounds=5, count=500, warm_up=200),
    many_routes=Plan(generations=1, rounds=5, count=150, warm_up=50),
    flat=Plan(generations=1, rounds=3, count=300, warm_up=200),
    lines=Plan(generations=1, rounds=5, count=1500, warm_up=300),
    guards=guards.QUICK,
    load=Load(rounds=1, seconds=1),
    scrape=ScrapePlan(series=10_000, turns=1, seconds=5),
)
"""Many short rounds rather than a few long ones: the shorter a round, the more alike the machine treats
all who take part in it. Processes anew more often where a few per cent of the whole are a large part
of what is added."""

METHOD = """\
Every figure is CPU time of the whole process, user and system, all threads, until the last line is
in the pipe: work done in the background counts. Requests are driven in process, one after the other,
through the ASGI interface, so that no server's noise hides what is measured.

Each stack runs in processes of its own, asked in turns. What a stack adds is its cost less the bare
application's in the same round; the table gives the median of the rounds, and between which values the
middle half of them lies. All stacks write to one pipe that another process drains, and in each round
the lines that arrive are counted: one that loses a line ends the benchmark. All answer the same bytes.

"Exported" means that every request's server span has arrived at a receiver in another process, which
counts them: a stack that loses one ends the benchmark. The receiver speaks OTLP, Sentry's envelopes and
Datadog's protocol.

Peers run as their own documentation sets them up, with queues large enough to lose nothing; the access
line beside asgi-correlation-id is pure ASGI, because the recipes that go around would add
`BaseHTTPMiddleware`. The floors are written by hand, for this page only: an id, a header, and a line
encoded by msgspec that a thread writes in batches; the second one counts requests and durations too, and
puts a span together from bytes. They check, redact and bound nothing.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the page.

    A whole run writes `benchmarks/results.md`; a quick one does only when asked to.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument("--write", action="store_true", help="write the page after a quick run too")
    parser.add_argument("--keep", action="store_true", help="leave the page as it is")
    chosen = parser.parse_args(arguments)
    size = QUICK if chosen.quick else WHOLE
    text = page(size, "make bench" + (" ARGS=--quick" if chosen.quick else ""))
    known = console.taken_from(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else ""
    if known:  # it is measured by itself, because it takes a million requests
        text = console.put(text, known)
    print(text)
    if not chosen.keep and (chosen.write or not chosen.quick):
        RESULTS.write_text(text, encoding="utf-8")


def page(size: Size, command: str) -> str:
    """Measure everything and write it up."""
    moment = datetime.now(UTC)
    found = overhead.measure(
        dict(zip(overhead.ROUTES, (size.one_route, size.many_routes), strict=True)), size.flat
    )
    lines = log_line.measure(size.lines)
    guarded = guards.measure(size.guards)
    texts = redaction.rows()
    served = end_to_end.of_one_service(size.load)
    scraped = scrape.measure(size.scrape)
    head = (
        f"# What it costs\n\nWritten by `{command}` on {moment:%Y-%m-%d %H:%M} UTC.\n\n"
        f"{machine.description()}\n{METHOD}"
    )
    promised = (
        *overhead.targets(found),
        *end_to_end.targets(served),
        *log_line.targets(lines),
        *guards.targets(guarded),
        *scrape.targets(scraped),
    )
    sections = (
        head,
        *overhead_sections(found, size),
        *load_sections(served, size.load),
        f"## One log line\n\nA message with five fields. {size.lines}.\n\n{lines_table(lines)}",
        guards_section(size, guards.guards_table(guarded)),
        scrape_section(size, scrape_table(scraped)),
        f"## Redaction alone\n\n{table(('Text', 'median', 'spread'), texts)}",
        f"## Targets\n\n{targets_table(promised)}",
    )
    return "\n".join(sections)


def guards_section(size: Size, drawn: str) -> str:
    """Write up what the guards add."""
    return (
        "## Guards\n\nA page of another origin asks, each time for a path that nobody has seen before. Ours are "
        "what they add to fastapi-spine without guards, the others what they add to the bare application. "
        f"{size.guards}.\n\n{drawn}"
    )


def scrape_section(size: Size, drawn: str) -> str:
    """Write up what a scrape takes."""
    return (
        "## A scrape\n\nA page of ten thousand series, OpenMetrics with exemplars, compressed, asked for every "
        "second as Prometheus asks; one uvicorn process or several. Beside it a client asks for a trivial route "
        f"{1 / scrape.PACE_S:.0f} times a second, and waits from when each request was due, in ms. Server, client "
        f"and scraper share the machine's cores. {size.scrape}.\n\n{drawn}"
    )


def overhead_sections(found: Overhead, size: Size) -> tuple[str, ...]:
    """Write up what is added to a request."""
    return (
        f"## Added to a request, 1 route\n\n{size.one_route}.\n\n{stacks_table(found, 1)}",
        f"{single_lines(found)}",
        (
            "## Added to a request, 200 routes\n\nThe route asked for is the last. "
            f"{size.many_routes}.\n\n{stacks_table(found, 200)}"
        ),
        (
            "## Flat in the number of routes\n\nWhat fastapi-spine adds, measured against the bare "
            "application in the same process in slices that take turns: two processes alone differ "
            "by more than this is about. The calls are the functions, of Python and C, that it adds "
            "to one request: where they stay the same and the time grows, the longer walk of the router "
            "has left less of the layer in the processor's caches. The floor is measured beside it. "
            f"{size.flat}.\n\n{flat_table(found)}"
        ),
    )


def load_sections(rows: Sequence[Row], load: Load) -> tuple[str, ...]:
    """Write up requests per second, if the load tool is there."""
    head = "## Under uvicorn\n\n"
    if not rows:
        return (
            f"{head}Not measured: `{end_to_end.TOOL}` is not installed (Debian: apt install wrk).\n",
        )
    three = end_to_end.measure(end_to_end.THREE_SERVICES, load, services=3)
    return (
        f"{head}One worker, asked by `{end_to_end.TOOL}` on the same machine. {load}.\n\n{rows_table(rows)}",
        f"Three services, each asking the next by httpx, a process each:\n\n{rows_table(three)}",
    )
