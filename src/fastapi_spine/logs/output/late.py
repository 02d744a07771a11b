"""A line in the queue that is still to be made."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.logs.output.attempt import attempt


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
