"""One HTTP request under one deadline: nothing a receiver does takes longer, or more memory, than was allowed.

A socket's own timeout starts anew with every byte; here each step gets what is left of the whole. Answers are read
up to 64 KiB and never inflated; redirects are answers like any other (OTLP's headers may hold a key).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from time import monotonic
from typing import Final, NamedTuple

from fastapi_spine.export.endpoint import Endpoint

_MOST: Final = 64 * 1024
_CHUNK: Final = 16 * 1024
_END: Final = b"\r\n\r\n"
_USER_AGENT: Final = "fastapi-spine-otlp"


class Unreached(Exception):  # noqa: N818 - it says what happened
    """No answer came: refused, reset, too late, or no HTTP. The message says which, without secrets."""


class Answer(NamedTuple):
    """What a receiver said.

    Attributes:
        status: HTTP status.
        headers: lower-case names.
        body: at most 64 KiB of it.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """A connection to one receiver, kept open from attempt to attempt while both sides like it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._socket: socket.socket | None = None

    def post(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        """Send one body and read the answer.

        Args:
            body: what to send.
            zipped: whether it is gzip.
            deadline: of all of it, by `time.monotonic`.

        Raises:
            Unreached: no answer came in time.
        """
        kept = self._socket is not None
        try:
            return self._exchange(body, zipped=zipped, deadline=deadline)
        except (OSError, ValueError) as error:
            self.close()
            if kept and monotonic() < deadline and not isinstance(error, TimeoutError):
                return self._post_anew(body, zipped=zipped, deadline=deadline)
            raise Unreached(_said(error)) from None

    def _post_anew(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        """Try once more: a receiver may close a connection that has rested, just as we begin to write."""
        try:
            return self._exchange(body, zipped=zipped, deadline=deadline)
        except (OSError, ValueError) as error:
            self.close()
            raise Unreached(_said(error)) from None

    def close(self) -> None:
        """Close the connection; from another thread this ends an attempt that is under way."""
        line, self._socket = self._socket, None
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                line.close()

    def _exchange(self, body: bytes, *, zipped: bool, deadline: float) -> Answer:
        line = self._socket
        if line is None:
            line = self._socket = self._connect(deadline)
        line.settimeout(_left(deadline))
        line.sendall(self._head(len(body), zipped=zipped))
        sent = memoryview(body)
        while sent:
            line.settimeout(_left(deadline))
            sent = sent[line.send(sent[:_CHUNK]) :]
        answer, whole = _read(line, deadline)
        if not whole or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def _connect(self, deadline: float) -> socket.socket:
        end = self._endpoint
        line = socket.create_connection((end.host, end.port), timeout=_left(deadline))
        if not end.secure:
            return line
        context = ssl.create_default_context(cafile=end.certificate or None)
        if end.client_certificate:
            context.load_cert_chain(end.client_certificate, end.client_key or None)
        line.settimeout(_left(deadline))
        return context.wrap_socket(line, server_hostname=end.host)

    def _head(self, length: int, *, zipped: bool) -> bytes:
        end = self._endpoint
        host = f"[{end.host}]" if ":" in end.host else end.host
        lines = [
            f"POST {end.path} HTTP/1.1",
            f"host: {host}:{end.port}",
            f"user-agent: {_USER_AGENT}",
            "content-type: application/x-protobuf",
            f"content-length: {length}",
            *(["content-encoding: gzip"] if zipped else []),
            *(f"{name}: {value}" for name, value in end.headers),
        ]
        return "\r\n".join(lines).encode("utf-8", "replace") + _END


def _read(line: socket.socket, deadline: float) -> tuple[Answer, bool]:
    """Read an answer; says too whether it was read to its end, so that the connection can be used again."""
    data = b""
    while _END not in data:
        data += _more(line, deadline)
        if len(data) > _MOST:
            raise ValueError("the answer's head is longer than 64 KiB")
    head, _, body = data.partition(_END)
    status, headers = _head_of(head)
    length = headers.get("content-length", "")
    if not length.isdigit():
        return Answer(status, headers, body[:_MOST]), False
    wanted = min(int(length), _MOST)
    while len(body) < wanted:
        body += _more(line, deadline)
    return Answer(status, headers, body[:wanted]), len(body) == int(length)


def _more(line: socket.socket, deadline: float) -> bytes:
    line.settimeout(_left(deadline))
    data = line.recv(_CHUNK)
    if not data:
        raise ConnectionResetError("the receiver closed the connection")
    return data


def _head_of(head: bytes) -> tuple[int, dict[str, str]]:
    first, *rest = head.decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not status[:3].isdigit():
        raise ValueError("the answer is no HTTP/1.1")
    pairs = (line.partition(":") for line in rest)
    return int(status[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
