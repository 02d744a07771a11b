"""What the guards add to a request, and what others add: `python -m benchmarks.guards`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from benchmarks.numbers import Spread, differences
from benchmarks.rounds import Contender, Plan, run
from benchmarks.table import table
from benchmarks.targets import Target, targets_table

BARE = "bare application"
SPINE = "fastapi-spine, logs only, no guard"
ALL = "**all guards, one limit in memory**"
SECOND = "all guards, two limits in memory"

OURS = (
    ("CORS", "cors"),
    ("trusted hosts", "hosts"),
    ("security headers", "headers"),
    ("one limit in memory", "rate"),
    ("body limit and deadline", "body_and_deadline"),
    ("trusted proxy", "proxies"),
    (ALL, "everything"),
    (SECOND, "second_limit"),
)
PEERS = (
    ("Starlette's CORS and trusted hosts", "starlette"),
    ("secure, ASGI middleware", "secure"),
    ("slowapi, ASGI middleware, one limit", "slowapi"),
    ("fastapi-limiter, one limit", "fastapi_limiter"),
    ("Starlette's, secure and slowapi, stacked", "stacked"),
)
LIMIT_ALL_US = 15.0
LIMIT_FURTHER_US = 8.0

WHOLE = Plan(generations=3, rounds=12, count=500, warm_up=300)
QUICK = Plan(generations=1, rounds=6, count=300, warm_up=200)

Costs = Mapping[str, Sequence[float]]


def contenders() -> list[Contender]:
    """List every stack; ours write a line a request, the others none."""
    ours = [(SPINE, "guarded:none", 1), *((name, f"guarded:{one}", 1) for name, one in OURS)]
    peers = [
        (BARE, "guard_peers:bare", 0),
        *((name, f"guard_peers:{one}", 0) for name, one in PEERS),
    ]
    return [
        Contender(name, f"benchmarks.stacks.{target}", (1,), lines)
        for name, target, lines in (*ours, *peers)
    ]


def measure(plan: Plan) -> Costs:
    """Measure all of them in turns."""
    return run(contenders(), plan)


def guards_table(costs: Costs) -> str:
    """Draw what each adds: ours to the layer without guards, the others to the bare application."""
    rows = []
    for below, group in ((SPINE, OURS), (BARE, PEERS)):
        for name, _ in group:
            added = Spread.of(differences(costs[name], costs[below]))
            rows.append((name, f"{added}", added.range))
    return table(("Guard", "added µs", "middle half"), rows)


def targets(costs: Costs) -> list[Target]:
    """Compare with what was promised."""
    everything = Spread.of(differences(costs[ALL], costs[SPINE])).median
    further = Spread.of(differences(costs[SECOND], costs[ALL])).median
    return [
        Target(
            f"all guards with one limit in memory add at most {LIMIT_ALL_US:.0f} µs to the layer",
            f"{everything:.1f} µs",
            everything,
            LIMIT_ALL_US,
        ),
        Target(
            f"a further limit adds at most {LIMIT_FURTHER_US:.0f} µs",
            f"{further:.1f} µs",
            further,
            LIMIT_FURTHER_US,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the guards alone and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guards", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    plan = QUICK if parser.parse_args(arguments).quick else WHOLE
    costs = measure(plan)
    print(f"{guards_table(costs)}\n{targets_table(targets(costs))}")


if __name__ == "__main__":
    main()
