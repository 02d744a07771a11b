"""Login tokens and sessions."""

from __future__ import annotations

import os

from fastapi_spine.console.door.sessions import Sessions
from fastapi_spine.testing.clock import FrozenClock


def sessions() -> Sessions:
    """A console's sessions, on a clock that stands still."""
    return Sessions(4319, FrozenClock())


def test_a_token_opens_one_session_and_is_then_worth_nothing() -> None:
    """What came of it is a session's, anything else is not."""
    made = sessions()
    token = made.login_token()
    session = made.log_in(token)
    assert session is not None
    assert made.known(session)
    assert made.log_in(token) is None
    assert [made.known(one) for one in ("", "x", token, session + "x", "é")] == [False] * 5
    assert [made.log_in(one) for one in ("", "x", session)] == [None] * 3


def test_tokens_are_256_bits_and_never_twice_the_same() -> None:
    """From the system's randomness, asked each time."""
    asked: list[int] = []

    def draw(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    made = Sessions(4319, FrozenClock(), draw)
    tokens = {made.login_token() for _ in range(5)}
    assert (len(tokens), asked) == (5, [32] * 5)


def test_a_token_ends_after_ten_minutes_but_the_first_one_does_not() -> None:
    """The one that the terminal shows is there until it is used."""
    clock = FrozenClock()
    made = Sessions(4319, clock)
    first, later = made.login_token(lasting=True), made.login_token()
    clock.advance(601)
    assert made.log_in(later) is None
    assert made.log_in(first) is not None


def test_sessions_and_tokens_are_bounded() -> None:
    """The oldest goes; nobody fills the memory with logins."""
    made = sessions()
    opened = [made.log_in(made.login_token()) or "" for _ in range(70)]
    assert [made.known(one) for one in opened] == [False] * 6 + [True] * 64
    waiting = [made.login_token() for _ in range(20)]
    assert [made.log_in(one) is not None for one in waiting] == [False] * 4 + [True] * 16


def test_consoles_on_two_ports_have_cookies_of_their_own() -> None:
    """Browsers send cookies of a host to all of its ports."""
    assert [Sessions(port, FrozenClock()).cookie for port in (1, 2)] == [
        "spine_console_1",
        "spine_console_2",
    ]
