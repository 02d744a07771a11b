"""The composition root: which store, API and pages stand behind the ports."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.console.api import Api
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.parts import Parts
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.console.views import Health
from fastapi_spine.console.web import Manifest
from fastapi_spine.core.clock import Clock


def furnish(
    options: Options, clock: Clock, version: str, health: Callable[[Reader], Health]
) -> Parts:
    """Make a console's parts.

    Args:
        options: where telemetry is kept, how long, how much.
        clock: tells time.
        version: the console's own.
        health: says how it is.

    Raises:
        StoreError: the data folder cannot be used, or another console holds it.
    """
    keep = Keep(seconds=round(options.keep_s), bytes=options.keep_bytes)
    writer = StoreWriter(options.folder, keep, clock)
    reader = StoreReader(options.folder, keep, clock=clock)
    api = Api(reader, clock=clock, health=lambda: health(reader), version=version)
    return Parts(writer, reader, api.routes, Manifest(), api.end)
