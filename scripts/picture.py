"""Draws log lines as a terminal shows them: `python scripts/picture.py LINES.jsonl > docs/picture.svg`.

A file that ends in `.ansi` is drawn as it is: what `script -c 'spine show ID' request.ansi` has kept of a terminal.

The lines are those of a real run (`python -m fastapi_spine.demo --logs DIR` writes them); only their
colours are translated here, from ANSI to SVG.
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path

from fastapi_spine.testing import render_human

ROW, COLUMN, MARGIN, WIDTH = 19, 7.83, 16, 132
BACKGROUND, FOREGROUND = "#12161c", "#d7dde6"
COLORS = {
    "31": "#ff7b72", "32": "#7ee787", "33": "#f0c674", "34": "#79c0ff", "35": "#d2a8ff",
    "36": "#76d5e0", "2": "#7d8796", "1": "#ffffff",
}  # fmt: skip
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def main() -> None:
    """Read lines, print a picture."""
    path, rows = Path(sys.argv[1]), list[str]()
    for line in path.read_text().splitlines():
        rows += (
            [line]
            if path.suffix == ".ansi"
            else render_human(json.loads(line), color=True).splitlines()
        )
    height = 2 * MARGIN + ROW * len(rows)
    width = 2 * MARGIN + COLUMN * WIDTH
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">'
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
    )
    for number, row in enumerate(rows):
        print(
            f'<text x="{MARGIN}" y="{MARGIN + ROW * number + 13}" xml:space="preserve">{spans(row)}</text>'
        )
    print("</svg>")


def spans(row: str) -> str:
    """Translate one row's colours; what does not fit is cut."""
    made, color, bold, used = [], FOREGROUND, False, 0
    for place, part in enumerate(ESCAPE.split(row)):
        if place % 2 == 0:
            text = part[: max(0, WIDTH - used)]
            used += len(text)
            weight = ' font-weight="bold"' if bold else ""
            made.append(f'<tspan fill="{color}"{weight}>{escape(text)}</tspan>' if text else "")
            continue
        codes = part.split(";")
        bold = "1" in codes
        color = next((COLORS[code] for code in codes if code in COLORS), FOREGROUND)
    return "".join(made)


if __name__ == "__main__":
    main()
