"""The store's statements, as they stand in `schema/*.sql` and `queries/*.sql`: nothing is put into them but parameters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

SLICE_APPLICATION: Final = 1397770574
META_APPLICATION: Final = 1397770573
"""Stand in the header of each file (SQLite's `application_id`), so that a stranger's file is told from ours."""
VERSION: Final = 1
"""Of both schemas (`user_version`)."""


@cache
def query(name: str) -> str:
    """Return one statement of `queries`."""
    return _text("queries", name)


@cache
def statements(name: str) -> tuple[str, ...]:
    """Return the statements of a file of `queries` that holds several."""
    return tuple(part.strip() for part in query(name).split(";") if part.strip())


@cache
def schema(name: str) -> str:
    """Return one file of `schema`, for `executescript`."""
    return _text("schema", name)


def _text(folder: str, name: str) -> str:
    return files(__package__).joinpath(folder, f"{name}.sql").read_text(encoding="utf-8")
