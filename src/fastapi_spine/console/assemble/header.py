"""The facts that stand above a request's waterfall: what somebody would ask first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from fastapi_spine.console.assemble.tree import Node, walk
from fastapi_spine.console.facts import exception, request, text
from fastapi_spine.console.views import Spread
from fastapi_spine.core.conventions import (
    ATTR_CLIENT_ADDRESS,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_TYPE,
    ATTR_USER_AGENT,
)

_MANY: Final = 5
"""As many calls of one kind from one place are a finding: the same query in a loop."""
_LONGEST: Final = 200
_MOST_HOLDERS: Final = 3
_NOTABLE: Final = 0.05
_US: Final = 1000.0


def facts_of(asked: Node, peers: Spread | None, slower_than: float | None) -> dict[str, str]:
    """Return facts by name, in the order to show them; what does not apply is left out.

    Args:
        asked: the request.
        peers: how long others of its route took.
        slower_than: the share of them that were quicker; None if they are too few.
    """
    return {name: _clipped(value) for name, value in _facts(asked, peers, slower_than) if value}


def _facts(
    asked: Node, peers: Spread | None, slower_than: float | None
) -> Iterator[tuple[str, str]]:
    span, facts = asked.span, request(asked.span)
    below = list(walk(asked))
    yield "request", f"{facts.method} {facts.path or facts.route}".strip() or span.name
    yield "status", _status(facts.status, facts.outcome)
    error, cause = _error(asked, below), _cause(asked, below)
    yield "error", error
    yield "cause", "" if cause == error else cause
    yield "took", took((asked.end - asked.start) / _US)
    if peers is not None and slower_than is not None:
        yield (
            "among its route",
            f"slower than {int(slower_than * 100)} % of {peers.count:,} in the hour around it",
        )
    yield "time went to", _holders(asked)
    yield "repeated", _repeated(below)
    yield "started", _moment(span.start_ns)
    yield "request id", facts.request_id
    yield "route", facts.route
    source = span.source
    yield "service", " ".join(one for one in (source.service, source.version) if one)
    yield "instance", source.instance
    yield "client", text(span.attributes, ATTR_CLIENT_ADDRESS)
    yield "user agent", text(span.attributes, ATTR_USER_AGENT)


def took(microseconds: float) -> str:
    """Return a duration with its unit, three digits that count."""
    if microseconds < _US:
        return f"{microseconds:.3g} µs"
    if microseconds < _US * _US:
        milliseconds = microseconds / _US
        return f"{milliseconds:.3g} ms" if milliseconds < _US - 0.5 else "1 s"
    return f"{microseconds / _US / _US:,.2f} s"


def _clipped(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _status(status: int | None, outcome: str) -> str:
    return ", ".join(str(one) for one in (status, outcome) if one)


def _error(asked: Node, below: Sequence[Node]) -> str:
    """Return the request's exception; without one, what its span says of the error."""
    return _exception(asked) or asked.span.status_message or _cause(asked, below)


def _cause(asked: Node, below: Sequence[Node]) -> str:
    """Return the deepest other exception below the request: usually where it all began."""
    own = _exception(asked)
    for node in sorted(below, key=lambda node: -node.depth):
        said = _exception(node) or node.span.status_message
        if said and node is not asked and said != own:
            return f"{said} in {node.title} of {node.span.source.service}"
    return ""


def _exception(node: Node) -> str:
    event = exception(node.span)
    if event is None:
        return ""
    parts = (
        text(event.attributes, ATTR_EXCEPTION_TYPE),
        text(event.attributes, ATTR_EXCEPTION_MESSAGE),
    )
    return ": ".join(part for part in parts if part) or "exception"


def _holders(asked: Node) -> str:
    """Return which spans of the critical path below the request held it up by themselves, the longest first."""
    whole = asked.end - asked.start
    own: Counter[tuple[str, str]] = Counter()
    waiting = [asked]
    while waiting:
        node = waiting.pop()
        if node.critical:
            own[node.span.source.service, node.title] += node.self_ns
            waiting.extend(node.children)
    found = [
        f"{name} {took(held / _US)}"
        + (f" ({service})" if service != asked.span.source.service else "")
        for (service, name), held in own.most_common(_MOST_HOLDERS)
        if held > _NOTABLE * whole
    ]
    return " · ".join(found) if len(own) > 1 else ""


def _repeated(below: Sequence[Node]) -> str:
    """Return the call that one span made most often, if it made it often."""
    calls: Counter[tuple[int, str]] = Counter()
    spent: Counter[tuple[int, str]] = Counter()
    for node in below[1:]:
        if node.parent is not None:
            key = (id(node.parent), node.title)
            calls[key] += 1
            spent[key] += node.end - node.start
    if not calls:
        return ""
    most, times = max(calls.items(), key=lambda pair: (pair[1], spent[pair[0]]))
    if times < _MANY:
        return ""
    return f"{most[1]}, {times:,} times, {took(spent[most] / _US)} in all"


def _moment(at_ns: int) -> str:
    try:
        moment = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ns // 1_000_000 % 1000:03d} UTC"
