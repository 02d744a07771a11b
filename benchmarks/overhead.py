"""What a layer adds to one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.numbers import Spread, differences, ratio
from benchmarks.rounds import Contender, Plan, calls_added, run
from benchmarks.stacks.sizes import HELD_LINES
from benchmarks.table import table
from benchmarks.targets import Target

BARE = "bare application"
NOOP = "no-op ASGI layer"
FLOOR = "hand-tight floor: id and one JSON line"
OURS = "**fastapi-spine, logs only**"
RED = "fastapi-spine, logs, and requests counted with exemplars"
METRICS = "fastapi-spine, logs and all metrics"
EXPORTED = "fastapi-spine, everything, one span exported"
OPERATIONS = "fastapi-spine, everything, with operation spans exported"
NOBODY = "the same, FastAPI reporting its operations by the API, to nobody"
FULL_FLOOR = "hand-tight floor: id, JSON line, two metrics, one span exported"
NATIVE = "FastAPI native on the OpenTelemetry SDK, traces, exported"
NATIVE_ALL = "FastAPI native on the OpenTelemetry SDK, all signals, exported"
CONTRIB = "contrib's FastAPI instrumentor on the SDK, traces, exported"
SENTRY = "Sentry, every request traced, exported"
DATADOG = "ddtrace, exported"
PLAIN = "fastapi-spine, logs only, redaction off"
HELD = f"fastapi-spine, logs only, {HELD_LINES} DEBUG lines held back"
LINE = "fastapi-spine, logs only, one INFO line in the endpoint"
BASE_HTTP = "`BaseHTTPMiddleware` + `json` formatter"
STRUCTLOG = "structlog + asgi-correlation-id"
INSTRUMENTATOR = "prometheus-fastapi-instrumentator"
EXPORTER = "starlette_exporter"
LOGFIRE = "Logfire, exported"

STACKS = (
    (BARE, "bare:build", 0),
    (NOOP, "noop:build", 0),
    (FLOOR, "floor:build", 1),
    (OURS, "ours:build", 1),
    (RED, "ours:with_requests_counted", 1),
    (METRICS, "ours:with_metrics", 1),
    (FULL_FLOOR, "full_floor:build", 1),
    (EXPORTED, "exported:build", 1),
    (OPERATIONS, "exported:with_operations", 1),
    (NOBODY, "exported:reported_to_nobody", 1),
    (PLAIN, "ours:without_redaction", 1),
    (HELD, "ours:held_lines", 1),
    (LINE, "ours:one_line", 2),
    (BASE_HTTP, "base_http:build", 1),
    (STRUCTLOG, "structlog_correlation:build", 1),
    (INSTRUMENTATOR, "instrumentator:build", 0),
    (EXPORTER, "exporter:build", 0),
    (NATIVE, "exported_peers:native", 0),
    (NATIVE_ALL, "exported_peers:native_all", 0),
    (CONTRIB, "exported_peers:contrib", 0),
    (LOGFIRE, "exported_peers:logfire", 0),
    (SENTRY, "exported_peers:sentry", 0),
    (DATADOG, "exported_peers:datadog", 0),
)
"""Name, what makes it, and how many lines a request writes."""

ROUTES = (1, 200)
FLAT_ROUTES = (1, 200, 500)

LIMIT_US = 20.0
LIMIT_RED_US = 4.0
LIMIT_METRICS_US = 7.0
LIMIT_EXPORTED_US = 40.0
LIMIT_OPERATIONS_US = 60.0
LIMIT_OF_FULL_FLOOR = 2.0
LIMIT_OF_NATIVE = 1 / 6
LIMIT_OF_BASE_HTTP = 1 / 8
LIMIT_FLAT = 1.1

Costs = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Overhead:
    """What was measured.

    Attributes:
        costs: for each number of routes, CPU microseconds a request of each stack, round by round.
        flat: for each number of routes, what ours adds, round by round.
        flat_floor: the same of the floor.
        flat_exported: the same of ours with everything on and exported.
        calls: for each number of routes, how many function calls ours adds to a request.
    """

    costs: Mapping[int, Costs]
    flat: Mapping[int, Sequence[float]]
    flat_floor: Mapping[int, Sequence[float]]
    flat_exported: Mapping[int, Sequence[float]]
    calls: Mapping[int, int]

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


def beside_bare(stack: str, routes: int) -> Contender:
    """Make a contender that is measured against the bare application in its own process."""
    target = f"benchmarks.stacks.{stack}:beside_bare"
    return Contender(f"{stack} {routes}", target, (routes,), beside=True)


def measure(plans: Mapping[int, Plan], flat: Plan) -> Overhead:
    """Measure everything.

    Args:
        plans: for each number of routes how much is measured.
        flat: how much is measured for each of `FLAT_ROUTES`.
    """
    costs = {routes: run(stacks(routes), plans[routes]) for routes in ROUTES}
    return Overhead(costs, *measure_flat(flat))


def measure_flat(
    plan: Plan,
) -> tuple[
    Mapping[int, Sequence[float]],
    Mapping[int, Sequence[float]],
    Mapping[int, Sequence[float]],
    Mapping[int, int],
]:
    """Measure what ours, the floor and ours with everything add with more and more routes, and count ours' calls."""
    contenders = {
        (stack, routes): beside_bare(stack, routes)
        for stack in ("ours", "floor", "exported")
        for routes in FLAT_ROUTES
    }
    costs = run(list(contenders.values()), plan)
    ours, floor, exported = (
        {routes: costs[contenders[stack, routes].name] for routes in FLAT_ROUTES}
        for stack in ("ours", "floor", "exported")
    )
    calls = {routes: calls_added(beside_bare("ours", routes)) for routes in FLAT_ROUTES}
    return ours, floor, exported, calls


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
        spread, floor = Spread.of(added), Spread.of(found.flat_floor[routes])
        exported = Spread.of(found.flat_exported[routes])
        rows.append(
            (
                str(routes),
                f"{spread}",
                spread.range,
                ratio(spread.median, one),
                f"{floor}",
                ratio(spread.median, floor.median),
                str(found.calls[routes]),
                f"{exported}",
            )
        )
    head = (
        "Routes", "added µs", "middle half", "vs 1 route", "floor adds", "vs floor", "calls", "everything adds",
    )  # fmt: skip
    return table(head, rows, texts=0)


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
        made += [_metrics_target(found, routes, RED, LIMIT_RED_US)]
        made += [_metrics_target(found, routes, METRICS, LIMIT_METRICS_US)]
        made += _exported_targets(found, routes, size)
    few, many = FLAT_ROUTES[0], FLAT_ROUTES[-1]
    grown = Spread.of(found.flat[many]).median / Spread.of(found.flat[few]).median
    promise = f"adds with {many} routes at most {LIMIT_FLAT} times what it adds with {few}"
    made.append(Target(f"{promise}: CPU time", f"{grown:.2f}", grown, LIMIT_FLAT))
    calls = found.calls[many] / found.calls[few]
    made.append(Target(f"{promise}: function calls", f"{calls:.2f}", calls, LIMIT_FLAT))
    one, two = (Spread.of(found.flat_exported[routes]).median for routes in ROUTES)
    promise = (
        f"everything, one span exported, adds with {ROUTES[1]} routes at most {LIMIT_FLAT} times"
    )
    made.append(Target(f"{promise} what it adds with 1", f"{two / one:.2f}", two / one, LIMIT_FLAT))
    return made


