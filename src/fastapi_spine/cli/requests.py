"""`spine requests`: requests that fit a search, the newest last, next to the prompt."""

from __future__ import annotations

import argparse

from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, asked, printed, search_of
from fastapi_spine.cli.lines import RequestLines
from fastapi_spine.cli.more import remark
from fastapi_spine.cli.terminal import Terminal
from fastapi_spine.console.client import Asked, Source


def requests(options: argparse.Namespace) -> int:
    """Print them; returns the exit code."""

    def ask(source: Source, terminal: Terminal) -> int:
        search = search_of(options.search)
        page = source.requests(Asked(search, options.since, options.until, options.limit))
        found = page.requests[::-1]
        if options.json:
            printed(as_json(found))
        else:
            lines = RequestLines(terminal, found)
            printed(text for row in found for text in lines.lines(row))
            remark("request", len(found), page.older, page.whole, options)
        return FOUND if found else NOTHING

    return asked(options, ask)
