"""Sends a batch until it is taken, refused, or too old, and books what became of it (OTLP spec, "OTLP/HTTP")."""

from __future__ import annotations

import gzip
import random  # noqa: TID251 - when to try again, not an id
import time
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol

from fastapi_spine.core.conventions import (
    DROP_ENCODE,
    DROP_EXPIRED,
    DROP_REJECTED,
    DROP_SHUTDOWN,
    DROP_TOO_LARGE,
)
from fastapi_spine.export.attempt import Line, Unreached
from fastapi_spine.export.bell import Bell
from fastapi_spine.export.endpoint import Endpoint
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk, halves
from fastapi_spine.export.verdict import Verdict, judge
from fastapi_spine.export.wire import Truncated

EXPIRES_S: Final = 300.0
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_GZIP_LEVEL: Final = 1

Request = Callable[[Iterable[Chunk]], bytes]


class Books(Protocol):
    """Where it is booked what becomes of the items of a batch; a `Queue` does it for its own."""

    def deliver(self, count: int) -> None:
        """Take note of items that the receiver has taken."""

    def lose(self, reason: str, count: int) -> None:
        """Take note of items that are lost."""

    def aside(self, batch: Sequence[Chunk]) -> bool:
        """Keep items that can be tried no more for later; False if they cannot be kept, and have to be tried on or lost."""


class _Terms(NamedTuple):
    """How a batch is sent.

    Attributes:
        request: makes its requests.
        books: keeps its books.
        patient_until: until when it is tried before it is put aside, by `time.monotonic`.
        expires: until when if it cannot be put aside.
    """

    request: Request
    books: Books
    patient_until: float
    expires: float


