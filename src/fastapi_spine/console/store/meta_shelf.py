"""The file of numbers, as readers see it: it may not be there yet, and may be replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi_spine.console.store.connect import open_to_read
from fastapi_spine.console.store.sql import query


class MetaShelf:
    """Opens the file when it is first asked, and again when another one has taken its place."""

    def __init__(self, path: Path, expired: Callable[[], bool]) -> None:
        self._path = path
        self._expired = expired
        self._connection: sqlite3.Connection | None = None
        self._known = 0

    def rows(self, name: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Run a query; nothing comes of a file that is not there."""
        connection = self._opened()
        return [] if connection is None else connection.execute(query(name), parameters).fetchall()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection | None:
        try:
            found = self._path.stat().st_ino
        except OSError:
            self.close()
            return None
        if self._connection is None or found != self._known:
            self.close()
            self._connection, self._known = open_to_read(self._path), found
            self._connection.set_progress_handler(self._expired, 20_000)
        return self._connection
