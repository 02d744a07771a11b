"""An exception is put into text without running anybody's code but `str`, whatever that does."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from raised import caught

from fastapi_spine.logs.lines.exceptions import render


class Silent(Exception):  # noqa: N818
    """Raises when asked what it says."""

    def __str__(self) -> str:
        raise RuntimeError("not telling")


class Odd(Exception):  # noqa: N818
    """Says something that is no text."""

    def __str__(self) -> str:
        number: Any = 5
        return number  # type: ignore[no-any-return]


class Recursive(Exception):  # noqa: N818
    """Never comes to an end of what it says."""

    def __str__(self) -> str:
        return str(self)


@pytest.mark.parametrize("kind", [Silent, Odd, Recursive])
def test_an_exception_that_cannot_say_what_it_is(kind: type[Exception]) -> None:
    """Its name is said for it."""
    rendered = render(kind())
    assert rendered == {
        "type": f"{__name__}.{kind.__name__}",
        "message": f"<unprintable {kind.__name__}>",
        "stack": f"{__name__}.{kind.__name__}: <unprintable {kind.__name__}>",
    }


CALLS: list[str] = []


class Meta(type):
    """A class of classes that notices who asks."""

    def __getattribute__(cls, name: str) -> object:
        CALLS.append(name)
        return super().__getattribute__(name)

    def __subclasscheck__(cls, other: type) -> bool:
        CALLS.append("subclasscheck")
        return super().__subclasscheck__(other)


class Watched(Exception, metaclass=Meta):  # noqa: N818
    """Notices every way of looking at it."""

    def __getattribute__(self, name: str) -> object:
        CALLS.append(name)
        return super().__getattribute__(name)

    def __repr__(self) -> str:
        CALLS.append("repr")
        return "repr"

    def __dir__(self) -> list[str]:
        CALLS.append("dir")
        return []

    def __eq__(self, other: object) -> bool:
        CALLS.append("eq")
        return self is other

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        CALLS.append("str")
        return "watched"


class Locked:
    """A local whose repr would hang or blow up."""

    def __repr__(self) -> NoReturn:
        CALLS.append("local repr")
        raise RuntimeError


def test_no_code_of_the_users_runs_but_str() -> None:
    """Not its attributes, repr, dir or equality; not the repr of a local."""

    def action() -> None:
        local = Locked()
        raise Watched(local) from Watched(local)

    error = caught(action)
    CALLS.clear()
    rendered = render(error)
    assert set(CALLS) == {"str"}
    assert (rendered["type"], rendered["message"]) == (f"{__name__}.Watched", "watched")


def test_notes_that_are_no_notes_are_left_out() -> None:
    """`__notes__` may be anything; only a list of them is read, and not more than eight."""
    odd = ValueError("x")
    odd.__notes__ = 7  # type: ignore[assignment]
    assert render(odd)["stack"] == "ValueError: x"
    many = ValueError("x")
    many.__notes__ = [Silent(), *map(str, range(20))]  # type: ignore[list-item]
    assert render(many)["stack"].splitlines() == [
        "ValueError: x", "<unprintable Silent>", *"0123456", "[13 notes left out]",
    ]  # fmt: skip
