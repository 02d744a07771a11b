"""Every key of the search language, with its sentence and its examples: one table for reading, hints and the page."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import KEY_REQUEST_ID, KEY_TRACE_ID


class Kind(StrEnum):
    """How what follows a key is read."""

    TEXT = "text"
    STATUS = "status"
    LONGER = "longer"
    SHORTER = "shorter"
    DURATION = "duration"
    LEVEL = "level"
    SEVERITY = "severity"
    YES_NO = "yes_no"
    REQUEST_ID = "one request"
    TRACE_ID = "one trace"


class Key(NamedTuple):
    """One key.

    Attributes:
        name: as it is written.
        kind: how its value is read.
        sentence: what it finds.
        examples: searches that work.
        also: other spellings; they are written back as `name`.
    """

    name: str
    kind: Kind
    sentence: str
    examples: tuple[str, ...]
    also: tuple[str, ...] = ()


KEYS: Final = (
    Key("service", Kind.TEXT, "Who sent it: `service.name`.", ("service:orders", "service:orders,stock")),
    Key("route", Kind.TEXT, "The route's template.", ("route:/orders/{order_id}", "route:/orders*")),
    Key("method", Kind.TEXT, "The HTTP method, in any case; WS for a WebSocket.", ("method:POST", "-method:get,head", "method:ws")),
    Key("path", Kind.TEXT, "The path that was asked for.", ("path:/orders/7", "path:/static/*")),
    Key(
        "status",
        Kind.STATUS,
        "The HTTP status: a code, a class, several of them, or a comparison.",
        ("status:404", "status:5xx", "status:404,5xx", "status>=500", "-status:2xx", "status:400..404"),
    ),
    Key("failed", Kind.YES_NO, "Requests with 5xx, an exception or a span in error; lines of level ERROR and worse.", ("failed:yes", "failed:no")),
    Key("slower", Kind.LONGER, "Requests that took this long or longer.", ("slower:300ms", "slower:1.5s")),
    Key("faster", Kind.SHORTER, "Requests that took this long or less.", ("faster:1s",)),
    Key("duration", Kind.DURATION, "The same as comparisons, or from … to.", ("duration>=300ms", "duration:100ms..1s")),
    Key("level", Kind.LEVEL, "Lines of this level or worse: trace, debug, info, warn, error, fatal.", ("level:warn", "-level:info")),
    Key("severity", Kind.SEVERITY, "The level as OpenTelemetry's number, 1 to 24.", ("severity>=13", "severity:9..12")),
    Key("error", Kind.TEXT, "The type of the exception or error.", ("error:KeyError", "error:sqlalchemy.*", "error:*")),
    Key("outcome", Kind.TEXT, "How it ended, where the status does not say it.", ("outcome:disconnected,cancelled",)),
    Key("logger", Kind.TEXT, "The logger that wrote a line.", ("logger:shop.payment*",)),
    Key("name", Kind.TEXT, "The span's name.", ("name:checkout",)),
    Key("id", Kind.REQUEST_ID, "One request, by its id. A pasted UUID needs no key.", ("id:0197f3c2-5b7e-7d90-8a4e-3f1b2c4d5e6f", "0197f3c2-5b7e-7d90-8a4e-3f1b2c4d5e6f"), (KEY_REQUEST_ID,)),
    Key("trace", Kind.TRACE_ID, "One trace, by its id. 32 pasted hex digits need no key.", ("trace:0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"), (KEY_TRACE_ID,)),
)  # fmt: skip

BY_NAME: Final = {name: key for key in KEYS for name in (key.name, *key.also)}

_SHORT: Final = 4
"""Keys this short are taken for a mistake only if two letters changed places: `game` is no `name`."""


def nearest(name: str) -> str:
    """Return the key that a name most likely was meant to be: one slip away; empty if none is.

    One slip is a letter too many, too few, wrong, or two that changed places (optimal string alignment of 1).
    Attributes are keys too, so more distant names are taken at their word.
    """
    lowered = name.lower()
    if lowered in BY_NAME:
        return BY_NAME[lowered].name
    for known in BY_NAME:
        if len(known) < _SHORT:
            continue
        if _swapped(lowered, known) or (len(known) > _SHORT and _one_slip(lowered, known)):
            return BY_NAME[known].name
    return ""


def _swapped(first: str, second: str) -> bool:
    if len(first) != len(second):
        return False
    differs = [
        place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]
    ]
    if len(differs) != 2 or differs[1] != differs[0] + 1:  # noqa: PLR2004 - two letters
        return False
    left, right = differs
    return first[left] == second[right] and first[right] == second[left]


def _one_slip(first: str, second: str) -> bool:
    short, long = sorted((first, second), key=len)
    if len(long) - len(short) > 1:
        return False
    place = next((at for at, one in enumerate(short) if one != long[at]), len(short))
    same_length = len(short) == len(long)
    return short[place + same_length :] == long[place + 1 :]
