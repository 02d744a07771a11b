"""A promise as PromQL: its requests, and the bad ones of them, over a window."""

from __future__ import annotations

import json
from typing import Final

from fastapi_spine.alerts.judging import LEFT
from fastapi_spine.alerts.matching import NOBODYS, parts, pattern
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.core.conventions import (
    LABEL_METHOD,
    LABEL_PATH,
    LABEL_STATUS,
    METRIC_DURATION,
    METRIC_REQUESTS,
)
from fastapi_spine.settings.targets import EXCEPTION

COUNTER: Final = f"{METRIC_REQUESTS}_total"
COUNT: Final = f"{METRIC_DURATION}_count"
BUCKET: Final = f"{METRIC_DURATION}_bucket"
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def requests(promise: Promise, job: str, window: str, slow: str) -> str:
    """Return how many requests there were.

    Args:
        promise: whose.
        job: the label of its metrics.
        window: over which time.
        slow: what says how many of them took too long; used of a latency, whose total bad answers are left out of, but
            never so many that the slow ones, among which some of them may be, are more than the rest.
    """
    if promise.threshold_s is None:
        return _every(promise, job, window)
    every = _every(promise, job, window)
    rest = f"{every} - ({_failed(promise, every, job, window)})"
    return f"({rest}) >= {slow} or {slow}"


def bad(promise: Promise, job: str, window: str) -> str:
    """Return how many of them were bad, or of a latency slow.

    Without bad ones there may be no series of them, which is zero; but a latency whose bucket is missing is not counted
    at all, since nothing is known then.
    """
    every = _every(promise, job, window)
    if promise.threshold_s is not None:
        quick = _increase(promise, BUCKET, job, window, _le(promise.threshold_s))
        return f"{every} - sum({quick})"
    return _failed(promise, every, job, window)


def _every(promise: Promise, job: str, window: str) -> str:
    metric = COUNTER if promise.threshold_s is None else COUNT
    return f"sum({_increase(promise, metric, job, window)})"


def _failed(promise: Promise, every: str, job: str, window: str) -> str:
    statuses = _statuses(promise.badness.words)
    if not statuses:
        return f"0 * {every}"
    failed = _increase(
        promise, COUNTER, job, window, f"{LABEL_STATUS}=~{_text('|'.join(statuses))}"
    )
    return f"sum({failed}) or 0 * {every}"


def span(seconds: int) -> str:
    """Write a length of time as Prometheus does: `5m`."""
    return next(f"{seconds // size}{unit}" for size, unit in _UNITS if seconds % size == 0)


def _increase(promise: Promise, metric: str, job: str, window: str, more: str = "") -> str:
    def one(target: str) -> str:
        matchers = ",".join(part for part in (f"job={_text(job)}", *_target(target), more) if part)
        return f"increase({metric}{{{matchers}}}[{window}])"

    wanted = " or ".join(one(target) for target in promise.selection.targets)
    without = " or ".join(one(target) for target in promise.selection.excluded)
    return f"({wanted}) unless ({without})" if without else wanted


def _target(target: str) -> list[str]:
    method, path = parts(target)
    found = [f"{LABEL_METHOD}={_text(method)}"] if method else []
    if "*" not in path:
        return [*found, f"{LABEL_PATH}={_text(path)}"]
    found.append(f"{LABEL_PATH}=~{_text(pattern(path))}")
    if path.startswith("*"):
        found.append(f"{LABEL_PATH}!~{_text('|'.join(sorted(NOBODYS)))}")
    return found


def _statuses(words: tuple[str, ...]) -> list[str]:
    found = []
    for word in words:
        if word == LEFT:
            found += [LEFT, ""]  # a client that left has no status
        elif word != EXCEPTION:
            found.append(word.replace("x", "."))
    return found


def _le(threshold_s: float) -> str:
    """Match a bucket's bound, however its writer spells whole numbers: `1` or `1.0`."""
    text = f"{threshold_s:.15g}"
    return f'le=~"{text}|{text}[.]0"' if threshold_s == int(threshold_s) else f'le="{text}"'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
