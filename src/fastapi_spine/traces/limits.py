"""How much one span may hold: OpenTelemetry's limits, from the standard environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import (
    ENV_ANY_ATTRIBUTES,
    ENV_ANY_VALUE_LENGTH,
    ENV_EVENT_ATTRIBUTES,
    ENV_LINK_ATTRIBUTES,
    ENV_SPAN_ATTRIBUTES,
    ENV_SPAN_EVENTS,
    ENV_SPAN_LINKS,
    ENV_SPAN_VALUE_LENGTH,
)

MOST: Final = 128
"""Attributes, events and links of a span (OpenTelemetry specification, SDK environment variables)."""
LONGEST_VALUE: Final = 16_384
"""Characters of one text. The specification has no limit; redaction reads this far, and memory has one."""


class Limits(NamedTuple):
    """The limits of one span; each is inclusive.

    Attributes:
        attributes: attributes of a span.
        events: events of a span.
        links: links of a span.
        event_attributes: attributes of an event.
        link_attributes: attributes of a link.
        span_length: characters of a span attribute's text.
        length: characters of an event's or link's attribute.
    """

    attributes: int = MOST
    events: int = MOST
    links: int = MOST
    event_attributes: int = MOST
    link_attributes: int = MOST
    span_length: int = LONGEST_VALUE
    length: int = LONGEST_VALUE


def limits_from(environ: Mapping[str, str]) -> tuple[Limits, list[str]]:
    """Read the limits.

    Args:
        environ: the environment's variables.

    Returns:
        The limits, and a sentence for each variable that could not be read and was left out. An empty value means
        unset (OpenTelemetry specification, environment variables).
    """
    complaints: list[str] = []

    def read(name: str, default: int) -> int:
        text = environ.get(name, "").strip()
        if not text:
            return default
        if text.isascii() and text.isdigit():
            return int(text)
        complaints.append(f"{name}={text[:40]!r} is no whole number; {default} is in force.")
        return default

    most = read(ENV_ANY_ATTRIBUTES, MOST)
    length = read(ENV_ANY_VALUE_LENGTH, LONGEST_VALUE)
    limits = Limits(
        attributes=read(ENV_SPAN_ATTRIBUTES, most),
        events=read(ENV_SPAN_EVENTS, MOST),
        links=read(ENV_SPAN_LINKS, MOST),
        event_attributes=read(ENV_EVENT_ATTRIBUTES, most),
        link_attributes=read(ENV_LINK_ATTRIBUTES, most),
        span_length=read(ENV_SPAN_VALUE_LENGTH, length),
        length=length,
    )
    return limits, complaints
