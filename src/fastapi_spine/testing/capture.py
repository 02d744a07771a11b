"""What an application would have written, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Unpack

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import KEY_LOGGER, LOGGER_ACCESS
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.core.ids import IdSource
from fastapi_spine.install.given import Given
from fastapi_spine.install.layer import Spine
from fastapi_spine.request.place import placed_on
from fastapi_spine.settings.model import Keywords
from fastapi_spine.testing.whose import packages_behind

Line = dict[str, Any]


class CapturedLines:
    """Lines in the order they were written.

    Attributes:
        spine: the layer that wrote them.
    """

    spine: Spine

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def put(self, line: bytes, keep: bool = False) -> None:  # noqa: ARG002 - a sink's signature
        """Take a line, as a sink does."""
        self._written.append(line)

    def flush(self, timeout: float) -> bool:  # noqa: ARG002 - a sink's signature
        """Say that everything is written, as a sink does."""
        return True

    @property
    def text(self) -> str:
        """Everything written, as it would stand in a file."""
        return b"".join(self._written).decode("utf-8")

    @property
    def lines(self) -> list[Line]:
        """Every line, parsed."""
        return [json.loads(line) for line in self._written]

    @property
    def access(self) -> list[Line]:
        """The access lines only."""
        return [line for line in self.lines if line[KEY_LOGGER] == LOGGER_ACCESS]

    def of(self, logger: str) -> list[Line]:
        """Return the lines of one logger."""
        return [line for line in self.lines if line[KEY_LOGGER] == logger]

    def clear(self) -> None:
        """Forget what was written so far."""
        self._written.clear()


@contextmanager
def capture(
    app: Any,
    *,
    clock: Clock | None = None,
    id_source: IdSource | None = None,
    packages: Iterable[str] | None = None,
    **keywords: Unpack[Keywords],
) -> Iterator[CapturedLines]:
    """Run an application with its log lines kept in memory.

    Lines are JSON in whatever schema is set. An application without a spine gets one for the time being; one
    that has a spine keeps it, and only its output is turned here. To look at time and ids exactly, pass
    `FrozenClock()` and `CountedIds()`.

    Args:
        app: a FastAPI or Starlette application.
        clock: tells time, that of every line too; only for an application without a spine.
        id_source: makes identifiers; only for an application without a spine.
        packages: the application's own top packages, whose DEBUG lines are held; the one that most of its endpoints
            come from if None. Only for an application without a spine.
        **keywords: settings as for `Spine`; only for an application without a spine.

    Yields:
        The lines, growing while the application runs.

    Raises:
        SettingsError: see `Spine`; also if clock, ids, packages or settings are given for an application that has a spine.
    """
    lines = CapturedLines()
    existing = placed_on(app)
    if isinstance(existing, Spine):
        _refuse_what_comes_too_late(clock, id_source, packages, keywords)
        lines.spine = existing
        undo = existing.turn_to(lines)
    else:
        own = tuple(packages or ()) or packages_behind(app)
        lines.spine = Spine(app, given=Given(clock, id_source, lines, own), **keywords)
        undo = lines.spine.close
    try:
        yield lines
    finally:
        undo()


def _refuse_what_comes_too_late(
    clock: Clock | None, id_source: IdSource | None, packages: object, keywords: object
) -> None:
    if clock is not None or id_source is not None or packages is not None or keywords:
        raise SettingsError(
            "This application has a Spine already, so capture() cannot change its clock, ids, packages or settings. "
            "Call capture(app) alone, or give it an application without a Spine."
        )
