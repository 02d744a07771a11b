"""What a worker process measures: one thing to repeat, and what must be written before it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def nothing() -> None:
    """Stand in for a flush where every line is written at once, and for an end that needs no care."""


def _no_answer() -> str:
    """Stand in for the answer of something that is not a server."""
    return ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be measured.

    Attributes:
        repeat: does it the given number of times.
        flush: returns when everything that the repetitions caused is written; it is measured too.
        answer: what a client gets, to prove that all contenders do the same job.
        close: ends what was started; it is not measured.
        without: the same without the layer, in the same process, for what `added` measures.
    """

    repeat: Callable[[int], None]
    flush: Callable[[], object] = nothing
    answer: Callable[[], str] = _no_answer
    close: Callable[[], object] = nothing
    without: Callable[[int], None] | None = None