class Delivery:
    """Sends batches of one signal to one receiver.

    Args:
        endpoint: the receiver.
        queue: where the items came from; books what became of them.
        trouble: told what is wrong with the receiver, as often as something is; raises nothing.
        expires_s: how old a batch may become while it is tried again, seconds.

    Attributes:
        not_before: when the receiver may be asked again, by `time.monotonic`, as it has said itself.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        queue: Queue,
        trouble: Callable[[str], None],
        expires_s: float = EXPIRES_S,
    ) -> None:
        self._endpoint = endpoint
        self._queue = queue
        self._trouble = trouble
        self._expires_s = expires_s
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._line = Line(self._endpoint)
        self._bell = Bell()
        self._closed = False
        self._until: float | None = None
        self._halted = False
        self.not_before = 0.0

    def send(
        self,
        batch: Sequence[Chunk],
        request: Request,
        books: Books | None = None,
        patience_s: float | None = None,
    ) -> None:
        """Send a batch; returns when each of its items is booked.

        Args:
            batch: what to send.
            request: makes a request of chunks.
            books: who is told what becomes of the items, and may keep them for later; the queue if nobody else.
            patience_s: how long it is tried before the books are asked to keep it, seconds; to its end if not given.

        Raises:
            Exception: a fault of ours, in making the request or in an attempt; its items are booked as lost.
        """
        now = monotonic()
        expires = now + self._expires_s
        patient_until = expires if patience_s is None else min(now + patience_s, expires)
        self._send(batch, _Terms(request, books or self._queue, patient_until, expires))

    def nudge(self) -> None:
        """Have a batch that waits for its next attempt be tried now, unless its receiver asked for the wait."""
        self._bell.ring()

    def end_by(self, deadline: float | None) -> None:
        """Try nothing beyond a moment of `time.monotonic`; None lifts that again."""
        self._until = deadline

    def halt(self) -> None:
        """End the attempt that is under way, and make none until `resume`: whatever is sent is put aside, or lost."""
        self._halted = True
        self._line.close()
        self._bell.ring()

    def resume(self) -> None:
        """Make attempts again."""
        self._line = Line(self._endpoint)
        self._halted = False

    def close(self) -> None:
        """End the attempt that is under way; the queue has booked what is left."""
        self._closed = True
        self._line.close()
        self._bell.ring()

    def forget(self) -> None:
        """Leave the connection to the parent: in a child after a fork."""
        self._begin_anew()

    def _send(self, batch: Sequence[Chunk], terms: _Terms) -> None:
        count = sum([items for _, _, items in batch])
        try:
            body = terms.request(batch)
            data = gzip.compress(body, _GZIP_LEVEL, mtime=0) if self._endpoint.gzip else body
            verdict = self._judged(batch, data, count, terms)
        except (
            Exception
        ):  # a fault of ours, told by whoever called: its items must not stay queued for ever
            terms.books.lose(DROP_ENCODE, count)
            raise
        if verdict is None:
            return
        if verdict.kind == "split" and count > 1:
            self._send_halves(batch, count, terms)
        else:
            _settle(verdict, count, terms.books)

    def _judged(
        self, batch: Sequence[Chunk], data: bytes, count: int, terms: _Terms
    ) -> Verdict | None:
        """Try until there is a verdict; None if the items are booked: put aside, lost, or counted when this was closed."""
        found = self._tried(data, count, terms.patient_until)
        if isinstance(found, str) and terms.books.aside(batch):
            return None
        if found == DROP_EXPIRED and terms.patient_until < terms.expires:
            found = self._tried(data, count, terms.expires)
        if isinstance(found, str):
            terms.books.lose(found, count)
            return None
        return found

    def _send_halves(self, batch: Sequence[Chunk], count: int, terms: _Terms) -> None:
        """Send a batch that was too large in two; so on, down to the items that are too large by themselves."""
        try:
            one, other = halves(batch)
        except Truncated:  # written wrong by us: it must not stay queued for ever
            terms.books.lose(DROP_ENCODE, count)
            raise
        try:
            self._send(one, terms)
        finally:
            self._send(other, terms)

    def _tried(self, data: bytes, count: int, expires: float) -> Verdict | str | None:
        """Try until there is a verdict other than to try again.

        Returns:
            The verdict; or why the batch can be tried no more; or None if this was closed, and all is booked.
        """
        wait = _FIRST_WAIT_S
        while not self._closed:
            self._rest(min(self.not_before, expires), asked_for=True)
            lost = self._why_lost()
            if lost is not None:
                return lost
            verdict = self._attempt(data, count)
            if verdict.kind != "retry":
                return verdict
            # However little a receiver asks for, one that is in trouble is not asked again at once; and what it asks for
            # holds for the batches that come after this one, too.
            self.not_before = monotonic() + (verdict.wait_s or 0.0)
            until = monotonic() + wait * jitter()
            wait = min(wait * 2, _LONGEST_WAIT_S)
            if until > expires:
                return DROP_EXPIRED
            self._rest(until, asked_for=False)
        return None

    def _why_lost(self) -> str | None:
        """Say why a batch that has waited for its receiver can be tried no more; None if it can."""
        now = monotonic()
        if self._halted or (self._until is not None and now >= self._until):
            return DROP_SHUTDOWN
        return DROP_EXPIRED if now < self.not_before else None

    def _rest(self, until: float, *, asked_for: bool) -> None:
        """Wait for the next attempt; less if the process is closing, or if somebody wants to know at once."""
        if self._until is not None:
            until = min(until, self._until)
        while not (self._closed or self._halted):
            left = until - monotonic()
            if left <= 0 or (self._bell.wait(left) and not asked_for):
                return

    def _attempt(self, data: bytes, count: int) -> Verdict:
        deadline = monotonic() + self._endpoint.timeout_s
        if self._until is not None:
            deadline = min(deadline, self._until)
        try:
            answer = self._line.post(data, zipped=self._endpoint.gzip, deadline=deadline)
        except Unreached as error:
            self._tell(str(error))
            return Verdict("retry")
        verdict = judge(answer, count, time.time())  # noqa: TID251 - only for a Retry-After that is a date
        if verdict.message:
            self._tell(verdict.message)
        return verdict

    def _tell(self, what: str) -> None:
        if not (
            self._closed or self._halted
        ):  # an attempt that we ended ourselves is nobody's trouble
            self._trouble(f"{self._endpoint}: {what}")


def _settle(verdict: Verdict, count: int, books: Books) -> None:
    if verdict.kind == "taken":
        books.deliver(count - verdict.rejected)
        books.lose(DROP_REJECTED, verdict.rejected)
    elif verdict.kind == "refused":
        books.lose(DROP_REJECTED, count)
    else:
        books.lose(DROP_TOO_LARGE, count)


def jitter() -> float:
    """Return a factor that keeps many processes from coming back at the same moment."""
    return random.uniform(0.5, 1.5)  # noqa: S311
