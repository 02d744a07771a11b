"""Numbers as text: timestamps (RFC 3339, UTC, microseconds) and milliseconds.

Put together from a table of a thousand strings. Formatting a float or filling up with zeros is quick by itself, but runs a lot
of code that nothing else in a request needs, and a request is bound by the code that has to come from further away.
"""

from __future__ import annotations

import time
from typing import Final

_SECOND_NS: Final = 1_000_000_000
_THREE: Final = tuple(f"{number:03d}" for number in range(1_000))
_FRACTION: Final = tuple(repr(number / 1_000)[1:] for number in range(1_000))


class Stamp:
    """Formats nanoseconds since the epoch; the part down to seconds is kept until it changes.

    The pair of second and text is replaced as one object, so that threads never see half of it.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = (-1, "")

    def text(self, at_ns: int) -> str:
        """Return for example `2026-11-23T09:14:03.120457Z`."""
        second = at_ns // _SECOND_NS
        known, text = self._last
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._last = (second, text)
        micros = at_ns % _SECOND_NS // 1_000
        return f"{text}{_THREE[micros // 1_000]}{_THREE[micros % 1_000]}Z"


def milliseconds(span_ns: int) -> str:
    """Return a span of time as a float of milliseconds is written, to the microsecond: `12.3`, `0.047`, `5.0`."""
    micros = span_ns // 1_000
    return f"{micros // 1_000}{_FRACTION[micros % 1_000]}"
