"""The rows of a trace's picture: spans below their callers, lines and events at their time, repetitions folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fastapi_spine.cli.measures import count
from fastapi_spine.cli.terminal import clean
from fastapi_spine.cli.told import fields_of, is_access
from fastapi_spine.console.views import EventView, LogView, SpanView, TraceView
from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_TYPE,
    EVENT_EXCEPTION,
)
from fastapi_spine.core.telemetry import KIND_INTERNAL

_SHORTEST_FOLD: Final = 4
_DEEPEST: Final = 48
_WARN: Final = 13
_ERROR: Final = 17
_INFO: Final = 9
_LONGEST_VALUE: Final = 120
_APART_US: Final = 200.0
"""Lines and spans read the clock by themselves: a line may seem to come that long after the step that said it."""


class Row(NamedTuple):
    """One row.

    Attributes:
        lead: the branches of the tree before the text.
        changes: whether its service is another than its caller's.
        took_us: of a folded row, all of its spans together.
    """

    at_us: float
    end_us: float
    lead: str
    text: str
    style: str
    service: str
    changes: bool = False
    is_span: bool = False
    failed: bool = False
    critical: bool = False
    took_us: float = 0.0


class _Node:
    """A span with what happened below and during it; `same` are siblings that it stands for."""

    __slots__ = ("below", "said", "same", "span")

    def __init__(self, span: SpanView) -> None:
        self.span = span
        self.below: list[_Node] = []
        self.said: list[tuple[float, str, str]] = []
        self.same: list[_Node] = []


def rows_of(view: TraceView, *, whole: bool) -> Iterator[Row]:
    """Yield the rows of a trace, top down.

    Args:
        view: the trace.
        whole: nothing is folded, and the lines that sum up a request stand there, too, which else its span does.
    """
    roots = _tree(view, [line for line in view.logs if whole or not is_access(line)])
    for root in roots if whole else _folded(roots):
        yield from _walk(root, "", "", caller="", whole=whole)


def _tree(view: TraceView, lines: Sequence[LogView]) -> list[_Node]:
    """Return the beginnings. Only a span that came before may be a caller: no circle can be drawn."""
    nodes: dict[str, _Node] = {}
    roots: list[_Node] = []
    for span in view.spans:
        node = _Node(span)
        caller = nodes.get(span.parent_id)
        (roots if caller is None else caller.below).append(node)
        node.said.extend(_event(event) for event in span.events)
        nodes.setdefault(span.span_id, node)
    for line in lines:
        place = nodes.get(line.span_id) or (roots[0] if roots else None)
        if place is not None:
            said = _line(line, view.start_us)
            _inner(place, said[0]).said.append(said)
    return roots


def _inner(node: _Node, at_us: float) -> _Node:
    """Return the innermost step of a span that a moment lies in; log lines name their request's span alone.

    A step is inside of the same process: what another service did meanwhile said nothing here. Where several ran at
    once, the line stays with their caller: which of them said it is not known.
    """
    while True:
        steps = _steps(node, at_us, 0) or _steps(node, at_us, _APART_US)
        if len(steps) != 1:
            return node
        node = steps[0]


def _steps(node: _Node, at_us: float, slack_us: float) -> list[_Node]:
    return [
        child
        for child in node.below
        if child.span.kind == KIND_INTERNAL
        and child.span.service == node.span.service
        and -slack_us <= at_us - child.span.start_us <= child.span.duration_us + slack_us
    ]


def _walk(node: _Node, lead: str, below: str, *, caller: str, whole: bool) -> Iterator[Row]:
    yield _row(node, lead, caller)
    parts: list[tuple[float, _Node | tuple[float, str, str]]] = [
        (child.span.start_us, child) for child in (node.below if whole else _folded(node.below))
    ]
    parts += [(said[0], said) for said in node.said]
    parts.sort(key=lambda part: part[0])
    too_deep = len(below) // 4 >= _DEEPEST
    for place, (_, part) in enumerate(parts):
        last = place == len(parts) - 1
        under = f"{below}{'    ' if last else '│   '}"
        if not isinstance(part, _Node):
            at, text, style = part
            yield Row(
                at, at, f"{below}{'└╌╌ ' if last else '├╌╌ '}", text, style, node.span.service
            )
        elif too_deep:
            text = f"… {part.span.title} and what is below it"
            at = part.span.start_us
            yield Row(at, at, f"{below}{'└── ' if last else '├── '}", clean(text), "dim", "")
        else:
            branch = f"{below}{'└── ' if last else '├── '}"
            yield from _walk(part, branch, under, caller=node.span.service, whole=whole)


def _row(node: _Node, lead: str, caller: str) -> Row:
    span, all_of_them = node.span, [node.span, *(one.span for one in node.same)]
    text = clean(span.title)
    if node.same:
        broken = sum(one.failed for one in all_of_them)
        text += f" ×{len(all_of_them)}{f', {broken} failed' if broken else ''}"  # noqa: RUF001 - the sign people read as "times"
    return Row(
        span.start_us,
        max(one.start_us + one.duration_us for one in all_of_them),
        lead,
        text,
        "",
        clean(span.service),
        changes=span.service != caller,
        is_span=True,
        failed=any(one.failed for one in all_of_them),
        critical=any(one.critical for one in all_of_them),
        took_us=sum(one.duration_us for one in all_of_them),
    )


def _folded(nodes: Sequence[_Node]) -> list[_Node]:
    """Join siblings of one title: forty queries in a loop are one finding, not forty rows."""
    alike: dict[tuple[str, str], list[_Node]] = {}
    for node in nodes:
        alike.setdefault((node.span.title, node.span.service), []).append(node)
    shown: list[_Node] = []
    for node in nodes:
        same = alike[node.span.title, node.span.service]
        if len(same) < _SHORTEST_FOLD:
            shown.append(node)
        elif node is same[0]:
            shown.append(_together(same))
    return shown


def _together(same: list[_Node]) -> _Node:
    """Return one node for all; it keeps what went wrong in any of them, and says how much else is hidden."""
    folded = _Node(same[0].span)
    folded.same = same[1:]
    inside = [node for one in same for node in _everything(one)]
    said = [what for node in inside for what in node.said]
    loud = [what for what in said if what[2] not in {"", "dim"}]
    folded.said = loud[:_SHORTEST_FOLD]
    spans, lines = len(inside) - len(same), len(said) - len(folded.said)
    if spans or lines:
        hidden = [
            count(number, noun) for number, noun in ((spans, "span"), (lines, "line")) if number
        ]
        at = same[0].span.start_us
        folded.said.append((at, f"… {' and '.join(hidden)} inside; --all shows them", "dim"))
    return folded


def _everything(node: _Node) -> Iterator[_Node]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.below)


def _event(event: EventView) -> tuple[float, str, str]:
    if event.name != EVENT_EXCEPTION:
        return event.at_us, clean(f"◆ {event.name}{_fields(event.attributes)}"), ""
    kind = event.attributes.get(ATTR_EXCEPTION_TYPE) or EVENT_EXCEPTION
    message = str(event.attributes.get(ATTR_EXCEPTION_MESSAGE) or "")
    return event.at_us, clean(f"✗ {kind}{f': {message}' if message else ''}"), "red"


def _line(line: LogView, start_us: int) -> tuple[float, str, str]:
    level = f"{'┆' if line.held else ''}{line.level}"
    text = clean(f"{level} {line.message}{_fields(fields_of(line))}")
    return float(line.at_us - start_us), text, _style(line)


def _style(line: LogView) -> str:
    if line.severity >= _ERROR:
        return "red"
    if line.severity >= _WARN:
        return "yellow"
    return "dim" if line.held or 0 < line.severity < _INFO else ""


def _fields(attributes: dict[str, object]) -> str:
    """Return the simple ones as `key=value`; what is long or has parts is left to `--json`."""
    pairs = [
        f"{key}={value}"
        for key, value in attributes.items()
        if isinstance(value, (str, int, float)) and len(str(value)) <= _LONGEST_VALUE
    ]
    return f"  {' '.join(pairs)}" if pairs else ""
