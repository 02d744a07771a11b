"""What the vendors' schemas have in common."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.conventions import (
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_EXC,
    KEY_EXTRA_PREFIX,
)

Line = dict[str, object]

_MOST_MS: Final = 1e12
"""31 years: its nanoseconds still fit 64 bits."""


def take_exception(rest: Line) -> Line:
    """Take the exception out; one that is no object of ours stays where it is."""
    exc = rest.get(KEY_EXC)
    if not isinstance(exc, dict) or not exc.keys() <= {EXC_TYPE, EXC_MESSAGE, EXC_STACK}:
        return {}
    return dict(rest.pop(KEY_EXC))  # type: ignore[call-overload, no-any-return]


def without_nulls(line: Line) -> Line:
    """Leave out the keys that have nothing to say; for a vendor, absent means the same."""
    return {key: value for key, value in line.items() if value is not None}


def with_rest(shaped: Line, rest: Line, is_special: Callable[[str], bool]) -> Line:
    """Add the other fields under their names, or under `extra.<name>` if the name is the vendor's."""
    for name, value in rest.items():
        key = KEY_EXTRA_PREFIX + name if is_special(name) else name
        while key in shaped or (key != name and key in rest):
            key = KEY_EXTRA_PREFIX + key
        shaped[key] = value
    return shaped


def is_address(client: object) -> bool:
    """Tell a whole IP address from a network, a host name or a socket's path."""
    if not isinstance(client, str) or "/" in client:
        return False
    try:
        ipaddress.ip_address(client)
    except ValueError:
        return False
    return True


def nanoseconds(milliseconds: object) -> object:
    """Return a duration as vendors count it; what cannot be one stays as it is."""
    if isinstance(milliseconds, (int, float)) and abs(milliseconds) < _MOST_MS:
        return round(milliseconds * 1_000_000)
    return milliseconds
