"""Timestamps as text: RFC 3339, UTC, microseconds."""

from __future__ import annotations

import time


class Stamp:
    """Formats nanoseconds since the epoch; the part down to seconds is kept until it changes.

    The pair of second and text is replaced as one object, so that threads never see half of it.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = (-1, "")

    def __call__(self, at_ns: int) -> str:
        """Return for example `2026-11-23T09:14:03.120457Z`."""
        second, rest = divmod(at_ns, 1_000_000_000)
        known, text = self._last
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._last = (second, text)
        return f"{text}{rest // 1000:06d}Z"
