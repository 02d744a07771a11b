"""`spine tail FILE` and `spine tail -`: a log of JSON lines as people read it, and what fits a search."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from fastapi_spine.cli.asking import WRONG, complaint, escaped, hush, output, search_of
from fastapi_spine.cli.coming import STDIN, told
from fastapi_spine.cli.line_fits import fits
from fastapi_spine.cli.our_names import in_our_names
from fastapi_spine.cli.terminal import Terminal, clean
from fastapi_spine.console.client import AskedWronglyError
from fastapi_spine.console.filter import Filter
from fastapi_spine.console.search import SearchError, parse
from fastapi_spine.logs.lines.human import HumanLines

_PAUSE_S: Final = 0.1
_LOOKED_AT: Final = 4 << 20
"""Bytes at a file's end in which the lines to begin with are looked for."""
_LONGEST: Final = 1 << 20
"""Bytes of a line; a longer one is no log's, and is shown in pieces."""

Line = tuple[str, dict[str, object] | None]
"""As it stands there, and in the log's default keys if it is an object."""


def tail_file(options: argparse.Namespace) -> int:
    """Print the lines; returns the exit code. A file is followed until Ctrl-C, standard input to its end."""
    name, *words = options.search
    try:
        wanted = parse(search_of(words))
    except SearchError as error:
        wrong = AskedWronglyError(
            error.message, error.text, error.position, error.length, error.hint
        )
        print("\n".join(complaint(wrong)), file=sys.stderr)
        return WRONG
    try:
        rows = _stdin() if name == STDIN else _followed(Path(name), options.before)
        lines = _fitting(rows, wanted)
        if options.json:
            as_they_are = argparse.Namespace(json=False, limit=options.limit)
            objects = (line for line in lines if line[1] is not None)
            return told(objects, lambda line: [escaped(line[0])], as_they_are)
        return told(lines, _Shown(output()).lines, options)
    except BrokenPipeError:
        hush()
        return 0
    except OSError as error:
        print(f"spine: {name} cannot be read: {error.strerror}.", file=sys.stderr)
        return WRONG


class _Shown:
    """Writes lines for people: ours by the log's own renderer, others as they are, control characters as escapes."""

    def __init__(self, terminal: Terminal) -> None:
        self._human = HumanLines(color=terminal.color, width=terminal.width)

    def lines(self, line: Line) -> Iterator[str]:
        text, fields = line
        yield clean(text) if fields is None else self._human.text(fields)


def _fitting(rows: Iterable[bytes], wanted: Filter) -> Iterator[Line]:
    everything = wanted == Filter()
    for row in rows:
        text = row.decode("utf-8", "replace").rstrip("\r\n")
        fields = _fields(text)
        if everything or (fields is not None and fits(fields, wanted)):
            yield text, fields


def _fields(text: str) -> dict[str, object] | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return in_our_names(found) if isinstance(found, dict) else None


def _stdin() -> Iterator[bytes]:
    while row := sys.stdin.buffer.readline(_LONGEST):
        yield row


def _followed(path: Path, before: int) -> Iterator[bytes]:
    """Yield a file's last lines, then what is written to it; a file that takes its place is read from its beginning."""
    stream = path.open("rb")
    _to_the_last(stream, path, before)
    while True:
        with stream:
            yield from _until_replaced(stream, path)
        stream = path.open("rb")


def _until_replaced(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield whole lines; the rest of one that is still being written is waited for."""
    begun = b""
    while True:
        begun += stream.readline(_LONGEST)
        if begun.endswith(b"\n") or len(begun) >= _LONGEST:
            yield begun
            begun = b""
            continue
        time.sleep(_PAUSE_S)
        if _replaced(stream.fileno(), stream.tell(), path):
            return


def _to_the_last(stream: BinaryIO, path: Path, before: int) -> None:
    """Place a stream at the beginning of the last so many lines."""
    size = path.stat().st_size
    start = max(size - _LOOKED_AT, 0)
    stream.seek(start)
    places: deque[int] = deque(maxlen=before + 1)
    if start:
        stream.readline()
    places.append(stream.tell())
    while stream.readline():
        places.append(stream.tell())
    stream.seek(places[0])


def _replaced(descriptor: int, position: int, path: Path) -> bool:
    """Whether the path names another file by now, or this one was cut: logs are rotated in both ways."""
    try:
        now, ours = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino) or now.st_size < position
