"""Trusted hosts, by Starlette's rules: exact names and `*.name`, ports do not matter.

One of two `Host` headers would be judged and the other one used, to write links with; so two are refused, even if they
are alike (RFC 9112 section 3.2). In HTTP/2 one may repeat `:authority`, but not contradict it (RFC 9113 section 8.3.1).

Kubernetes asks a pod by its address, so a probe path may be asked by any address; a name must be known there too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Final

from fastapi_spine.core.conventions import (
    GUARD_HOSTS,
    REFUSED_HOST_INVALID,
    REFUSED_HOST_MISSING,
    REFUSED_HOST_UNKNOWN,
)
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.guard.reply import Answer

_HOST: Final = re.compile(
    r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)(?::[0-9]{1,5})?"
)
_NAME: Final = b"host"
_REMEMBERED: Final = 1_024
_LONGEST: Final = 260
"""Bytes of a name with its port; longer ones are malformed, and would make the memory of them large."""
_BAD_REQUEST: Final = 400


class Hosts:
    """Judges `Host` headers; strangers choose them, so only so many verdicts are remembered.

    Args:
        allowed: names without port, or `*.name`; `*` is any.
        probes: paths that may be asked by address.
    """

    __slots__ = ("_exact", "_known", "_probes", "_suffixes", "_wide")

    def __init__(self, allowed: Collection[str], probes: Collection[str]) -> None:
        self._wide = "*" in allowed
        self._exact = frozenset(name for name in allowed if not name.startswith("*"))
        self._suffixes = tuple(name[1:] for name in allowed if name.startswith("*."))
        self._probes = frozenset(probes)
        self._known: dict[bytes, Answer | None] = {}

    def judge(self, host: bytes | None, path: str, *, twice: bool = False) -> Answer | None:
        """Return why a request is refused; None if it is not.

        Args:
            host: the header; None if there is none.
            path: of the request.
            twice: whether there is more than one.
        """
        if host is None:
            return _answer(REFUSED_HOST_MISSING, "The request has no Host header.")
        if twice:
            return _answer(REFUSED_HOST_INVALID, "The request has more than one Host header.")
        try:
            verdict = self._known[host]
        except KeyError:
            verdict = self._learn(host)
        if verdict is not None and path in self._probes and _is_address(host):
            return None
        return verdict

    def _learn(self, host: bytes) -> Answer | None:
        verdict = self._look(host)
        if len(host) <= _LONGEST:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[host] = verdict
        return verdict

    def _look(self, host: bytes) -> Answer | None:
        match = _HOST.fullmatch(host.decode("latin-1")) if len(host) <= _LONGEST else None
        if match is None:
            return _answer(REFUSED_HOST_INVALID, "The Host header is malformed.")
        name = match[1].lower().removesuffix(".")
        if self._wide or name in self._exact or name.endswith(self._suffixes or ("\0",)):
            return None
        return _answer(REFUSED_HOST_UNKNOWN, "This service does not answer to that host name.")


def is_twice(headers: Iterable[tuple[bytes, bytes]], version: str) -> bool:
    """Whether a request has more than one Host header; `version` of HTTP, as ASGI has it."""
    found = [value for name, value in headers if name == _NAME]
    return len(found) > 1 and (version.startswith("1") or len(set(found)) > 1)


def _is_address(host: bytes) -> bool:
    match = _HOST.fullmatch(host.decode("latin-1"))
    if match is None:
        return False
    try:
        ip_address(match[1].strip("[]"))
    except ValueError:
        return False
    return True


def _answer(reason: str, detail: str) -> Answer:
    return Answer(_BAD_REQUEST, detail, Refusal(GUARD_HOSTS, reason))
