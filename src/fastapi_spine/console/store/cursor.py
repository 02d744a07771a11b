"""A place in a list, as text that only the store reads: it says which slice, and where in it.

Two kinds. A place in time (`t`) names a row, or where a search was cut; what is older comes after it. A place in the
order of arrival (`a`) says what a tail has seen. Each begins with the list's letter, so that one is not taken for the other.
"""

from __future__ import annotations

from re import compile as pattern
from typing import Final, NamedTuple

from fastapi_spine.console.ports import CursorError

REQUESTS: Final = "r"
LOGS: Final = "l"
_FORM: Final = pattern(r"([rl])([ta])([0-9a-f]{1,8})-([0-9a-f]{1,16})-([0-9a-f]{1,16})")
_LARGEST: Final = (1 << 63) - 1


class Place(NamedTuple):
    """A place in time; sorts as the list does, oldest first."""

    time: int
    slice: int
    id: int


class Seen(NamedTuple):
    """A place in the order of arrival: everything up to this row of this slice."""

    slice: int
    id: int


NEWEST: Final = Place(_LARGEST, 99_999_999, _LARGEST)
NOTHING: Final = Seen(0, 0)


def written(letter: str, place: Place | Seen) -> str:
    """Return a place as text."""
    if isinstance(place, Place):
        return f"{letter}t{place.slice:x}-{place.time:x}-{place.id:x}"
    return f"{letter}a{place.slice:x}-0-{place.id:x}"


def place(letter: str, text: str) -> Place:
    """Read a place in time.

    Raises:
        CursorError: it is none of this list.
    """
    slice_, time, number = _read(letter, "t", text)
    return Place(time, slice_, number)


def seen(letter: str, text: str) -> Seen:
    """Read a place in the order of arrival; a place in time serves too: from that row on.

    Raises:
        CursorError: it is none of this list.
    """
    kind = "t" if text[1:2] == "t" else "a"
    slice_, _, number = _read(letter, kind, text)
    return Seen(slice_, number)


def _read(letter: str, kind: str, text: str) -> tuple[int, int, int]:
    found = _FORM.fullmatch(text)
    if found is None or found[1] != letter or found[2] != kind:
        raise CursorError(f"{text[:80]!r} is no cursor of this list; use one that an answer gave")
    slice_, time, number = (int(found[part], 16) for part in (3, 4, 5))
    if max(time, number) > _LARGEST or slice_ > NEWEST.slice:
        raise CursorError(f"{text[:80]!r} is no cursor of this list; use one that an answer gave")
    return slice_, time, number
