"""`spine show`: one request, everything about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from fastapi_spine.cli.asking import FOUND, NOTHING, WRONG, as_json, asked, output, printed
from fastapi_spine.cli.focus import focused
from fastapi_spine.cli.measures import clock, count, day, sparkline, took
from fastapi_spine.cli.terminal import Terminal, cells, clean, pad
from fastapi_spine.cli.told import is_access
from fastapi_spine.cli.waterfall import stacks, waterfall
from fastapi_spine.console.client import Source
from fastapi_spine.console.facts import SHORTEST_ENDING
from fastapi_spine.console.views import RequestRow, Spread, TraceView
from fastapi_spine.logs.lines.human_stack import stack_lines

_LARGEST_FILE: Final = 256 << 20
_FIRST: Final = (
    "error",
    "cause",
    "among its route",
    "time went to",
    "repeated",
    "started",
    "request id",
)
"""Facts with a row of their own."""
_IN_HEADLINE: Final = frozenset({"request", "status", "took", "route", "service"})
_LABEL: Final = 17
_MOST_OTHERS: Final = 3
_CLASSES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_MOST_STACKS: Final = 3


def show(options: argparse.Namespace) -> int:
    """Print it; returns the exit code."""
    path = Path(options.id)
    if _is_file(path):
        view = _opened(path)
        if view is None:
            return WRONG
        _print(view, output(), options)
        return FOUND

    def ask(source: Source, terminal: Terminal) -> int:
        view = source.trace(options.id)
        if view is None:
            print(
                f"spine: Nothing is known of {clean(options.id)!r} in {source.place}. It takes a request id, or "
                f"its last {SHORTEST_ENDING} characters or more, or a whole trace id; `spine requests` lists some. It may also be older "
                "than what is kept.",
                file=sys.stderr,
            )  # fmt: skip
            return NOTHING
        _print(view, terminal, options)
        return FOUND

    return asked(options, ask)


def _print(view: TraceView, terminal: Terminal, options: argparse.Namespace) -> None:
    if options.json:
        printed(as_json([view]))
        return
    part, others = (view, 0) if options.all else focused(view, options.id)
    printed(shown(part, terminal, whole=options.all))
    if others:
        many = count(others, "other request")
        again = f"{many} of this trace: spine show {clean(view.trace_id)}"
        printed(["", terminal.paint("dim", again)])


def shown(view: TraceView, terminal: Terminal, *, whole: bool = False) -> Iterator[str]:
    """Yield the rows: what it was, how it compares, the waterfall, the stacks of what failed."""
    yield from _facts(view, terminal, whole=whole)
    yield ""
    yield from waterfall(view, terminal, whole=whole)
    if view.cut:
        yield terminal.paint("dim", f"{count(view.cut, 'span')} left out: there are too many")
    told = list(stacks(view))
    for headline, kind, stack in told[:_MOST_STACKS]:
        yield ""
        yield terminal.paint("red", clean(headline))
        yield from stack_lines(stack, kind, terminal.paint)
    if len(told) > _MOST_STACKS:
        yield terminal.paint("dim", f"and {count(len(told) - _MOST_STACKS, 'other stack')}")


def _facts(view: TraceView, terminal: Terminal, *, whole: bool) -> Iterator[str]:
    """Yield the headline, a row for each fact that matters at once, and the others together."""
    row = view.request
    if row is not None:
        yield terminal.fit(_headline(row, terminal))
    for name, value in _told(view, whole=whole):
        yield terminal.fit(f"{terminal.paint('dim', pad(name, _LABEL))}{clean(value)}")
    if view.peers is not None and "among its route" in view.facts:
        yield from (terminal.fit(text) for text in _compared(view.peers, terminal))
    yield from _others(view, terminal)


def _told(view: TraceView, *, whole: bool) -> Iterator[tuple[str, str]]:
    facts = {"started": f"{day(view.start_us)} {clock(view.start_us)} UTC", **view.facts}
    yield from ((name, facts[name]) for name in _FIRST if name in facts)
    if view.request is not None and view.request.request_id and "request id" not in facts:
        yield "request id", view.request.request_id
    yield "trace id", view.trace_id
    parts = [
        count(len(view.services), "service"),
        count(len(view.spans), "span"),
        _lines_told(view, whole=whole),
    ]
    yield "holds", ", ".join([*parts, *([f"{view.errors} failed"] if view.errors else [])])
    for other in view.others[:_MOST_OTHERS]:
        yield "same id", f"{other}, another trace"


def _lines_told(view: TraceView, *, whole: bool) -> str:
    """Return how many lines there are, and how many of them the waterfall leaves out."""
    access = 0 if whole else sum(is_access(line) for line in view.logs)
    told = count(len(view.logs), "log line")
    return f"{told} ({count(access, 'access line')} left out)" if access else told


def _compared(peers: Spread, terminal: Terminal) -> Iterator[str]:
    """Yield how long its route takes else."""
    usual = f"p50 {took(peers.p50_us)}, p95 {took(peers.p95_us)}, p99 {took(peers.p99_us)}"
    filled = [place for place, number in enumerate(peers.counts) if number]
    drawn = sparkline(peers.counts[filled[0] : filled[-1] + 1], 40) if filled else ""
    label = terminal.paint("dim", pad("its route", _LABEL))
    yield f"{label}{usual}  {terminal.paint('cyan', drawn)}".rstrip()


def _others(view: TraceView, terminal: Terminal) -> Iterator[str]:
    """Yield the other facts, as many to a row as fit."""
    row: list[str] = []
    used = _LABEL
    for name, value in view.facts.items():
        if name in _FIRST or name in _IN_HEADLINE:
            continue
        text = f"{terminal.paint('dim', clean(name))} {clean(value)}"
        if row and used + cells(text) > terminal.columns:
            yield f"{' ' * _LABEL}{'   '.join(row)}"
            row, used = [], _LABEL
        row.append(text)
        used += cells(text) + 3
    if row:
        yield terminal.fit(f"{' ' * _LABEL}{'   '.join(row)}")


def _headline(row: RequestRow, terminal: Terminal) -> str:
    paint = terminal.paint
    status = row.status if row.status is not None else "no response"
    style = "red" if row.failed else _CLASSES.get((row.status or 0) // 100, "")
    words = [
        paint("bold", clean(f"{row.method} {row.path or row.route}".strip())),
        paint("dim", "→"),
        paint(style, str(status)),
        f" {took(row.duration_us)} ",
        terminal.service(row.service),
    ]
    why = " ".join(filter(None, (row.error, row.outcome)))
    if why:
        words.append(f" {paint('red', clean(why))}")
    if row.route and row.path and row.route != row.path:
        words.append(paint("dim", f" ({clean(row.route)})"))
    return " ".join(words)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # an id may be too long, or hold a null, for a file's name
        return False


def _opened(path: Path) -> TraceView | None:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            print(
                f"spine: {path} has more than 256 MB; it is no exported request.", file=sys.stderr
            )
            return None
        return msgspec.json.decode(path.read_bytes(), type=TraceView)
    except OSError as error:
        print(f"spine: {path} cannot be read: {error.strerror}.", file=sys.stderr)
    except msgspec.MsgspecError as error:
        print(
            f"spine: {path} is no exported request ({clean(str(error))}). `spine show ID --json > FILE` writes one.",
            file=sys.stderr,
        )
    return None
