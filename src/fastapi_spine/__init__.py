"""One layer of observability for FastAPI, set up in one line.

from fastapi import FastAPI
from fastapi_spine import Spine

app = FastAPI()
Spine(app)
"""

from __future__ import annotations

from fastapi_spine.core.context import bind, outgoing_headers, request_id
from fastapi_spine.core.errors import (
    MissingExtraError,
    PlacementError,
    SettingsError,
    SpineError,
)
from fastapi_spine.install.layer import Spine, Wrapped
from fastapi_spine.redaction import Public, Secret, redact
from fastapi_spine.settings.model import Ids, Logs, Metrics, Redaction
from fastapi_spine.settings.route_policy import policy

__version__ = "0.1.0"

__all__ = [
    "Ids",
    "Logs",
    "Metrics",
    "MissingExtraError",
    "PlacementError",
    "Public",
    "Redaction",
    "Secret",
    "SettingsError",
    "Spine",
    "SpineError",
    "Wrapped",
    "bind",
    "outgoing_headers",
    "policy",
    "redact",
    "request_id",
]
