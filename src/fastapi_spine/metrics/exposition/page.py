"""One page, from families to bytes."""

from __future__ import annotations

import gzip
from collections.abc import Collection
from typing import Final, NamedTuple

from fastapi_spine.metrics.exposition.negotiate import Format
from fastapi_spine.metrics.exposition.text import pieces
from fastapi_spine.metrics.exposition.users import UsersMetrics
from fastapi_spine.metrics.family import Family
from fastapi_spine.metrics.rests import rest

_GZIP_LEVEL: Final = 1
_SUFFIXES: Final = ("", "_total", "_bucket", "_count", "_sum")
_EOF: Final = b"# EOF\n"


class Wanted(NamedTuple):
    """What a reader asked for; equal wishes at the same time share one page.

    Attributes:
        style: the format.
        zipped: whether the page is compressed.
        names: if any, only metrics or samples of these names.
    """

    style: Format
    zipped: bool = False
    names: frozenset[str] = frozenset()


def write_page(families: Collection[Family], users: UsersMetrics, wanted: Wanted) -> bytes:
    """Write a page, with a rest after each piece: the event loop beside this thread comes first.

    Args:
        families: every worker's numbers, ours and the application's.
        users: writes the application's own.
        wanted: what the reader asked for.

    Returns:
        The page's bytes, compressed if that was asked for.
    """
    ours = [family for family in families if not family.users and _asked_for(family, wanted.names)]
    parts: list[bytes] = []
    for piece in pieces(ours, openmetrics=wanted.style.openmetrics):
        parts.append(piece.encode("utf-8", "backslashreplace"))
        rest()
    shared = [family for family in families if family.users]
    taken = {family.name for family in families if not family.users}
    parts.append(users.render(shared, wanted.style, taken=taken, names=wanted.names))
    if wanted.style.openmetrics:
        parts.append(_EOF)
    page = b"".join(parts)
    return gzip.compress(page, _GZIP_LEVEL, mtime=0) if wanted.zipped else page


def _asked_for(family: Family, names: Collection[str]) -> bool:
    return not names or any(family.name + suffix in names for suffix in _SUFFIXES)
