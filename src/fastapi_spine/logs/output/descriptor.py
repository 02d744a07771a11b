"""How whole lines reach a file descriptor, whatever it is and whoever else writes to it.

Standard output of a service is usually one pipe that several processes write to and that
somebody else reads, or does not. Three rules follow from that:

- A write of at most PIPE_BUF bytes to a pipe is all or nothing (POSIX write(2)); a longer one may
  be cut by another process (64 KiB batches from 4 writers: 1,144 torn lines). So short lines are
  packed into writes of at most PIPE_BUF, under the shared side of a lock between processes; a
  longer line is written under its exclusive side, so that nothing lands inside it. So are many
  short ones, in one write, while the pipe has room for all of them: Linux copies a write in one
  go as long as it need not wait.
- O_NONBLOCK belongs to the open file description, which the parent shell and the siblings share
  (MagicStack/uvloop#460, unbit/uwsgi#2622). It is never set on an inherited descriptor: either
  the pipe is opened a second time (see `target`), or poll(2) is asked before each write.
- A line is handed back as "not written" until its last byte is out.

What this does not guarantee: a process that writes to the pipe without this lock (`print` in a
sibling, a program started by the application) can land inside a line over PIPE_BUF, and inside any
line if it fills half the pipe between our look at its room and our write; so can one of
ours when the holder of the lock stood still for `LOCK_PATIENCE` seconds although there was room;
and a process that is killed inside a long line, or while it writes to a file (where the kernel
stops between two pages), leaves half a line behind.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable
from itertools import islice
from time import monotonic, sleep
from typing import Final, TypeAlias

from fastapi_spine.core.conventions import DROP_BROKEN_PIPE, DROP_DISK_FULL, DROP_WRITE_ERROR
from fastapi_spine.logs.output.target import Identity, Target, identity_of

LOCK_PATIENCE: Final = 1.0

_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FEW: Final = 16
"""Lines that are written as they always can be: by as many as are never cut."""
_LOCK_RETRY: Final = 0.002
_READER_RETRY: Final = 0.1

Stream: TypeAlias = Callable[[], int | None] | int


def reason_of(error: Exception) -> str:
    """Name why a write failed, as drops are counted: broken pipe, disk full, or anything else."""
    if isinstance(error, BrokenPipeError):
        return DROP_BROKEN_PIPE
    if isinstance(error, OSError) and error.errno in _FULL:
        return DROP_DISK_FULL
    return DROP_WRITE_ERROR


class Descriptor:
    """Sends whole lines to the descriptor `stream` names at the moment, and survives its troubles.

    One thread at a time may call it. Nothing is opened before the first `send`, and nothing stays
    open between two, except while a long line is half out: a pipe somebody wants to see closed is
    not held open by us (measured: 10 us a batch for opening, locking and closing).
    """

    __slots__ = ("_fallback", "_patience", "_sent", "_stamp", "_stream", "_target", "_torn")

    def __init__(self, stream: Stream, write: Callable[[bytes], object] | None = None) -> None:
        """Take a descriptor number, or a function that says the number of the moment.

        Args:
            stream: The number, or a function returning it; None from it means "there is none"
                (`sys.stdout` replaced by pytest or an IDE).
            write: Where the bytes go when there is none. Without it they fail with EBADF.
        """
        self._stream = stream
        self._fallback = write
        self._target: Target | None = None
        self._sent = 0  # bytes of the first line that are already out
        self._torn: Identity | None = None  # where a half line may stand
        self._stamp: tuple[Identity, int, int] | None = None  # where a full disk stopped us
        self._patience = LOCK_PATIENCE

    def send(self, lines: deque[bytes], wait: float) -> None:
        """Write lines and remove each one that is out; stop when there was no room for too long.

        Args:
            lines: Lines ending in a newline; what is left on return was not (wholly) written.
                The next call must begin with the same line, unless `give_up` was called.
            wait: Longest time to wait for room and for the lock, in seconds.

        Raises:
            OSError: The descriptor refused; `reason_of` names it. `lines` holds what is left.
            Exception: Whatever `stream` or `write` raised.
        """
        deadline = monotonic() + wait
        target = self._find()
        if target is None:
            self._send_without_descriptor(lines)
            return
        try:
            while lines and self._advance(target, lines, deadline):
                pass
        except OSError:
            self._note_failure(target)
            self._close()
            raise
        if not self._sent:
            self._close()

    def give_up(self) -> None:
        """Forget a half-written line: the caller dropped it, and the next must not glue to it."""
        if self._sent and self._target is not None:
            self._torn = self._target.identity
        elif self._sent and self._stamp is not None:
            self._torn = self._stamp[0]
        self._sent = 0
        self._stamp = None
        self._close()

    def forget_inherited(self) -> None:
        """In a forked child: let go of the parent's description without touching its lock.

        Closing is enough and unlocking would be wrong: the lock belongs to the description, which
        parent and child share until this call.
        """
        target, self._target = self._target, None
        self._sent = 0
        self._torn = self._stamp = None
        if target is not None:
            target.close()

    def _find(self) -> Target | None:
        fd = self._stream if isinstance(self._stream, int) else self._stream()
        if fd is None:
            return None
        if self._target is not None:
            if self._target.identity == identity_of(os.fstat(fd)):
                return self._target
            self.give_up()  # somebody redirected the descriptor while a line was half out
        self._target = target = Target.examine(fd)
        self._resume(target)
        return target

    def _send_without_descriptor(self, lines: deque[bytes]) -> None:
        if self._fallback is None:
            raise OSError(errno.EBADF, "the stream has no file descriptor")
        self.give_up()
        self._fallback(b"".join(lines))
        lines.clear()

    def _advance(self, target: Target, lines: deque[bytes], deadline: float) -> bool:
        """Write one piece; False when the deadline came first."""
        whole = not self._sent and len(lines[0]) <= target.limit
        limit = self._limit(target, lines) if whole else target.limit
        alone = limit > target.limit  # the others are kept away already
        if (
            target.shared
            and not alone
            and not self._take_turn(target, exclusive=not whole, deadline=deadline)
        ):
            return False
        if not (target.private or target.regular or target.has_room(deadline)):
            return False
        piece, count = _pack(lines, limit) if whole else (self._rest(target, lines[0]), 0)
        try:
            self._close_torn_line(target)
            written = os.write(target.fd, piece)
        except BlockingIOError:
            if whole:
                target.unlock()  # waiting for the reader is no reason to keep others waiting
            return target.has_room(deadline) and monotonic() < deadline
        if count and written == len(piece):
            for _ in range(count):
                lines.popleft()
        else:
            self._take_out(lines, written)
        return True

    def _limit(self, target: Target, lines: deque[bytes]) -> int:
        """Return how many bytes of whole lines the next write may have.

        Many lines go out at once where the pipe has room for all of them and this process may keep the others away: each
        write gives the interpreter to another thread and has to wait for it, which slows requests down.
        """
        if len(lines) <= _FEW or not target.private:
            return target.limit
        limit = target.at_once()
        return limit if limit > target.limit and target.try_lock(exclusive=True) else target.limit

    def _rest(self, target: Target, line: bytes) -> memoryview:
        rest = memoryview(line)[self._sent :]
        # A blocking pipe promises room for PIPE_BUF after poll, and no more.
        return rest if target.private or target.regular else rest[: target.limit]

    def _take_out(self, lines: deque[bytes], written: int) -> None:
        written += self._sent
        while lines and written >= len(lines[0]):
            written -= len(lines.popleft())
        self._sent = written

    def _close_torn_line(self, target: Target) -> None:
        if self._torn == target.identity:
            os.write(target.fd, b"\n")
        self._torn = None

    def _take_turn(self, target: Target, *, exclusive: bool, deadline: float) -> bool:
        """Wait for the other processes; True also when patience ran out (see the module)."""
        while not target.try_lock(exclusive=exclusive):
            if self._patience <= 0:
                return True  # until the lock is had again, each piece asks once and goes on
            now = monotonic()
            if now >= deadline:
                return False
            if target.has_room(now):
                sleep(_LOCK_RETRY)
                self._patience -= monotonic() - now
            else:  # the holder rightly waits for the reader: that does not wear out our patience
                target.has_room(min(deadline, now + _READER_RETRY))
        self._patience = LOCK_PATIENCE
        return True

    def _note_failure(self, target: Target) -> None:
        if not target.regular:
            return
        if self._sent:
            self._stamp = target.position()
        else:  # a sibling that shares the file may have been cut off in the middle
            self._torn = target.identity

    def _resume(self, target: Target) -> None:
        """After a full disk: go on inside the half line only if nobody wrote behind it."""
        if self._sent and (self._stamp is None or target.position() != self._stamp):
            self._sent = 0
            if self._stamp is None or self._stamp[0] == target.identity:
                self._torn = target.identity
        self._stamp = None

    def _close(self) -> None:
        # First forgotten, then closed: a fork between the two leaks a descriptor into the child;
        # the other order would make the child close a number that is somebody else's by then.
        target, self._target = self._target, None
        if target is not None:
            target.unlock()
            target.close()


def _pack(lines: deque[bytes], limit: int) -> tuple[bytes, int]:
    """Join as many lines from the front as fit into `limit` bytes, and say how many these are."""
    size = count = 0
    for line in lines:
        size += len(line)
        if size > limit:
            break
        count += 1
    return b"".join(islice(lines, count)), count
