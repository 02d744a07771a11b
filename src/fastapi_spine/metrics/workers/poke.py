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

    def listen(self, seconds: float, answer: Callable[[], object]) -> None:
        """Wait so long at most for a sibling's question; leave numbers with `answer`, then say so."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            data, notes, _, sender = self._socket.recvmsg(16, 256)
        except OSError:
            return
        if data == _PLEASE and _from_this_user(notes):
            answer()
            with contextlib.suppress(OSError):
                self._socket.sendto(_DONE, sender)

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


def ask(instances: Iterable[str]) -> None:
    """Ask siblings to leave their newest numbers, and wait for them, 250 ms in all at most; usually they answer in two."""
    if not _ABSTRACT:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
        mouth.setsockopt(socket.SOL_SOCKET, _PASSCRED, 1)
        mouth.bind("")  # the kernel chooses an abstract name to answer to
        waiting = 0
        mouth.setblocking(False)  # a sibling whose queue is full is not waited for
        for instance in instances:
            with contextlib.suppress(OSError):
                mouth.sendto(_PLEASE, _address(instance))
                waiting += 1
        deadline = monotonic() + _PATIENCE_S
        while waiting and (left := deadline - monotonic()) > 0:
            mouth.settimeout(left)
            try:
                mouth.recv(16)
            except OSError:
                return
            waiting -= 1


def _address(instance: str) -> bytes:
    return f"\0{DISTRIBUTION}-{instance}".encode()


def _from_this_user(notes: Iterable[tuple[int, int, bytes]]) -> bool:
    for level, kind, data in notes:
        if level == socket.SOL_SOCKET and kind == _SCM_CREDENTIALS:
            return bool(_CREDENTIALS.unpack(data[: _CREDENTIALS.size])[1] == os.getuid())
    return False