def _exported_targets(found: Overhead, routes: int, size: str) -> list[Target]:
    """Compare everything, exported, with what was promised."""
    made = []
    for stack, limit in ((EXPORTED, LIMIT_EXPORTED_US), (OPERATIONS, LIMIT_OPERATIONS_US)):
        added = found.added(stack, routes).median
        name = stack.removeprefix("fastapi-spine, ")
        promise = f"{name}: adds at most {limit:.0f} µs ({size})"
        made.append(Target(promise, f"{added:.1f} µs", added, limit))
    for stack, other, limit, promise in (
        (EXPORTED, FULL_FLOOR, LIMIT_OF_FULL_FLOOR, "one span exported: adds at most twice its hand-tight floor"),
        (OPERATIONS, NATIVE_ALL, LIMIT_OF_NATIVE, "with operation spans: adds at most 1/6 of FastAPI native, all signals"),
    ):  # fmt: skip
        share = found.added(stack, routes).median / found.added(other, routes).median
        made.append(Target(f"{promise} ({size})", f"{share:.2f}", share, limit))
    return made


def _metrics_target(found: Overhead, routes: int, stack: str, limit: float) -> Target:
    """Compare what counting adds to logs with what was promised."""
    costs = found.costs[routes]
    added = Spread.of(differences(costs[stack], costs[OURS])).median
    what = "requests counted with exemplars" if stack == RED else "all default metrics"
    size = f"{routes} route{'s' * (routes > 1)}"
    promise = f"{what} add at most {limit:.0f} µs to logs ({size})"
    return Target(promise, f"{added:.1f} µs", added, limit)
