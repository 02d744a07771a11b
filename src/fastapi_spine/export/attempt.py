"""One HTTP request under one deadline: nothing a receiver does takes longer, or more memory, than was allowed.

A socket's own timeout starts anew with every byte; here each step gets what is left of the whole. Redirects are
answers like any other (OTLP's headers may hold a key). Not bounded: looking a name up, which the system does in its
own time; it holds up this signal's thread and nobody else.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from time import monotonic
from typing import Any, Final

from fastapi_spine.export.answer import Answer, Reader, left
from fastapi_spine.export.endpoint import Endpoint

_CHUNK: Final = 64 * 1024
# `select` by itself refuses descriptors from 1,024 on, except on Windows, where there is nothing else.
_Selector: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)
_EITHER: Final = selectors.EVENT_READ | selectors.EVENT_WRITE
_END: Final = b"\r\n\r\n"
_USER_AGENT: Final = "fastapi-spine-otlp"


class Unreached(Exception):  # noqa: N818 - it says what happened
    """No answer came: refused, reset, too late, or no HTTP. The message says which, without secrets."""


class Line:
    """A connection to one receiver, kept open from attempt to attempt while both sides like it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._socket: socket.socket | None = None
        self._context: ssl.SSLContext | None = None
        self._closed = False

    def post(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        """Send one body and read the answer.

        Args:
            body: what to send.
            zipped: whether it is gzip.
            deadline: of all of it, by `time.monotonic`.

        Raises:
            Unreached: no answer came in time, or the line was closed.
        """
        kept = self._is_kept()
        try:
            return self._exchange(body, zipped=zipped, deadline=deadline)
        except (OSError, ValueError) as error:
            self._hang_up()
            again = kept and not self._closed and not isinstance(error, TimeoutError)
            if again and monotonic() < deadline:
                return self._post_anew(body, zipped=zipped, deadline=deadline)
            raise Unreached(_said(error)) from None

    def _post_anew(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        """Try once more: a receiver may close a connection that has rested, just as we begin to write."""
        try:
            return self._exchange(body, zipped=zipped, deadline=deadline)
        except (OSError, ValueError) as error:
            self._hang_up()
            raise Unreached(_said(error)) from None

    def _is_kept(self) -> bool:
        """Tell whether there is a connection that can be used again.

        What a receiver says unasked (408, because it has waited long enough) would be taken for the next answer.
        """
        line = self._socket
        if line is not None and _has_word(line):
            self._hang_up()
        return self._socket is not None

    def close(self) -> None:
        """Close the connection for good; from another thread this ends an attempt that is under way.

        One that is still connecting ends when it has connected, and sends nothing.
        """
        self._closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        line, self._socket = self._socket, None
        if line is not None:
            with contextlib.suppress(OSError):
                # Not the one of `SSLSocket`, after which whoever is sending would send in the clear.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                line.close()

    def _exchange(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        line = self._socket
        if line is None:
            line = self._socket = self._connect(deadline)
            self._look_closed()  # once the socket is where `close` finds it: one of both ends it
        # In one piece: a head by itself would wait for its acknowledgement before the body goes (Nagle).
        data = self._head(len(body), zipped=zipped) + body
        reader = Reader(line, deadline)
        whole = _send(line, data, reader, deadline)
        answer = reader.answer()
        if not (whole and answer.reusable):
            self._hang_up()
        return answer

    def _look_closed(self) -> None:
        if self._closed:
            raise ConnectionAbortedError("the line was closed")

    def _connect(self, deadline: float) -> socket.socket:
        end = self._endpoint
        line = self._reach(deadline)
        if not end.secure:
            return line
        try:
            if self._context is None:
                self._context = _context(end)
            line.settimeout(left(deadline))
            return self._context.wrap_socket(line, server_hostname=end.host)
        except (OSError, ValueError):
            line.close()
            self._context = None  # the files may be newer the next time
            raise

    def _reach(self, deadline: float) -> socket.socket:
        """Connect to the first of the receiver's addresses that answers; none has more of what is left than its share."""
        error = OSError("the name has no address")
        found = socket.getaddrinfo(
            self._endpoint.host, self._endpoint.port, type=socket.SOCK_STREAM
        )
        for place, (family, kind, protocol, _, address) in enumerate(found):
            self._look_closed()
            try:
                share = left(deadline) / (len(found) - place)
                return _connected(socket.socket(family, kind, protocol), address, share)
            except OSError as problem:  # a kind of address that this system does not know, too
                error = problem
        raise error

    def _head(self, length: int, *, zipped: bool) -> bytes:
        end = self._endpoint
        host = f"[{end.host}]" if ":" in end.host else end.host
        said = {"user-agent": _USER_AGENT, **dict(end.headers)}
        lines = [
            f"POST {end.path} HTTP/1.1",
            f"host: {host}:{end.port}",
            "content-type: application/x-protobuf",
            f"content-length: {length}",
            *(["content-encoding: gzip"] if zipped else []),
            *(f"{name}: {value}" for name, value in said.items()),
        ]
        return "\r\n".join(lines).encode("utf-8", "replace") + _END


def _connected(line: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        line.settimeout(seconds)
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def _send(line: socket.socket, data: bytes, reader: Reader, deadline: float) -> bool:
    """Send a request, as far as the receiver wants it: one that finds it too large may say so before it is all there.

    Args:
        line: the connection.
        data: head and body.
        reader: of the answer; asked whether it has begun whenever the receiver takes no more.
        deadline: of all of it, by `time.monotonic`.

    Returns:
        Whether all was sent; if not, an answer has come, or the connection broke, which reading it will tell.

    Raises:
        TimeoutError: the deadline passed.
    """
    unsent = memoryview(data)
    line.settimeout(0.0)  # whoever waits in `send` hears nothing
    while unsent:
        try:
            sent, wanted = _offer(line, unsent[:_CHUNK])
        except OSError:
            return False
        unsent = unsent[sent:]
        if wanted:
            _wait(line, wanted, deadline)
            if reader.begun():
                return False
    return True


def _offer(line: socket.socket, data: memoryview) -> tuple[int, int]:
    """Send what the system takes at once; return how much that was, and what to wait for before there can be more."""
    try:
        return line.send(data), 0
    except (BlockingIOError, ssl.SSLWantWriteError):
        return 0, _EITHER
    except ssl.SSLWantReadError:
        return 0, selectors.EVENT_READ


def _has_word(line: socket.socket) -> bool:
    """Look, without waiting, whether something came on a connection, its end too; what came is lost."""
    try:
        line.settimeout(0.0)
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    except OSError:
        pass
    return True


def _wait(line: socket.socket, events: int, deadline: float) -> None:
    with _Selector() as selector:
        selector.register(line, events)
        if not selector.select(left(deadline)):
            raise TimeoutError("the deadline has passed")


def _context(end: Endpoint) -> ssl.SSLContext:
    """Read certificates: some 20 ms, so once and not for each connection."""
    context = ssl.create_default_context(cafile=end.certificate or None)
    if end.client_certificate:
        context.load_cert_chain(end.client_certificate, end.client_key or None)
    return context


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
