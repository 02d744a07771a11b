"""Who asked, behind proxies that are known: `Forwarded` (RFC 7239) and `X-Forwarded-For`, read from right to left.

Everybody may write these headers. Each proxy appends the address that it was asked by, so the rightmost address that
is none of our proxies is the nearest that somebody trusted has seen; what stands left of it is hearsay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from fastapi_spine.core.exchange import Exchange

_FORWARDED: Final = b"forwarded"
_FOR: Final = b"x-forwarded-for"
_PROTO: Final = b"x-forwarded-proto"
_MOST: Final = 4_096
"""Bytes of such a header that are read; more than a chain of thirty proxies writes."""
_REMEMBERED: Final = 4_096
_LONGEST: Final = 256
"""Bytes of a chain that is remembered; longer ones are read each time, and would make the memory of them large."""
_PAIR: Final = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"\\]{0,255})"|([^\s;,"]{1,255}))\s*')
_PORT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?")
_SCHEMES: Final = {"http": ("http", "ws"), "https": ("https", "wss")}

Hop = tuple[str, str]
"""An address and a scheme, either of them empty where nothing was said."""
_NOTHING: Final[Hop] = ("", "")


class Proxies:
    """Corrects client and scheme of a request before anybody looks at them; the first to hear of an exchange.

    It remembers what it made of a chain: who asks once mostly asks again.

    Args:
        networks: of the proxies that are believed.
    """

    name = "proxies"
    idle = False

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, networks))
        self._known: dict[str, bool] = {}
        self._read: dict[tuple[bytes | None, bytes | None, bytes | None], Hop] = {}

    def begin(self, exchange: Exchange) -> None:
        """Put the caller in the proxy's place, if a known proxy brought the request."""
        scope = exchange.scope
        client = scope.get("client")
        if not client or not self._trusts(str(client[0])):
            return
        address, scheme = self._said(exchange.sent, scope.get("headers") or ())
        if address:
            scope["client"] = (address, 0)
        names = _SCHEMES.get(scheme)
        if names is not None:
            scope["scheme"] = names[exchange.kind == "websocket"]

    def _said(self, sent: Mapping[bytes, bytes], headers: Sequence[tuple[bytes, bytes]]) -> Hop:
        """Return what the headers say of the caller; both empty if that is nothing."""
        if len(sent) != len(headers):  # one came twice, and it may be one of these
            return self._nearest(_hops(headers))
        chain = sent.get(_FORWARDED), sent.get(_FOR), sent.get(_PROTO)
        try:
            return self._read[chain]
        except KeyError:
            found = self._nearest(_hops(headers))
        if sum(len(part) for part in chain if part) <= _LONGEST:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[chain] = found
        return found

    def _nearest(self, hops: Sequence[Hop]) -> Hop:
        """Return the rightmost hop that is no proxy of ours; of proxies only, the leftmost."""
        if not hops:
            return _NOTHING
        chosen = hops[-1]
        for hop in reversed(hops):
            if not _is_address(hop[0]):
                break  # `unknown`, `_hidden`: nothing beyond it can be told apart from a lie
            chosen = hop
            if not self._trusts(hop[0]):
                break
        return chosen if _is_address(chosen[0]) else ("", chosen[1])

    def _trusts(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            known = self._look(address)
            if len(address) <= _LONGEST:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[address] = known
        return known

    def _look(self, address: str) -> bool:
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> list[Hop]:
    """Read the chain, nearest last; `Forwarded` wins over `X-Forwarded-*`."""
    said: dict[bytes, list[str]] = {_FORWARDED: [], _FOR: [], _PROTO: []}
    for name, value in headers:
        if name in said:
            said[name].append(value[-_MOST:].decode("latin-1"))
    if said[_FORWARDED]:
        return [_element(part) for part in ",".join(said[_FORWARDED]).split(",")]
    addresses = ",".join(said[_FOR]).split(",") if said[_FOR] else []
    schemes = ",".join(said[_PROTO]).split(",") if said[_PROTO] else []
    scheme = schemes[-1].strip().lower() if schemes else ""
    if not addresses:
        return [("", scheme)] if scheme else []
    return [(_bare(part), scheme) for part in addresses]


def _element(text: str) -> Hop:
    pairs = {
        match[1].lower(): match[2] or match[3] or ""
        for match in map(_PAIR.fullmatch, text.split(";"))
        if match is not None
    }
    return _bare(pairs.get("for", "")), pairs.get("proto", "").lower()


def _bare(text: str) -> str:
    """Take port and brackets off an address; what is none stays as it is."""
    text = text.strip().strip('"')
    match = _PORT.fullmatch(text)
    return (match[1] or match[2]) if match is not None else text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone says something on one link only, and may be any text
