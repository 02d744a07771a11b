"""What a layer adds to one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.numbers import Spread, differences, ratio
from benchmarks.rounds import Contender, Plan, run
from benchmarks.stacks.sizes import HELD_LINES
from benchmarks.table import table
from benchmarks.targets import Target

BARE = "bare application"
NOOP = "no-op ASGI layer"
FLOOR = "hand-tight floor: id and one JSON line"
OURS = "**fastapi-spine**"
PLAIN = "fastapi-spine, redaction off"
HELD = f"fastapi-spine, {HELD_LINES} DEBUG lines held back"
LINE = "fastapi-spine, one INFO line in the endpoint"
BASE_HTTP = "`BaseHTTPMiddleware` + `json` formatter"
STRUCTLOG = "structlog + asgi-correlation-id"
LOGFIRE = "Logfire, nothing sent"

STACKS = (
    (BARE, "bare:build", 0),
    (NOOP, "noop:build", 0),
    (FLOOR, "floor:build", 1),
    (OURS, "ours:build", 1),
    (PLAIN, "ours:without_redaction", 1),
    (HELD, "ours:held_lines", 1),
    (LINE, "ours:one_line", 2),
    (BASE_HTTP, "base_http:build", 1),
    (STRUCTLOG, "structlog_correlation:build", 1),
    (LOGFIRE, "logfire_spans:build", 0),
)
"""Name, what makes it, and how many lines a request writes."""

ROUTES = (1, 200)
FLAT_ROUTES = (1, 200, 500)

LIMIT_US = 20.0
LIMIT_OF_BASE_HTTP = 1 / 8
LIMIT_FLAT = 1.1

Costs = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Overhead:
    """What was measured.

    Attributes:
        costs: for each number of routes, CPU microseconds a request of each stack, round by round.
        flat: for each number of routes, what ours adds, round by round.
    """

    costs: Mapping[int, Costs]
    flat: Mapping[int, Sequence[float]]

    def added(self, stack: str, routes: int) -> Spread:
        """Say what a stack adds to the bare application."""
        costs = self.costs[routes]
        return Spread.of(differences(costs[stack], costs[BARE]))


def stacks(routes: int) -> list[Contender]:
    """List every stack around an application with that many routes."""
    return [
        Contender(name, f"benchmarks.stacks.{target}", (routes,), lines)
        for name, target, lines in STACKS
    ]


def beside_bare(routes: int) -> Contender:
    """Make the contender that measures ours against the bare application in one process."""
    return Contender(str(routes), "benchmarks.stacks.ours:beside_bare", (routes,), beside=True)


def measure(plans: Mapping[int, Plan], flat: Plan) -> Overhead:
    """Measure everything.

    Args:
        plans: for each number of routes how much is measured.
        flat: how much is measured of ours for each of `FLAT_ROUTES`.
    """
    costs = {routes: run(stacks(routes), plans[routes]) for routes in ROUTES}
    beside = run([beside_bare(routes) for routes in FLAT_ROUTES], flat)
    return Overhead(costs, {routes: beside[str(routes)] for routes in FLAT_ROUTES})


def stacks_table(found: Overhead, routes: int) -> str:
    """Draw what each stack costs around an application with that many routes."""
    floor = found.added(FLOOR, routes).median
    ours = found.added(OURS, routes).median
    rows = []
    for name, costs in found.costs[routes].items():
        added = found.added(name, routes)
        compared = (ratio(added.median, floor), ratio(added.median, ours))
        rest = ("-", "-", "-", "-") if name == BARE else (f"{added}", added.range, *compared)
        rows.append((name, f"{Spread.of(costs)}", *rest))
    head = ("Stack", "µs a request", "added", "middle half", "vs floor", "vs ours")
    return table(head, rows)


def flat_table(found: Overhead) -> str:
    """Draw what ours adds with more and more routes."""
    one = Spread.of(found.flat[FLAT_ROUTES[0]]).median
    rows = []
    for routes, added in found.flat.items():
        spread = Spread.of(added)
        rows.append((str(routes), f"{spread}", spread.range, ratio(spread.median, one)))
    return table(("Routes", "added µs", "middle half", "vs 1 route"), rows, texts=0)


def single_lines(found: Overhead) -> str:
    """Say what one line costs inside a request, taken from the difference of two stacks."""
    costs = found.costs[ROUTES[0]]
    held = Spread.of([cost / HELD_LINES for cost in differences(costs[HELD], costs[OURS])])
    line = Spread.of(differences(costs[LINE], costs[OURS]))
    rows = (
        ("a DEBUG line held back by the flight recorder, never written", f"{held}", held.range),
        ("an INFO line, redacted and written", f"{line}", line.range),
    )
    return table(("One more line in a request, 1 route", "µs", "middle half"), rows)


def targets(found: Overhead) -> list[Target]:
    """Compare with what was promised."""
    made = []
    for routes in ROUTES:
        ours = found.added(OURS, routes).median
        peer = found.added(BASE_HTTP, routes).median
        size = f"{routes} route{'s' * (routes > 1)}"
        made += [
            Target(f"adds at most {LIMIT_US:.0f} µs ({size})", f"{ours:.1f} µs", ours, LIMIT_US),
            Target(
                f"adds at most 1/8 of what the `BaseHTTPMiddleware` stack adds ({size})",
                f"1/{peer / ours:.1f}",
                ours / peer,
                LIMIT_OF_BASE_HTTP,
            ),
        ]
    few, *_, many = (Spread.of(found.flat[routes]).median for routes in FLAT_ROUTES)
    promise = f"adds with {FLAT_ROUTES[-1]} routes at most {LIMIT_FLAT} times what it adds with one"
    made.append(Target(promise, f"{many / few:.2f}", many / few, LIMIT_FLAT))
    return made
