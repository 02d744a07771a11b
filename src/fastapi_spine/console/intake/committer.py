"""The thread that decodes, writes, commits and then acknowledges: 200 means that it survives the end of the process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVarTuple

from fastapi_spine.console.intake.books import Books
from fastapi_spine.console.intake.jobs import Body, Job, Outcome
from fastapi_spine.console.intake.notes import Notes
from fastapi_spine.console.otlp.decode import Decoded, Decoder
from fastapi_spine.console.otlp.faults import BodyError, TooLargeError
from fastapi_spine.console.otlp.limits import Limits
from fastapi_spine.console.ports import StoreError, StoreFullError, Writer
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import (
    REFUSED_BAD_BODY,
    REFUSED_FAULT,
    REFUSED_STORE,
    REFUSED_STORE_FULL,
    REFUSED_TOO_LARGE,
    THREAD_CONSOLE_COMMIT,
)

GROUP_ROWS: Final = 5000
"""A commit costs about as much as 100 rows; beyond this many, sharing it saves nothing more."""
_TIDY_EVERY_NS: Final = 1_000_000_000
_RETRY_FULL_S: Final = 5
_RETRY_TROUBLE_S: Final = 2

_Kept = tuple[Job, Decoded]
_Given = TypeVarTuple("_Given")


class Committer:
    """Runs the thread.

    Args:
        writer: the store; nobody else may use it.
        limits: of one body.
        books: counts.
        notes: hears of troubles.
        clock: tells when the store is to be tidied.
    """

    def __init__(
        self, writer: Writer, limits: Limits, books: Books, notes: Notes, clock: Clock
    ) -> None:
        self._writer = writer
        self._decoder = Decoder(limits)
        self._books = books
        self._notes = notes
        self._clock = clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._tidied_ns = clock.monotonic_ns()
        self._thread = threading.Thread(target=self._run, name=THREAD_CONSOLE_COMMIT, daemon=True)

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hand over a job; the caller bounds how many there are. Its answer comes on this thread."""
        self._jobs.put(job)

    @property
    def waiting(self) -> int:
        """How many jobs nobody has begun with."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Commit and answer what was handed over, close the store, and end."""
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        job = self._next()
        while job is not None:
            self._group(job)
            job = self._next()
        try:
            self._writer.close()
        except StoreError as error:
            self._notes.store(error)

    def _next(self) -> Job | None:
        """Wait for a job; keep the store tidy meanwhile."""
        while True:
            self._tidy()
            try:
                return self._jobs.get(timeout=1)
            except queue.Empty:
                continue

    def _tidy(self) -> None:
        now = self._clock.monotonic_ns()
        if now - self._tidied_ns < _TIDY_EVERY_NS:
            return
        self._tidied_ns = now
        try:
            self._writer.tidy()
        except Exception as error:  # noqa: BLE001 - whatever the store does, receiving goes on
            self._notes.store(error)

    def _group(self, first: Job) -> None:
        """Write jobs until nobody waits or there are enough; commit; answer."""
        kept: list[_Kept] = []
        rows = 0
        job: Job | None = first
        while job is not None:
            decoded = self._decode(job)
            if decoded is not None:
                kept.append((job, decoded))
                rows += decoded.items
                if not self._write(decoded, kept):
                    return
            job = self._waiting() if rows < GROUP_ROWS else None
        if kept and self._guarded(kept, self._writer.commit):
            self._notes.store_works()
            for one, decoded in kept:
                self._acknowledge(one, decoded)

    def _waiting(self) -> Job | None:
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:
            self._jobs.put(None)  # the end is told again when the group is committed
        return job

    def _decode(self, job: Job) -> Decoded | None:
        """Decode a body; one that cannot be is answered at once, and hinders no other."""
        if not isinstance(job, Body):
            return Decoded(job.batch, {})
        try:
            return self._decoder.decode(
                job.signal,
                job.content,
                json=job.json,
                encoding=job.encoding,
                now_ns=job.now_ns,
            )
        except BodyError as error:
            large = isinstance(error, TooLargeError)
            reason = REFUSED_TOO_LARGE if large else REFUSED_BAD_BODY
            self._refuse(job, Outcome(error.status, reason, str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours costs one body, not the thread
            self._notes.fault(error)
            self._refuse(job, Outcome(500, REFUSED_FAULT, "the console failed to read this body"))
        return None

    def _write(self, decoded: Decoded, kept: list[_Kept]) -> bool:
        return not decoded.items or self._guarded(kept, self._writer.add, decoded.batch)

    def _guarded(
        self, kept: list[_Kept], action: Callable[[*_Given], None], *given: *_Given
    ) -> bool:
        """Use the store; if it fails, nothing of the open transaction was kept, and all are told to come back."""
        try:
            action(*given)
        except Exception as error:  # noqa: BLE001 - whatever the store does, receiving goes on
            self._notes.store(error)
            full = isinstance(error, StoreFullError)
            outcome = Outcome(
                503,
                REFUSED_STORE_FULL if full else REFUSED_STORE,
                f"the console's store cannot take anything now: {error}",
                retry_after_s=_RETRY_FULL_S if full else _RETRY_TROUBLE_S,
            )
            for job, _ in kept:
                self._refuse(job, outcome)
            return False
        return True

    def _acknowledge(self, job: Job, decoded: Decoded) -> None:
        if isinstance(job, Body):
            size = len(job.content)
            self._books.kept(job.signal, size, decoded.items, decoded.rejected)
        else:
            self._books.kept("logs", job.size, len(decoded.batch.logs), {})
        job.answer(Outcome(rejected=decoded.rejected))

    def _refuse(self, job: Job, outcome: Outcome) -> None:
        self._books.refused(job.signal if isinstance(job, Body) else "logs", outcome.reason)
        job.answer(outcome)
