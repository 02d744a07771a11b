"""Who asked, as little of it as the setting allows: for the access line and the span alike."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, Literal

from fastapi_spine.core.exchange import Exchange

ClientRule = Literal["network", "full", "off"]

NETWORK_BITS_V4: Final = 24
NETWORK_BITS_V6: Final = 48
LONGEST: Final = 64
"""Characters of an address that is kept whole."""
_REMEMBERED: Final = 1_024


class Clients:
    """Reads the client of a connection.

    What was read is kept with the request, so that whoever asks next has it for nothing. Recent addresses are remembered,
    because parsing one costs more than a whole log line.

    Args:
        rule: `network` cuts the address to its /24 or /48, which names a neighbourhood and no person; `full` keeps it;
            `off` reads nothing.
    """

    __slots__ = ("_known", "_shown")

    def __init__(self, rule: ClientRule) -> None:
        self._shown = _RULES[rule]
        self._known: dict[str, str] = {}

    def of(self, exchange: Exchange) -> str:
        """Return the client as it may be written; empty where the server gives no address (a UNIX socket)."""
        shown = exchange.shown_client
        if shown is None:
            client = exchange.scope.get("client")
            address = client[0] if client else ""
            shown = self._known.get(address)
            if shown is None:
                shown = self._read(address)
            exchange.shown_client = shown
        return shown

    def _read(self, address: str) -> str:
        shown = self._shown(str(address)) if address else ""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if len(shown) < LONGEST:  # behind a proxy a stranger may choose it, of any length
            self._known[address] = shown
        return shown


def _nothing(_address: str) -> str:
    return ""


def _whole(address: str) -> str:
    return address[:LONGEST]


def _network(address: str) -> str:
    """Cut an address to its network; what is no address (a test client's name) is nobody's secret."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST]
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        parsed = mapped
    bits = NETWORK_BITS_V4 if parsed.version == 4 else NETWORK_BITS_V6  # noqa: PLR2004
    return str(ipaddress.ip_network((parsed, bits), strict=False))


_RULES: Final[dict[ClientRule, Callable[[str], str]]] = {
    "network": _network,
    "full": _whole,
    "off": _nothing,
}
