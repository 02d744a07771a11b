"""The way out of finished spans: secrets are taken out once, then exporter and processors see the same thing.

The attributes of our own server spans are clean when they come here: what they are made of is redacted where it is
read (`server_attributes`), most of it once and not once a request.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast

from fastapi_spine.core.conventions import ATTR_FUNCTION, SCOPE_SPINE
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import (
    KIND_SERVER,
    AttributeValue,
    Collector,
    Shared,
    SpanData,
    WriteSpan,
    whole,
)
from fastapi_spine.redaction import Redactor
from fastapi_spine.traces.limits import LONGEST_VALUE, Limits
from fastapi_spine.traces.local import Piece
from fastapi_spine.traces.values import shortened

BATCH: Final = 32
"""Requests, or pieces of work, whose spans leave together; as many are held on to."""
_LARGE: Final = 8_192
"""Bytes of a request's spans that count as one request more."""
_REMEMBERED: Final = 2_048
"""Span names are few; whoever makes one a request loses the memory, not the bound."""
_LONGEST_NAME: Final = 256
"""Characters of a name that is remembered."""
_TITLE: Final = re.compile(r"(?:auth|cache|db|http|job|queue|render|task): [A-Za-z_.]{1,64}")
"""`auth: decode_jwt` is how people name a step, not a credential: no digits, so no token."""


class Maker(Protocol):
    """Makes the spans of requests."""

    def of(self, exchange: Exchange) -> SpanData:
        """Return the whole span of a request that had none so far."""

    def plain(self, exchange: Exchange) -> tuple[str, tuple[Shared, ...], str]:
        """Describe such a request that was ordinary: its span's name, what it has in common with others, and its path."""

    def complete(self, data: SpanData) -> None:
        """Add what a request says to its span."""


