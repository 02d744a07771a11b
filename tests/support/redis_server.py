"""A Redis as its users run it: started, hung up, killed and started again on the same port."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

from programs import need
from servers import free_port, wait_for


class Redis:
    """A Redis of the test's own, without anything on disk.

    Args:
        folder: takes its log.

    Attributes:
        url: where it listens, also while it does not run.
    """

    def __init__(self, folder: Path) -> None:
        self._program = need("redis-server")
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = [
            *(self._program, "--port", str(self._port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
        ]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._answers, "Redis to answer")

    def kill(self) -> None:
        """End it at once, as a machine does that is lost."""
        self.go_on()
        self._process.kill()
        self._process.wait()

    def hang(self) -> None:
        """Keep its connections open and answer nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
