"""The page on a port of its own: for scrapers that come from other machines, as in Kubernetes."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi_spine.core.conventions import LOGGER_METRICS, PATH_METRICS, THREAD_METRICS_PORT
from fastapi_spine.core.health import Health
from fastapi_spine.metrics.serve.page import MetricsPage, wish
from fastapi_spine.settings.model import Metrics

_CONNECTIONS: Final = 16
_PATIENCE_S: Final = 5.0
_RETRY_S: Final = 1.0
_NAME: Final = "spine"
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked at, not opened

log = logging.getLogger(LOGGER_METRICS)


class MetricsPort:
    """Serves the page on `settings.port`, whichever worker got hold of it; the others wait for their turn.

    Args:
        settings: port, address and token.
        page: what is served.
        health: counts what fails.
    """

    def __init__(self, settings: Metrics, page: MetricsPage, health: Health) -> None:
        self._settings = settings
        self._page = page
        self._health = health
        self._pid = 0
        self._closed = threading.Event()
        self._server: _Server | None = None

    def start(self) -> None:
        """Try to open the port, from a thread of our own; nothing happens if none was asked for."""
        if not self._settings.port or self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._closed = threading.Event()
        threading.Thread(target=self._run, name=THREAD_METRICS_PORT, daemon=True).start()

    def close(self) -> None:
        """Give the port back."""
        self._closed.set()
        server, self._server = self._server, None
        self._pid = 0
        if server is not None:
            server.shutdown()

    def forget(self) -> None:
        """Leave the port to the parent: in a child after a fork, which would keep it open when the parent has ended."""
        server, self._server = self._server, None
        self._closed = threading.Event()
        self._pid = 0
        if server is not None:
            server.socket.close()

    def _run(self) -> None:
        told = False
        closed = self._closed
        while not closed.is_set():
            try:
                server = _Server(self._settings, self._page)
            except OSError as error:
                if not told:
                    told = True
                    self._tell(error)
                closed.wait(_RETRY_S)
                continue
            self._server = server
            if not closed.is_set():
                self._health.guarded("metrics_port", server.serve_forever, 0.1)
            server.server_close()
            return

    def _tell(self, error: OSError) -> None:
        """Say once that the port cannot be had; a WARNING unless a sibling serves the page there."""
        port = self._settings.port
        if self._is_served():
            log.info("metrics port %d is served by another worker", port)
            return
        log.warning(
            "metrics port %d cannot be opened (%s); trying again every second",
            port,
            error.strerror or error,
        )

    def _is_served(self) -> bool:
        """Ask whether who holds the port is one of ours."""
        host = _LOOPBACK.get(self._settings.host, self._settings.host)
        connection = HTTPConnection(host, self._settings.port, timeout=_RETRY_S)
        try:
            connection.request("HEAD", PATH_METRICS)
            return connection.getresponse().headers.get("server") == _NAME
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    """A small server: few connections at a time, short patience, one page."""

    daemon_threads = True
    request_queue_size = _CONNECTIONS

    def __init__(self, settings: Metrics, page: MetricsPage) -> None:
        self.page = page
        self.guarded = bool(settings.token)
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        super().__init__((settings.host, settings.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, or close it when there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of readers that leave or are too slow; the standard library would print a traceback."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of the page, and nothing else."""

    server: _Server
    timeout = _PATIENCE_S
    protocol_version = "HTTP/1.1"
    server_version = _NAME
    sys_version = ""

    def version_string(self) -> str:
        """Say who serves, without versions."""
        return _NAME

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer with the page's headers."""
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Write no access line for scrapes."""

    def _answer(self, *, body: bool) -> None:
        target = urlsplit(self.path)
        headers = [
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in self.headers.items()
        ]
        if target.path != PATH_METRICS:
            self._refuse(404)
        elif self.server.guarded and not self.server.page.access.knows_token(headers):
            self._refuse(401)
        else:
            self._show(target.query, body=body)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:  # noqa: PLR2004 - RFC 9110: unauthorized
            self.send_header("www-authenticate", "Bearer")
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.close_connection = True
        self.end_headers()

    def _show(self, query: str, *, body: bool) -> None:
        wanted = wish(
            accept=self.headers.get("accept", ""),
            accept_encoding=self.headers.get("accept-encoding", ""),
            query=query,
        )
        answer = self.server.page.answer(wanted)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if body:
            with contextlib.suppress(OSError):
                self.wfile.write(answer.body)
