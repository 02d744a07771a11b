"""How the demo looks on a terminal: colour when there is one to show it, widths, rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_CODES: Final = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}
_SERVICES: Final = {"orders": "cyan", "inventory": "yellow", "payments": "blue"}
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
_PIPED_WIDTH: Final = 110
_NARROWEST: Final = 72
_WIDEST: Final = 140


@dataclass(frozen=True, slots=True)
class Look:
    """What the output can show.

    Attributes:
        colour: whether ANSI colours are written.
        live: whether a line can be rewritten in place.
        width: columns to fill.
    """

    colour: bool = False
    live: bool = False
    width: int = _PIPED_WIDTH

    def paint(self, style: str, text: str) -> str:
        """`text` in one of the styles bold, dim, red, green, yellow, blue, cyan."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text

    def service(self, name: str, text: str | None = None) -> str:
        """`text` in a service's colour; without one its name, as wide as the longest."""
        return self.paint(_SERVICES.get(name, "dim"), f"{name:<9}" if text is None else text)

    def title(self, number: int, text: str) -> str:
        """The headline of a part of the tour, with a rule to the right edge."""
        rule = "─" * max(self.width - len(text) - 4, 3)
        return f"{self.paint('bold', f'{number}  {text}')} {self.paint('dim', rule)}"

    def fit(self, text: str) -> str:
        """`text` on one row of a terminal; as it is where nobody counts columns."""
        return clip(text, self.width) if self.live else text


def look_at(stream: TextIO, environment: Mapping[str, str], columns: int) -> Look:
    """What `stream` can show: a terminal gets colour unless NO_COLOR (no-color.org) is set.

    Args:
        stream: where the demo prints.
        environment: looked up for NO_COLOR and TERM.
        columns: how wide the terminal is.
    """
    terminal = stream.isatty() and environment.get("TERM") != "dumb"
    return Look(
        colour=terminal and not environment.get("NO_COLOR"),
        live=terminal,
        width=min(max(columns, _NARROWEST), _WIDEST) if terminal else _PIPED_WIDTH,
    )


def visible(text: str) -> str:
    """`text` without its colours."""
    return _ANSI.sub("", text)


def clip(text: str, width: int) -> str:
    """`text` cut to `width` columns, the cut marked; its colours are closed."""
    if len(visible(text)) <= width:
        return text
    shown, columns = [], 0
    for piece in re.split(f"({_ANSI.pattern})", text):
        if _ANSI.fullmatch(piece):
            shown.append(piece)
            continue
        shown.append(piece[: width - 1 - columns])
        columns += len(shown[-1])
        if columns == width - 1:
            break
    tail = "\x1b[0m" if "\x1b[" in text else ""
    return f"{''.join(shown)}{tail}…"
