"""What lies behind the web door: the API's routes, then the files of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.routing import BaseRoute, Router

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.console_names import PATH_CONSOLE_API

_NOT_MODIFIED = 304


class Asset(Protocol):
    """A file of the pages."""

    @property
    def body(self) -> bytes:
        """Its bytes."""

    @property
    def content_type(self) -> str:
        """What it is."""

    @property
    def cache_control(self) -> str:
        """How long it may be kept."""

    @property
    def etag(self) -> str:
        """Names its content."""


class Manifest(Protocol):
    """The files that there are; a path that is not in it leads nowhere."""

    def find(self, path: str) -> Asset | None:
        """Return the file for a request's path."""


class Pages:
    """Answers by route, else by file."""

    def __init__(self, routes: Sequence[BaseRoute], manifest: Manifest) -> None:
        self._api: App = Router(routes=list(routes), redirect_slashes=False)
        self._manifest = manifest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if f"{scope['path']}/".startswith(PATH_CONSOLE_API):
            await self._api(scope, receive, send)
            return
        asset = self._manifest.find(scope["path"])
        if asset is None:
            await _send(send, 404, [(b"content-type", b"text/plain")], b"There is no such page.\n")
            return
        headers = [(b"etag", asset.etag.encode()), (b"cache-control", asset.cache_control.encode())]
        if (b"if-none-match", asset.etag.encode()) in scope["headers"]:
            await _send(send, _NOT_MODIFIED, headers, b"")
            return
        headers.append((b"content-type", asset.content_type.encode()))
        body = b"" if scope["method"] == "HEAD" else asset.body
        await _send(send, 200, headers, body, len(asset.body))


async def _send(
    send: Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    size: int | None = None,
) -> None:
    if status != _NOT_MODIFIED:
        length = len(body) if size is None else size
        headers = [*headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
