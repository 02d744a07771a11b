"""Rows made into views: pure functions over the reading door, the same for the API and the command line."""

from __future__ import annotations

from fastapi_spine.console.assemble.errors import error_page
from fastapi_spine.console.assemble.overview import overview
from fastapi_spine.console.assemble.trace import trace_view

__all__ = ["error_page", "overview", "trace_view"]
