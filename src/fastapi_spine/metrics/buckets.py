"""Which buckets a route's durations fall into: the route's own, those of a pattern, or everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

Bounds = tuple[float, ...]


class Buckets:
    """Finds the bounds of a route.

    Args:
        usual: bounds of every route that has none of its own, in seconds.
        by_path: bounds by route template or pattern of templates; the last pattern that fits wins.
    """

    __slots__ = ("_by_path", "_of_policy", "_promised", "_usual")

    def __init__(self, usual: Bounds, by_path: Mapping[str, Bounds]) -> None:
        self._usual = usual
        self._by_path = by_path
        self._of_policy: dict[str, Bounds] = {}
        self._promised: dict[str, set[float]] = {}

    def learn(self, route: str, bounds: Bounds | None) -> None:
        """Take what `@policy` says of a route; the first word counts, because a series keeps its buckets."""
        if bounds is not None:
            self._of_policy.setdefault(route, bounds)

    def promise(self, route: str, threshold_s: float) -> None:
        """Have a bound where an objective draws its line, so that it is counted exactly and not guessed."""
        self._promised.setdefault(route, set()).add(threshold_s)

    def of(self, route: str) -> Bounds:
        """Return the bounds of a route, in seconds."""
        promised = self._promised.get(route)
        found = self._without_promises(route)
        return tuple(sorted({*found, *promised})) if promised else found

    def _without_promises(self, route: str) -> Bounds:
        own = self._of_policy.get(route)
        if own is not None:
            return own
        found = self._usual
        for pattern, bounds in self._by_path.items():
            if fnmatchcase(route, pattern):
                found = bounds
        return found
