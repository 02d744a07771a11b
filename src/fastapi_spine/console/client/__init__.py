"""The console's answers for programs on the command line: from the store's files, or from the API of a console."""

from __future__ import annotations

from fastapi_spine.console.client.choose import open_source
from fastapi_spine.console.client.source import Asked, AskedWronglyError, Source, SourceError

__all__ = ["Asked", "AskedWronglyError", "Source", "SourceError", "open_source"]
