"""`Host` and `Origin`: which names are this console's own.

A web page on the internet can make a browser send requests to loopback; under a name of its own that resolves to
127.0.0.1 (DNS rebinding) it could even read the answers. What gives it away are these two headers, so they are compared
with what is known, and never the address that a connection comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_LONGEST: Final = 260


def host_name(value: str) -> str | None:
    """Read the name out of a `Host` header: without port, brackets, trailing dot; in lower case.

    Returns:
        The name, or None if the header is malformed.
    """
    text = value.strip().lower()
    if not text or len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        return None
    if text.startswith("["):
        name, closed, port = text[1:].partition("]")
        if not closed or (port and not _port(port)):
            return None
        return name
    name, colon, port = text.partition(":")
    if colon and not _port(f":{port}"):
        return None
    return name.rstrip(".") or None


def _port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isdigit() and len(text) <= len(":65535")


class Names:
    """The names under which the console may be asked.

    Args:
        more: names beside those of loopback, from settings.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._known = frozenset((*LOCAL, *(host_name(one) or one for one in more)))

    def own(self, host: str) -> bool:
        """Whether a `Host` header names this console."""
        name = host_name(host)
        return name is not None and name in self._known


def same_origin(origin: str, host: str) -> bool:
    """Whether an `Origin` is the one that is asked: plain HTTP, the same name, the same port.

    Args:
        origin: the header's value; `null` is nobody.
        host: the `Host` header, which was checked before.
    """
    return origin.strip().lower() == f"http://{host.strip().lower()}"
