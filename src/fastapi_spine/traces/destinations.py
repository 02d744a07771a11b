"""Which destinations are ours: only they are told the request id."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_PRIVATE_SUFFIXES: Final = (
    ".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa", ".svc", ".test",
)  # fmt: skip
"""Names that no public zone answers: RFC 6762, RFC 6761, RFC 8375, ICANN's `.internal`, Kubernetes."""

_SECOND_LEVEL: Final = frozenset(
    {"ac", "co", "com", "edu", "gob", "gov", "gv", "mil", "ne", "net", "nom", "or", "org"}
)
_SHARED: Final = frozenset(
    {
        "amazonaws.com", "appspot.com", "azurewebsites.net", "cloudapp.net", "cloudfront.net", "deno.dev",
        "firebaseapp.com", "fly.dev", "github.io", "gitlab.io", "herokuapp.com", "netlify.app", "ngrok.io",
        "onrender.com", "pages.dev", "railway.app", "run.app", "vercel.app", "web.app", "windows.net", "workers.dev",
    }
)  # fmt: skip
"""Domains below which strangers live next door. Not the whole Public Suffix List: whoever's domain is of that
kind and missing here should name its hosts in `propagate_to` and leave the own host out."""
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]+")
"""Addresses in their old forms, which resolvers still take: 134744072 is 8.8.8.8."""
_LABELS_OF_A_DOMAIN: Final = 2
_CODE_LENGTH: Final = 2


class Destinations:
    """Tells destinations that are ours from strangers.

    Args:
        propagate_to: hosts that are ours; `.shop.example` means all below `shop.example`.
        own_hosts: names under which this service itself is reached; their siblings are ours. Taken from settings and
            the machine, never from a request's `Host`, which strangers choose.
    """

    def __init__(self, propagate_to: Iterable[str] = (), own_hosts: Iterable[str] = ()) -> None:
        hosts = [host.lower().rstrip(".") for host in propagate_to]
        self._hosts = frozenset(host for host in hosts if not host.startswith((".", "*.")))
        below = [host.lstrip("*") for host in hosts if host.startswith((".", "*."))]
        below += [f".{parent}" for parent in map(_parent, own_hosts) if parent is not None]
        self._below = tuple(below)
        self.is_ours = lru_cache(maxsize=1_024)(self._is_ours)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a host, without its port, is ours."""
        name = host.lower().rstrip(".").strip("[]")
        if not name or name in self._hosts or f".{name}" in self._below:
            return bool(name)
        if name.endswith(self._below):
            return True
        address = _address(name)
        if address is not None:
            return _is_private(address)
        bare = "." not in name and _NUMBER.fullmatch(name) is None
        return bare or name.endswith(_PRIVATE_SUFFIXES)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    real = mapped if mapped is not None else address
    return (
        bool(real.is_private or real.is_loopback or real.is_link_local) and not real.is_unspecified
    )


def _parent(host: str) -> str | None:
    """Return the domain that a host shares with its siblings; None if strangers could be among them."""
    labels = host.lower().rstrip(".").split(".")[1:]
    if len(labels) < _LABELS_OF_A_DOMAIN or _address(host) is not None:
        return None
    parent = ".".join(labels)
    country = len(labels[-1]) == _CODE_LENGTH and labels[-2] in _SECOND_LEVEL
    if parent.endswith(tuple(f".{shared}" for shared in _SHARED)) or parent in _SHARED:
        return None
    return None if country and len(labels) == _LABELS_OF_A_DOMAIN else parent
