"""Which requests an objective speaks of: methods and route templates, `*` for any characters."""

from __future__ import annotations

import re
from typing import NamedTuple

from fastapi_spine.core.conventions import ROUTE_UNMATCHED, SERIES_OVERFLOW

NOBODYS = frozenset({"", ROUTE_UNMATCHED, SERIES_OVERFLOW})
"""Routes of requests that no route answered, or that metrics had no room to name: nobody's promise."""


class Selection(NamedTuple):
    """Some routes.

    Attributes:
        targets: `GET /orders/{order_id}`, `/orders/*`, `*`; one must fit.
        excluded: targets of which none may fit.
    """

    targets: tuple[str, ...]
    excluded: tuple[str, ...] = ()

    def fits(self, method: str, route: str) -> bool:
        """Whether a request of this method and route template counts."""
        if route in NOBODYS:
            return False
        if not any(fits(target, method, route) for target in self.targets):
            return False
        return not any(fits(target, method, route) for target in self.excluded)


def fits(target: str, method: str, route: str) -> bool:
    """Whether a target means a method and a route template."""
    wanted, path = parts(target)
    return wanted in {"", method} and re.fullmatch(pattern(path), route) is not None


def parts(target: str) -> tuple[str, str]:
    """Return a target's method, empty for any, and its path."""
    method, _, path = target.rpartition(" ")
    return method, path


def pattern(path: str) -> str:
    """Return a path as a regular expression that Python and RE2 read alike."""
    return ".*".join(re.sub(r"([.+?()\[\]{}^$|\\])", r"\\\1", piece) for piece in path.split("*"))
