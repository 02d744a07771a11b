"""Recording and alerting rules for Prometheus 2.42 and later: the same verdicts as the console's.

They read the names that `/metrics` has by default. Each window's requests and bad ones are recorded once; alerts compare
what was recorded with the same numbers as `alerts.burn` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from fastapi_spine.alerts.burn import threshold
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import NO_DATA, Table, Tier
from fastapi_spine.backends import promql
from fastapi_spine.core.console_names import ALERT_NAME, ALERT_NO_DATA

REQUESTS: Final = "spine:objective_requests:increase"
BAD: Final = "spine:objective_bad:increase"
RATIO: Final = "spine:objective_bad:ratio"
WORKBOOK_URL: Final = "https://sre.google/workbook/alerting-on-slos/"
_USUAL_INTERVAL_S: Final = 60
"""Prometheus' own; only a table that is in more of a hurry says another, since windows of days cost something each time."""
_HEAD: Final = """\
# Objectives of fastapi-spine as Prometheus rules; needs Prometheus 2.42 or later (keep_firing_for).
# Written by `spine kit prometheus`; change the objectives, not this file.
# Windows and burn rates: The Site Reliability Workbook, chapter 5, table 5-8.
# An exception after an answer had begun has a good status, and so is not seen here.
groups:
"""


def rules(
    promises: Sequence[Promise], table: Table, jobs: Mapping[str, str], runbooks: str = ""
) -> str:
    """Write a rules file.

    Args:
        promises: one group each.
        table: windows and burn rates.
        jobs: service → the `job` label that its metrics are scraped under; by default the service's name.
        runbooks: address that an objective's id is appended to; the Workbook's chapter if empty.
    """
    return _HEAD + "".join(
        "".join(_group(one, table, jobs.get(one.service, one.service), runbooks))
        for one in promises
    )


def _group(promise: Promise, table: Table, job: str, runbooks: str) -> Iterator[str]:
    yield f"  - name: spine-{promise.id}\n"
    if min(tier.for_s for tier in table.tiers) < _USUAL_INTERVAL_S:
        yield f"    interval: {table.every_s:g}s\n"
    yield "    rules:\n"
    labels = _names(promise)
    for seconds in table.windows():
        window = promql.span(seconds)
        mine = f'{{objective="{promise.id}"}}'
        yield from _record(f"{BAD}{window}", promql.bad(promise, job, window), labels)
        every = promql.requests(promise, job, window, f"sum({BAD}{window}{mine})")
        yield from _record(f"{REQUESTS}{window}", every, labels)
        yield from _record(
            f"{RATIO}{window}", f"{BAD}{window}{mine} / ({REQUESTS}{window}{mine} > 0)", labels
        )
    for tier in table.tiers:
        yield from _burns(promise, tier, runbooks)
    yield from _silent(promise, table, runbooks)


def _names(promise: Promise) -> dict[str, str]:
    return {"objective": promise.id, "service": promise.service}


def _record(name: str, expression: str, labels: Mapping[str, str]) -> Iterator[str]:
    yield f"      - record: {name}\n        expr: {_text(expression)}\n        labels:\n"
    yield from _table(labels, "          ")


def _burns(promise: Promise, tier: Tier, runbooks: str) -> Iterator[str]:
    mine = f'{{objective="{promise.id}"}}'
    limit = f"{threshold(promise, tier):.15g}"
    long, short = promql.span(tier.long_s), promql.span(tier.short_s)
    yield f"      - alert: {ALERT_NAME}\n        expr: |\n"
    yield f"          {RATIO}{long}{mine} > {limit}\n"
    yield f"          and {RATIO}{short}{mine} > {limit}\n"
    yield f"          and {BAD}{long}{mine} >= {promise.minimum_bad}\n"
    yield f"        for: {promql.span(tier.for_s)}\n        keep_firing_for: {promql.span(tier.keep_s)}\n"
    yield "        labels:\n"
    yield from _table(
        {**_names(promise), "severity": tier.severity, "tier": tier.name}, "          "
    )
    yield "        annotations:\n"
    told = {
        "summary": f"{promise.service}: {promise.title} is at risk",
        "description": f"{{{{ $value | humanizePercentage }}}} of the requests of {long} were bad, and it goes on: the "
        f"budget of {promql.span(promise.window_s)} burns more than {tier.factor:g} times as fast as allowed.",
        "runbook_url": _runbook(promise, runbooks),
    }
    yield from _table(told, "          ")


def _silent(promise: Promise, table: Table, runbooks: str) -> Iterator[str]:
    window = promql.span(table.silent_s)
    mine = f'{{objective="{promise.id}",service="{promise.service}"}}'
    yield f"      - alert: {ALERT_NO_DATA}\n        expr: |\n"
    yield f"          {REQUESTS}{window}{mine} == 0\n"
    yield f"          or absent({REQUESTS}{window}{mine})\n"
    yield f"          or absent({BAD}{window}{mine})\n"
    if promise.no_data != "info":
        yield f"        for: {promql.span(table.silent_for_s)}\n"
    yield "        labels:\n"
    told_as = {"severity": promise.no_data, "tier": NO_DATA}
    yield from _table({**_names(promise), **told_as}, "          ")
    yield "        annotations:\n"
    told = {
        "summary": f"{promise.service}: nothing is known of {promise.title}",
        "description": f"No request in {window}, or they are not counted: that is no good news.",
        "runbook_url": _runbook(promise, runbooks),
    }
    yield from _table(told, "          ")


def _runbook(promise: Promise, runbooks: str) -> str:
    return f"{runbooks.rstrip('/')}/{promise.id}" if runbooks else WORKBOOK_URL


def _table(pairs: Mapping[str, str], indent: str) -> Iterable[str]:
    return (f"{indent}{key}: {_text(value)}\n" for key, value in pairs.items())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
