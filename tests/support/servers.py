"""Real servers for tests: started as people start them, polled until they answer, ended as people end them."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 40


class Server:
    """A running server process.

    Attributes:
        port: where it listens.
        process: the process that was started; servers with workers have children.
        folder: holds the application, and what it wrote: `stdout` and `stderr`.
    """

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process
        self.folder = folder

    def text(self) -> str:
        """Everything written so far on standard output and standard error."""
        return "".join(self._files())

    def lines(self) -> list[dict[str, Any]]:
        """Every JSON line written so far, up to its end: a long one is written in pieces."""
        written = [line for text in self._files() for line in text.splitlines(keepends=True)]
        return [
            json.loads(line) for line in written if line.startswith("{") and line.endswith("\n")
        ]

    def lines_of(self, logger: str) -> list[dict[str, Any]]:
        """Every JSON line of a logger, also behind the half of one: a process killed while it writes leaves one behind."""
        told = [line for line in self.text().splitlines() if f'"logger":"{logger}"' in line]
        return [json.loads(line[line.rindex('{"ts":') :]) for line in told]

    def _files(self) -> list[str]:
        return [(self.folder / name).read_text() for name in ("stdout", "stderr")]

    def access(self) -> list[dict[str, Any]]:
        """The access lines written so far, without those of the polling for readiness."""
        lines = self.lines()
        return [
            line for line in lines if line["logger"] == "spine.access" and line["path"] != "/up"
        ]

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server in the usual way and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[Server]:
    """Start a server in a folder, wait until it answers, and end it.

    Args:
        folder: holds the application; its output goes to `stdout` and `stderr` there.
        *command: arguments of the Python interpreter; `{port}` is filled in.
    """
    port = free_port()
    arguments = [sys.executable, *(part.format(port=port) for part in command)]
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(arguments, cwd=folder, stdout=out, stderr=err)
        try:
            server = Server(folder, port, process)
            _wait_until_up(server)
            yield server
            if process.poll() is None:
                server.end()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait_until_up(server: Server) -> None:
    def answers() -> bool:
        if server.process.poll() is not None:
            pytest.fail(f"The server ended with {server.process.returncode}:\n{server.text()}")
        try:
            return get(server.port, "/up") == 404
        except OSError:
            return False

    wait_for(answers, "the server to come up")


def wait_for(condition: Any, what: str) -> None:
    """Poll until a condition holds; fail after the deadline."""
    pause = threading.Event()
    until = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"Waited {DEADLINE_S} s for {what}.")
        pause.wait(0.02)


def get(port: int, path: str, **headers: str) -> int:
    """Make one request on a connection of its own and return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