class Delivery:
    """Redacts finished spans and hands them on.

    Spans are handed on some at a time, because by then the code is warm: one by itself costs three times as much. Whoever
    takes them comes for the last few.

    Args:
        put_all: takes finished spans, never blocks.
        redactor: masks names, attributes, events and messages.
        health: counts and tells what fails here.
        limits: how much one span may hold; texts come with some more (`REACH`), and are cut when they are clean.

    Attributes:
        collector: comes for what waits, and takes small spans; without one nothing waits.
        write: writes the spans of ordinary requests as the collector takes them; None if it takes no bytes.
        processors: see every span at once.
    """

    __slots__ = (
        "_health", "_limits", "_maker", "_names", "_pieces", "_put_all", "_redactor", "_waiting", "collector", "processors",
        "write",
    )  # fmt: skip

    def __init__(
        self,
        put_all: Callable[[list[Any]], None],
        redactor: Redactor,
        health: Health,
        limits: Limits,
    ) -> None:
        self._put_all = put_all
        self._redactor = redactor
        self._health = health
        self._limits = limits
        self._names: dict[str, str] = {}
        self._pieces = 0
        self._waiting: deque[Piece] = deque()
        self._maker: Maker = _Nobody()
        self.collector: Collector | None = None
        self.write: WriteSpan | None = None
        self.processors: tuple[Callable[[SpanData], None], ...] = ()

    def spans_from(self, maker: Maker) -> None:
        """Say who makes the spans of requests."""
        self._maker = maker

    def __call__(self, spans: list[Piece], size: int) -> None:
        """Take finished spans that hold about so many bytes."""
        self._waiting.extend(spans)
        self._pieces += 1 + size // _LARGE
        self._look()

    def request(self, exchange: Exchange, below: Sequence[Piece] = ()) -> None:
        """Take a finished request whose span is still to be made, and the spans below it."""
        if below:
            self._waiting.extend(below)
        self._waiting.append(exchange)
        self._pieces += 1
        self._look()

    def _look(self) -> None:
        """Hand on what waits if it is much, else have somebody come for it."""
        collector = self.collector
        if self._pieces >= BATCH or collector is None or self.processors:
            self.settle()
        elif collector.attentive:
            collector.expect()

    def settle(self) -> None:
        """Hand on what waits; called by whichever thread wants it."""
        taken: list[Piece] = []
        waiting = self._waiting
        self._pieces = 0
        try:
            while waiting:
                taken.append(waiting.popleft())
        except IndexError:  # another thread took the last one
            pass
        alone = self.collector is None or bool(self.processors)
        clean = self._cleaned(taken) if alone else self._written(taken)
        if clean:
            self._health.guarded("traces", self._put_all, clean)
        for process in self.processors:
            for span in clean:
                self._health.guarded("span_processor", process, span)

    def forget(self) -> int:
        """Leave to the parent what is the parent's, in a child after a fork; return how much that was."""
        left = len(self._waiting)
        self._waiting.clear()
        return left

    def _written(self, taken: list[Piece]) -> list[Any]:
        """Return spans without secrets as the exporter likes them best: those of ordinary requests as bytes, if it can write them."""
        write, plain = self.write, self._maker.plain
        clean: list[Any] = []
        for item in taken:
            made: Any = item if type(item) is tuple else None
            if write is not None and isinstance(item, Exchange):
                try:
                    made = write(item, *plain(item))
                except Exception:  # noqa: BLE001 - what fails shows the other way
                    made = None
            if made is None:
                made = self._whole(item)
            if made is not None:
                clean.append(made)
        return clean

    def _cleaned(self, taken: list[Piece]) -> list[SpanData]:
        """Return spans without secrets; a faulty one does not leave."""
        return [span for span in map(self._whole, taken) if span is not None]

    def _whole(self, item: Piece) -> SpanData | None:
        """Return a span without secrets; one that could not be cleaned does not leave."""
        try:
            if isinstance(item, SpanData):
                span = item
            elif isinstance(item, Exchange):
                span = self._maker.of(item)
            else:
                span = whole(item)
            self._clean(span)
        except Exception as error:  # noqa: BLE001 - it loses this span and nothing else
            self._health.fault("traces", error)
            return None
        return span

    def _clean(self, span: SpanData) -> None:
        if span.about is not None:
            self._maker.complete(span)
        name = self._names.get(span.name)
        span.name = name if name is not None else self._clean_name(span.name)
        attributes = span.attributes
        limits = self._limits
        if attributes and not (span.kind == KIND_SERVER and span.scope_name == SCOPE_SPINE):
            span.attributes = shortened(self._clean_attributes(attributes), limits.span_length)
        if span.status_message:
            span.status_message = self._redactor.text_within(span.status_message, LONGEST_VALUE)
        for event in span.events:
            event.name = self._redactor.text(event.name)
            event.attributes = shortened(self._clean_attributes(event.attributes), limits.length)
        for link in span.links:
            link.attributes = shortened(self._clean_attributes(link.attributes), limits.length)

    def _clean_attributes(self, attributes: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
        """Redact attributes; an operation's only one is the name of a function, which is known after the first time."""
        function = attributes.get(ATTR_FUNCTION) if len(attributes) == 1 else None
        if isinstance(function, str) and self._names.get(function) == function:
            return attributes
        record: Callable[[Any], Any] = self._redactor.record
        clean = cast("dict[str, AttributeValue]", record(attributes))
        if isinstance(function, str) and clean == attributes:
            self._clean_name(function)
        return clean

    def _clean_name(self, name: str) -> str:
        if len(self._names) >= _REMEMBERED:
            self._names.clear()
        clean = name if _TITLE.fullmatch(name) else self._redactor.text(name)
        if len(name) <= _LONGEST_NAME:
            self._names[name] = clean
        return clean


class _Nobody:
    """Stands for the maker that the room has not named yet."""

    def of(self, exchange: Exchange) -> SpanData:
        raise LookupError(exchange)

    def plain(self, exchange: Exchange) -> tuple[str, tuple[Shared, ...], str]:
        raise LookupError(exchange)

    def complete(self, data: SpanData) -> None:
        raise LookupError(data)
