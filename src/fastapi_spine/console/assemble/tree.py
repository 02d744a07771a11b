"""Spans as a tree, whatever came: orphans, duplicates, spans that call themselves in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi_spine.console.rows import SpanRow
from fastapi_spine.core.title import title


class Node:
    """One span in its tree.

    Attributes:
        span: the row.
        parent: who called it; None for a beginning, or if the caller did not come.
        children: by time.
        depth: how many callers it has here.
        start: nanoseconds since the epoch.
        end: never before `start`, whatever was sent.
        self_ns: what no child covers.
        title: its name for people.
        critical: whether it is on the critical path.
    """

    __slots__ = (
        "children",
        "critical",
        "depth",
        "end",
        "parent",
        "self_ns",
        "span",
        "start",
        "title",
    )

    def __init__(self, span: SpanRow) -> None:
        self.span = span
        self.parent: Node | None = None
        self.children: list[Node] = []
        self.depth = 0
        self.title = title(span.name, span.kind, span.attributes)
        self.start = span.start_ns
        self.end = max(span.end_ns, span.start_ns)
        self.self_ns = 0
        self.critical = False


def forest(spans: Sequence[SpanRow]) -> list[Node]:
    """Return the beginnings by time.

    A span whose caller did not come is a beginning. Of spans that call each other in a circle the earliest is one.
    A span that came twice (a sender tried again) is taken once.
    """
    nodes = _once(spans)
    by_id: dict[bytes, Node] = {}
    for node in nodes:
        by_id.setdefault(node.span.span_id, node)
    for node in nodes:
        parent = by_id.get(node.span.parent_id)
        if parent is not None and parent is not node:
            node.parent = parent
            parent.children.append(node)
    roots = [node for node in nodes if node.parent is None]
    reached = {id(node) for root in roots for node in walk(root)}
    if len(reached) < len(nodes):
        roots.extend(_broken_circles(nodes, reached))
    return sorted(roots, key=_place)


def walk(root: Node) -> Iterator[Node]:
    """Yield a node and everything below it: callers before what they called, siblings by time; sets depths."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        node.depth = 0 if node.parent is None else node.parent.depth + 1
        yield node
        waiting.extend(reversed(node.children))


def _once(spans: Sequence[SpanRow]) -> list[Node]:
    """Return a node for each span, by time: children are then appended in their order."""
    seen: set[tuple[bytes, int, int, str]] = set()
    nodes: list[Node] = []
    for span in spans:
        key = (span.span_id, span.kind, span.start_ns, span.name)
        if key not in seen:
            seen.add(key)
            nodes.append(Node(span))
    return sorted(nodes, key=_place)


def _place(node: Node) -> tuple[int, int, bytes]:
    """Order by begin; of two that begin together the longer one first, because it may have called the other."""
    return node.start, -node.end, node.span.span_id


def _broken_circles(nodes: Sequence[Node], reached: set[int]) -> Iterator[Node]:
    for node in nodes:
        if id(node) in reached:
            continue
        first = _in_circle(node)
        if first.parent is not None:
            first.parent.children.remove(first)
            first.parent = None
        reached.update(id(one) for one in walk(first))
        yield first


def _in_circle(node: Node) -> Node:
    """Follow callers into the circle, and return its earliest span."""
    seen: set[int] = set()
    while id(node) not in seen and node.parent is not None:
        seen.add(id(node))
        node = node.parent
    circle = [node]
    after = node.parent
    while after is not None and after is not node:
        circle.append(after)
        after = after.parent
    return min(circle, key=_place)
