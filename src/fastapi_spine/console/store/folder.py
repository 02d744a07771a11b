"""The store's folder: whose it is, which files are in it, who writes, and what was set aside."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from re import compile as pattern
from typing import Final, NamedTuple

from fastapi_spine.console.ports import StoreError

if sys.platform != "win32":
    import fcntl

META: Final = "meta.db"
ASIDE: Final = "aside"
_LOCK: Final = "lock"
_REASON: Final = ".why"
_SLICE: Final = pattern(r"slice-(\d{8})-(\d{10})\.db")
_MODE: Final = 0o600
_PRIVATE: Final = 0o700
_OTHERS: Final = 0o077
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_PARTS: Final = ("", "-wal", "-shm", "-journal")
_GONE: Final = ".gone"
_MOUNTS: Final = Path("/proc/self/mounts")
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ncpfs", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse"}
)  # fmt: skip
"""File systems whose locks or shared memory SQLite's write-ahead log cannot trust (sqlite.org/wal.html, point 2)."""


class SliceFile(NamedTuple):
    """One slice. Numbers grow with time; a slice is final once there is one with a higher number."""

    number: int
    begun_s: int
    path: Path


class Folder:
    """A folder that only this user may enter.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder, or see that the one that is there is private.

        Raises:
            StoreError: it is a link, another user's, on a network file system, or cannot be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                self.path.mkdir(mode=_PRIVATE)
            info = self.path.lstat()
        except OSError as error:
            raise StoreError(
                f"the data folder {self.path} cannot be made: {error.strerror}"
            ) from error
        if stat.S_ISLNK(info.st_mode):
            raise StoreError(
                f"the data folder {self.path} is a symbolic link; name the folder itself"
            )
        if not stat.S_ISDIR(info.st_mode):
            raise StoreError(f"the data folder {self.path} is no folder")
        if hasattr(os, "getuid"):
            if info.st_uid != os.getuid():
                raise StoreError(f"the data folder {self.path} belongs to another user")
            if info.st_mode & _OTHERS:
                self.path.chmod(_PRIVATE)
        self.refuse_network()

    def refuse_network(self) -> None:
        """See that the folder is on a disk of this machine, as far as the system tells.

        Raises:
            StoreError: it is not.
        """
        kind = file_system(self.path)
        if kind in _NETWORK:
            raise StoreError(
                f"the data folder {self.path} is on a network file system ({kind}), where SQLite's files break; "
                "use a folder on a local disk"
            )

    def lock(self) -> int:
        """Become the folder's only writer, until the descriptor that is returned is closed.

        Raises:
            StoreError: another process writes here; the message names it.
        """
        path = self.path / _LOCK
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, _MODE)
        except OSError as error:
            raise StoreError(f"the lock file {path} cannot be opened: {error.strerror}") from error
        if sys.platform == "win32":
            return fd
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(fd, 32).decode("ascii", "replace").strip()
            os.close(fd)
            raise StoreError(
                f"another console (process {holder or 'unknown'}) writes into {self.path}; "
                "end it, or give this one a folder of its own"
            ) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return fd

    def slices(self) -> list[SliceFile]:
        """Return the slices, oldest first; empty without a folder."""
        try:
            names = os.listdir(self.path)  # noqa: PTH208 - asked several times a second; a Path each costs more than the list
        except OSError:
            return []
        found = [
            SliceFile(int(match[1]), int(match[2]), self.path / name)
            for name in names
            if (match := _SLICE.fullmatch(name))
        ]
        found.sort()
        return found

    def new_slice(self, number: int, begun_s: int) -> SliceFile:
        """Name a slice; nothing is made."""
        begun_s = min(max(begun_s, 0), 9_999_999_999)
        return SliceFile(number, begun_s, self.path / f"slice-{number:08d}-{begun_s:010d}.db")

    def discarded(self) -> list[Path]:
        """Return slices that were taken out of the list and are not deleted yet, and what of one was left behind."""
        gone = list(self.path.glob(f"slice-*.db{_GONE}"))
        for part in _PARTS[1:]:
            left = self.path.glob(f"slice-*.db{part}")
            gone += [one for one in left if not one.with_name(one.name.removesuffix(part)).exists()]
        return sorted(gone)

    @property
    def meta(self) -> Path:
        """The file of what outlives slices."""
        return self.path / META

    def set_aside(self, path: Path, reason: str) -> None:
        """Move a file that cannot be used out of the way, with its companions and the reason beside it."""
        aside = self.path / ASIDE
        aside.mkdir(mode=_PRIVATE, exist_ok=True)
        name, copy = path.name, 1
        while (aside / name).exists() or (aside / name).is_symlink():
            copy += 1
            name = f"{path.name}.{copy}"
        for part in _PARTS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + part).rename(aside / (name + part))
        fd = os.open(
            aside / (name + _REASON), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, _MODE
        )
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(reason)

    def aside(self) -> list[str]:
        """Return what was set aside, each with its reason."""
        found = []
        for why in sorted((self.path / ASIDE).glob(f"*{_REASON}")):
            with suppress(OSError):
                found.append(
                    f"{ASIDE}/{why.name.removesuffix(_REASON)}: {why.read_text(encoding='utf-8')[:500]}"
                )
        return found


def size_of(path: Path) -> int:
    """Return how many bytes a file and its companions take."""
    total = 0
    for part in _PARTS:
        with suppress(OSError):
            total += path.with_name(path.name + part).stat().st_size
    return total


def unlinked_parts(path: Path) -> Path:
    """Rename a file out of every list, delete its companions, and return what is left to delete.

    Raises:
        OSError: it is open in another process, on systems where that keeps a file; it is tried again later.
    """
    gone = path.rename(path.with_name(path.name + _GONE))
    for part in _PARTS[1:]:
        with suppress(OSError):  # the next start finds it
            path.with_name(path.name + part).unlink(missing_ok=True)
    return gone


def has_link(path: Path) -> bool:
    """Whether a file or one of its companions is a symbolic link."""
    return any(path.with_name(path.name + part).is_symlink() for part in _PARTS)


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """Return the type of the file system that holds a path; empty if the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = path.resolve()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, place, type
            continue
        place = Path(fields[1].replace("\\040", " "))
        if wanted.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fields[2]
    return kind
