"""A body on its way to the store, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastapi_spine.console.otlp.decode import Signal
from fastapi_spine.console.rows import Batch


class Outcome(NamedTuple):
    """What became of a body.

    Attributes:
        status: 200 if it is committed; else what HTTP answers.
        reason: why not: a word for counters.
        message: why not, for the sender.
        rejected: what of it was left out, by reason.
        retry_after_s: when the sender may come again; None if it need not.
    """

    status: int = 200
    reason: str = ""
    message: str = ""
    rejected: Mapping[str, int] = {}
    retry_after_s: int | None = None


Answer = Callable[[Outcome], None]
"""Takes the outcome, on the thread that commits."""


class Body(NamedTuple):
    """A body as it came.

    Attributes:
        signal: which of the three requests it is.
        content: its bytes, compressed if they came so.
        json: whether it is JSON; else protobuf.
        encoding: its content encoding.
        now_ns: when it came.
        answer: told what became of it.
    """

    signal: Signal
    content: bytes
    json: bool
    encoding: str
    now_ns: int
    answer: Answer


class Rows(NamedTuple):
    """Rows that need no decoding: lines of a log stream.

    Attributes:
        batch: them.
        size: the bytes they were read from.
        answer: told what became of them.
    """

    batch: Batch
    size: int
    answer: Answer


Job = Body | Rows
