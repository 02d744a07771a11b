"""Tables whose columns line up, on a terminal of any width and in a pipe."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from fastapi_spine.cli.terminal import Terminal, cells, clip, pad

_GAP: Final = 2
_LEAST: Final = 12


class Cell(NamedTuple):
    """One cell: clean text, its style or the service whose colour it has, and how long it may be on a terminal."""

    text: str
    style: str = ""
    service: str = ""
    longest: int = 0


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    terminal: Terminal,
    *,
    right: Collection[int],
    flexible: int,
    dropped: Sequence[int] = (),
) -> Iterator[str]:
    """Yield a table.

    Args:
        heads: the columns' names.
        rows: cells, as many each as there are heads.
        terminal: where it is shown; nothing is cut or dropped where nobody counts columns.
        right: columns that stand at their right edge.
        flexible: the column that gives way on a narrow terminal.
        dropped: columns to leave out, in this order, before that one becomes unreadable.
    """
    widths = [
        max(cells(head), *(_length(row[place], terminal) for row in rows), 0)
        for place, head in enumerate(heads)
    ]
    columns = [place for place in range(len(heads)) if any(row[place].text for row in rows)]
    if terminal.width is not None:
        for one in dropped:
            if _whole(widths, columns) - widths[flexible] + _LEAST * 2 <= terminal.width:
                break
            columns = [place for place in columns if place != one]
        over = _whole(widths, columns) - terminal.width
        widths[flexible] = max(widths[flexible] - max(over, 0), _LEAST)
    yield terminal.paint("dim", _row([heads[place] for place in columns], columns, widths, right))
    for row in rows:
        yield _row(
            [_shown(row[place], widths[place], terminal) for place in columns],
            columns,
            widths,
            right,
        )


def _length(cell: Cell, terminal: Terminal) -> int:
    length = cells(cell.text)
    return min(length, cell.longest) if cell.longest and terminal.width else length


def _whole(widths: Sequence[int], columns: Sequence[int]) -> int:
    return sum(widths[place] for place in columns) + _GAP * (len(columns) - 1)


def _shown(cell: Cell, width: int, terminal: Terminal) -> str:
    text = clip(cell.text, width) if terminal.width is not None else cell.text
    return (
        terminal.service(cell.service, text) if cell.service else terminal.paint(cell.style, text)
    )


def _row(
    texts: Sequence[str], columns: Sequence[int], widths: Sequence[int], right: Collection[int]
) -> str:
    padded = [
        pad(text, widths[place], right=place in right)
        for text, place in zip(texts, columns, strict=True)
    ]
    return (" " * _GAP).join(padded).rstrip()
