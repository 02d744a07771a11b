"""What a start finds in the folder: whatever it is, the store starts, and nothing is deleted."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from struct import unpack_from
from typing import Final

from fastapi_spine.console.ports import StoreError
from fastapi_spine.console.store.connect import create, open_to_read, open_to_write
from fastapi_spine.console.store.folder import Folder, has_link
from fastapi_spine.console.store.meta_file import MetaFile
from fastapi_spine.console.store.open_slice import OpenSlice
from fastapi_spine.console.store.sql import META_APPLICATION, SLICE_APPLICATION, VERSION, query

_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_PAGE, _PAGES, _VERSION, _APPLICATION = 16, 28, 60, 68
_WHOLE: Final = "ok"


class NewerError(StoreError):
    """A file was written by a later version of this program."""


def recovered(folder: Folder) -> OpenSlice | None:
    """Look through the slices, move those away that cannot be used, and return the newest for writing.

    Raises:
        NewerError: a slice was written by a later version.
    """
    for file in folder.slices():
        reason = fault_of(file.path, SLICE_APPLICATION)
        if reason:
            folder.set_aside(file.path, reason)
    known = folder.slices()
    if not known:
        return None
    try:
        _check(known[-1].path)
        return OpenSlice(known[-1], fresh=False)
    except sqlite3.Error as error:
        folder.set_aside(known[-1].path, f"damaged: {error}")
        return None


def open_meta(folder: Folder) -> MetaFile:
    """Open the file of numbers; if it cannot be used, move it away and begin a new one.

    Raises:
        NewerError: it was written by a later version.
        StoreError: no new one can be made.
    """
    path = folder.meta
    if path.exists() or path.is_symlink():
        reason = fault_of(path, META_APPLICATION)
        if not reason:
            try:
                _check(path)
                return MetaFile(open_to_write(path))
            except (sqlite3.Error, ValueError) as error:
                reason = f"damaged: {error}"
        folder.set_aside(path, reason)
    try:
        return MetaFile(create(path, "meta"))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be made: {error}") from error


def fault_of(path: Path, application: int) -> str:
    """Return why a file cannot be used, by its header alone; empty if nothing speaks against it.

    Raises:
        NewerError: it was written by a later version.
    """
    if has_link(path):
        return "a symbolic link"
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
            size = file.seek(0, 2)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        return "no SQLite file"
    (found,) = unpack_from(">I", header, _APPLICATION)
    if found != application:
        return "another program's file"
    (version,) = unpack_from(">I", header, _VERSION)
    if version > VERSION:
        raise NewerError(
            f"{path} was written by a later version of fastapi-spine (schema {version}, this one knows {VERSION}); "
            "use that version, or another data folder"
        )
    if version < VERSION:
        return f"of an older version (schema {version}), which this one does not upgrade"
    (page,), (pages,) = unpack_from(">H", header, _PAGE), unpack_from(">I", header, _PAGES)
    if size < pages * (page if page > 1 else 65_536) and not _has_log(path):
        return "cut short"
    return ""


def _has_log(path: Path) -> bool:
    """Whether pages may still stand in the write-ahead log: a crash between two of them is no damage."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _check(path: Path) -> None:
    """See that the file that will be written is whole.

    Raises:
        sqlite3.DatabaseError: it is not.
    """
    connection = open_to_read(path)
    try:
        (found,) = connection.execute(query("quick_check")).fetchone()
    finally:
        connection.close()
    if found != _WHOLE:
        raise sqlite3.DatabaseError(found)
