"""Opening ports: on loopback both families, since `localhost` is either."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from typing import Final

from fastapi_spine.core.errors import SpineError

_BACKLOG: Final = 512
_LOOPBACK4: Final = "127.0.0.1"
_LOOPBACK6: Final = "::1"


class PortError(SpineError):
    """A port cannot be opened; the message says which, why, and what to set."""


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(
    host: str, port: int, flag: str, by: str = "another console or collector"
) -> list[socket.socket]:
    """Open a port.

    Args:
        host: the address; `127.0.0.1` and `localhost` open `::1` as well, where there is one, because clients that are
            told `localhost` may try that first.
        port: the port; 0 for any free one.
        flag: names the port in an error.
        by: who may have it already.

    Returns:
        The listening sockets, the one of `host` first.

    Raises:
        PortError: somebody else has it, or it may not be opened.
    """
    both = host in (_LOOPBACK4, "localhost")
    first = _open(_LOOPBACK4 if both else host, port, flag, by)
    if not both:
        return [first]
    found = [first]
    with contextlib.suppress(OSError):  # no IPv6 here, or taken there: the first one is enough
        found.append(_bound(socket.AF_INET6, _LOOPBACK6, first.getsockname()[1]))
    return found


def require_free(host: str, port: int, flag: str) -> None:
    """See that a port can be opened, for whoever opens it later.

    Raises:
        PortError: somebody else has it, or it may not be opened.
    """
    for one in listen(host, port, flag, "an earlier start of the same"):
        one.close()


def _open(host: str, port: int, flag: str, by: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return _bound(family, host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"port {port} on {host} is in use, perhaps by {by}; choose another with {flag}"
            ) from None
        raise PortError(f"port {port} on {host} cannot be opened: {error}") from None


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: nobody else may open it too
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((host, port))
        opened.listen(_BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened
