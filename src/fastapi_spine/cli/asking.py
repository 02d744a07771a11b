"""What every verb that reads telemetry does: find who answers, print, and say how it went."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from fastapi_spine.cli.terminal import Terminal, terminal_of
from fastapi_spine.console.client import AskedWronglyError, Source, open_source
from fastapi_spine.settings.load import environment
from fastapi_spine.settings.state_folder import console_folder

FOUND: Final = 0
NOTHING: Final = 1
WRONG: Final = 2
_WIDEST: Final = 200
_LEAD: Final = 60
_SHOWN: Final = 100
_MOVING: Final = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that JSON has as they are and that terminals obey; inside of its strings an escape means the same."""


def asked(options: argparse.Namespace, ask: Callable[[Source, Terminal], int]) -> int:
    """Open what answers, ask, close.

    Args:
        options: `url` and `data` of the command line.
        ask: prints, and returns the exit code.

    Returns:
        The exit code; 2 for a search that cannot be read, with a caret below the place; 0 if whoever read the output
        had enough of it; 130 at Ctrl-C.

    Raises:
        SpineError: nobody answers.
    """
    terminal = output()
    try:
        source = open_source(data_folder(options.data or ""), environment(), url=options.url or "")
        try:
            return ask(source, terminal)
        finally:
            source.close()
    except AskedWronglyError as error:
        print("\n".join(complaint(error)), file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        hush()
        return FOUND
    except KeyboardInterrupt:
        return 130


def data_folder(given: str) -> Path:
    """Return the data folder: what was given, else what settings say, else the usual one."""
    if not given:  # reading the settings takes longer than answering
        from fastapi_spine.settings.load import load

        given = load(keywords={}).settings.console.data
    return console_folder(environment(), given)


def output() -> Terminal:
    """Return what standard output can show."""
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    return terminal_of(sys.stdout, environment(), columns)


def hush() -> None:
    """Let the interpreter's last flush go nowhere: the reader of a pipe has left, which is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printed(rows: Iterable[str]) -> None:
    """Print rows, and let them go at once: a pipe's reader shall see what a terminal's would."""
    for row in rows:
        print(row)
    sys.stdout.flush()


def as_json(things: Iterable[object]) -> Iterable[str]:
    """Yield each thing as one line of JSON, as the API has it, which a terminal may be shown, too."""
    encode = msgspec.json.Encoder().encode
    for thing in things:
        yield escaped(encode(thing).decode())


def escaped(json: str) -> str:
    """Return JSON with escapes for what a terminal would obey; it means the same."""
    return _MOVING.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def complaint(error: AskedWronglyError) -> list[str]:
    """Return what is wrong with a search: the sentence, the search with carets below the place, the remedy."""
    rows = [f"spine: {error}"]
    if error.text:
        begin = max(error.position - _LEAD, 0)
        shown = error.text[begin : begin + _SHOWN]
        text = "".join(one if one.isprintable() else "·" for one in shown)
        carets = "^" * max(min(error.length, len(text) - (error.position - begin)), 1)
        rows += [f"  {text}", f"  {' ' * (error.position - begin)}{carets}"]
    return [*rows, f"  {error.hint}"] if error.hint and error.hint not in str(error) else rows


def search_of(words: list[str]) -> str:
    """Return the search that a shell has split into words: what it took the quotes from gets them back."""
    return " ".join(_quoted(word.strip()) for word in words)


def _quoted(word: str) -> str:
    """Quote what has blanks in it, unless it is a whole search or `key:"…"` already."""
    if not any(one.isspace() for one in word) or any(one in word for one in '":<>='):
        return word
    return f'-"{word[1:]}"' if word.startswith("-") else f'"{word}"'
