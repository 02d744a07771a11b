"""Prometheus' own rule engine over a history of traffic, and what the console's evaluator says of the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from programs import need

from fastapi_spine.alerts.evaluate import evaluate, tiers_of
from fastapi_spine.alerts.ledger import Ledger, Tally
from fastapi_spine.alerts.machine import AlertState
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import Table
from fastapi_spine.backends.prometheus import rules

JOB = "shop"


class Minute(NamedTuple):
    """Requests of a minute: quick ones that succeed, slow ones that do, failed ones that are quick, and slow ones of these."""

    good: int
    slow: int
    failed: int
    late: int = 0


def check_rules(folder: Path, text: str) -> str:
    """Have promtool check rules; return what it says."""
    file = folder / "rules.yml"
    file.write_text(text)
    command = [need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def disagreement(
    folder: Path, promises: Sequence[Promise], table: Table, history: Sequence[Minute]
) -> str:
    """Return where Prometheus says something else than the console, minute by minute; empty for nowhere."""
    (folder / "rules.yml").write_text(rules(promises, table, {}))
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series(history),
                "promql_expr_test": list(expected(promises, table, history)),
            }
        ],
    }
    (folder / "test.yml").write_text(json.dumps(test))
    command = [need("promtool"), "test", "rules", "test.yml"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def series(history: Sequence[Minute]) -> list[dict[str, str]]:
    """Return what a service would have shown a scraper each minute, from zero."""
    route = f'job="{JOB}",method="GET",path="/orders/{{order_id}}"'
    every = [sum(one) for one in history]
    quick = [one.good + one.failed for one in history]
    shown = {
        f'http_requests_total{{{route},status="200"}}': [one.good + one.slow for one in history],
        f'http_requests_total{{{route},status="500"}}': [one.failed + one.late for one in history],
        f"http_request_duration_seconds_count{{{route}}}": every,
        f'http_request_duration_seconds_bucket{{{route},le="0.3"}}': quick,
        f'http_request_duration_seconds_bucket{{{route},le="+Inf"}}': every,
    }
    return [{"series": name, "values": _growing(counts)} for name, counts in shown.items()]


def _growing(counts: Sequence[int]) -> str:
    total, found = 0, [0]
    for one in counts:
        total += one
        found.append(total)
    return " ".join(str(one) for one in found)


def expected(promises: Sequence[Promise], table: Table, history: Sequence[Minute]) -> Any:
    """Return what the console's evaluator says at the end of each minute, as tests for promtool."""
    found: list[list[dict[str, Any]]] = [[] for _ in range(len(history) + 1)]
    for promise in promises:
        ledger = Ledger(0)
        states: dict[str, AlertState] = {}
        for minute in range(len(history) + 1):
            if minute:
                one = history[minute - 1]
                ledger.put(minute - 1, [_tally(promise, one)])
            counts = partial(ledger.window, minute * 60)
            verdict = evaluate(promise, table, counts, states, minute * 60)
            states = verdict.states
            mine = f'objective="{promise.id}",service="{promise.service}"'
            for tier in tiers_of(promise, table):
                phase = states[tier.name].phase
                name = "SpineObjectiveBurn" if tier.factor else "SpineObjectiveNoData"
                if phase != "inactive":
                    found[minute].append(
                        _sample(
                            f'alertname="{name}",alertstate="{phase}",{mine},severity="{tier.severity}",tier="{tier.name}"'
                        )
                    )
            if promise.no_data == "info" and counts(table.silent_s).total <= 0:
                found[minute].append(
                    _sample(
                        f'alertname="SpineObjectiveNoData",alertstate="firing",{mine},severity="info",tier="no_data"'
                    )
                )
    for minute, samples in enumerate(found):
        yield {"expr": "ALERTS", "eval_time": f"{minute}m", "exp_samples": samples}


def _tally(promise: Promise, one: Minute) -> Tally:
    failed = one.failed + one.late
    if promise.threshold_s is None:
        return Tally(sum(one), failed)
    return Tally(sum(one) - failed, one.slow + one.late)


def _sample(labels: str) -> dict[str, Any]:
    return {"labels": f"ALERTS{{{labels}}}", "value": 1}
