"""Moments, durations, rates and sparklines as people read them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_MS: Final = 1_000.0
_SECOND: Final = 1_000_000.0
_MINUTE: Final = 60 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR: Final = 9_999
_STEPS: Final = "▁▂▃▄▅▆▇█"
_NOTHING: Final = " "
_NONE: Final = "-"


def day(at_us: float) -> str:
    """Return the date of a moment, UTC: `2026-11-25`."""
    return f"{_moment(at_us):%Y-%m-%d}"


def clock(at_us: float) -> str:
    """Return the time of day of a moment, UTC, to the millisecond: as it stands in the log."""
    return _moment(at_us).isoformat(timespec="milliseconds")[11:23]


def stamp(at_us: float) -> str:
    """Return a moment as the log's `ts` has it, to the microsecond."""
    return f"{_moment(at_us).isoformat(timespec='microseconds')[:26]}Z"


def ago(at_us: float, now_us: float) -> str:
    """Return how long ago a moment is: `3 min ago`."""
    past = now_us - at_us
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if past >= size * _SECOND:
            return f"{past / (size * _SECOND):.0f} {unit} ago"
    return "just now" if past < 2 * _SECOND else f"{past / _SECOND:.0f} s ago"


def took(duration_us: float | None) -> str:
    """Return a duration: `0.42 ms`, `12.3 ms`, `184 ms`, `1.24 s`, `2 min 05 s`; `-` where there is none."""
    if duration_us is None:
        return _NONE
    if duration_us < _MS:
        return f"{duration_us / _MS:.2f} ms"
    if duration_us < 100 * _MS:
        return f"{duration_us / _MS:.1f} ms"
    if duration_us < 999.5 * _MS:
        return f"{duration_us / _MS:.0f} ms"
    if duration_us < _MINUTE:
        return f"{duration_us / _SECOND:.2f} s"
    return f"{duration_us // _MINUTE:.0f} min {duration_us % _MINUTE / _SECOND:02.0f} s"


def rate(per_second: float) -> str:
    """Return how often something happens: `12.3/s`, below one a second `4.2/min`, below one a minute `7.0/h`."""
    for size, unit in ((1, "s"), (60, "min")):
        if per_second * size >= 1:
            return f"{per_second * size:.1f}/{unit}"
    return f"{per_second * 3_600:.1f}/h"


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent: `0 %`, `0.4 %`, `12 %`; `-` of nothing."""
    if not whole:
        return _NONE
    percent = 100 * part / whole
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"  # noqa: PLR2004 - two digits are enough


def sparkline(counts: Sequence[float | None], width: int) -> str:
    """Draw numbers as a row of blocks.

    Args:
        counts: oldest first; None and nothing are blank.
        width: how many characters at most; neighbours are added up to fit.
    """
    numbers = [value or 0.0 for value in counts]
    if len(numbers) > width:
        size = -(-len(numbers) // width)
        numbers = [sum(numbers[at : at + size]) for at in range(0, len(numbers), size)]
    top = max(numbers, default=0.0)
    return "".join(
        _STEPS[min(int(value / top * len(_STEPS)), len(_STEPS) - 1)] if value > 0 else _NOTHING
        for value in numbers
    )


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 span`, `1,204 spans`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _moment(at_us: float) -> datetime:
    """Return a moment as a date; one that no calendar holds becomes the nearest that it does."""
    try:
        return _EPOCH + timedelta(microseconds=at_us)
    except (OverflowError, ValueError):
        return _EPOCH if at_us < 0 else _EPOCH.replace(year=_LAST_YEAR)
