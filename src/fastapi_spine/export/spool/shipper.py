"""A signal's thread that has a disk beside it. All that touches the disk happens here, or in whoever ends the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from fastapi_spine.core.health import Health
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.shipper import AGE_S, STEP, Shipper
from fastapi_spine.export.spool.backlog import Backlog, SpoolForm

_GATHER_S: Final = 10.0
"""How long items wait for others to go to disk with them; whoever kills the process loses these."""
_BREATH_S: Final = 0.02
"""Between two files: whoever unpacks one after the other makes requests wait for the interpreter."""


class SpoolShipper(Shipper):
    """Ships a signal's items, and keeps on disk what its receiver does not take.

    Args:
        queue: where they wait.
        form: makes bytes of them.
        delivery: sends batches.
        backlog: knows what is on disk.
        health: catches and counts faults.
        tick: called whenever the thread is awake.
        collect: makes items by itself (metrics); None if they are put.
        every_s: how often, seconds.
    """

    def __init__(
        self,
        queue: Queue,
        form: SpoolForm,
        delivery: Delivery,
        backlog: Backlog,
        *,
        health: Health,
        tick: Callable[[], None],
        collect: Callable[[], list[Chunk]] | None = None,
        every_s: float = 0.0,
    ) -> None:
        super().__init__(
            queue, form, delivery, health=health, tick=tick, collect=collect, every_s=every_s
        )
        self._backlog = backlog

    def wake(self) -> None:
        """Have the thread look what is on disk."""
        self._work.ring()

    def hurry(self) -> int:
        """Begin to ship what is queued, on disk too; see `Shipper.hurry`."""
        self._backlog.hurry()
        return super().hurry()

    def halt(self) -> None:
        """Break off what is under way, and have everything go to disk until `resume`."""
        if not self._closing:
            self._hurried = True
            self._backlog.halt()
            self._work.ring()

    def stow(self, timeout: float) -> None:
        """Have everything that waits be on disk, after `halt`.

        Args:
            timeout: how long the thread may take to do it, seconds; then the caller does it.
        """
        if self._closing:
            return
        goal = self.queue.account.entered
        with self._settled:
            self._settled.wait_for(lambda: self._is_stowed(goal), max(timeout, 0.0))
        self._health.guarded(STEP, self._backlog.keep_rest)

    def resume(self) -> None:
        """Ship again."""
        self._backlog.resume()
        self._work.ring()

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        self._backlog.forget()
        super().forget()

    def _is_stowed(self, goal: int) -> bool:
        settled = self.queue.settled >= goal and not self._backlog.asking
        return settled or self._has_no_thread()

    def _is_done(self, goal: int) -> bool:
        done = super()._is_done(goal)
        return done and (self._closing or not self.queue.account.spooled)

    def _until_due(self) -> float:
        until_due = super()._until_due()
        due_in = self._backlog.due_in()
        return due_in if until_due is None else min(until_due, due_in)

    def _gather_s(self) -> float:
        return min(_GATHER_S, self._backlog.due_in()) if self._backlog.away else AGE_S

    def _send(self, batch: Sequence[Chunk]) -> None:
        self._backlog.send(batch)

    def _send_waiting(self) -> None:
        """Send what is fresh, then what is on disk, giving way to what comes meanwhile.

        Numbers the other way round: a receiver may take an older one for a counter that began anew, or refuse it.
        """
        self._health.guarded(STEP, self._backlog.look)
        in_order = self._collect is not None
        if not in_order:
            super()._send_waiting()
        sent_at = monotonic()
        while not self._closing and self._health.guarded(STEP, self._backlog.send_oldest):
            self._sent()
            if not in_order and (self._has_batch() or monotonic() - sent_at >= AGE_S):
                super()._send_waiting()
                sent_at = monotonic()
            if not self._hurried:
                self._work.wait(_BREATH_S)
        if in_order:
            super()._send_waiting()
        if not self._closing:
            self._sent()
