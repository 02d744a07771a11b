"""One slice's part of a list, a stretch at a time, so that a search that finds little can stop and say how far it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi_spine.console.store.cursor import Place
from fastapi_spine.console.store.plan import Parameters
from fastapi_spine.console.store.slice_reader import SliceReader
from fastapi_spine.console.store.walk import Step

_FIRST: Final = 200
_GROWTH: Final = 4
_LARGEST: Final = 4_000


class Bounds:
    """From where a slice's part begins, newest first, and where it ends."""

    def __init__(self, file: SliceReader, begin: Place, since: int) -> None:
        self.number = file.number
        self.since = since
        if file.number < begin.slice:
            self.first = (begin.time, (1 << 63) - 1)
        elif file.number > begin.slice:
            self.first = (begin.time, 0)
        else:
            self.first = (begin.time, begin.id)


def stretches(
    file: SliceReader,
    bounds: Bounds,
    step_query: str,
    more: Parameters,
    found: Callable[[Parameters], Iterator[tuple[int, int, Any]]],
) -> Iterator[Step[Any]]:
    """Walk a slice.

    Args:
        file: the slice.
        bounds: its part of the list.
        step_query: tells where a stretch of so many rows ends.
        more: what that query needs beside.
        found: returns (time, id, row) of what fits in a stretch, newest first.
    """
    time, number = bounds.first
    size = _FIRST
    while True:
        here = {"time": time, "id": number, **more}
        last = file.row(step_query, {**here, "since": bounds.since, "size": size - 1})
        low = last or (bounds.since, 0)
        for at, id_, row in found({**here, "low_time": low[0], "low_id": low[1]}):
            yield Step(Place(at, bounds.number, id_), row)
        if last is None:
            return
        time, number = last
        yield Step(Place(time, bounds.number, number), None)
        size = min(size * _GROWTH, _LARGEST)
