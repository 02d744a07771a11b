"""Numbers, durations and levels as a search writes them, both ways."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
BETWEEN: Final = ".."
_LARGEST: Final = 1e39
_DURATION: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)")
_UNITS: Final[dict[str, int]] = {
    "h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "µs": 10**3, "ns": 1,
}  # fmt: skip
_WRITTEN: Final = ("s", "ms", "us", "ns")
_LONGEST_NS: Final = 10**18
LEVELS: Final = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
LEVEL_SPELLINGS: Final = {**LEVELS, "warning": 13, "critical": 21}
LEVEL_NAMES: Final[dict[float, str]] = {severity: name for name, severity in LEVELS.items()}


def number(text: str) -> float | None:
    """Read a number; None if it is none or beyond what a float holds."""
    if not NUMBER.fullmatch(text):
        return None
    found = float(text) + 0.0  # -0.0 becomes 0.0
    return found if abs(found) < _LARGEST else None


def written_number(value: float) -> str:
    """Write a number so that `number` reads the same: no exponent, no needless point."""
    return format(Decimal(repr(value)).normalize(), "f") if value else "0"


def duration(text: str) -> float | None:
    """Read a duration with its unit as whole nanoseconds; None if it is none, or longer than 31 years."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    nanoseconds = Decimal(found[1]) * _UNITS[found[2]]
    return float(int(nanoseconds)) if nanoseconds <= _LONGEST_NS else None


def written_duration(nanoseconds: float) -> str:
    """Write whole nanoseconds in the largest unit, up to seconds, that needs at most three decimals."""
    for unit in _WRITTEN:
        value = Decimal(int(nanoseconds)) / _UNITS[unit]
        if value >= 1 and value == round(value, 3):
            return f"{value.normalize():f}{unit}"
    return f"{int(nanoseconds)}ns"


def level(text: str) -> int | None:
    """Read a level's name as the lowest severity that has it; None if it is none."""
    return LEVEL_SPELLINGS.get(text.lower())
