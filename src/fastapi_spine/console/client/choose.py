"""Who answers a command line: the API it was told of, else the data folder that is there."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi_spine.console.client.from_api import ApiSource
from fastapi_spine.console.client.source import Source, SourceError
from fastapi_spine.core.conventions import ENV_CONSOLE_TOKEN


def open_source(*, url: str = "", data: str = "", environ: Mapping[str, str]) -> Source:
    """Open what answers.

    Args:
        url: of a console's API; then it is asked and nothing else.
        data: a data folder; empty for the usual one of this user.
        environ: looked up for where that is, and for a token.

    Raises:
        SourceError: there is nothing to ask; the message says how to begin.
    """
    if url:
        return ApiSource(url, environ.get(ENV_CONSOLE_TOKEN, ""))
    raise SourceError(f"There is no console {data or 'here'} yet. `spine console` starts one.")
