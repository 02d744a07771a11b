"""The way out of finished spans: secrets are taken out once, then exporter and processors see the same thing.

The attributes of our own server spans are clean when they come here: what they are made of is redacted where it is
read (`server_attributes`), most of it once and not once a request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from fastapi_spine.core.conventions import ATTR_FUNCTION, SCOPE_SPINE
from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import KIND_SERVER, AttributeValue, SpanData
from fastapi_spine.redaction import Redactor

_REMEMBERED: Final = 2_048
"""Span names are few; whoever makes one a request loses the memory, not the bound."""
_TITLE: Final = re.compile(r"(?:auth|cache|db|http|job|queue|render|task): [A-Za-z_.]{1,64}")
"""`auth: decode_jwt` is how people name a step, not a credential: no digits, so no token."""


class Delivery:
    """Redacts finished spans and hands them on.

    Args:
        put_all: takes finished spans, never blocks.
        redactor: masks names, attributes, events and messages.
        health: counts and tells what fails here.
    """

    __slots__ = ("_health", "_names", "_put_all", "_redactor", "processors")

    def __init__(
        self, put_all: Callable[[list[SpanData]], None], redactor: Redactor, health: Health
    ) -> None:
        self._put_all = put_all
        self._redactor = redactor
        self._health = health
        self._names: dict[str, str] = {}
        self.processors: tuple[Callable[[SpanData], None], ...] = ()

    def __call__(self, spans: list[SpanData]) -> None:
        """Take finished spans; a fault here loses these spans and nothing else."""
        try:
            for span in spans:
                self._clean(span)
        except Exception as error:  # noqa: BLE001 - what could not be cleaned does not leave
            self._health.fault("traces", error)
            return
        self._health.guarded("traces", self._put_all, spans)
        for process in self.processors:
            for span in spans:
                self._health.guarded("span_processor", process, span)

    def _clean(self, span: SpanData) -> None:
        name = self._names.get(span.name)
        span.name = name if name is not None else self._clean_name(span.name)
        attributes = span.attributes
        if attributes and not (span.kind == KIND_SERVER and span.scope_name == SCOPE_SPINE):
            span.attributes = self._clean_attributes(attributes)
        if span.status_message:
            span.status_message = self._redactor.text(span.status_message)
        for event in span.events:
            event.name = self._redactor.text(event.name)
            event.attributes = self._clean_attributes(event.attributes)
        for link in span.links:
            link.attributes = self._clean_attributes(link.attributes)

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
        self._names[name] = clean
        return clean
