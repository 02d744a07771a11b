"""One console from start to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, NamedTuple

import uvicorn

from fastapi_spine.console.door.access import Access, remove_access, write_access
from fastapi_spine.console.door.ingest import IngestDoor
from fastapi_spine.console.door.names import Names
from fastapi_spine.console.door.refusals import Refusals
from fastapi_spine.console.door.sessions import Sessions
from fastapi_spine.console.door.web import WebDoor
from fastapi_spine.console.intake.books import Books
from fastapi_spine.console.intake.committer import Committer
from fastapi_spine.console.intake.notes import Notes
from fastapi_spine.console.intake.reception import Reception
from fastapi_spine.console.otlp.answer import word
from fastapi_spine.console.otlp.limits import DEFAULT_LIMITS
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.server.listen import listen
from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.pages import Pages
from fastapi_spine.console.server.parts import Furnish
from fastapi_spine.console.server.patience import PatientProtocol
from fastapi_spine.console.server.switch import Switch
from fastapi_spine.console.views import Health
from fastapi_spine.core.clock import Clock, SystemClock
from fastapi_spine.core.console_names import (
    ENV_CONSOLE_OTLP_PORT,
    ENV_CONSOLE_WEB_PORT,
    PATH_CONSOLE_LOGIN,
)

_HEAD_BYTES: Final = 32 * 1024
_KEEP_ALIVE_S: Final = 75
_GRACE_S: Final = 5
_CONNECTIONS: Final = 1000
_TOKEN_BYTES: Final = 32
# Beside an application (`spine dev`) there is no flag for them.
_WEB_PORT: Final = f"--web-port or {ENV_CONSOLE_WEB_PORT}"
_OTLP_PORT: Final = f"--otlp-port or {ENV_CONSOLE_OTLP_PORT}"

Say = Callable[[str], None]


class Ready(NamedTuple):
    """What is told when the console listens.

    Attributes:
        web: base URL of pages and API.
        otlp: base URL of the receiver.
        login: the address that opens the console once.
    """

    web: str
    otlp: str
    login: str


class Program:
    """A console.

    Args:
        options: what it is told.
        furnish: makes its parts.
        say: writes a line for people.
        version: shown by the health page.
        clock: tells time.

    Raises:
        PortError: a port cannot be opened.
        StoreError: the data folder cannot be used, or another console holds it.
    """

    def __init__(
        self,
        options: Options,
        furnish: Furnish,
        say: Say,
        version: str,
        clock: Clock | None = None,
    ) -> None:
        self._options = options
        self._version = version
        self._clock = clock or SystemClock()
        self._started_us = self._clock.wall_ns() // 1000
        self._books = Books()
        self._notes = Notes(say)
        self._refusals = Refusals(say, self._clock)
        self._web_sockets = listen(options.host, options.web_port, _WEB_PORT)
        try:
            self._otlp_sockets = listen(options.host, options.otlp_port, _OTLP_PORT)
            if not options.ways.base:
                base = _url(options.host, self._web_sockets)
                options = options._replace(ways=options.ways._replace(base=base))
            self._parts = furnish(options, self._clock, version, self._health)
        except BaseException:
            _close(self._web_sockets, getattr(self, "_otlp_sockets", []))
            raise
        self.committer = Committer(
            self._parts.writer, DEFAULT_LIMITS, self._books, self._notes, self._clock
        )
        self._sessions = Sessions(_port(self._web_sockets), self._clock)
        self._access = Access(
            _url(options.host, self._web_sockets),
            _url(options.host, self._otlp_sockets),
            os.urandom(_TOKEN_BYTES).hex(),
            os.getpid(),
        )
        self._server = _Server(self._config(), self._parts.end)

    def run(self, ready: Callable[[Ready], None]) -> int:
        """Serve until told to end.

        Args:
            ready: told when the ports answer and the command line can come in.

        Returns:
            0.
        """
        # Whoever sees the access file may already end us; and an end that has begun is not cut short by a second signal.
        with self._server.capture_signals():
            self.committer.start()
            self._parts.start()
            try:
                write_access(self._options.folder, self._access)
                ready(self._ready())
                asyncio.run(self._server.serve([*self._web_sockets, *self._otlp_sockets]))
            finally:
                self._server.served = True
                remove_access(self._options.folder, os.getpid())
                self._parts.close()
                self.committer.close()
                self._parts.reader.close()
        return 0

    def end(self) -> None:
        """End, as a signal does; from any thread."""
        self._parts.end()
        self._server.should_exit = True

    def _ready(self) -> Ready:
        token = self._sessions.login_token(lasting=True)
        web = self._access.web
        return Ready(web, self._access.otlp, f"{web}{PATH_CONSOLE_LOGIN}?token={token}")

    def _config(self) -> uvicorn.Config:
        # Warnings of the server are about strangers' malformed requests; faults of ours are errors.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        return uvicorn.Config(
            Switch(
                {_port(self._web_sockets): self._web(), _port(self._otlp_sockets): self._otlp()}
            ),
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_HEAD_BYTES,
        )

    def _names(self) -> Names:
        wildcards = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound
        bound = () if self._options.host in wildcards else (self._options.host,)
        return Names((*self._options.hosts, *bound))

    def _web(self) -> WebDoor:
        pages = Pages(self._parts.routes, self._parts.manifest)
        return WebDoor(pages, self._names(), self._sessions, self._access.token, self._refusals)

    def _otlp(self) -> IngestDoor:
        reception = Reception(self.committer, DEFAULT_LIMITS, self._books, self._clock)
        return IngestDoor(
            reception,
            self._names(),
            self._options.origins,
            self._options.key,
            self._refusals,
            word,
        )

    def _health(self, reader: Reader) -> Health:
        return Health(
            self._version,
            self._started_us,
            self._books.health(),
            reader.senders(),
            reader.health(),
            [*self._notes.notices(), *self._refusals.notices()],
            receiver=self._access.otlp,
        )


class _Server(uvicorn.Server):
    """uvicorn, whose end by a signal is the end we want: exit code 0, and live tails first.

    Attributes:
        served: whether it has ended, and only the store is still to be closed.
    """

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending
        self.served = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals from before the start to after the end; do not repeat them afterwards, as uvicorn would."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self.handle_exit) for one in _SIGNALS}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C waits for nobody."""
        self._ending()
        super().handle_exit(sig, frame)
        if self.served and self.force_exit:
            raise KeyboardInterrupt


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _port(sockets: list[socket.socket]) -> int:
    port: int = sockets[0].getsockname()[1]
    return port


def _url(host: str, sockets: list[socket.socket]) -> str:
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "localhost": "127.0.0.1"}  # noqa: S104
    name = wildcards.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{_port(sockets)}"


def _close(*groups: list[socket.socket]) -> None:
    for sockets in groups:
        for one in sockets:
            one.close()
