"""Which file answers which path: a closed list, made once.

A path from outside is looked up in a dictionary and never joined to a folder, so there is no way out of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

CONTENT_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
"""What is served; a file with another ending (a licence, a README) is not."""

PAGES: Final = ("/", "/requests", "/logs", "/errors", "/health", "/alerts", "/open")
"""Paths that the page itself routes."""
PAGE_OF_ONE_REQUEST: Final = "/requests/"

FOR_GOOD: Final = "public, max-age=31536000, immutable"
"""For vendored files, whose path holds their version."""
ASK_AGAIN: Final = "no-cache"
"""For our own: kept, but asked for with `If-None-Match`, so that an upgrade never mixes two versions."""


class Asset(NamedTuple):
    """One file as it is sent.

    Attributes:
        body: its bytes.
        content_type: for the header of that name.
        cache_control: likewise.
        etag: a strong validator, with its quotes.
    """

    body: bytes
    content_type: str
    cache_control: str
    etag: str


class Manifest:
    """Every file that the browser may have. Reads all of them once, about 400 kB."""

    def __init__(self) -> None:
        static = files(__package__).joinpath("static")
        found = dict(_assets(static, "/static"))
        self._index = found.pop("/static/index.html")
        self._assets = found

    def find(self, path: str) -> Asset | None:
        """Return what a path is answered with.

        Args:
            path: of the URL, percent-decoded, without its query.

        Returns:
            The file of exactly this path; the index page for a path of the page's own; else None.
        """
        if path in PAGES or path.startswith(PAGE_OF_ONE_REQUEST):
            return self._index
        return self._assets.get(path)

    def paths(self) -> list[str]:
        """Return every path that names a file, sorted."""
        return sorted(self._assets)


def _assets(folder: Traversable, path: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        below = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _assets(entry, below)
        elif (content_type := CONTENT_TYPES.get(entry.name.rpartition(".")[2])) is not None:
            yield below, _asset(entry.read_bytes(), content_type, vendored="/vendor/" in below)


def _asset(body: bytes, content_type: str, *, vendored: bool) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Asset(body, content_type, FOR_GOOD if vendored else ASK_AGAIN, etag)
