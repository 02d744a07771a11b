"""Every contender does the job that it is measured at.

Here those run whose packages are installed; `make bench` installs them all and, before and while it
measures, checks the same of each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from benchmarks import log_line, overhead
from benchmarks.rounds import ROOT, BenchmarkError, Contender, Plan, calls_added, run

PACKAGES = {
    "structlog_correlation": "asgi_correlation_id",
    "exporter": "starlette_exporter",
    "instrumentator": "prometheus_fastapi_instrumentator",
    "exported_peers:sentry": "sentry_sdk",
    "exported_peers:datadog": "ddtrace",
    "json_logger": "pythonjsonlogger",
    "structlog_lines": "orjson",
}
"""What must be installed for the contenders of a module, or for one of them."""

REPETITIONS = 5

BESIDES = {"spine.export", "spine.runtime"}
"""Who may say something besides: that nothing is exported, that a busy machine held up the loop."""


def is_here(contender: Contender) -> bool:
    """Tell whether the contender's package is installed."""
    target = contender.target.rpartition(".")[2]
    needed = PACKAGES.get(target) or PACKAGES.get(target.partition(":")[0], "benchmarks")
    return find_spec(needed) is not None


STACKS = [one for one in overhead.stacks(routes=3) if is_here(one)]
LOGGERS = [one for one in log_line.LOGGERS if is_here(one)]


def name_of(contender: Contender) -> str:
    """Name a test after its contender's code."""
    return contender.target.removeprefix("benchmarks.")


class Seen(NamedTuple):
    """What one contender answered and wrote."""

    answer: str
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module", name="seen")
def _seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Watch every contender: each answers once, works, and ends; what it wrote is read."""
    folder = tmp_path_factory.mktemp("contenders")
    contenders = (*STACKS, *LOGGERS)
    targets = [" ".join((one.target, *map(str, one.arguments))) for one in contenders]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.nursery", str(folder), str(REPETITIONS)],
        cwd=ROOT,
        input="\n".join(targets),
        text=True,
        check=True,
        timeout=120,
    )
    return {one.name: _read(folder / str(number)) for number, one in enumerate(contenders)}


def _read(place: Path) -> Seen:
    lines = place.with_suffix(".lines").read_text("utf-8").splitlines()
    return Seen(place.with_suffix(".answer").read_text("utf-8"), [json.loads(one) for one in lines])


def test_every_stack_answers_the_same(seen: dict[str, Seen]) -> None:
    """A client cannot tell the stacks apart by status and body."""
    body = '{"item_id":7,"name":"desk lamp","price":39.5,"in_stock":true}'
    answers = {seen[stack.name].answer for stack in STACKS}
    assert answers == {json.dumps([200, body])}


@pytest.mark.parametrize("contender", STACKS, ids=name_of)
def test_a_stack_writes_the_lines_it_is_paid_for(
    contender: Contender, seen: dict[str, Seen]
) -> None:
    """Each request brings as many lines as the table assumes, all with the id of that request."""
    lines = [one for one in seen[contender.name].lines if one.get("logger") not in BESIDES]
    requests = REPETITIONS + 1
    assert len(lines) == requests * contender.lines
    assert len({line["request_id"] for line in lines}) == (requests if lines else 0)


@pytest.mark.parametrize("contender", LOGGERS, ids=name_of)
def test_a_logger_writes_all_five_fields(contender: Contender, seen: dict[str, Seen]) -> None:
    """Each repetition brings one line with the message's five fields, whatever else stands there."""
    lines = [line for line in seen[contender.name].lines if "order_id" in line]
    assert [
        {key: line[key] for key in ("order_id", "customer", "total", "currency", "express")}
        for line in lines
    ] == [
        {
            "order_id": number,
            "customer": f"c-{number:06d}",
            "total": 129.95,
            "currency": "EUR",
            "express": True,
        }
        for number in range(REPETITIONS)
    ]


def test_a_contender_that_loses_lines_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that writes fewer lines than it is listed with is an error, not a fast stack."""
    monkeypatch.setattr("benchmarks.rounds.PATIENCE", 0.1)
    silent = Contender("silent", "benchmarks.stacks.bare:build", (1,), lines=1)
    plan = Plan(generations=1, rounds=1, count=2, warm_up=2)
    with pytest.raises(BenchmarkError, match="silent wrote 0 lines where 2 were due"):
        run([silent], plan)


def test_every_contender_gets_every_round() -> None:
    """Each round brings one cost of each contender, in every generation of processes."""
    bare = overhead.stacks(routes=1)[0]
    costs = run([bare], Plan(generations=2, rounds=3, count=2, warm_up=1))
    assert {name: len(values) for name, values in costs.items()} == {bare.name: 6}


def test_the_layer_does_the_same_work_with_any_number_of_routes() -> None:
    """As many functions are called for a request with sixty routes as with one."""
    one, many = (calls_added(overhead.beside_bare("ours", routes)) for routes in (1, 60))
    assert one == many > 0
