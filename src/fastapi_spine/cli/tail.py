"""`spine tail`: requests or log lines as they come in."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from fastapi_spine.cli.asking import asked, search_of
from fastapi_spine.cli.coming import STDIN, told
from fastapi_spine.cli.lines import LogLines, RequestLines
from fastapi_spine.cli.terminal import Terminal
from fastapi_spine.console.client import Source
from fastapi_spine.console.client.follow import Ears, tail_logs, tail_requests

_SUFFIXES: Final = frozenset({".log", ".json", ".jsonl", ".ndjson", ".txt"})


def tail(options: argparse.Namespace) -> int:
    """Print them until Ctrl-C or so many; returns the exit code: 0 if there were any."""
    if options.search and (options.search[0] == STDIN or _is_file(options.search[0])):
        from fastapi_spine.cli.tail_file import tail_file

        return tail_file(options)

    def ask(source: Source, terminal: Terminal) -> int:
        search = search_of(options.search)
        if options.search and Path(options.search[0]).suffix in _SUFFIXES:
            print(
                f"spine tail: there is no file {options.search[0]}, so it is looked for as a word",
                file=sys.stderr,
            )
        if not options.json:
            print(terminal.paint("dim", f"watching {source.place}, Ctrl-C ends"), file=sys.stderr)
        ears = Ears(_skipped)
        if options.logs:
            lines = tail_logs(source, search, before=options.before, ears=ears)
            return told(lines, LogLines(terminal).lines, options)
        rows = tail_requests(source, search, before=options.before, ears=ears)
        return told(rows, RequestLines(terminal).lines, options)

    return asked(options, ask)


def taken_for_a_word(search: list[str]) -> str:
    """Return what to say of a search that looks like a file which is not there; mostly nothing."""
    if search and Path(search[0]).suffix in _SUFFIXES:
        return f"spine tail: there is no file {search[0]}, so it is looked for as a word"
    return ""


def _skipped(count: int) -> None:
    print(
        f"spine tail: {count} were left out, more came than could be shown; a search shows fewer",
        file=sys.stderr,
        flush=True,
    )


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # a search may be too long, or hold a null, for a file's name
        return False
