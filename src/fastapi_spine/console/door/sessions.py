"""Login: a token that is good once, and the cookie that it is exchanged for."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import COOKIE_CONSOLE_PREFIX

_BYTES: Final = 32
_LOGIN_LASTS_NS: Final = 10 * 60 * 1_000_000_000
_MOST_LOGINS: Final = 16
_MOST_SESSIONS: Final = 64


class Sessions:
    """Tokens and sessions, in memory: all end with the process.

    Args:
        port: of the web listener. Cookies know no ports, so its number stands in the cookie's name: two consoles on one
            machine do not log each other's users out.
        clock: ends login tokens after ten minutes, so that one in an old terminal or a chat is worth nothing.
        draw: cryptographic randomness.
    """

    def __init__(self, port: int, clock: Clock, draw: Callable[[int], bytes] = os.urandom) -> None:
        self.cookie = f"{COOKIE_CONSOLE_PREFIX}{port}"
        self._clock = clock
        self._draw = draw
        self._logins: OrderedDict[bytes, int | None] = OrderedDict()
        self._sessions: OrderedDict[bytes, int | None] = OrderedDict()

    def login_token(self, *, lasting: bool = False) -> str:
        """Make a token that opens one session.

        Args:
            lasting: it does not end by time: the one that is printed at the start.
        """
        token = self._draw(_BYTES).hex()
        until = None if lasting else self._clock.monotonic_ns() + _LOGIN_LASTS_NS
        _add(self._logins, _digest(token), until, _MOST_LOGINS)
        return token

    def log_in(self, token: str) -> str | None:
        """Exchange a login token for a session.

        Returns:
            The cookie's value, or None if the token is unknown, used or too old.
        """
        found = _find(self._logins, _digest(token))
        if found is None:
            return None
        until = self._logins.pop(found)
        if until is not None and self._clock.monotonic_ns() > until:
            return None
        session = self._draw(_BYTES).hex()
        _add(self._sessions, _digest(session), None, _MOST_SESSIONS)
        return session

    def known(self, session: str) -> bool:
        """Whether a cookie's value is a session's."""
        return bool(session) and _find(self._sessions, _digest(session)) is not None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()


def _find(known: OrderedDict[bytes, int | None], digest: bytes) -> bytes | None:
    """Compare with all of them in constant time."""
    found = None
    for one in known:
        if hmac.compare_digest(one, digest):
            found = one
    return found


def _add(
    known: OrderedDict[bytes, int | None], digest: bytes, value: int | None, most: int
) -> None:
    known[digest] = value
    while len(known) > most:
        known.popitem(last=False)
