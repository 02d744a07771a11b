"""How files are opened: one connection writes and checkpoints, every other one can only read.

SQLite before 3.51.3 can damage a WAL file when two connections write or checkpoint at the same moment
(sqlite.org/wal.html, "WAL-reset bug"); Debian 12 ships 3.40. A connection that was opened `mode=ro` does neither.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi_spine.console.store.sql import query, schema, statements

_STATEMENTS: Final = 128
_MODE: Final = 0o600


def create(path: Path, kind: str) -> sqlite3.Connection:
    """Make a new file of a kind (`slice`, `meta`), and return the connection that writes it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), _MODE)
    os.close(fd)
    connection = _connect(path, "rw")
    try:
        connection.executescript(schema(kind))
        connection.execute(query("checkpoint")).fetchall()
        _prepare(connection, "writing")
    except BaseException:
        connection.close()
        path.unlink(missing_ok=True)
        raise
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a file that exists; the caller is its only writer."""
    connection = _connect(path, "rw")
    try:
        _prepare(connection, "writing")
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path, *, final: bool = False) -> sqlite3.Connection:
    """Open a file that exists, for reading only.

    Args:
        path: the file.
        final: nobody will write it again and no log of it is left, so that it needs no locks.
    """
    connection = _connect(path, "ro", "&immutable=1" if final else "")
    try:
        _prepare(connection, "reading")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str, more: str = "") -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}{more}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
    )


def _prepare(connection: sqlite3.Connection, how: str) -> None:
    for statement in statements(how):
        connection.execute(statement).fetchall()
