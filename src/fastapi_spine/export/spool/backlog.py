"""One signal while its receiver is away: what is fresh goes to disk, what is oldest there asks whether it is back.

A batch is tried in memory for a few seconds, so that a receiver that starts again costs no file. Then its signal counts as
away: every batch goes to disk as it comes, and the oldest file is tried after about 1, 2, 4 … 30 seconds, until one is
taken or refused: somebody is there again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Final, Protocol

from fastapi_spine.export.delivery import Delivery, jitter
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.shipper import BATCH_BYTES, BATCH_ITEMS
from fastapi_spine.export.spool.fates import Fresh, Kept
from fastapi_spine.export.spool.spool import Spool

PATIENCE_S: Final = 5.0
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0


class SpoolForm(Protocol):
    """How one signal looks on the wire, in the name of whichever process."""

    def request(self, batch: Iterable[Chunk]) -> bytes:
        """Return a request in the name of this process."""

    def resource(self) -> bytes:
        """Return who this process is."""

    def request_of(self, resource: bytes, batch: Iterable[Chunk]) -> bytes:
        """Return a request in the name of a process."""


class Backlog:
    """What becomes of a signal's batches, with a spool.

    Args:
        signal: which.
        spool: keeps them.
        queue: where they come from.
        delivery: sends them.
        form: makes requests.

    Attributes:
        asking: whether a batch from disk is under way.
    """

    def __init__(
        self, signal: str, spool: Spool, queue: Queue, delivery: Delivery, form: SpoolForm
    ) -> None:
        self._signal = signal
        self._spool = spool
        self._queue = queue
        self._delivery = delivery
        self._form = form
        self.forget()

    def forget(self) -> None:
        """Begin with nothing: also in a child after a fork."""
        self._away = False
        self._halted = False
        self._wait_s = _FIRST_WAIT_S
        self._next = 0.0
        self._under_way: tuple[Fresh, Sequence[Chunk]] | None = None
        self.asking = False

    @property
    def away(self) -> bool:
        """Whether the receiver took nothing when it was asked last."""
        return self._away

    def look(self) -> None:
        """Look for what others left behind; see `Spool.look`."""
        self._spool.look()

    def send(self, batch: Sequence[Chunk]) -> None:
        """Send a fresh batch, or keep it; returns when each of its items is booked.

        Raises:
            Exception: as `Delivery.send`.
        """
        books = Fresh(self._queue, self._keep)
        self._under_way = books, batch
        try:
            if self._must_keep() and books.aside(batch):
                return
            self._delivery.send(batch, self._form.request, books, PATIENCE_S)
        finally:
            self._under_way = None
        if books.was_kept and not self._halted:
            self._rest()
        elif books.booked:
            self._away = False

    def send_oldest(self) -> bool:
        """Send the oldest batch on disk, if there is one and the receiver may be asked; say whether it is worth going on.

        Raises:
            Exception: as `Delivery.send`.
        """
        self.asking = True
        try:
            return self._send_oldest()
        finally:
            self.asking = False

    def _send_oldest(self) -> bool:
        if self._halted or self._until_next() > 0:
            return False
        taken = self._spool.take(self._signal)
        if taken is None:
            self._away = False
            return False
        entry, (resource, chunks) = taken
        books = Kept(
            self._queue.account, entry.items, partial(self._spool.put, self._signal, resource)
        )
        try:
            self._delivery.send(chunks, partial(self._form.request_of, resource), books, 0.0)
        finally:
            if books.left:
                self._spool.back(self._signal, entry)
            else:
                self._spool.done(entry)
        if books.was_kept and not self._halted:
            self._rest()
        elif books.booked:
            self._away = False
            self._wait_s = _FIRST_WAIT_S
        return books.booked and not books.was_kept

    def due_in(self) -> float:
        """Return after how many seconds there is something to do, even if nothing comes."""
        if self._halted:
            return _LONGEST_WAIT_S
        until_look = self._spool.until_look()
        if not self._spool.waits(self._signal):
            return until_look
        return max(min(self._until_next(), until_look), 0.0)

    def hurry(self) -> None:
        """Have the receiver asked at the next opportunity, unless it wants to be left alone."""
        self._next = 0.0

    def halt(self) -> None:
        """Have everything go to disk from now on, until `resume`; an attempt that is under way is broken off."""
        self._halted = True
        self._delivery.halt()

    def resume(self) -> None:
        """Send again."""
        if self._halted:
            self._delivery.resume()
            self._halted = False

    def keep_rest(self) -> None:
        """Keep what waits still, and what is under way in a thread that hangs; in the calling thread.

        What cannot be kept waits on.
        """
        under_way = self._under_way
        if under_way is not None:
            books, batch = under_way
            books.take_over(batch)
        while True:
            taken = self._queue.take_beside(BATCH_ITEMS, BATCH_BYTES)
            if not taken.chunks:
                return
            if not self._keep(taken.chunks):
                self._queue.put_back(taken)
                return
            self._queue.refund(taken.weight)

    def _must_keep(self) -> bool:
        """Tell whether a fresh batch goes to disk untried: also if more comes than the receiver takes."""
        return self._away or self._halted or self._queue.crowded

    def _keep(self, batch: Sequence[Chunk]) -> bool:
        return self._spool.put(self._signal, self._form.resource(), batch)

    def _rest(self) -> None:
        """Leave the receiver alone for a while, longer each time."""
        if not self._away:
            self._away, self._wait_s = True, _FIRST_WAIT_S
        self._next = monotonic() + self._wait_s * jitter()
        self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)

    def _until_next(self) -> float:
        return max(self._next if self._away else 0.0, self._delivery.not_before) - monotonic()
