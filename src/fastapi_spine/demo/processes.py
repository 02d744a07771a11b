"""The three services and the console as processes: ports, start, readiness, stop. No child outlives the shop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from fastapi_spine.demo.capture import readable

HOST: Final = "127.0.0.1"
NAMES: Final = ("orders", "inventory", "payments")
CONSOLE: Final = ("console", "receiver")
"""The console's two ports: its pages, and where telemetry is received."""
UP_DEADLINE_S: Final = 30.0
STOP_DEADLINE_S: Final = 5.0
_SHOWN: Final = 12
LONGEST_LINE: Final = 1 << 20

Taker = Callable[[str, bytes], object]


class ShopError(Exception):
    """The shop cannot run; the message is what the user reads.

    Attributes:
        code: the exit code of the demo: 2 for what the user can change, 1 for what broke.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def choose_ports(base: int | None) -> dict[str, int]:
    """A free loopback port for each service and for the console.

    Args:
        base: the first of five consecutive ports, or None for any free ones.

    Raises:
        ShopError: a port is taken or not a port.
    """
    with contextlib.ExitStack() as held:
        ports = {}
        for place, name in enumerate((*NAMES, *CONSOLE)):
            listener = held.enter_context(socket.socket())
            # As uvicorn will bind it: connections that linger from the last run are no obstacle.
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wanted = 0 if base is None else base + place
            try:
                listener.bind((HOST, wanted))
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or error
                raise ShopError(
                    f"port {wanted} for {name} cannot be used ({reason}); "
                    "choose others with --port-base, or leave it out for any free ones",
                    code=2,
                ) from None
            ports[name] = int(listener.getsockname()[1])
        return ports


@dataclass(slots=True)
class Service:
    """One program of the shop and its process: a service, or the console.

    Attributes:
        name: one of `NAMES`, or the console's.
        port: where it listens on loopback.
        taker: called with the name and each line the process writes, standard error included.
        command: how it is started, without the interpreter: the way a user would, nothing special about it.
        probe: a path that it answers when it is up, with whatever status below 500.
        last_lines: what it wrote last, for the message when it does not come up.
    """

    name: str
    port: int
    taker: Taker
    command: tuple[str, ...]
    probe: str = "/healthz"
    last_lines: deque[bytes] = field(default_factory=lambda: deque(maxlen=8))
    _process: asyncio.subprocess.Process | None = None
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://{HOST}:{self.port}"

    async def start(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start the process in `folder`, in a session of its own: Ctrl-C is ours to pass on."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
        self._process = process
        self._readers = [
            asyncio.create_task(self._read(stream))
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]

    async def replace(self, environment: Mapping[str, str], folder: Path) -> None:
        """End the process and start another in its place; `ended` does not count that as an end."""
        async with self._changing:
            self.ask_to_stop()
            await self.stop()
            await self.start(environment, folder)

    async def up(self, client: httpx.AsyncClient) -> None:
        """Wait until the service answers.

        Raises:
            ShopError: it ended, or did not answer within the deadline; with its last lines.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + UP_DEADLINE_S
        while clock() < deadline:
            if self.exit_code is not None:
                raise await self._failed(f"ended with code {self.exit_code}")
            with contextlib.suppress(httpx.TransportError):
                answer = await client.get(f"{self.url}{self.probe}")
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return
            await asyncio.sleep(0.05)
        raise await self._failed(f"did not answer within {UP_DEADLINE_S:.0f} s")

    @property
    def exit_code(self) -> int | None:
        """The code the process ended with, None while it runs."""
        return None if self._process is None else self._process.returncode

    async def ended(self) -> None:
        """Wait for the process to end, which it should not.

        Raises:
            ShopError: it did; with its last lines.
        """
        process = None
        while process is not self._process:
            process = self._process
            if process is not None:
                await process.wait()
            # A process that is being replaced has ended, and is not missed.
            async with self._changing:
                pass
        raise await self._failed(f"ended with code {self.exit_code}")

    def ask_to_stop(self) -> None:
        """Send SIGTERM to a process that still runs; once, `stop` then waits for its end."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def stop(self) -> None:
        """Wait for the end, force it after the deadline, and take what was written until then."""
        if self._process is None:
            return
        try:
            await asyncio.wait_for(self._process.wait(), STOP_DEADLINE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.wait(self._readers, timeout=STOP_DEADLINE_S)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.last_lines.append(line)
            self.taker(self.name, line)

    async def _failed(self, how: str) -> ShopError:
        if self.exit_code is not None:
            await asyncio.wait(self._readers, timeout=1)
        rows = [row.strip() for raw in self.last_lines for row in readable(raw).splitlines()]
        shown = "".join(f"\n  {row}" for row in [row for row in rows if row][-_SHOWN:]) or " none"
        return ShopError(f"{self.name} {how}; its last lines:{shown}")


def service(name: str, port: int, taker: Taker) -> Service:
    """One of the three services, served by uvicorn."""
    command = (
        "-m",
        "uvicorn",
        f"fastapi_spine.demo.{name}:app",
        "--host",
        HOST,
        "--port",
        str(port),
    )
    return Service(name, port, taker, command)


def console(
    ports: Mapping[str, int], folder: Path, taker: Taker, options: Sequence[str] = ()
) -> Service:
    """The console, keeping in `folder` what it receives; `options` are more of its own."""
    web, receiver = (str(ports[name]) for name in CONSOLE)
    command = (
        *("-m", "fastapi_spine", "console", "--data", str(folder)),
        *("--web-port", web, "--otlp-port", receiver, *options),
    )
    return Service(CONSOLE[0], ports[CONSOLE[0]], taker, command, probe="/")
