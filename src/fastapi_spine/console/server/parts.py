"""What the program is made of, by port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.routing import BaseRoute

from fastapi_spine.console.ports import Reader, Writer
from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.pages import Manifest
from fastapi_spine.console.views import Health
from fastapi_spine.core.clock import Clock


def _nothing() -> None:
    """Have nothing to start or close."""


class Parts(NamedTuple):
    """The chambers, behind their ports.

    Attributes:
        writer: keeps what comes in.
        reader: answers.
        routes: the API's.
        manifest: the pages' files.
        end: ends live tails, so that nobody is waited for.
        start: begins what runs by itself.
        close: ends it.
    """

    writer: Writer
    reader: Reader
    routes: Sequence[BaseRoute]
    manifest: Manifest
    end: Callable[[], None]
    start: Callable[[], None] = _nothing
    close: Callable[[], None] = _nothing


Furnish = Callable[[Options, Clock, str, Callable[[Reader], Health]], Parts]
"""Makes the parts, of options, clock and version; the last argument answers the API's question how the console is."""
