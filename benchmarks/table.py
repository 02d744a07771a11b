"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> str:
    """Draw a table.

    Args:
        head: the columns' titles.
        rows: one cell a column.
        texts: how many columns, from the left, hold text; the others are numbers and end flush right.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    rule = ["---" if column < texts else "---:" for column in range(len(head))]
    lines = []
    for row in (head, rule, *rows):
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells under {len(head)} titles: {row}")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n"
