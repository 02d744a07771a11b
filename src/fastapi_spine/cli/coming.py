"""Things that keep coming, printed one by one until somebody has seen enough."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, printed

STDIN: Final = "-"
"""Stands for standard input where a file's name could stand."""

Shown = TypeVar("Shown")


def told(
    things: Iterator[Shown], lines: Callable[[Shown], Iterable[str]], options: argparse.Namespace
) -> int:
    """Print each as it comes; Ctrl-C ends it in order."""
    number = 0
    try:
        for thing in islice(things, options.limit):
            printed(as_json([thing]) if options.json else lines(thing))
            number += 1
    except KeyboardInterrupt:
        pass
    return FOUND if number else NOTHING
