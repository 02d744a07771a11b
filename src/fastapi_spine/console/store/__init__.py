"""Keeps what came in, in SQLite files of an hour each, and finds it again."""

from __future__ import annotations

from fastapi_spine.console.store.keep import Keep
from fastapi_spine.console.store.reader import StoreReader
from fastapi_spine.console.store.writer import StoreWriter

__all__ = ["Keep", "StoreReader", "StoreWriter"]
