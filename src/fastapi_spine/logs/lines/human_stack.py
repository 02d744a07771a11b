"""A stack for a person: the application's own frames stand out, those of libraries are folded.

The JSON line keeps every frame. At a terminal, forty frames of a framework hide the two that matter, so a run
of library frames becomes one line that says how many and whose; the frame that raised is always shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from fastapi_spine.logs.lines.paint import Paint, some_lines

INDENT: Final = "    "
SHORTEST_FOLD: Final = 3
"""Two frames take hardly more room than the line that stands for them."""

_OURS: Final = r"[/\\]fastapi_spine[/\\](?!demo[/\\])"
"""The layer itself, wherever it lies; what it shows of itself is an application's."""
_LIBRARY: Final = re.compile(
    rf"(?:site|dist)-packages|[/\\]lib[/\\]python3|<frozen |{_OURS}", re.IGNORECASE
)
_PACKAGE: Final = re.compile(rf"(?:site|dist)-packages[/\\]([\w-]+)|{_OURS}", re.IGNORECASE)
_FRAME: Final = re.compile(r'[ |]*File "')
_BELOW: Final = re.compile(r"  \||    | *\[(\d+) frames left out\]$")
"""What belongs to the frame above: its source, or how many frames were cut below it."""
_STANDARD_LIBRARY: Final = "python"


class _Block(NamedTuple):
    """One frame with its source, or one other line."""

    lines: list[str]
    frame: bool
    library: bool


def stack_lines(stack: str, kind: str, paint: Paint) -> Iterator[str]:
    """Yield a stack's lines, indented and painted.

    Args:
        stack: the stack as Python writes it.
        kind: the exception's type as the stack's last words begin with it.
        paint: colours, or none.
    """
    lines = some_lines(stack).rstrip("\n").split("\n")
    said = _last_words(lines, kind)
    for block in _folded(list(_blocks(lines[:said]))):
        yield from (
            INDENT + paint(_style(block, line), line) if line else "" for line in block.lines
        )
    yield from (INDENT + paint("bold red", line) for line in lines[said:])


def _blocks(lines: list[str]) -> Iterator[_Block]:
    block: _Block | None = None
    for line in lines:
        if _FRAME.match(line):
            if block is not None:
                yield block
            block = _Block([line], frame=True, library=_LIBRARY.search(line) is not None)
        elif block is not None and _BELOW.match(line):
            block.lines.append(line)
        else:
            if block is not None:
                yield block
            block = None
            yield _Block([line], frame=False, library=False)
    if block is not None:
        yield block


def _folded(blocks: list[_Block]) -> Iterator[_Block]:
    run: list[_Block] = []
    for place, block in enumerate(blocks):
        raised_here = place + 1 == len(blocks) or not blocks[place + 1].frame
        if block.library and not raised_here:
            run.append(block)
            continue
        yield from _fold(run)
        run = []
        yield block
    yield from _fold(run)


def _fold(run: list[_Block]) -> list[_Block]:
    if len(run) < SHORTEST_FOLD:
        return run
    owners = dict.fromkeys(_owner(block.lines[0]) for block in run)
    margin = run[0].lines[0].partition("File")[0]
    told = f"{margin}… {sum(map(_frames, run))} frames in {', '.join(owners)}"
    return [_Block([told], frame=True, library=True)]


def _frames(block: _Block) -> int:
    """Count a block's frame, and those that were cut below it."""
    return 1 + sum(int(cut[1] or 0) for cut in map(_BELOW.match, block.lines) if cut is not None)


def _owner(frame: str) -> str:
    match = _PACKAGE.search(frame)
    if match is None:
        return _STANDARD_LIBRARY
    return match[1] or __name__.partition(".")[0]


def _style(block: _Block, line: str) -> str:
    if block.frame:
        return "dim" if block.library else ""
    # What a cause said stands at the margin; the sentences around it end with a colon.
    return "dim" if line.startswith(" ") or line.endswith(":") else "red"


def _last_words(lines: list[str], kind: str) -> int:
    """Return where the final message begins: it may have several lines, the last names its type."""
    for place in range(len(lines) - 1, -1, -1):
        if kind and lines[place].startswith(kind):
            return place
    return len(lines) - 1
