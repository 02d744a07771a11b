"""What an alert wakes, as far as the demo is concerned: it takes webhooks and remembers them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

HOST: Final = "127.0.0.1"
_LONGEST: Final = 1 << 20
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d{1,7})\r\n", re.IGNORECASE)
_ACCEPTED: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

Message = dict[str, Any]


class Pager:
    """Takes messages in the shape of Alertmanager's webhook.

    Attributes:
        url: where to post them.
        messages: what came, oldest first.
    """

    def __init__(self) -> None:
        self.url = ""
        self.messages: list[Message] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen on a free loopback port while the block runs."""
        server = await asyncio.start_server(self._take, HOST, 0, limit=_LONGEST)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/page"
        try:
            yield
        finally:
            server.close()

    def about(self, alert: str, status: str) -> Message | None:
        """The first message that says of an alert that it is `firing` or `resolved`."""
        return next(
            (
                message
                for message in self.messages
                for one in message["alerts"]
                if one["status"] == status and one["generatorURL"].endswith(f"#{alert}")
            ),
            None,
        )

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever else finds the port may send what he likes; only what is a message is kept.
        with contextlib.suppress(OSError, EOFError, ValueError, KeyError, TypeError):
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            message = json.loads(await reader.readexactly(int(found[1]) if found else 0))
            _ = [(one["status"], one["generatorURL"].strip()) for one in message["alerts"]]
            self.messages.append(message)
            writer.write(_ACCEPTED)
            await writer.drain()
        writer.close()
