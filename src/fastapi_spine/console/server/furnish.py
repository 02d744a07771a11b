"""What the program is made of, and the only file that knows all of the console's chambers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.routing import BaseRoute

from fastapi_spine.console.api import Api
from fastapi_spine.console.ports import Reader, Writer
from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.pages import Manifest
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.console.views import Health
from fastapi_spine.console.web import Manifest as Files
from fastapi_spine.core.clock import Clock


class Parts(NamedTuple):
    """The chambers, behind their ports.

    Attributes:
        writer: keeps what comes in.
        reader: answers.
        routes: the API's.
        manifest: the pages' files.
        end: ends live tails, so that nobody is waited for.
    """

    writer: Writer
    reader: Reader
    routes: Sequence[BaseRoute]
    manifest: Manifest
    end: Callable[[], None]


Furnish = Callable[[Options, Clock, str, Callable[[Reader], Health]], Parts]
"""Makes the parts, of options, clock and version; the last argument answers the API's question how the console is."""


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
    return Parts(writer, reader, api.routes, Files(), api.end)
