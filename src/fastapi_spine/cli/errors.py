"""`spine errors`: failures, the same one once."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, asked, printed
from fastapi_spine.cli.measures import clock, day, sparkline
from fastapi_spine.cli.more import remark
from fastapi_spine.cli.terminal import Terminal, cells, clean
from fastapi_spine.console.client import Source
from fastapi_spine.console.views import ErrorGroup

_SPARK: Final = 20


def errors(options: argparse.Namespace) -> int:
    """Print them, the most recent last; returns the exit code."""

    def ask(source: Source, terminal: Terminal) -> int:
        page = source.errors(
            options.since, options.until, service=options.search, limit=options.limit
        )
        found = page.errors[::-1]
        if options.json:
            printed(as_json(found))
        else:
            printed(drawn(found, terminal))
            remark("failure", len(found), "", True, options)
        return FOUND if found else NOTHING

    return asked(options, ask)


def drawn(found: list[ErrorGroup], terminal: Terminal) -> Iterator[str]:
    """Yield four rows each: how often and what, where, since when, and the newest one's id."""
    many = max((len(f"{one.count:,}") for one in found), default=0) + 1
    for place, one in enumerate(found):
        if place:
            yield ""
        yield from _group(one, many, terminal)


def _group(one: ErrorGroup, many: int, terminal: Terminal) -> Iterator[str]:
    paint = terminal.paint
    indent = " " * (many + 2)
    times = f"×{one.count:,}"  # noqa: RUF001 - the sign people read as "times"
    new = f"  {paint('yellow', 'new')}" if one.new else ""
    head = f"{times:>{many}}  {paint('bold red', clean(one.type))}{new}"
    message = clean(one.message)
    if terminal.width is None or cells(head) + cells(message) + 2 <= terminal.width:
        yield f"{head}  {message}".rstrip()
    else:
        yield head
        yield terminal.fit(f"{indent}{message}")
    at = f"  {paint('dim', 'at')} {clean(one.where)}" if one.where else ""
    yield terminal.fit(f"{indent}{terminal.service(one.service)}  {clean(one.route)}{at}")
    spark = sparkline(one.counts, _SPARK)
    yield terminal.fit(f"{indent}{_span(one)}  {paint('red', spark.strip())}".rstrip())
    key = clean(one.request_id or one.trace_id)
    if key:
        yield f"{indent}{paint('dim', f'spine show {key}')}"


def _span(one: ErrorGroup) -> str:
    first, last = clock(one.first_us)[:8], clock(one.last_us)[:8]
    if one.count == 1 or one.first_us == one.last_us:
        return f"{day(one.last_us)} {last} UTC"
    begin = "" if day(one.first_us) == day(one.last_us) else f"{day(one.first_us)} "
    return f"first {begin}{first}, last {day(one.last_us)} {last} UTC"
