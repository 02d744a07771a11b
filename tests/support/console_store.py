"""A store in memory for tests of what stands before it: keeps rows, and fails when told to."""

from __future__ import annotations

import threading
from typing import Any

from fastapi_spine.console.ports import Found, StoreError
from fastapi_spine.console.rows import Batch, LogRow, PointRow, SpanRow
from fastapi_spine.console.views import LogPage, RequestPage, StoreHealth


class MemoryStore:
    """Both doors of a store.

    Attributes:
        spans: committed, in order.
        lines: likewise.
        points: likewise.
        commits: how many rows each commit had.
        tidied: how often `tidy` was called.
        closed: whether it was closed.
        failing: raised by `add` and `commit` while it is set.
        gate: `commit` waits for it.
        waiting: what commits wait with.
    """

    def __init__(self) -> None:
        self.spans: list[SpanRow] = []
        self.lines: list[LogRow] = []
        self.points: list[PointRow] = []
        self.commits: list[int] = []
        self.tidied = 0
        self.closed = False
        self.failing: StoreError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.waiting: list[int] = []
        self._open: list[Batch] = []

    def add(self, batch: Batch) -> None:
        """Take a batch."""
        self._fail()
        self._open.append(batch)

    def commit(self) -> None:
        """Keep what was taken."""
        self.waiting.append(len(self._open))
        self.gate.wait()
        self.waiting.pop()
        self._fail()
        for batch in self._open:
            self.spans += batch.spans
            self.lines += batch.logs
            self.points += batch.points
        self.commits.append(sum(len(rows) for batch in self._open for rows in batch))
        self._open.clear()

    def _fail(self) -> None:
        if self.failing is not None:
            self._open.clear()
            raise self.failing

    def tidy(self) -> None:
        """Count."""
        self.tidied += 1

    def close(self) -> None:
        """Close."""
        self.closed = True

    def health(self) -> StoreHealth:
        """Say little."""
        return StoreHealth(
            "memory",
            0,
            0,
            0,
            0,
            None,
            None,
            0,
            len(self.spans),
            len(self.lines),
            0,
            "ok",
            [],
            "list",
        )

    def senders(self) -> list[Any]:
        """Nobody."""
        return []

    def traces_of(self, key: str) -> list[str]:
        """Nothing."""
        return []

    def trace(self, trace_id: str, limit: int) -> Found | None:
        """Nothing."""
        return None

    def requests(self, *given: Any, **more: Any) -> RequestPage:
        """Nothing."""
        return RequestPage([], newer="0")

    def logs(self, *given: Any, **more: Any) -> LogPage:
        """Nothing."""
        return LogPage([], newer="0")
