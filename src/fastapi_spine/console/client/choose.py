"""Who answers a command line: the API it was told of, else the data folder, while a console runs or none does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi_spine.console.client.from_api import ApiSource
from fastapi_spine.console.client.from_store import StoreSource
from fastapi_spine.console.client.source import Source, SourceError
from fastapi_spine.console.door.access import Access, read_access
from fastapi_spine.console.ports import StoreError
from fastapi_spine.console.store import StoreReader
from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.conventions import ENV_CONSOLE_TOKEN


def open_source(folder: Path, environ: Mapping[str, str], *, url: str = "") -> Source:
    """Open what answers.

    Args:
        folder: the data folder; the file that a running console leaves there opens its API.
        environ: looked up for a token of another console.
        url: of a console's API; then it is asked and nothing else.

    Raises:
        SourceError: there is nothing to ask; the message says how to begin.
    """
    access = read_access(folder)
    if url:
        return _api(url, access, environ.get(ENV_CONSOLE_TOKEN, ""))
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is a file; --data names the folder of a console.")
    if not folder.is_dir():
        raise SourceError(
            f"There is no {folder} yet. `spine console` starts a console, `spine dev shop:app` one beside your "
            "application; --data names another folder, --url a console elsewhere."
        )
    clock = SystemClock()
    try:
        return StoreSource(StoreReader(folder, clock=clock), str(folder), access, clock.wall_ns)
    except StoreError as error:
        if access is not None:
            return ApiSource(access.web, access.token, access)
        raise SourceError(f"{folder} cannot be read: {error}") from error


def _api(url: str, access: Access | None, token: str) -> ApiSource:
    """Return a console's API; our own console's token is not shown to another one."""
    if access is not None and url.rstrip("/") == access.web:
        return ApiSource(url, token or access.token, access)
    return ApiSource(url, token)
