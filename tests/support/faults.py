"""What a receiver can do wrong; run as a program, a receiver of its own process that does one of them all the time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from collector import Call, collector

Fault = Callable[[Call], None]


def status(code: int, **headers: str) -> Fault:
    """Answer with a status."""
    return lambda call: call.answer(code, b"", **headers)


def hang(call: Call) -> None:
    """Answer nothing until the other side gives up."""
    call.handler.rfile.read(1)


def drip(call: Call) -> None:
    """Answer a byte now and then, without an end."""
    pause = threading.Event()
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
        call.handler.wfile.write(bytes([byte]))
        call.handler.wfile.flush()
        pause.wait(0.05)


def flood(call: Call) -> None:
    """Take the batch, and answer 300 MB."""
    call.handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n")
    for _ in range(300):
        call.handler.wfile.write(b"z" * 1_000_000)


def endless_head(call: Call) -> None:
    """Answer with headers without an end."""
    call.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        call.handler.wfile.write(b"x-%d: y\r\n" % number)


def reset(call: Call) -> None:
    """Break the connection."""
    line = call.handler.connection
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01" + bytes(7))
    os.close(line.detach())  # the handler's files would keep it open


LASTING: dict[str, Fault] = {
    "ok": Call.answer,
    "hang": hang,
    "drip": drip,
    "flood": flood,
    "reset": reset,
    "bad": status(400),
    "busy": status(503),
}


@contextmanager
def receiver_that(fault: str) -> Iterator[str]:
    """Run a receiver in a process of its own, so that its work is not measured; gives its address.

    Args:
        fault: a name of `LASTING`.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, fault], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate()


def main() -> None:
    """Do it until standard input ends."""
    with collector(LASTING[sys.argv[1]]) as receiver:
        sys.stdout.write(f"{receiver.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        os._exit(0)


if __name__ == "__main__":
    main()
