"""Several slices as one list, newest first, although their times overlap at the edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from fastapi_spine.console.store.cursor import Place

Row = TypeVar("Row")


class Step(NamedTuple, Generic[Row]):
    """How far one slice was walked: a row found, or None where a stretch had nothing."""

    place: Place
    row: Row | None


Steps = Iterator[Step[Row]]


def newest_first(streams: list[tuple[int, Callable[[], Steps[Row]]]]) -> Steps[Row]:
    """Walk streams as one.

    Args:
        streams: for each slice its latest time, and what begins its walk, newest first; a slice is not touched before
            the walk has come down to its time.
    """
    waiting = sorted(streams, key=lambda stream: stream[0])
    heap: list[tuple[tuple[int, int, int], int, Step[Row], Steps[Row]]] = []
    turn = 0
    while heap or waiting:
        while waiting and (not heap or waiting[-1][0] >= -heap[0][0][0]):
            turn += 1
            _push(heap, turn, waiting.pop()[1]())
        if not heap:
            return
        _, order, step, steps = heappop(heap)
        yield step
        _push(heap, order, steps)


def _push(
    heap: list[tuple[tuple[int, int, int], int, Step[Row], Steps[Row]]],
    order: int,
    steps: Steps[Row],
) -> None:
    step = next(steps, None)
    if step is not None:
        time, slice_, number = step.place
        heappush(heap, ((-time, -slice_, -number), order, step, steps))
