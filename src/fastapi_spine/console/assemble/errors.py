"""Failures by fingerprint."""

from __future__ import annotations

from fastapi_spine.console.assemble.steps import cut
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.views import ErrorPage


def error_page(reader: Reader, window: Window, *, service: str = "", limit: int = 100) -> ErrorPage:
    """Return failures that are one failure as one, most recent first.

    Args:
        reader: the store.
        window: is widened to whole steps.
        service: only this one's, if not empty.
        limit: at most so many groups.
    """
    steps = cut(window)
    groups = reader.errors(steps.window, steps.step_ns, service=service, limit=limit)
    groups = sorted(groups, key=lambda group: -group.last_us)
    start, end = steps.window
    return ErrorPage(start // 1000, end // 1000, steps.step_ns // 1000, groups)
