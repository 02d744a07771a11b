"""Whoever is told of alerts: a receiver on loopback that remembers, and a real Alertmanager."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from programs import running


class Receiver:
    """Remembers what is posted, and answers as it is told.

    Attributes:
        bodies: what came.
        answers: status, headers and body of the next answers; then 200.
        port: where it listens.
    """

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                receiver.bodies.append(json.loads(self.rfile.read(length)))
                usual: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
                status, headers, body = receiver.answers.pop(0) if receiver.answers else usual
                self.send_response(status)
                for key, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[int]:
    """Run Alertmanager with a configuration; yields its port."""
    (folder / "am.yml").write_text(config)
    options = (f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'am'}")
    with running(folder, "prometheus-alertmanager", *options, "--cluster.listen-address=") as port:
        yield port
