"""Whose application it is: the package that would have set up a layer, had the application one of its own."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from inspect import isclass, isroutine
from types import FrameType
from typing import Any, Final

from fastapi_spine.install.naming import packages_of
from fastapi_spine.request.routes import route_table

_FRAMEWORKS: Final = frozenset({"fastapi", "starlette"})
_BETWEEN: Final = ("contextlib", "fastapi_spine.testing")


def packages_behind(app: Any) -> tuple[str, ...]:
    """Return the top package that most endpoints of an application come from; without any, that of the test.

    A router of somebody else's is outnumbered so, and the test itself only counts where the endpoints are its own.
    """
    found = Counter(_endpoints(app))
    if found:
        return (found.most_common(1)[0][0],)
    return packages_of(_test())


def _endpoints(app: Any) -> Iterator[str]:
    for route in route_table(app).routes:
        if isroutine(route.endpoint) or isclass(route.endpoint):
            top = str(route.endpoint.__module__).partition(".")[0]
            if top not in _FRAMEWORKS:
                yield top


def _test() -> FrameType:
    """Return the frame that asks: the first beyond this package and what enters a context for it."""
    frame = sys._getframe()  # noqa: SLF001 - as `Spine` finds who sets it up
    while frame.f_back is not None and _is_between(frame):
        frame = frame.f_back
    return frame


def _is_between(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return any(name == one or name.startswith(f"{one}.") for one in _BETWEEN)
