"""The search language: words that people type, read into a `Filter`, and written back.

A search is at most 1,000 characters and 40 terms long. Every filter that was read is written back as a text that reads
as the same filter, so a page can keep it in its address.
"""

from __future__ import annotations

from fastapi_spine.console.search.problem import SearchError
from fastapi_spine.console.search.read import parse
from fastapi_spine.console.search.times import until_now, window
from fastapi_spine.console.search.write import render

__all__ = ["SearchError", "parse", "render", "until_now", "window"]
