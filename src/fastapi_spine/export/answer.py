"""Reads an HTTP/1.1 answer under a deadline: at most 64 KiB of it, never inflated (RFC 9112)."""

from __future__ import annotations

import socket
import ssl
from time import monotonic
from typing import Final, NamedTuple

_MOST: Final = 64 * 1024
_CHUNK: Final = 16 * 1024
_HEAD_END: Final = b"\r\n\r\n"
_LINE_END: Final = b"\r\n"
_INFORMATIONAL: Final = range(100, 200)
_INTERIM: Final = b"HTTP/1.1 1"
_WITHOUT_BODY: Final = frozenset({204, 304})


class Answer(NamedTuple):
    """What a receiver said.

    Attributes:
        status: HTTP status.
        headers: lower-case names; of repeated ones the last.
        body: at most 64 KiB of it.
        reusable: whether it was read to its end, nothing came behind it and the receiver stays, so that the connection can
            be used again.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool = True


class Reader:
    """Reads one answer from a connection.

    Args:
        line: the connection.
        deadline: of all of it, by `time.monotonic`.
    """

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._line = line
        self._deadline = deadline
        self._data = b""

    def answer(self) -> Answer:
        """Read the answer, passing over interim ones.

        Raises:
            OSError: the connection broke, or the deadline passed.
            ValueError: it is no HTTP/1.1, or its head is longer than 64 KiB.
        """
        version, status, headers = self._head()
        while status in _INFORMATIONAL:
            version, status, headers = self._head()
        body, whole = self._body(status, headers)
        # What came with it is no answer of ours.
        reusable = whole and _stays(version, headers) and not self._data
        return Answer(status, headers, body, reusable)

    def _body(self, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        """Read what follows the head; say too whether that was all of it."""
        if status in _WITHOUT_BODY:
            return b"", True
        if headers.get("transfer-encoding", "").lower().endswith("chunked"):
            return self._chunks()
        if headers.get("content-length", "").isdigit():
            length = int(headers["content-length"][:18])
            return self._bytes(min(length, _MOST)), length <= _MOST
        return self._rest(), False

    def begun(self) -> bool:
        """Look, without waiting, whether an answer has come, or none can come any more; an interim one is none.

        Raises:
            OSError: the connection broke.
        """
        self._line.settimeout(0.0)
        try:
            data = self._line.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        self._data += data
        return not data or not self._data.startswith(_INTERIM) or len(self._data) > _MOST

    def _head(self) -> tuple[str, int, dict[str, str]]:
        while _HEAD_END not in self._data:
            if len(self._data) > _MOST:
                raise ValueError("the answer's head is longer than 64 KiB")
            self._more()
        head, _, self._data = self._data.partition(_HEAD_END)
        first, *rest = head.decode("latin-1").split("\r\n")
        version, _, status = first.partition(" ")
        if not version.startswith("HTTP/1.") or not status[:3].isdigit():
            raise ValueError("the answer is no HTTP/1.1")
        pairs = (line.partition(":") for line in rest)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return version, int(status[:3]), headers

    def _chunks(self) -> tuple[bytes, bool]:
        """Read a chunked body (RFC 9112, section 7.1); trailers are not read, so then the connection ends."""
        body = b""
        while len(body) < _MOST:
            size = int(self._line_of_text().partition(b";")[0], 16)
            if size <= 0:
                return body, self._line_of_text() == b""
            body += self._bytes(min(size, _MOST - len(body)))
            if len(body) == _MOST or self._line_of_text():
                break
        return body, False

    def _line_of_text(self) -> bytes:
        while _LINE_END not in self._data:
            if len(self._data) > _CHUNK:
                raise ValueError("a line of the answer has no end")
            self._more()
        line, _, self._data = self._data.partition(_LINE_END)
        return line

    def _bytes(self, count: int) -> bytes:
        while len(self._data) < count:
            self._more()
        found, self._data = self._data[:count], self._data[count:]
        return found

    def _rest(self) -> bytes:
        """Read until the receiver closes the connection, or it is enough."""
        try:
            while len(self._data) < _MOST:
                self._more()
        except ConnectionResetError:
            return self._data
        return self._data[:_MOST]

    def _more(self) -> None:
        self._line.settimeout(left(self._deadline))
        data = self._line.recv(_CHUNK)
        if not data:
            raise ConnectionResetError("the receiver closed the connection")
        self._data += data


def _stays(version: str, headers: dict[str, str]) -> bool:
    """Tell whether the receiver keeps the connection (RFC 9112, section 9.3): HTTP/1.0 only if it says so."""
    said = {word.strip() for word in headers.get("connection", "").lower().split(",")}
    return "close" not in said and (version != "HTTP/1.0" or "keep-alive" in said)


def left(deadline: float) -> float:
    """Return how many seconds are left.

    Raises:
        TimeoutError: none are left.
    """
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    return seconds
