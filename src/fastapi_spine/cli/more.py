"""What a list says of itself, on standard error: that there is nothing, or more, or that the search was cut."""

from __future__ import annotations

import argparse
import sys


def remark(noun: str, found: int, older: str, whole: bool, options: argparse.Namespace) -> None:
    """Say it.

    Args:
        noun: of one of what is listed.
        found: how many are shown.
        older: the page's cursor to what came before; empty if nothing did.
        whole: whether everything was looked at.
        options: the command line, for the words that would show more.
    """
    if not whole:
        _say(
            f"Not everything since {options.since} was looked at: it takes too long. Narrow the search."
        )
    elif not found:
        fits = " that fits" if options.search else ""
        _say(f"No {noun}{fits} since {options.since}. --since 7d looks further back.")
    elif older:
        _say(f"There are more: --limit {options.limit * 4} shows more of them.")


def _say(text: str) -> None:
    print(f"spine: {text}", file=sys.stderr)
