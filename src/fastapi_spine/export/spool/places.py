"""Where files lie in the spool, what their names say, and whose they are.

`<folder>/<service>/<process>/<time>-<signal>-<items>-<process>.otlp`. A process locks its own folder (flock): the kernel
lets go of it when the process ends, however it ends, and a process id that somebody else got says nothing. Whoever can
lock a folder may have what is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NamedTuple

from fastapi_spine.core.locks import leads_to

if sys.platform != "win32":
    import fcntl

DRAFT: Final = ".part"
"""At the end of a name: not written to its end yet."""
_PRIVATE: Final = 0o700
_PROCESS: Final = r"[0-9]{1,10}-[a-z0-9_]{8}"
_FOLDER: Final = re.compile(_PROCESS, re.ASCII)
_FILE: Final = re.compile(
    rf"([0-9]{{20}})-(traces|logs|metrics)-([1-9][0-9]{{0,8}})-{_PROCESS}\.otlp", re.ASCII
)
_NO_LETTER: Final = re.compile(r"[^A-Za-z0-9_-]")
_SHOWN: Final = 40
_DIGEST: Final = 4
_TRIES: Final = 5
_BLOCK: Final = 4096
_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


class Entry(NamedTuple):
    """A file as its name has it; the older is the smaller.

    Attributes:
        at_ns: when it was written, wall time, nanoseconds since the epoch.
        name: of the file.
        items: how many it has.
        weight: how many bytes of disk it takes.
    """

    at_ns: int
    name: str
    items: int
    weight: int


def service_folder(folder: Path, service: str) -> Path:
    """Return where the processes of a service have their folders: services never touch each other's files."""
    shown = _NO_LETTER.sub("_", service)[:_SHOWN]
    digest = hashlib.blake2b(service.encode("utf-8", "replace"), digest_size=_DIGEST).hexdigest()
    return folder / f"{shown}-{digest}"


def name_of(at_ns: int, signal: str, count: int, process: str) -> str:
    """Return the name of a file; those of a process never have the same time."""
    return f"{max(at_ns, 0):020}-{signal}-{count}-{process}.otlp"


def entry_of(name: str, size: int) -> tuple[str, Entry] | None:
    """Read a file's name; return its signal and what else it says, None for what is none of ours."""
    found = _FILE.fullmatch(name)
    if found is None:
        return None
    at_ns, signal, count = found.groups()
    return signal, Entry(int(at_ns), name, int(count), weight_of(size))


def weight_of(size: int) -> int:
    """Return how many bytes of disk a file takes: whole blocks."""
    return max(-(-size // _BLOCK), 1) * _BLOCK


def files_in(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size of each plain file in a folder; nothing if there is no such folder, or it is closed to us.

    Whoever ran the service as another user first left such folders: they are not ours to count.
    """
    with contextlib.suppress(FileNotFoundError, PermissionError), os.scandir(folder) as found:
        for one in found:
            size = _size(one)
            if size is not None:
                yield one.name, size


def _size(one: os.DirEntry[str]) -> int | None:
    """Return the size of a plain file; None for anything else, and for one that is gone or closed to us."""
    try:
        info = one.stat(follow_symlinks=False)
    except (FileNotFoundError, PermissionError):
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def process_folders(home: Path) -> list[Path]:
    """List the folders of all processes of a service; none if there never was one."""
    try:
        with os.scandir(home) as found:
            return [
                Path(one.path)
                for one in found
                if _FOLDER.fullmatch(one.name) and one.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []


class Place(NamedTuple):
    """A process's folder, locked for as long as the descriptor is open."""

    path: Path
    lock: int


def new_place(home: Path) -> Place:
    """Make a folder for this process and lock it.

    Args:
        home: of the service; made if it is not there, closed to other users, and so is what is above it and missing.

    Raises:
        OSError: it cannot be made, or not be locked.
    """
    if sys.platform == "win32":
        raise OSError("this system has no flock")
    _make(home)
    for _ in range(_TRIES):
        path = Path(mkdtemp(prefix=f"{os.getpid()}-", dir=home))
        try:
            place = _claimed(path, os.open(path, _OPEN))
        except FileNotFoundError:  # somebody took it for one that was left behind
            continue
        except OSError:
            with contextlib.suppress(OSError):
                path.rmdir()
            raise
        if place is not None:
            return place
    raise OSError("a folder of its own cannot be locked")


def left_behind(path: Path) -> Place | None:
    """Lock another process's folder, if that process has ended and was this user's; None if not.

    Raises:
        OSError: folders cannot be locked here.
    """
    try:
        lock = os.open(path, _OPEN)
    except OSError:  # it is gone, a link, or somebody else's
        return None
    return _claimed(path, lock)


def _claimed(path: Path, lock: int) -> Place | None:
    """Lock a folder that is open; it is closed again if it is somebody else's, or cannot be locked at all.

    Raises:
        OSError: folders cannot be locked here.
    """
    place = None
    try:
        if os.fstat(lock).st_uid == os.geteuid() and _lock(lock) and leads_to(path, lock):
            place = Place(path, lock)
    finally:
        if place is None:
            os.close(lock)
    return place


def _make(home: Path) -> None:
    for one in (*reversed(home.parents), home):
        if not one.is_dir():
            one.mkdir(mode=_PRIVATE, exist_ok=True)
    info = home.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
        raise PermissionError(f"{home} is no folder of this user")


def _lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # NFS, for one: it wants a folder to be open for writing
        why = f"folders cannot be locked there: {error.strerror}"
        raise OSError(error.errno, why) from error
    return True
