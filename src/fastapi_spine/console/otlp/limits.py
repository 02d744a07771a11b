"""How much of a body is taken. Every limit holds before memory is spent on what lies beyond it."""

from __future__ import annotations

from typing import Final, NamedTuple

_MIB: Final = 1 << 20


class Limits(NamedTuple):
    """The limits of one body.

    Attributes:
        wire: bytes as they come. 20 MiB is what the OpenTelemetry Collector takes unless told otherwise, so whatever
            was made to be sent to one can be sent here; a batch of 512 uncompressed log lines of 32 KiB needs 16.
        inflated: bytes after decompression, over all members of a gzip stream.
        items: resources, scopes, spans, events, links, log records, metrics and points together.
        attributes_each: attributes of one item (OpenTelemetry's SDKs keep 128).
        values: attributes, list elements and unknown fields of a whole body.
        buckets: of one histogram point.
        depth: how deep lists and maps lie in each other.
        key: characters of an attribute's name, of a span's or a service.
        text: characters of a value. A stack of 16 KiB, the longest that our own layer sends, stays whole.
        json_objects: opening braces of a JSON body, counted before it is parsed.
        json_commas: commas of a JSON body, likewise.
    """

    wire: int = 20 * _MIB
    inflated: int = 20 * _MIB
    items: int = 50_000
    attributes_each: int = 128
    values: int = 600_000
    buckets: int = 1000
    depth: int = 32
    key: int = 256
    text: int = 32 * 1024
    json_objects: int = 600_000
    json_commas: int = 1_500_000


DEFAULT_LIMITS: Final = Limits()


def cut(text: str, limit: int) -> str:
    """Shorten a text that is too long; its end says so and by how many characters, as log lines' texts do."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}…[TRUNCATED:{len(text) - limit}]"
