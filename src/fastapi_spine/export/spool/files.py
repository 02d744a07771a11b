"""Files of the spool, written and read; and a look at what waits there, for people."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Final

from fastapi_spine.export.spool.parcel import MOST_BYTES, Unreadable
from fastapi_spine.export.spool.places import (
    DRAFT,
    Place,
    entry_of,
    files_in,
    process_folders,
    service_folder,
)

_MODE: Final = 0o600
_SAFE: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _SAFE  # should it be a pipe


def leave(place: Place) -> None:
    """Remove a folder that is empty, and let go of it."""
    with contextlib.suppress(OSError):
        place.path.rmdir()
    with contextlib.suppress(OSError):
        os.close(place.lock)


def write(path: Path, data: bytes) -> None:
    """Write a file whole, or not at all.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    draft = path.with_name(path.name + DRAFT)
    fd = os.open(draft, _CREATE, _MODE)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
        finally:
            os.close(fd)  # some file systems find out only now that there is no room
        draft.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def content(path: Path) -> bytes:
    """Read a file.

    Raises:
        OSError: it is not there, or cannot be read.
        Unreadable: it is longer than any of the spool's.
    """
    fd = os.open(path, _READ)
    with os.fdopen(fd, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable("it is too long")
    return data


def survey(folder: Path, service: str) -> tuple[int, int, Counter[str]]:
    """Look what waits on disk for a service, whichever process left it; nothing is opened.

    Args:
        folder: the spool's folder.
        service: the service's name.

    Returns:
        How many files, how many bytes of disk, and how many items of each signal.

    Raises:
        OSError: the folder may not be looked into.
    """
    files = weight = 0
    items: Counter[str] = Counter()
    for process in process_folders(service_folder(folder, service)):
        for name, size in files_in(process):
            known = entry_of(name, size)
            if known is not None:
                files += 1
                weight += known[1].weight
                items[known[0]] += known[1].items
    return files, weight, items
