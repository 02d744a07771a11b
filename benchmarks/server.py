"""One contender under uvicorn: `python -m benchmarks.server MODULE:FUNCTION FD SINK ROUTES [NEXT]`.

The function makes an application that exports to SINK; with NEXT its route `/chain` calls that address and answers
what came back. The port goes to the descriptor FD. It serves until standard input ends, then ships what is left.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
from typing import Any

import httpx
import uvicorn
from benchmarks.sink import Exporting
from fastapi import FastAPI

CHAIN = "/chain"


def make(target: str, url: str, routes: int, following: str | None) -> Exporting:
    """Make the application that `module:function` describes, with a route that calls the next service."""
    module, _, function = target.partition(":")
    made: Exporting = getattr(importlib.import_module(module), function)(routes, url)
    inner: Any = made.app
    while not isinstance(inner, FastAPI):
        inner = inner.app
    _add_chain(inner, following)
    return made


def _add_chain(app: FastAPI, following: str | None) -> None:
    clients: list[httpx.AsyncClient] = []

    @app.get(CHAIN)
    async def chain() -> dict[str, int]:
        """Ask the next service, if there is one."""
        if following is None:
            return {"services": 1}
        if not clients:
            clients.append(httpx.AsyncClient())
        answer = await clients[0].get(f"{following}{CHAIN}")
        return {"services": answer.json()["services"] + 1}


def main(arguments: list[str]) -> None:
    """Serve until standard input ends, then ship what is left."""
    target, descriptor, url, routes, *rest = arguments
    made = make(target, url, int(routes), rest[0] if rest else None)
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(made.app, access_log=False, log_level="warning")
    server = uvicorn.Server(config)

    def wait_for_the_end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    with os.fdopen(int(descriptor), "w") as told:
        print(listening.getsockname()[1], file=told)
    server.run([listening])
    made.flush()
    made.end()


if __name__ == "__main__":
    main(sys.argv[1:])
