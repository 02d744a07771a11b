"""What a query may hold: read and refused in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from starlette.requests import Request

from fastapi_spine.console.api.problem import PARAMETER, SEARCH, ProblemError
from fastapi_spine.console.filter import Filter, Window
from fastapi_spine.console.search import SearchError, parse, window

LONGEST: Final = 500
LONGEST_SEARCH: Final = 4_000
"""Longer searches are refused by `parse` with its own words; this only keeps the read bounded."""


class Parameter(NamedTuple):
    """One parameter of a query.

    Attributes:
        name: as it is written.
        sentence: what it does.
        example: a value that works.
        default: what an absent one means, as text.
        most: of a number, the largest one; None for text.
        least: of a number, the smallest one.
    """

    name: str
    sentence: str
    example: str
    default: str = ""
    most: int | None = None
    least: int = 1


Q: Final = Parameter("q", "A search; see the search language.", "status>=500")
SINCE: Final = Parameter(
    "since",
    "From when: `15m`, `2h`, `7d` ago, RFC 3339, or microseconds since the epoch.",
    "1h",
    "1h",
)
UNTIL: Final = Parameter("until", "Until when, likewise; absent: now.", "0s")
OLDER: Final = Parameter(
    "older", "A cursor: only what comes after it in the list, which is older.", ""
)
NEWER: Final = Parameter(
    "newer", "A cursor: only what came later, the oldest of it first to be given.", ""
)
SERVICE: Final = Parameter("service", "Only this service.", "orders")


def limit(default: int, most: int) -> Parameter:
    """Return the parameter that says how many."""
    return Parameter("limit", f"At most so many, 1 to {most}.", str(default), str(default), most)


class Query:
    """The parameters of one request, checked for being known and short.

    Args:
        request: what came.
        known: what may be given.
        now_ns: nanoseconds since the epoch.

    Raises:
        ProblemError: a parameter is unknown, given twice, too long or not of text.
    """

    def __init__(self, request: Request, known: Sequence[Parameter], now_ns: int) -> None:
        self.path: Mapping[str, str] = request.path_params
        self.now_ns = now_ns
        self._known = {one.name: one for one in known}
        self._given: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            self._take(name, value)

    def _take(self, name: str, value: str) -> None:
        if name not in self._known:
            known = ", ".join(self._known) or "none"
            raise _refused(f"There is no parameter {name[:60]!r} here; known: {known}.")
        if name in self._given:
            raise _refused(f"{name} is given twice; give it once.")
        if len(value) > (LONGEST_SEARCH if name == Q.name else LONGEST):
            raise _refused(f"{name} is longer than {LONGEST} characters.")
        if name != Q.name and not value.isprintable():
            raise _refused(f"{name} holds characters that cannot be seen.")
        self._given[name] = value

    def text(self, name: str) -> str:
        """Return a parameter's text; empty if absent."""
        return self._given.get(name, "")

    def number(self, name: str) -> int:
        """Return a parameter's number; the default if absent.

        Raises:
            ProblemError: it is no whole number, or out of range.
        """
        known = self._known[name]
        most = known.most or 0
        text = self._given.get(name, "") or known.default
        least = known.least
        if not (
            text.isascii()
            and text.isdigit()
            and len(text) < len("10000000")
            and least <= int(text) <= most
        ):
            raise _refused(
                f"{name} cannot be {text[:60]!r}; it is a whole number from {least} to {most}."
            )
        return int(text)

    def search(self) -> Filter:
        """Return the search.

        Raises:
            ProblemError: it cannot be read.
        """
        text = self.text(Q.name)
        try:
            return parse(text)
        except SearchError as wrong:
            raise ProblemError(
                SEARCH.problem(
                    wrong.message, position=wrong.position, length=wrong.length, hint=wrong.hint
                )
            ) from None

    def window(self) -> Window:
        """Return the stretch of time.

        Raises:
            ProblemError: it cannot be read.
        """
        try:
            return window(
                self.text("since"), self.text("until"), self.now_ns, default=self._since()
            )
        except SearchError as wrong:
            shown = wrong.text[:60]
            raise _refused(f"{wrong.message} ({shown!r}) {wrong.hint}") from None

    def _since(self) -> str:
        return self._known[SINCE.name].default


def _refused(detail: str) -> ProblemError:
    return ProblemError(PARAMETER.problem(detail))
