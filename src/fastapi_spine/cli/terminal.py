"""What the output can show: colour or not, how wide, and text that fits and cannot play tricks on it.

Telemetry is strangers' text. Everything that is printed passes `Terminal.clean`, or `one_line` and `some_lines` of the
log's own renderer, which show control characters as escapes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, TextIO

from fastapi_spine.logs.lines.paint import Paint, one_line

NO_COLOR: Final = "NO_COLOR"
"""No colours when it is set and not empty (no-color.org)."""
_TERM: Final = "TERM"
_DUMB: Final = "dumb"
PIPED_WIDTH: Final = 110
"""Columns that bars are drawn for where nobody counts columns; nothing is cut there."""
_NARROWEST: Final = 60
_PALETTE: Final = ("cyan", "magenta", "blue", "green", "yellow")
_SEQUENCE: Final = re.compile(r"(\x1b\[[0-9;]*m)")
_LONGEST: Final = 2_000
"""Characters of one field: more of a name or a path helps nobody."""


class Terminal:
    """Where a verb writes.

    Args:
        color: whether to use colours; without, no ESC byte is ever written.
        width: columns of a terminal, to which rows are cut; None for a file or a pipe, where nothing is.
    """

    __slots__ = ("_services", "color", "paint", "width")

    def __init__(self, *, color: bool = False, width: int | None = None) -> None:
        self.color = color
        self.width = None if width is None else max(width, _NARROWEST)
        self.paint = Paint(color=color)
        self._services: dict[str, str] = {}

    @property
    def columns(self) -> int:
        """Columns that a drawing fills."""
        return self.width or PIPED_WIDTH

    def service(self, name: str, text: str | None = None) -> str:
        """Return a text, by default the name itself, in the service's colour; the same one all along."""
        style = self._services.setdefault(name, _PALETTE[len(self._services) % len(_PALETTE)])
        return self.paint(style, clean(name) if text is None else text)

    def fit(self, text: str, columns: int | None = None) -> str:
        """Return a painted text in one row: cut to the terminal, or to so many columns of it."""
        if self.width is None:
            return text
        return clip(text, self.width if columns is None else columns)


def terminal_of(stream: TextIO, environ: Mapping[str, str], columns: int) -> Terminal:
    """Return what a stream can show.

    Args:
        stream: where a verb prints.
        environ: looked up for NO_COLOR and TERM.
        columns: how wide the terminal is, if it is one.
    """
    if not stream.isatty():
        return Terminal()
    plain = bool(environ.get(NO_COLOR)) or environ.get(_TERM) == _DUMB
    return Terminal(color=not plain, width=columns)


def clean(text: str) -> str:
    """Return a stranger's text on one line, control characters as escapes, of bounded length."""
    return one_line(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def cells(text: str) -> int:
    """Count the columns that a text takes: wide characters take two, combining ones none, colours none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(map(_cells_of, _SEQUENCE.sub("", text)))


def _cells_of(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text filled with blanks to so many columns; a longer one stays as it is."""
    blanks = " " * max(columns - cells(text), 0)
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def clip(text: str, columns: int) -> str:
    """Return a painted text cut to so many columns, the cut marked, its colours closed."""
    if cells(text) <= columns:
        return text
    shown: list[str] = []
    left = columns - 1
    for piece in _SEQUENCE.split(text):
        if _SEQUENCE.fullmatch(piece):
            shown.append(piece)
            continue
        for character in piece:
            left -= _cells_of(character)
            if left < 0:
                break
            shown.append(character)
        if left < 0:
            break
    return f"{''.join(shown)}…{_RESET if _SEQUENCE.search(text) else ''}"


_RESET: Final = "\x1b[0m"
