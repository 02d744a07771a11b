"""Server-sent events of a console's live tails, as bytes come in (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_LONGEST: Final = 64 << 20
"""Bytes of a line: an event holds at most 200 rows."""


class Event(NamedTuple):
    """One event.

    Attributes:
        name: what it is.
        data: JSON.
        cursor: where to go on after it; empty if it does not say.
    """

    name: str
    data: bytes
    cursor: str


class StreamError(Exception):
    """What comes is no stream of events."""


def events(readline: Callable[[int], bytes]) -> Iterator[Event]:
    """Yield events until the stream ends; one that is cut off is left out.

    Args:
        readline: returns the next line with its end, at most so many bytes; nothing at the end of the stream.

    Raises:
        StreamError: a line is longer than any of ours.
    """
    fields: dict[bytes, bytes] = {}
    while line := readline(_LONGEST):
        if not line.endswith(b"\n"):
            if len(line) >= _LONGEST:
                raise StreamError("an event that is longer than any")
            return
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        if name:
            fields[name] = value.removeprefix(b" ")
        elif not value and fields:
            if b"data" in fields:
                cursor = fields.get(b"id", b"").decode("utf-8", "replace")
                yield Event(
                    fields.get(b"event", b"").decode("utf-8", "replace"), fields[b"data"], cursor
                )
            fields = {}
