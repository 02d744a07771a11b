"""Which workers belong together: those of one server, found without being told.

What siblings share and nobody else does, whatever started them: the user, the boot of the machine, the parent process
and the listening socket that it handed down. The parent alone is not enough: one parent may start three services.
Workers of jobs listen on nothing: what they share is the process that they
were forked from. Linux only; elsewhere a name in the settings does the same.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
_BOOT_ID: Final = _PROC / "sys/kernel/random/boot_id"
_START_FIELD: Final = 19  # of /proc/<pid>/stat, counted after the name in parentheses: proc(5)
_DIGEST: Final = 16
AUTO: Final = "auto"
OFF: Final = "off"


class Group(NamedTuple):
    """One server's workers.

    Attributes:
        name: a digest of what they share.
        parent: their parent's process id and start time; 0 and empty for a group with a given name.
    """

    name: str
    parent: tuple[int, str] = (0, "")


def head_of_jobs() -> int:
    """Return the process that a worker of jobs, with all that are forked from it, has in common with its siblings.

    It is where the layer was set up (Celery's main process, which forks its pool), or who made this one by
    `multiprocessing` (taskiq's). A supervisor that starts several by commands is none: each of those is asked by itself.
    """
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def find_group(
    mode: str, service: str, inherited: Sequence[int] = (), head: int = 0
) -> Group | None:
    """Find the group of this process.

    Args:
        mode: `auto`, `off`, or a name that all workers were given.
        service: two services of one parent are never one group.
        inherited: inodes that this process listened on when it began, for a parent that lets nobody look.
        head: in a worker of jobs, which process all of them have in common; no socket is needed then.

    Returns:
        The group, or None for a process that shares no listening socket with its parent.
    """
    if mode == OFF:
        return None
    if mode != AUTO:
        return Group(_digest("named", mode, service))
    if head:
        began = started_at(head)
        return Group(_digest("jobs", str(head), began, service), (head, began)) if began else None
    parent = os.getppid()
    started = started_at(parent)
    inodes = sorted(set(listening()) & set(_sockets_of(parent)))
    if not inodes and not _may_look(parent):
        inodes = list(inherited[:1])
    if not started or not inodes:
        return None
    return Group(_digest(str(parent), started, *map(str, inodes), service), (parent, started))


def started_at(pid: int) -> str:
    """Return when a process started, in the kernel's ticks since boot; empty if there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("latin-1")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return fields[_START_FIELD] if len(fields) > _START_FIELD else ""


def _digest(*parts: str) -> str:
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = ""
    user = str(os.getuid()) if hasattr(os, "getuid") else ""
    text = "\0".join((user, boot, *parts))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST).hexdigest()


def _may_look(pid: int) -> bool:
    """Tell whether a process shows its descriptors: one of another user does not, as gunicorn's with `--user`.

    What workers have then is the lowest socket that they listened on when they began: a server hands its own down
    before the application opens any. An application that opens one first splits them, and never joins strangers.
    """
    try:
        with os.scandir(_PROC / str(pid) / "fd"):
            return True
    except OSError:
        return False


def listening() -> Iterator[int]:
    """Yield the inodes of the sockets that this process listens on, in the order of their descriptors."""
    for fd, inode in sorted(_sockets(_PROC / "self" / "fd")):
        try:
            one = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        with one:
            if _accepts(one):
                yield inode


def _accepts(one: socket.socket) -> bool:
    try:
        return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _sockets_of(pid: int) -> Iterator[int]:
    for _, inode in _sockets(_PROC / str(pid) / "fd"):
        yield inode


def _sockets(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield number and inode of every socket among a process's descriptors; nothing of strangers' processes."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        try:
            info = entry.stat()
        except OSError:
            continue
        if stat.S_ISSOCK(info.st_mode):
            yield int(entry.name), info.st_ino
