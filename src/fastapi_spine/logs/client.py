"""Who asked, as little of it as the setting allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Literal

from fastapi_spine.core.asgi import Scope

ClientRule = Literal["network", "full", "off"]

NETWORK_BITS_V4 = 24
NETWORK_BITS_V6 = 48
_REMEMBERED = 1024


def client_reader(rule: ClientRule) -> Callable[[Scope], str | None]:
    """Return the function that reads the client of a connection.

    Args:
        rule: `network` cuts the address to its /24 or /48, which names a neighbourhood and no person; `full`
            keeps it; `off` reads nothing.

    Returns:
        A function from scope to text; None where the server gives no address (a UNIX socket).
    """
    if rule == "off":
        return _nobody
    return _address if rule == "full" else _Networks().read


def _nobody(_scope: Scope) -> str | None:
    return None


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return str(client[0])[:64] if client and client[0] else None


class _Networks:
    """Remembers recent addresses, because parsing one costs more than a whole log line."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def read(self, scope: Scope) -> str | None:
        client = scope.get("client")
        if not client:
            return None
        address = client[0]
        try:
            return self._known[address]
        except KeyError:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            network = self._known[address] = _network(str(address))
            return network


def _network(address: str) -> str | None:
    """Cut an address to its network; what is no address (a test client's name) is nobody's secret."""
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        parsed = mapped
    bits = NETWORK_BITS_V4 if parsed.version == 4 else NETWORK_BITS_V6  # noqa: PLR2004
    return str(ipaddress.ip_network((parsed, bits), strict=False))
