"""One layer of observability for FastAPI, set up in one line.

from fastapi import FastAPI
from fastapi_spine import Spine

app = FastAPI()
Spine(app)
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from fastapi_spine.core.context import bind, outgoing_headers, request_id
    from fastapi_spine.core.errors import (
        MissingExtraError,
        PlacementError,
        SettingsError,
        SpineError,
    )
    from fastapi_spine.install.layer import Spine, Worker, Wrapped
    from fastapi_spine.redaction import Public, Secret, redact
    from fastapi_spine.settings.export_model import Export
    from fastapi_spine.settings.guard_model import Guard
    from fastapi_spine.settings.model import Ids, Logs, Metrics, Traces
    from fastapi_spine.settings.objective import Objective
    from fastapi_spine.settings.redaction_model import Redaction
    from fastapi_spine.settings.route_policy import policy
    from fastapi_spine.traces.carry import carry, resume
    from fastapi_spine.traces.job import job
    from fastapi_spine.traces.manual import span

__version__ = "0.1.0"

__all__ = [
    "Export",
    "Guard",
    "Ids",
    "Logs",
    "Metrics",
    "MissingExtraError",
    "Objective",
    "PlacementError",
    "Public",
    "Redaction",
    "Secret",
    "SettingsError",
    "Spine",
    "SpineError",
    "Traces",
    "Worker",
    "Wrapped",
    "bind",
    "carry",
    "job",
    "outgoing_headers",
    "policy",
    "redact",
    "request_id",
    "resume",
    "span",
]

_PLACES = {
    "core.context": "bind outgoing_headers request_id",
    "core.errors": "MissingExtraError PlacementError SettingsError SpineError",
    "install.layer": "Spine Worker Wrapped",
    "redaction": "Public Secret redact",
    "settings.export_model": "Export",
    "settings.guard_model": "Guard",
    "settings.model": "Ids Logs Metrics Traces",
    "settings.objective": "Objective",
    "settings.redaction_model": "Redaction",
    "settings.route_policy": "policy",
    "traces.carry": "carry resume",
    "traces.job": "job",
    "traces.manual": "span",
}
_LATER = {name: place for place, names in _PLACES.items() for name in names.split()}
"""Each name is imported when it is first asked for: `spine --help` and `bind` alone need not load the whole layer."""


def __getattr__(name: str) -> object:
    if name in _LATER:
        found: object = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
