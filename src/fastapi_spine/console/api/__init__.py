"""The JSON API: views over HTTP, live tails, and its own documentation."""

from __future__ import annotations

from fastapi_spine.console.api.routes import Api

__all__ = ["Api"]
