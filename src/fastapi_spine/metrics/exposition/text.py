"""Prometheus text and OpenMetrics 1.0, written from families of ours.

Sources: Prometheus' exposition formats (text 0.0.4), OpenMetrics 1.0. Metrics of the application itself are written
by `prometheus_client` (see `users`), whose names and escaping may be of kinds that ours never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from math import inf, isinf, isnan
from typing import Final

from fastapi_spine.core.conventions import KEY_SPAN_ID, KEY_TRACE_ID
from fastapi_spine.metrics.family import Exemplar, Family, Point

PIECE: Final = 70
"""Lines between two pauses of whoever writes a page: some tenths of a millisecond of work."""
_EXACT: Final = 2**53
_REMEMBERED: Final = 64
_BUCKET: Final = "le"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


def pieces(families: Iterable[Family], *, openmetrics: bool) -> Iterator[str]:
    """Write families, some lines at a time.

    Args:
        families: what to write; names of metrics and labels are ours and need no escaping.
        openmetrics: OpenMetrics 1.0 with units and exemplars, else Prometheus text; the closing `# EOF` is the
            caller's to write.

    Yields:
        Text of whole lines, each piece short enough that other threads need not wait for it.
    """
    for family in families:
        if not family.points:
            continue
        lines = list(_head(family, openmetrics=openmetrics))
        for point in family.points:
            lines += _lines(family, point, openmetrics=openmetrics)
            if len(lines) >= PIECE:
                yield "\n".join(lines) + "\n"
                lines.clear()
        if lines:
            yield "\n".join(lines) + "\n"


def _head(family: Family, *, openmetrics: bool) -> Iterator[str]:
    name = family.name
    if family.kind == "counter" and not openmetrics:
        name += "_total"
    escapes = _ESCAPES if openmetrics else _HELP_ESCAPES
    yield f"# HELP {name} {family.help.translate(escapes)}"
    yield f"# TYPE {name} {family.kind}"
    if openmetrics and family.unit:
        yield f"# UNIT {name} {family.unit}"


def _lines(family: Family, point: Point, *, openmetrics: bool) -> Iterable[str]:
    if family.kind == "histogram":
        return _histogram(family, point, openmetrics=openmetrics)
    labels = _labels(family.labels, point.labels)
    if family.kind == "summary":
        count = point.counts[0] if point.counts else 0
        return (
            f"{family.name}_count{_braced(labels)} {count}",
            f"{family.name}_sum{_braced(labels)} {number(point.value)}",
        )
    suffix = "_total" if family.kind == "counter" else ""
    line = f"{family.name}{suffix}{_braced(labels)} {number(point.value)}"
    if openmetrics and family.kind == "counter" and point.exemplars and point.exemplars[0]:
        line += _example(point.exemplars[0])
    return (line,)


def _histogram(family: Family, point: Point, *, openmetrics: bool) -> list[str]:
    labels = _labels(family.labels, point.labels)
    prefix = f'{family.name}_bucket{{{labels}{"," if labels else ""}{_BUCKET}="'
    bounds = _bounds(point.bounds)
    lines = [
        f"{prefix}{bound}{count}"
        for bound, count in zip(bounds, accumulate(point.counts), strict=True)
    ]
    if openmetrics:
        for place, example in enumerate(point.exemplars):
            if example is not None:
                lines[place] += _example(example)
    braced = _braced(labels)
    lines.append(f"{family.name}_count{braced} {sum(point.counts)}")
    lines.append(f"{family.name}_sum{braced} {number(point.value)}")
    return lines


@lru_cache(_REMEMBERED)
def _bounds(bounds: tuple[float, ...]) -> tuple[str, ...]:
    """Write what stands between a bucket's labels and its count."""
    return tuple(f'{number(bound, whole=False)}"}} ' for bound in (*bounds, inf))


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ",".join(
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)
    )


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _example(example: Exemplar) -> str:
    """Write an exemplar; both ids together are 61 code points, below OpenMetrics' limit of 128."""
    ids = f'{KEY_TRACE_ID}="{example.trace_id}",{KEY_SPAN_ID}="{example.span_id}"'
    return f" # {{{ids}}} {number(example.value)} {example.at:.3f}"


def number(value: float, *, whole: bool = True) -> str:
    """Write a number as Prometheus reads it.

    Args:
        value: any float.
        whole: whether a whole number is written without a fraction; bounds of buckets keep theirs, because
            OpenMetrics asks for one way to write each.
    """
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if isnan(value):
        return "NaN"
    if whole and value == int(value) and abs(value) < _EXACT:
        return str(int(value))
    return repr(float(value))
