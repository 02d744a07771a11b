"""Kinds of single values: switches, choices, levels, durations, sizes, counts, the output."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from fastapi_spine.settings.kind import Kind, Malformed, quoted

Choice = TypeVar("Choice", bound=str)

_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})

_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_LEVEL_ALIASES: Final = {"WARN": 30, "FATAL": 50}
_HIGHEST_LEVEL: Final = 1000

_NUMBER: Final = r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)"
_DURATION: Final = _NUMBER + r" ?(ms|s|m|h|d)?"
_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_MS_PER_SECOND: Final = 1000
_MOST_SECONDS: Final = 1e300
_MOST_WHOLE: Final = 1e15  # below it every whole float is exact and prints without an exponent

_SIZE: Final = r"([0-9]{1,30}(?:\.[0-9]{1,30})?) ?(b|kb|mb|gb|kib|mib|gib)?"
_BYTES: Final[dict[str, int]] = {
    "gib": 1024**3, "mib": 1024**2, "kib": 1024,
    "gb": 1000**3, "mb": 1000**2, "kb": 1000,
    "b": 1,
}  # fmt: skip
_SHOWN_UNITS: Final = ("GiB", "MiB", "KiB")

_DIGITS: Final = r"[0-9]{1,18}"
_MOST: Final = 10**18

_LONGEST_NAME: Final = 255


def word(text: str) -> bool:
    """Read a switch as people write it in an environment variable.

    Args:
        text: `true`, `1`, `yes`, `on`, `false`, `0`, `no` or `off`, in any case.

    Returns:
        The switch.

    Raises:
        Malformed: The text is none of these.
    """
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise Malformed


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Malformed


BOOLEAN: Final[Kind[bool]] = Kind(
    expected="true or false (in a variable also 1, 0, yes, no, on, off)",
    parse=_boolean,
    text=word,
)


def one_of(*names: Choice) -> Kind[Choice]:
    """Make the kind of a choice between fixed words, read in any case.

    Args:
        names: The words, in lower case.

    Returns:
        The kind.
    """
    by_text: dict[str, Choice] = {name: name for name in names}

    def parse(value: object) -> Choice:
        found = by_text.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            raise Malformed
        return found

    *first, last = (quoted(name) for name in names)
    return Kind(expected=f"{', '.join(first)} or {last}", parse=parse)


def _service_name(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Malformed
    name = value.strip()
    if not name:
        raise Malformed("it is empty")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise Malformed(f"it is longer than {_LONGEST_NAME} characters or holds control characters")
    return name


def _show_service_name(value: str | None) -> str:
    return "not set" if value is None else quoted(value)


SERVICE_NAME: Final[Kind[str | None]] = Kind(
    expected=f"a name of at most {_LONGEST_NAME} printable characters",
    parse=_service_name,
    show=_show_service_name,
)


def _level(value: object) -> int:
    if isinstance(value, str):
        text = value.strip().upper()
        if text in _LEVELS:
            return _LEVELS[text]
        if text in _LEVEL_ALIASES:
            return _LEVEL_ALIASES[text]
        value = (
            int(text) if text.isascii() and text.isdigit() and len(text) < len("10000") else None
        )
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _HIGHEST_LEVEL:
        return value
    raise Malformed


def _show_level(value: int) -> str:
    return next((quoted(name) for name, number in _LEVELS.items() if number == value), str(value))


LEVEL: Final[Kind[int]] = Kind(
    expected='"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" or a level number from 0 to 1000',
    parse=_level,
    show=_show_level,
)


def _number_of_seconds(value: object) -> float:
    if isinstance(value, bool):
        raise Malformed
    if isinstance(value, int | float):
        # A huge int does not fit a float; the comparison is exact and never overflows.
        return float(value) if 0 <= value < _MOST_SECONDS else math.nan
    match = re.fullmatch(_DURATION, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise Malformed
    number, unit = float(match[1]), match[2] or "s"
    # Division keeps "200ms" the same float as 0.2; a factor of 0.001 would not.
    return number / _MS_PER_SECOND if unit == "ms" else number * _SECONDS[unit]


def _duration(value: object) -> float:
    seconds = _number_of_seconds(value)
    if not math.isfinite(seconds):
        raise Malformed("it is negative or not finite")
    return seconds


def _duration_or_off(value: object) -> float:
    if isinstance(value, str) and value.strip().lower() == "off":
        return math.inf
    if isinstance(value, float) and value == math.inf:
        return value
    return _duration(value)


def _show_duration(value: float) -> str:
    if value == math.inf:
        return quoted("off")
    for unit, seconds in _SECONDS.items():
        if value >= seconds and value % seconds == 0 and value < _MOST_WHOLE:
            return quoted(f"{int(value / seconds)}{unit}")
    milliseconds = round(value * _MS_PER_SECOND) if value < 1 else 0
    if milliseconds / _MS_PER_SECOND == value:
        return quoted(f"{milliseconds}ms")
    return quoted(f"{value!r}s")


DURATION: Final[Kind[float]] = Kind(
    expected='a duration such as "200ms", "1.5s" or "2m", or a number of seconds',
    parse=_duration,
    show=_show_duration,
)
DURATION_OR_OFF: Final[Kind[float]] = Kind(
    expected='a duration such as "200ms", "1.5s" or "2m", a number of seconds, or "off"',
    parse=_duration_or_off,
    show=_show_duration,
)
"""Like DURATION; "off" is an infinite one, which no measured time ever exceeds."""


def _number_of_bytes(value: object) -> int:
    if isinstance(value, bool):
        raise Malformed
    if isinstance(value, int):
        return value
    match = re.fullmatch(_SIZE, value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise Malformed
    unit = _BYTES[match[2] or "b"]
    whole, _, fraction = match[1].partition(".")
    # Integers all the way: a float would lose bytes above 2**53.
    scale = int("1" + "0" * len(fraction))
    size, rest = divmod(int(whole + fraction) * unit, scale)
    if rest:
        raise Malformed("it is not a whole number of bytes")
    return size


def _show_size(value: int) -> str:
    for unit in _SHOWN_UNITS:
        size = _BYTES[unit.lower()]
        if value and value % size == 0:
            return quoted(f"{value // size}{unit}")
    return str(value)


def size(*, at_least: int = 1) -> Kind[int]:
    """Make the kind of a number of bytes.

    Args:
        at_least: The smallest size that makes sense, in bytes.

    Returns:
        The kind; KiB, MiB and GiB are powers of 1024, kB, MB and GB powers of 1000.
    """

    def parse(value: object) -> int:
        parsed = _number_of_bytes(value)
        if not at_least <= parsed <= _MOST:
            raise Malformed(f"it is less than {at_least} bytes or more than any machine has")
        return parsed

    return Kind(
        expected='a size such as "64KiB" or "8MB", or a number of bytes',
        parse=parse,
        show=_show_size,
    )


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST:
        return value
    raise Malformed


def _count_text(text: str) -> object:
    stripped = text.strip()
    return int(stripped) if re.fullmatch(_DIGITS, stripped) else text


COUNT: Final[Kind[int]] = Kind(expected="a whole number, 1 or more", parse=_count, text=_count_text)

Output = Literal["stdout", "stderr"] | Callable[[bytes], object]

_STREAMS: Final[Kind[Literal["stdout", "stderr"]]] = one_of("stdout", "stderr")


def _output(value: object) -> Output:
    if callable(value):
        given: Output = value
        return given
    return _STREAMS.parse(value)


def _show_output(value: Output) -> str:
    if isinstance(value, str):
        return quoted(value)
    name = getattr(value, "__qualname__", type(value).__qualname__)
    return f"the callable {name}"


OUTPUT: Final[Kind[Output]] = Kind(
    expected=f"{_STREAMS.expected}, or as a keyword a callable that takes the bytes of whole lines",
    parse=_output,
    show=_show_output,
)


def _folder(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Malformed
    return value.strip()


FOLDER: Final[Kind[str]] = Kind(expected="a path, or nothing for the usual place", parse=_folder)
