"""What one log line costs: a message and five fields, with the request's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.numbers import Spread, ratio
from benchmarks.rounds import Contender, Plan, run
from benchmarks.table import table
from benchmarks.targets import Target

STDLIB = "`logging`, `json.dumps` in a formatter"
JSON_LOGGER = "python-json-logger"
STRUCTLOG_ORJSON = "structlog with orjson, as its page on performance recommends"
STRUCTLOG_LOGGING = "structlog through `logging`, as its guide shows"
OURS = "**fastapi-spine**, in a request"
OUTSIDE = "fastapi-spine, outside requests"
PLAIN = "fastapi-spine, in a request, redaction off"

LOGGERS = (
    Contender(STDLIB, "benchmarks.loggers.stdlib_json:build"),
    Contender(JSON_LOGGER, "benchmarks.loggers.json_logger:build"),
    Contender(STRUCTLOG_ORJSON, "benchmarks.loggers.structlog_lines:with_orjson"),
    Contender(STRUCTLOG_LOGGING, "benchmarks.loggers.structlog_lines:through_logging"),
    Contender(OURS, "benchmarks.loggers.ours:build", extra_lines=1),
    Contender(OUTSIDE, "benchmarks.loggers.ours:outside_requests"),
    Contender(PLAIN, "benchmarks.loggers.ours:without_redaction", extra_lines=1),
)

Costs = Mapping[str, Sequence[float]]


def measure(plan: Plan) -> Costs:
    """Measure every logger."""
    return run(LOGGERS, plan)


def lines_table(costs: Costs) -> str:
    """Draw what a line costs."""
    ours = Spread.of(costs[OURS]).median
    rows = []
    for name, values in costs.items():
        spread = Spread.of(values)
        rows.append((name, f"{spread}", spread.range, ratio(spread.median, ours)))
    return table(("Logger", "µs a line", "middle half", "vs ours"), rows)


def targets(costs: Costs) -> list[Target]:
    """Compare with what was promised."""
    ours = Spread.of(costs[OURS]).median
    made = []
    for name in (STRUCTLOG_ORJSON, STRUCTLOG_LOGGING):
        peer = Spread.of(costs[name]).median
        promise = f"a redacted line costs less than one of {name}"
        made.append(Target(promise, f"{ours / peer:.2f}", ours / peer, 1.0))
    return made
