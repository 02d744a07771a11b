"""Kinds of values that the guard room needs: origins, host patterns, rates, header values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fastapi_spine.settings.complaint import clipped
from fastapi_spine.settings.kind import Kind, Malformed, quoted
from fastapi_spine.settings.lists import TEXTS
from fastapi_spine.settings.parse import COUNT, word

_ORIGIN: Final = r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?"
_HOST: Final = r"\*|(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]"
_HEADER: Final = r"[a-z0-9-]{1,64}"
_VALUE: Final = r"[\x20-\x7e]{0,4096}"
_RATE: Final = r"([1-9][0-9]{0,8})\s*(?:/|per)\s*([1-9][0-9]{0,4})?\s*([a-z]+?)s?"
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_STORE: Final = r"(?:async\+)?rediss?(?:\+[a-z]+)?://[!-~]+"
_PARTS: Final = r"[,;|]"
_WIDEST: Final = 32
_NARROWEST: Final = 64


class Rate(NamedTuple):
    """How many requests are allowed in how long.

    Attributes:
        amount: requests.
        seconds: the window's length.
    """

    amount: int
    seconds: int


def _listed(value: object) -> tuple[str, ...]:
    return TEXTS.parse([value] if isinstance(value, str) else value)


def _origins(value: object) -> tuple[str, ...]:
    found = []
    for text in _listed(value):
        origin = text.strip().lower()
        if origin != "*" and not re.fullmatch(_ORIGIN, origin):
            raise Malformed(f"{clipped(text)} is no origin: scheme, host and port, without a path")
        found.append(origin)
    return tuple(found)


ORIGINS: Final[Kind[tuple[str, ...]]] = Kind(
    expected='a list of origins such as "https://shop.example", or "*" (in a variable separated by commas)',
    parse=_origins,
    text=TEXTS.text,
)


def _hosts(value: object) -> tuple[str, ...]:
    found = []
    for text in _listed(value):
        host = text.strip().lower().rstrip(".")
        if not re.fullmatch(_HOST, host):
            raise Malformed(f"{clipped(text)} is no host: a name without port, or *.name")
        found.append(host)
    return tuple(found)


HOSTS: Final[Kind[tuple[str, ...]]] = Kind(
    expected='a list of host names such as "api.shop.example" or "*.shop.example" (in a variable separated by commas)',
    parse=_hosts,
    text=TEXTS.text,
)


def read_rate(text: object) -> Rate:
    """Read a rate such as `100/minute` or `5 per 10 seconds`.

    Raises:
        Malformed: it is none.
    """
    match = re.fullmatch(_RATE, text.strip().lower()) if isinstance(text, str) else None
    if match is None or match[3] not in _UNITS:
        raise Malformed(f'{clipped(text)} is no rate such as "100/minute"')
    return Rate(int(match[1]), int(match[2] or 1) * _UNITS[match[3]])


def _rates(value: object) -> tuple[Rate, ...]:
    if isinstance(value, str):
        value = [part for part in re.split(_PARTS, value) if part.strip()]
    if not isinstance(value, list | tuple):
        raise Malformed
    return tuple(one if isinstance(one, Rate) else read_rate(one) for one in value)


def shown_rate(rate: Rate) -> str:
    """Write a rate as `read_rate` reads it."""
    unit, length = max(
        ((name, size) for name, size in _UNITS.items() if rate.seconds % size == 0),
        key=lambda pair: pair[1],
    )
    many = rate.seconds // length
    return f"{rate.amount}/{unit}" if many == 1 else f"{rate.amount}/{many} {unit}s"


RATES: Final[Kind[tuple[Rate, ...]]] = Kind(
    expected='a rate such as "100/minute", or several (in a variable separated by commas)',
    parse=_rates,
    show=lambda rates: quoted([shown_rate(rate) for rate in rates]),
)


def _path_rates(value: object) -> Mapping[str, tuple[Rate, ...]]:
    if not isinstance(value, Mapping):
        raise Malformed
    found: dict[str, tuple[Rate, ...]] = {}
    for path, rates in value.items():
        if not isinstance(path, str) or not path.startswith(("/", "*")):
            raise Malformed(f"{clipped(path)} starts with neither / nor *")
        found[path] = _rates(rates)
    return MappingProxyType(found)


def _show_path_rates(value: Mapping[str, tuple[Rate, ...]]) -> str:
    pairs = ", ".join(f"{quoted(path)} = {RATES.show(rates)}" for path, rates in value.items())
    return f"{{ {pairs} }}" if pairs else "{}"


PATH_RATES: Final[Kind[Mapping[str, tuple[Rate, ...]]]] = Kind(
    expected='a table from path, such as "/login", to a rate such as "5/minute"',
    parse=_path_rates,
    show=_show_path_rates,
    text=None,
)


def _path_costs(value: object) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        raise Malformed
    for path, cost in value.items():
        if not isinstance(path, str) or not path.startswith(("/", "*")):
            raise Malformed(f"{clipped(path)} starts with neither / nor *")
        if not isinstance(cost, int) or isinstance(cost, bool) or cost < 0:
            raise Malformed(f"{clipped(path)}: a cost is a whole number, 0 or more")
    return MappingProxyType(dict(value))


PATH_COSTS: Final[Kind[Mapping[str, int]]] = Kind(
    expected='a table from path, such as "/reports/*", to how many requests one counts for',
    parse=_path_costs,
    show=lambda value: (
        f"{{ {', '.join(f'{quoted(path)} = {cost}' for path, cost in value.items())} }}"
        if value
        else "{}"
    ),
    text=None,
)


def _header_values(value: object) -> Mapping[str, str]:
    if isinstance(value, bool):
        return MappingProxyType({} if value else {"*": "off"})
    if not isinstance(value, Mapping):
        raise Malformed
    found: dict[str, str] = {}
    for name, text in value.items():
        lower = name.lower() if isinstance(name, str) else ""
        if not (re.fullmatch(_HEADER, lower) or lower == "*"):
            raise Malformed(f"{clipped(name)} is no header's name")
        if not isinstance(text, str) or not re.fullmatch(_VALUE, text):
            raise Malformed(f"the value of {clipped(name)} is no printable ASCII text")
        found[lower] = text
    return MappingProxyType(found)


HEADER_VALUES: Final[Kind[Mapping[str, str]]] = Kind(
    expected='true, false, or a table from header to value; "off" leaves one out',
    parse=_header_values,
    show=lambda value: (
        f"{{ {', '.join(f'{quoted(name)} = {quoted(text)}' for name, text in value.items())} }}"
        if value
        else "true"
    ),
    text=word,
)


def _rate_key(value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    if text == "client" or (text.startswith("header:") and re.fullmatch(_HEADER, text[7:])):
        return text
    raise Malformed


RATE_KEY: Final[Kind[str]] = Kind(
    expected='"client" for the address, or "header:x-api-key" for a header\'s value',
    parse=_rate_key,
)


def _ipv6_bits(value: object) -> int:
    bits = COUNT.parse(value)
    if not _WIDEST <= bits <= _NARROWEST:
        raise Malformed
    return bits


IPV6_BITS: Final[Kind[int]] = Kind(
    expected="the length of a network's prefix, from 32 to 64", parse=_ipv6_bits, text=COUNT.text
)


def _store(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if value == "" or re.fullmatch(_STORE, text):
        return text
    raise Malformed


STORE: Final[Kind[str]] = Kind(
    expected='the address of a Redis such as "redis://cache:6379/0", or "" for this process\'s memory',
    parse=_store,
)
