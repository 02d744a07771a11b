"""`spine routes`: rate, errors and durations by route, against the window before."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from typing import Final

from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, asked, printed
from fastapi_spine.cli.measures import rate, share, sparkline, took
from fastapi_spine.cli.more import remark
from fastapi_spine.cli.table import Cell, table
from fastapi_spine.cli.terminal import Terminal, cells, clean
from fastapi_spine.cli.told import route_name
from fastapi_spine.console.client import Source
from fastapi_spine.console.facts import METHOD_WEBSOCKET
from fastapi_spine.console.views import Change, Numbers, Overview, RouteNumbers

_SPARK: Final = 20
_ROUTE: Final = 46
_NOTABLE: Final = 0.2
"""A change of a duration below a fifth is not told: a quiet route's percentiles move by themselves."""
_FEW: Final = 20
"""Requests below which a window is too quiet to be compared with."""
_CHANGES: Final = 8
_FOR_A_SHELL: Final = re.compile(r"""["'<>|&;()$`*?\[\]\\~#!]""")
"""What a shell would take for its own; blanks between terms are none."""
_LOUD: Final = {
    "new_error": "red",
    "more_errors": "red",
    "slower": "yellow",
    "silent": "yellow",
    "faster": "green",
}


def routes(options: argparse.Namespace) -> int:
    """Print the table; returns the exit code."""

    def ask(source: Source, terminal: Terminal) -> int:
        view = source.overview(options.since, options.until)
        found = [one for one in view.routes if options.search in {"", one.service}]
        shown = found[: options.limit]
        if options.json:
            printed(as_json(shown))
        elif shown:
            printed(drawn(view, shown, terminal))
        if not options.json:
            older = "more" if len(shown) < len(found) else ""
            remark("route", len(shown), older, True, options)
        return FOUND if shown else NOTHING

    return asked(options, ask)


def drawn(view: Overview, found: list[RouteNumbers], terminal: Terminal) -> Iterator[str]:
    """Yield the table, what the numbers come from, and what changed."""
    heads = ("service", "route", "rate", "errors", "p50", "p95", "p99", "", "against before")
    rows = [_row(one) for one in found]
    yield from table(heads, rows, terminal, right={2, 3, 4, 5, 6}, flexible=1, dropped=(7, 8, 6))
    services = {one.service for one in found}
    changes = [one for one in view.changes if one.service in services]
    if changes:
        yield ""
        yield terminal.paint("bold", "What changed")
        yield from (row for one in changes[:_CHANGES] for row in _change(one, terminal))
    yield ""
    yield terminal.fit(terminal.paint("dim", _basis(found)))


def _row(one: RouteNumbers) -> list[Cell]:
    now = one.now
    return [
        Cell(clean(one.service), service=one.service),
        Cell(route_name(one.method, one.route), longest=_ROUTE),
        Cell(rate(now.per_second)),
        Cell(share(now.errors, now.count), "red" if now.errors else "dim"),
        Cell(took(now.p50_us)),
        Cell(took(now.p95_us)),
        Cell(took(now.p99_us)),
        Cell(sparkline(one.counts, _SPARK), "cyan"),
        _against(now, one.before),
    ]


def _against(now: Numbers, before: Numbers) -> Cell:
    """Return what is different from the window before, in a few words, the worst first."""
    if not before.count:
        return Cell("new", "cyan") if now.count else Cell("")
    if not now.count:
        return Cell("silent", "yellow")
    if min(now.count, before.count) < _FEW:
        return Cell("")
    words = [*_more_errors(now, before), *_slower(now, before)]
    worse = any("+" in word for word in words)
    return Cell(", ".join(words), "yellow" if worse else "green")


def _more_errors(now: Numbers, before: Numbers) -> Iterator[str]:
    is_now, was = now.errors / now.count, before.errors / before.count
    if max(is_now, was) >= 0.005 and abs(is_now - was) > max(is_now, was) * _NOTABLE:  # noqa: PLR2004 - half a per cent
        yield f"errors {100 * (is_now - was):+.1f} %"


def _slower(now: Numbers, before: Numbers) -> Iterator[str]:
    if now.p95_us and before.p95_us:
        change = now.p95_us / before.p95_us - 1
        if abs(change) > _NOTABLE:
            yield f"p95 {100 * change:+.0f} %"


def _change(one: Change, terminal: Terminal) -> Iterator[str]:
    """Yield what changed and the command that finds it, which is never cut: below, where both do not fit beside."""
    text = terminal.paint(_LOUD.get(one.kind, "cyan"), clean(one.text))
    if not one.search:
        yield terminal.fit(f"  {text}")
        return
    search = clean(one.search)
    typed = shlex.quote(search) if _FOR_A_SHELL.search(search) else search
    command = terminal.paint("dim", f"spine requests {typed}")
    if terminal.width is None or cells(text) + cells(command) + 4 <= terminal.width:
        yield f"  {text}  {command}"
    else:
        yield terminal.fit(f"  {text}")
        yield f"    {command}"


def _basis(found: list[RouteNumbers]) -> str:
    bases = {one.basis for one in found}
    others = [one.basis for one in found if one.method != METHOD_WEBSOCKET]
    if "metrics" in others and "spans" not in others:
        beside = " WebSockets are counted by the spans that came in." if "spans" in bases else ""
        return f"Counted by the services' own metrics, exact whatever was sampled; percentiles are read from buckets.{beside}"
    if bases == {"spans"}:
        return "From the spans that came in: what was not sampled is not counted."
    exact = sorted({clean(one.service) for one in found if one.basis == "metrics"})
    return f"Counted by their own metrics, exact: {', '.join(exact)}; the others from the spans that came in. Percentiles are read from buckets."
