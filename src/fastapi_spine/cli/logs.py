"""`spine logs`: log lines that fit a search, the newest last, next to the prompt."""

from __future__ import annotations

import argparse

from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, asked, printed, search_of
from fastapi_spine.cli.lines import LogLines
from fastapi_spine.cli.more import remark
from fastapi_spine.cli.terminal import Terminal
from fastapi_spine.console.client import Asked, Source


def logs(options: argparse.Namespace) -> int:
    """Print them; returns the exit code."""

    def ask(source: Source, terminal: Terminal) -> int:
        search = search_of(options.search)
        page = source.logs(Asked(search, options.since, options.until, options.limit))
        found = page.logs[::-1]
        if options.json:
            printed(as_json(found))
        else:
            lines = LogLines(terminal)
            printed(text for view in found for text in lines.lines(view))
            remark("log line", len(found), page.older, page.whole, options)
        return FOUND if found else NOTHING

    return asked(options, ask)
