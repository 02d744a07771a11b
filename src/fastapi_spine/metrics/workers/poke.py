"""Workers ask each other to leave their newest numbers: datagrams on Linux' abstract sockets.

Such a socket has no file, ends with its process, and tells who sends (SO_PASSCRED); strangers are not answered.
Elsewhere nobody is asked, and a scrape sees of the others what they left within the last second.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final

from fastapi_spine.core.conventions import DISTRIBUTION

_ABSTRACT: Final = sys.platform == "linux"
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7)
_PASSCRED: Final = getattr(socket, "SO_PASSCRED", 16)
_SCM_CREDENTIALS: Final = getattr(socket, "SCM_CREDENTIALS", 2)
_PATIENCE_S: Final = 0.25
_PLEASE: Final = b"?"
_DONE: Final = b"!"


class Ear:
    """Hears siblings ask.

    Args:
        instance: names this worker.

    Raises:
        OSError: no socket can be had.
    """

    def __init__(self, instance: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _PASSCRED, 1)
        self._socket.bind(_address(instance))

    def listen(self, seconds: float, answer: Callable[[], object]) -> bool:
        """Wait so long at most for a sibling's question; leave numbers with `answer`, then say so.

        Returns:
            Whether there was one, so that numbers have just been left.
        """
        self._socket.settimeout(max(seconds, 0.001))
        try:
            data, notes, _, sender = self._socket.recvmsg(16, 256)
        except OSError:
            return False
        if data != _PLEASE or not _from_this_user(notes):
            return False
        answer()
        with contextlib.suppress(OSError):
            self._socket.sendto(_DONE, sender)
        return True

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def ear_for(instance: str) -> Ear | None:
    """Make an ear where the system has such sockets."""
    if not _ABSTRACT:
        return None
    try:
        return Ear(instance)
    except OSError:
        return None


class Question:
    """Asks siblings to leave their newest numbers, two at a time, 250 ms in all at most.

    Not all at once, because that would take the processors from those who serve requests. The first is asked at once, so
    that whoever asks can put its own numbers in order meanwhile.

    Args:
        instances: the siblings.
    """

    def __init__(self, instances: Iterable[str]) -> None:
        self._left = list(instances) if _ABSTRACT else []
        self._deadline = monotonic() + _PATIENCE_S
        self._asked = 0
        if self._left:
            self._mouth = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._mouth.setsockopt(socket.SOL_SOCKET, _PASSCRED, 1)
            self._mouth.bind("")  # the kernel chooses an abstract name to answer to
            self._ask_next()

    def wait(self) -> None:
        """Ask the others, and wait for all."""
        if not (self._asked or self._left):
            return
        with self._mouth:
            self._ask_next()
            while self._asked and (left := self._deadline - monotonic()) > 0:
                self._mouth.settimeout(left)
                try:
                    self._mouth.recv(16)
                except OSError:
                    return
                self._asked -= 1
                self._ask_next()

    def _ask_next(self) -> None:
        """Ask one more; a sibling whose queue is full, or that is gone, is not waited for."""
        self._mouth.setblocking(False)
        while self._left:
            with contextlib.suppress(OSError):
                self._mouth.sendto(_PLEASE, _address(self._left.pop()))
                self._asked += 1
                return


def _address(instance: str) -> bytes:
    return f"\0{DISTRIBUTION}-{instance}".encode()


def _from_this_user(notes: Iterable[tuple[int, int, bytes]]) -> bool:
    for level, kind, data in notes:
        if level == socket.SOL_SOCKET and kind == _SCM_CREDENTIALS:
            return bool(_CREDENTIALS.unpack(data[: _CREDENTIALS.size])[1] == os.getuid())
    return False
