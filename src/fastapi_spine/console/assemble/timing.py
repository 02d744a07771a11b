"""Where the time of a trace went: own time, and the critical path.

The critical path is that of CRISP (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice
Architectures", USENIX ATC 2022): from the end of a span backwards, the child that ended last is on it; before that
child began, the last one that had ended by then; and so on, and the same below each of them. Children that ran beside
those are not on it. Children that reach beyond their caller, because clocks differ or nobody waited for them, count
only where they overlap it; those that lie outside entirely are not on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi_spine.console.assemble.tree import Node


def set_self_time(node: Node) -> None:
    """Set a span's own time: its duration less the union of its children, so overlapping ones count once."""
    covered = 0
    reached = node.start
    for child in node.children:
        begin, end = max(child.start, reached), min(child.end, node.end)
        if end > begin:
            covered += end - begin
            reached = end
    node.self_ns = node.end - node.start - covered


def mark_critical(root: Node) -> int:
    """Mark the critical path below a span.

    Returns:
        Nanoseconds of it in spans below the root: what could be saved at most without touching the root's own code.
    """
    below = 0
    waiting = [(root, root.start, root.end)]
    while waiting:
        node, low, high = waiting.pop()
        node.critical = True
        for child, begin, end in _backwards(node.children, low, high):
            if node is root:
                below += end - begin
            waiting.append((child, begin, end))
    return below


def _backwards(children: Sequence[Node], low: int, high: int) -> list[tuple[Node, int, int]]:
    """Return those children that somebody waited for, the last one first, each with its overlap."""
    found: list[tuple[Node, int, int]] = []
    cursor = high
    for child in sorted(children, key=lambda one: (min(one.end, high), one.start), reverse=True):
        begin, end = max(child.start, low), min(child.end, high)
        if begin < end <= cursor:
            found.append((child, begin, end))
            cursor = begin
    return found
