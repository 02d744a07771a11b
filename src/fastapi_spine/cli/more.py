"""What a list says of itself, on standard error: that there is nothing, or more, or that the search was cut."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Final

_AGO: Final = re.compile("[0-9]+([smhdw])")
_SHORT: Final = frozenset("smh")
_SHORT_ID: Final = re.compile("(?:id:)?([0-9a-f]{8,31})")


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
            f"Not everything {_within(options)} was looked at: it takes too long. Narrow the search."
        )
    elif not found:
        fits = " that fits" if options.search else ""
        _say(
            f"No {noun}{fits} {_within(options)}. {_by_id(options.search)}{_further(options.since)} looks further back."
        )
    elif older:
        _say(f"There are more: --limit {options.limit * 4} shows more of them.")


def _within(options: argparse.Namespace) -> str:
    """Return the time that was looked at, in words."""
    since, until = options.since.strip(), options.until.strip()
    if until:
        return f"from {_moment(since)} until {_moment(until)}"
    return f"in the last {since}" if _AGO.fullmatch(since) else f"since {since}"


def _moment(text: str) -> str:
    return f"{text} ago" if _AGO.fullmatch(text) else text


def _further(since: str) -> str:
    """Return what would look at more: a week, unless that is what was asked for, or more."""
    ago = _AGO.fullmatch(since.strip())
    return "--since 7d" if ago and ago[1] in _SHORT else "An earlier --since"


def _by_id(search: Sequence[str]) -> str:
    """Return how to look for what may be the end of an id: a search takes it for a word of a message."""
    if len(search) == 1 and (found := _SHORT_ID.fullmatch(search[0])):
        return f"`spine show {found[1]}` finds a request by the end of its id. "
    return ""


def _say(text: str) -> None:
    print(f"spine: {text}", file=sys.stderr)
