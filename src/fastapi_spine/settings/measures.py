"""Kinds of values that the metrics room needs: buckets, networks, a page's path, a port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from itertools import pairwise
from math import inf, isfinite
from types import MappingProxyType
from typing import Final

from fastapi_spine.settings.complaint import clipped
from fastapi_spine.settings.kind import Kind, Malformed, quoted
from fastapi_spine.settings.lists import TEXTS

_MOST_BUCKETS: Final = 100
_LAST_PORT: Final = 65535
_SHORTEST_TOKEN: Final = 16
_OFF: Final = "off"

Bounds = tuple[float, ...]


def _buckets(value: object) -> Bounds:
    if not isinstance(value, list | tuple) or not value or len(value) > _MOST_BUCKETS:
        raise Malformed(f"it is no list of 1 to {_MOST_BUCKETS} numbers")
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        raise Malformed("an entry is not a number")
    try:
        bounds = tuple(float(one) for one in value)
    except OverflowError:  # a whole number that no float holds
        bounds = (inf,)
    if not all(isfinite(one) and one > 0 for one in bounds):
        raise Malformed("a bound is not a positive finite number; infinity is added by itself")
    if any(lower >= upper for lower, upper in pairwise(bounds)):
        raise Malformed("the bounds do not ascend")
    return bounds


def _buckets_text(text: str) -> object:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise Malformed("an entry is not a number") from None


def _show_buckets(value: Bounds) -> str:
    return f"[{', '.join(f'{one:g}' for one in value)}]"


BUCKETS: Final[Kind[Bounds]] = Kind(
    expected="a list of ascending positive numbers (in a variable separated by commas)",
    parse=_buckets,
    show=_show_buckets,
    text=_buckets_text,
)


def _path_buckets(value: object) -> Mapping[str, Bounds]:
    if not isinstance(value, Mapping):
        raise Malformed
    found: dict[str, Bounds] = {}
    for path, bounds in value.items():
        if not isinstance(path, str) or not path.startswith(("/", "*")):
            raise Malformed(f"{clipped(path)} starts with neither / nor *")
        try:
            found[path] = _buckets(bounds)
        except Malformed as error:
            raise Malformed(f"{clipped(path)}: {error}") from None
    return MappingProxyType(found)


def _show_path_buckets(value: Mapping[str, Bounds]) -> str:
    pairs = ", ".join(f"{quoted(path)} = {_show_buckets(one)}" for path, one in value.items())
    return f"{{ {pairs} }}" if pairs else "{}"


PATH_BUCKETS: Final[Kind[Mapping[str, Bounds]]] = Kind(
    expected='a table from route, such as "/reports/*", to a list of ascending positive numbers',
    parse=_path_buckets,
    show=_show_path_buckets,
    text=None,
)


def _page_path(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if text.lower() == _OFF or value == "":
        return ""
    if not re.fullmatch(r"(?:/[A-Za-z0-9._~-]+){1,8}", text):
        raise Malformed("a path begins with / and holds letters, digits, dots, dashes, _ and ~")
    return text


def _show_page_path(value: str) -> str:
    return quoted(value or _OFF)


PAGE_PATH: Final[Kind[str]] = Kind(
    expected='a path such as "/metrics", or "off"', parse=_page_path, show=_show_page_path
)


def _token(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed
    token = value.strip()
    if token and (len(token) < _SHORTEST_TOKEN or not re.fullmatch(r"[!-~]+", token)):
        raise Malformed(f"it is shorter than {_SHORTEST_TOKEN} characters or not printable ASCII")
    return token


TOKEN: Final[Kind[str]] = Kind(
    expected=f"at least {_SHORTEST_TOKEN} printable characters without blanks", parse=_token
)


def _networks(value: object) -> tuple[str, ...]:
    found = []
    for text in TEXTS.parse(value):
        try:
            found.append(str(ip_network(text.strip())))
        except ValueError as error:
            raise Malformed(f"{clipped(text)}: {error}") from None
    return tuple(found)


NETWORKS: Final[Kind[tuple[str, ...]]] = Kind(
    expected='a list of networks such as "10.0.0.0/8" (in a variable separated by commas)',
    parse=_networks,
    text=TEXTS.text,
)


def _share(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise Malformed


def _share_text(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


SHARE: Final[Kind[float]] = Kind(
    expected="a share from 0 to 1", parse=_share, show=lambda value: f"{value:g}", text=_share_text
)


def _port(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_PORT:
        return value
    raise Malformed


def _port_text(text: str) -> object:
    stripped = text.strip()
    return int(stripped) if re.fullmatch(r"[0-9]{1,5}", stripped) else text


PORT: Final[Kind[int]] = Kind(
    expected=f"a port from 0 to {_LAST_PORT}", parse=_port, text=_port_text
)


def _host(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Za-z0-9.:%_-]{1,255}", text):
        raise Malformed
    return text


HOST: Final[Kind[str]] = Kind(expected="an address or host name", parse=_host)


def _address(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if value != "" and not re.fullmatch(r"https?://[!-~]{1,2000}", text):
        raise Malformed
    return text


ADDRESS: Final[Kind[str]] = Kind(expected="an http:// or https:// address", parse=_address)


def _group_name(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise Malformed
    return text


GROUP_NAME: Final[Kind[str]] = Kind(
    expected='"auto", "off", or a name of letters, digits, dots, dashes and _', parse=_group_name
)
