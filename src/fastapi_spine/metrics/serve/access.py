"""Who may read the page on the application itself.

Behind a proxy on the same machine every stranger comes from a loopback address. So an address counts only when
nothing says that somebody stands in between: no forwarding header, no HTTP/1.0 and no `Connection: close` (what
nginx says to an upstream unless told otherwise), and a `Host` that names this machine, which also keeps out pages in a browser that had their
own name point here (DNS rebinding). A proxy that hides all of this cannot be seen: there the page belongs on its own
port, or behind a token.
"""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from typing import Final

from fastapi_spine.core.asgi import Scope

_FORWARDED: Final = (b"forwarded", b"via", b"x-real-ip")
_FORWARDED_PREFIX: Final = b"x-forwarded-"
_LOCAL_NAME: Final = "localhost"
_KEPT_OPEN: Final = b"keep-alive"
_BEARER: Final = b"bearer "


class Access:
    """Decides.

    Args:
        token: whoever sends it may read, from anywhere; empty for none.
        allow: networks whose direct peers may read.
    """

    def __init__(self, token: str, allow: Iterable[str]) -> None:
        self._token = token.encode()
        self._networks = tuple(ip_network(one) for one in allow)

    def admits(self, scope: Scope) -> bool:
        """Say whether this request may see the page."""
        headers = [(name.lower(), value) for name, value in scope.get("headers") or ()]
        return self.knows_token(headers) or self._is_direct(scope, headers)

    def knows_token(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Say whether the token came along; compared in constant time."""
        sent = [value for name, value in headers if name == b"authorization"]
        if not self._token or len(sent) != 1 or sent[0][: len(_BEARER)].lower() != _BEARER:
            return False
        return compare_digest(sent[0][len(_BEARER) :].strip(), self._token)

    def _is_direct(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> bool:
        client = scope.get("client")
        if not client or scope.get("http_version") == "1.0":
            return False
        if any(_speaks_of_a_proxy(name, value) for name, value in headers):
            return False
        try:
            peer = ip_address(str(client[0]).partition("%")[0])
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        if any(peer.version == network.version and peer in network for network in self._networks):
            return True
        return peer.is_loopback and all(
            _names_this_machine(value) for name, value in headers if name == b"host"
        )


def _speaks_of_a_proxy(name: bytes, value: bytes) -> bool:
    """Tell a header that a proxy adds; `Connection: close` is what nginx sends to an upstream, and no scraper."""
    if name == b"connection":
        return value.strip().lower() != _KEPT_OPEN
    return name in _FORWARDED or name.startswith(_FORWARDED_PREFIX)


def _names_this_machine(host: bytes) -> bool:
    text = host.decode("latin-1").strip()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    if name.lower().rstrip(".") == _LOCAL_NAME:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
