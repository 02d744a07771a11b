"""The composition root: which store, API and pages stand behind the ports."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.alerts.windows import table
from fastapi_spine.console.api import Api
from fastapi_spine.console.notify.due import told_before
from fastapi_spine.console.notify.heartbeat import Heartbeat
from fastapi_spine.console.notify.post import Poster
from fastapi_spine.console.notify.teller import Tellers
from fastapi_spine.console.notify.ways import WaysOptions, ways_of
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.server.options import Options
from fastapi_spine.console.server.parts import Parts
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.console.views import Health
from fastapi_spine.console.watch.declared import Declared, HearingWriter
from fastapi_spine.console.watch.memory import MemoryFile
from fastapi_spine.console.watch.watcher import Nobody, Watch
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
    watch, declared, watch_reader = _watch(options, keep, clock)
    api = Api(reader, clock=clock, health=lambda: health(reader), version=version, watch=watch)

    def close() -> None:
        watch.close()
        watch_reader.close()

    hearing = HearingWriter(writer, declared)
    return Parts(hearing, reader, api.routes, Manifest(), api.end, watch.start, close)


def _heartbeat(given: WaysOptions, clock: Clock) -> Heartbeat | None:
    if not given.heartbeat:
        return None
    return Heartbeat(Poster(given.heartbeat, given.networks, "console.heartbeat"), clock)


def _watch(options: Options, keep: Keep, clock: Clock) -> tuple[Watch, Declared, Reader]:
    """Make the watch over objectives, with a reader of its own: it must not wait behind pages."""
    ways = ways_of(options.ways)
    file = MemoryFile(options.folder)
    memory = file.read()
    declared = Declared(memory.declared, options.objectives)
    told = told_before(memory.alerts, memory.silences)
    heartbeat = _heartbeat(options.ways, clock)
    teller = Tellers(ways, told, clock, heartbeat) if ways or heartbeat else Nobody()
    reader = StoreReader(options.folder, keep, clock=clock)
    found = table(options.alert_table)
    return Watch(reader, declared, found, file, memory, clock, teller), declared, reader
