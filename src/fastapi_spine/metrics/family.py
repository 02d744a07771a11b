"""Numbers at one moment: what workers hand each other, and what a page is rendered from."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram", "summary"]
Combine = Literal["sum", "live", "worker", "one"]
"""How the same family of several workers becomes one: `sum` adds, dead workers' numbers included; `live` adds those
of living workers only (a gauge such as requests in progress); `worker` keeps each worker's own, told apart by pid; `one` takes the first, because all say the
same."""


class Exemplar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request as an example of what a number counts (OpenMetrics 1.0).

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        value: what was observed; 1 for a counter.
        at: when, seconds since the epoch.
    """

    trace_id: str
    span_id: str
    value: float
    at: float


class Point(msgspec.Struct, array_like=True, gc=False):
    """One series.

    It holds tuples, because tuples of plain values are soon nothing to the garbage collector: with lists a few scrapes
    would have it walk the whole heap.

    Attributes:
        labels: the values of its family's labels, in their order.
        value: of a counter or gauge; of a histogram or summary the sum of what was observed.
        counts: of a histogram how many fell into each bucket, not added up, the last one for everything above the
            highest bound; of a summary one count; else empty.
        bounds: upper bounds of a histogram's buckets, ascending, without infinity.
        exemplars: for a histogram one place a bucket, for a counter one; empty if there are none.
    """

    labels: tuple[str, ...]
    value: float = 0.0
    counts: tuple[int, ...] = ()
    bounds: tuple[float, ...] = ()
    exemplars: tuple[Exemplar | None, ...] = ()


class Family(msgspec.Struct):
    """One metric with all its series.

    Attributes:
        name: without the `_total` of a counter's sample.
        help: one sentence.
        kind: what its numbers are.
        labels: names of the labels.
        points: its series.
        combine: how several workers' numbers become one.
        unit: the unit at the end of the name, if any (OpenMetrics' `# UNIT`).
        users: whether it is the application's own, not ours.
    """

    name: str
    help: str
    kind: Kind
    labels: tuple[str, ...] = ()
    points: list[Point] = []
    combine: Combine = "sum"
    unit: str = ""
    users: bool = False


class Snapshot(msgspec.Struct):
    """All numbers of one process at one moment.

    Attributes:
        pid: of the process, as text; the value of the `pid` label.
        started_at: when the process began to count, seconds since the epoch.
        families: its numbers.
    """

    pid: str
    started_at: float
    families: list[Family]
