"""Colours for a terminal, and text that cannot play tricks on one."""

from __future__ import annotations

import re
from typing import Final

from fastapi_spine.logs.lines.plain import mark

TEXT_LIMIT: Final = 32 * 1024
"""Characters of one text: more would hold up the terminal and nobody."""

_STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "bold red": "1;31",
}
_RESET: Final = "\x1b[0m"
_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;]*m")
_HOSTILE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_HOSTILE_ON_ONE_LINE: Final = re.compile(rf"[\t\n]|{_HOSTILE.pattern}")


class Paint:
    """Wraps text in colours, or leaves it alone.

    Args:
        color: without it no ESC byte is ever added.
    """

    __slots__ = ("_color",)

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def __call__(self, style: str, text: str) -> str:
        """Return text in a style, each line of it by itself, so that a pager can scroll through."""
        if not self._color or not text or style not in _STYLES:
            return text
        start = f"\x1b[{_STYLES[style]}m"
        return "\n".join(f"{start}{line}{_RESET}" if line else line for line in text.split("\n"))


def columns(text: str) -> int:
    """Count the columns a painted text takes, one a character: wide scripts take more than it says."""
    return len(_SEQUENCE.sub("", text))


def one_line(text: str) -> str:
    r"""Show control characters as escapes, `\x1b`, line breaks too."""
    return _HOSTILE_ON_ONE_LINE.sub(_escape, _bounded(text))


def some_lines(text: str) -> str:
    """Show control characters as escapes, but let lines be lines and a tab be four spaces."""
    return _HOSTILE.sub(_escape, _bounded(text).replace("\r\n", "\n")).replace("\t", "    ")


def _bounded(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + mark(len(text) - TEXT_LIMIT)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "backslashreplace").decode()
