"""Attributes, events and links as they lie in a column: JSON, because it can be read with any tool.

JSON has no NaN and no infinity: such a value comes back as null.
"""

from __future__ import annotations

from msgspec import json

from fastapi_spine.console.rows import Attributes, EventRow, LinkRow
from fastapi_spine.console.store.mend import mended

_encode = json.Encoder().encode
_attributes = json.Decoder(dict).decode
_events = json.Decoder(list[tuple[int, str, dict]]).decode  # type: ignore[type-arg] # checked when it came in
_links = json.Decoder(list[tuple[str, str, dict]]).decode  # type: ignore[type-arg] # likewise


def packed(attributes: Attributes) -> bytes | None:
    """Return attributes for a column; None if there are none."""
    if not attributes:
        return None
    try:
        return _encode(attributes)
    except UnicodeEncodeError:
        return _encode(mended(attributes))


def unpacked(column: bytes | None) -> Attributes:
    """Return what `packed` has packed."""
    return _attributes(column) if column else {}


def packed_events(events: list[EventRow]) -> bytes | None:
    """Return events for a column."""
    if not events:
        return None
    try:
        return _encode(events)
    except UnicodeEncodeError:
        return _encode(mended(events))


def unpacked_events(column: bytes | None) -> list[EventRow]:
    """Return what `packed_events` has packed."""
    return [EventRow(*event) for event in _events(column)] if column else []


def packed_links(links: list[LinkRow]) -> bytes | None:
    """Return links for a column."""
    if not links:
        return None
    plain = [(link.trace_id.hex(), link.span_id.hex(), link.attributes) for link in links]
    try:
        return _encode(plain)
    except UnicodeEncodeError:
        return _encode(mended(plain))


def unpacked_links(column: bytes | None) -> list[LinkRow]:
    """Return what `packed_links` has packed."""
    if not column:
        return []
    return [
        LinkRow(bytes.fromhex(trace), bytes.fromhex(span), attributes)
        for trace, span, attributes in _links(column)
    ]
