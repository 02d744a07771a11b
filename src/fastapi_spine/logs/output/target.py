"""What a file descriptor is, whether it has room, and the lock between processes that share it.

On Linux `/proc/self/fd/N` opens the same pipe a second time, as an open file description of our
own: that one may be non-blocking, and flock(2) on it conflicts with every process that did the
same (tried: fork, exec, `kill -9` of the holder). It needs no set-up, no name and no file, and the
kernel ends it with the process. Where that fails (macOS, sockets, a pipe created by another user,
who may not open it again) a file in a private folder stands for the pipe.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import select
import stat
import sys
from array import array
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeAlias

from fastapi_spine.core.private_folder import private_folder

if sys.platform != "win32":  # there is no flock on Windows; the writer goes on without a lock
    import fcntl
    import termios

PIPE_BUF: Final[int] = getattr(select, "PIPE_BUF", 4096)
FILE_BATCH: Final = 64 * 1024
LOCK_FILES: Final = 64
_LOCK_FOLDER: Final = "locks"

_UNLOCKED: Final = 0

Identity: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class Target:
    """One descriptor as it was found, and how it may be written to.

    Attributes:
        identity: Device and inode, which all processes that share it see alike.
        fd: The number to write to.
        private: It is a description of our own: non-blocking, and closed by us.
        shared: A pipe or socket: others may write between two of our pieces.
        regular: A file on a disk.
        limit: Bytes one write may have without being cut by another process.
    """

    identity: Identity
    fd: int
    private: bool
    shared: bool
    regular: bool
    limit: int
    lock_fd: int | None = None
    held: int = _UNLOCKED

    @classmethod
    def examine(cls, fd: int) -> Target:
        """Look at a descriptor, and open what is needed to write to it safely.

        Raises:
            OSError: EBADF when it is closed, or a pipe's reading end.
        """
        info = os.fstat(fd)
        identity = identity_of(info)
        fifo = stat.S_ISFIFO(info.st_mode)
        shared = sys.platform != "win32" and (fifo or stat.S_ISSOCK(info.st_mode))
        own = _open_again(fd, identity) if fifo and shared else None
        regular = stat.S_ISREG(info.st_mode)
        return cls(
            identity=identity,
            fd=fd if own is None else own,
            private=own is not None,
            shared=shared,
            regular=regular,
            limit=FILE_BATCH if regular else PIPE_BUF,
            lock_fd=own if own is not None or not shared else _open_lock_file(identity),
        )

    def at_once(self) -> int:
        """Return how many bytes one write may have now without being cut by a full pipe, if nobody else writes.

        A pipe consists of pages, and a write shorter than a page goes into the last one if it fits there (pipe(7) and
        `pipe_write` in Linux): two neighbours hold more than one page together. So the bytes that wait take at most twice
        their pages and two more.
        """
        if not self.private or sys.platform != "linux":
            return self.limit
        try:
            capacity = fcntl.fcntl(self.fd, fcntl.F_GETPIPE_SZ)
            fcntl.ioctl(self.fd, termios.FIONREAD, waiting := array("i", [0]))
        except OSError:  # a sandbox that does not say
            return self.limit
        room = capacity - 2 * waiting[0] - 2 * mmap.PAGESIZE
        return max(min(capacity // 2, room), self.limit)

    def has_room(self, deadline: float) -> bool:
        """Wait until a write can go on, at most until `deadline` (seconds, monotonic clock).

        True as well when a write would fail, so that it fails and says why.
        """
        if not hasattr(select, "poll"):  # Windows
            return True
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        return bool(poll.poll(max(0.0, deadline - monotonic()) * 1000))

    def try_lock(self, *, exclusive: bool) -> bool:
        """Take the lock, or turn the one held into the other kind; False if another has it."""
        if self.lock_fd is None:
            return True
        mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        if self.held == mode:
            return True
        self.held = _UNLOCKED  # a conversion gives up the old lock even if it then fails: flock(2)
        try:
            fcntl.flock(self.lock_fd, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: there is nobody to wait for
            return True
        self.held = mode
        return True

    def unlock(self) -> None:
        """Let the others go on."""
        if self.held and self.lock_fd is not None:
            self.held = _UNLOCKED
            fcntl.flock(self.lock_fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close what `examine` opened, and nothing else; the lock is not touched."""
        opened = {self.lock_fd, self.fd if self.private else None}
        for fd in opened:
            if fd is not None:
                with contextlib.suppress(OSError):
                    os.close(fd)

    def position(self) -> tuple[Identity, int, int] | None:
        """Say where in a regular file the next byte would go, and how long the file is."""
        try:
            return self.identity, os.lseek(self.fd, 0, os.SEEK_CUR), os.fstat(self.fd).st_size
        except OSError:
            return None


def identity_of(info: os.stat_result) -> Identity:
    """Take from a stat result what names the same pipe or file in every process."""
    return info.st_dev, info.st_ino


def _open_again(fd: int, identity: Identity) -> int | None:
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        # Opening it for writing would work, and pour log lines into a pipe of the application.
        raise OSError(errno.EBADF, "the descriptor is the reading end of a pipe")
    try:
        own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if identity_of(os.fstat(own)) == identity:
        return own
    os.close(own)  # redirected between the two looks
    return None


def _open_lock_file(identity: Identity) -> int | None:
    """Open the file that stands for a pipe; None where no safe folder can be had.

    Only this user may enter the folder; so processes of different users that share a pipe do not see
    each other's lock. It lies where all of this user's processes find it, whatever their environment.
    Pipes are spread over a fixed number of files, which are never deleted: two unrelated pipes may
    wait for each other.
    """
    try:
        folder = private_folder({}, _LOCK_FOLDER)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(folder / f"{sum(identity) % LOCK_FILES:02d}.lock", flags, 0o600)
    except OSError:
        return None
