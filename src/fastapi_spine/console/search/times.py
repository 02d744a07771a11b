"""Since when and until when: moments as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from fastapi_spine.console.filter import Window
from fastapi_spine.console.search.problem import SearchError

_AGO: Final = re.compile(r"([0-9]{1,7})(s|m|h|d|w)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MICROSECONDS: Final = re.compile(r"[0-9]{1,19}")
_NS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = 2**63 - 1
_HINT: Final = "Write 15m, 2h or 7d ago, 2026-01-31T12:00:00Z, or microseconds since the epoch."
AHEAD_NS: Final = 60 * _NS
"""A window that ends now ends this much later: the clocks of senders may be ahead of the console's."""


def window(since: str, until: str, now_ns: int, *, default: str = "1h") -> Window:
    """Read a stretch of time.

    Args:
        since: `15m`, `2h`, `7d` ago, RFC 3339, or microseconds since the epoch; empty for `default`.
        until: likewise; empty for now, and a minute more.
        now_ns: nanoseconds since the epoch.
        default: what an empty `since` means.

    Returns:
        The stretch.

    Raises:
        SearchError: a moment cannot be read, or the stretch ends before it begins; `text` is the moment's.
    """
    end = moment(until, now_ns) if until else now_ns + AHEAD_NS
    start = moment(since or default, now_ns)
    if start >= end:
        message = "The time ends before it begins."
        raise SearchError(
            since, message, 0, len(since), "Write since and until the other way round."
        )
    return Window(start, end)


def until_now(asked: Window, until: str, now_ns: int) -> Window:
    """Return the stretch that rates are over: without an `until` it ends now, not the minute ahead that lists allow for.

    Args:
        asked: as `window` read it.
        until: what it was read from.
        now_ns: nanoseconds since the epoch.
    """
    return asked if until else Window(asked.start, max(now_ns, asked.start + 1))


def moment(text: str, now_ns: int) -> int:
    """Read one moment.

    Returns:
        Nanoseconds since the epoch.

    Raises:
        SearchError: it cannot be read.
    """
    plain = text.strip()
    ago = _AGO.fullmatch(plain)
    if ago:
        return max(now_ns - int(ago[1]) * _SECONDS[ago[2]] * _NS, 0)
    if _MICROSECONDS.fullmatch(plain):
        return min(int(plain) * 1000, _LAST)
    try:
        found = datetime.fromisoformat(plain)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        since = found - _EPOCH
    except (ValueError, OverflowError):
        raise SearchError(text, "This is no moment.", 0, len(text), _HINT) from None
    seconds = since.days * 86_400 + since.seconds
    return min(max(seconds * _NS + since.microseconds * 1000, 0), _LAST)
