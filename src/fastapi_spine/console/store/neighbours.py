"""The lines around one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from fastapi_spine.console.facts import log_view
from fastapi_spine.console.store import cursor
from fastapi_spine.console.store.columns import FoundLog, log_of
from fastapi_spine.console.store.cursor import LOGS, Place
from fastapi_spine.console.store.plan import ids
from fastapi_spine.console.store.shelf import Shelf
from fastapi_spine.console.store.slice_reader import EMPTY, SliceReader
from fastapi_spine.console.store.stretch import Bounds
from fastapi_spine.console.store.walk import Step, Steps, newest_first
from fastapi_spine.console.views import LogView


def around(shelf: Shelf, text: str, before: int, after: int, service: str) -> list[LogView]:
    """Return lines around the one that a cursor names, oldest first, it included."""
    middle = cursor.place(LOGS, text)
    files = shelf.slices()
    earlier = list(islice(_lines(shelf, files, middle, before, service, "before"), before))
    later = list(islice(_lines(shelf, files, middle, after + 1, service, "after"), after + 1))
    return [*reversed(earlier), *later]


def _lines(
    shelf: Shelf, files: list[SliceReader], middle: Place, size: int, service: str, way: str
) -> Iterator[LogView]:
    if size <= 0:
        return
    streams: list[tuple[int, Callable[[], Steps[LogView]]]] = []
    for file in files:
        low, high, _ = shelf.guarded(file, partial(file.range, "logs_range"), EMPTY)
        if low is None or high is None:
            continue
        if way == "before" and low <= middle.time:
            steps = partial(_walk, shelf, file, middle, size, service, way)
            streams.append((min(high, middle.time), steps))
        elif way == "after" and high >= middle.time:
            steps = partial(_walk, shelf, file, middle, size, service, way)
            streams.append((-max(low, middle.time), steps))
    for step in newest_first(streams):
        if step.row is not None:
            yield step.row


def _walk(
    shelf: Shelf, file: SliceReader, middle: Place, size: int, service: str, way: str
) -> Iterator[Step[LogView]]:
    return shelf.each(file, _steps(file, middle, size, service, way))


def _steps(
    file: SliceReader, middle: Place, size: int, service: str, way: str
) -> Iterator[Step[LogView]]:
    sources = None
    if service:
        numbers = (number for number, source in file.sources().items() if source.service == service)
        sources = ids(numbers)
    time, number = Bounds(file, middle, 0).first
    here = {"time": time, "id": number, "sources": sources, "size": size}
    sign = 1 if way == "before" else -1
    for columns in file.rows(f"logs_{way}", here):
        found = log_of(file, columns)
        place = Place(found.row.at_ns, file.number, found.id)
        # Walking forward is walking back with time turned round.
        yield Step(Place(*(sign * part for part in place)), _shown(found, place))


def _shown(found: FoundLog, place: Place) -> LogView:
    return log_view(found.row, cursor.written(LOGS, place))
