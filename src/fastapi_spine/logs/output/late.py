"""Lines in the queue that are still to be made: some at a time, because by then the code is warm."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from fastapi_spine.logs.output.attempt import attempt
from fastapi_spine.logs.output.block import blocks_of

Make: TypeAlias = Callable[[list[Any]], list[bytes]]
"""Makes a line of each thing, in their order. Should it raise, it is asked for each by itself."""


class LateLine:
    """A line that is still to be made, in its place in the queue.

    Whoever comes first makes it: the thread that queued it, with some others of its kind, or the writer. Should
    both come at once, both make it and get the same bytes, so `make` may not change what it reads.

    Attributes:
        make: returns the line; None once it is made, so that nothing is held on to longer.
        taken_for: bytes that it is counted as until it is written.
        made: the line, or what `make` raised.
    """

    __slots__ = ("made", "make", "taken_for")

    def __init__(self, make: Callable[[], bytes], taken_for: int) -> None:
        """Make nothing yet."""
        self.make: Callable[[], bytes] | None = make
        self.taken_for = taken_for
        self.made: object = None

    def line(self) -> object:
        """Return the line, made now if need be; an exception if it cannot be made."""
        make = self.make
        if make is not None:
            self.made = attempt(make)
            self.make = None
        return self.made


class LateGroup:
    """Lines of one kind that are still to be made, together in one place of the queue.

    Each is made once, by whoever comes first: the thread that fills the group, when it is full, or the writer. What comes
    in while the writer takes the group out of the queue brings it back there, so no line is lost.

    Args:
        make: makes a line of each thing.
        cost: bytes that each line is taken for until it is written.

    Attributes:
        waiting: what lines are still to be made of.
        made: lines, by themselves or in blocks, or what making one of them raised.
        taken: whether the writer has been here.
    """

    __slots__ = ("cost", "made", "make", "taken", "waiting")

    def __init__(self, make: Make, cost: int) -> None:
        self.make = make
        self.cost = cost
        self.waiting: deque[Any] = deque()
        self.made: deque[object] = deque()
        self.taken = False

    def take(self) -> list[Any]:
        """Return what waits, for whoever makes its lines."""
        things: list[Any] = []
        waiting = self.waiting
        try:
            while waiting:
                things.append(waiting.popleft())
        except IndexError:  # another thread took the last one
            pass
        return things


def make_all(groups: Sequence[LateGroup]) -> None:
    """Make the lines that wait in groups: those of a kind in one go, also where other lines stand between them."""
    kinds: dict[Make, list[tuple[LateGroup, list[Any]]]] = {}
    for group in groups:
        if group.waiting:
            kinds.setdefault(group.make, []).append((group, group.take()))
    for make, taken in kinds.items():
        lines = attempt(partial(make, [thing for _, things in taken for thing in things]))
        if isinstance(lines, list):
            _share_out(lines, taken)
            continue
        for group, things in taken:  # whose fault it is shows one by one
            group.made.extend(_alone(make, thing) for thing in things)


def _share_out(lines: list[bytes], taken: list[tuple[LateGroup, list[Any]]]) -> None:
    """Give each group the lines of its things."""
    start = 0
    for group, things in taken:
        if things:
            group.made.extend(blocks_of(lines[start : start + len(things)]))
            start += len(things)


def _alone(make: Make, thing: object) -> object:
    """Make one line by itself; an exception is the answer, if it cannot be made."""
    made = attempt(partial(make, [thing]))
    return made[0] if isinstance(made, list) else made
