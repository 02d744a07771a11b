"""Where questions are answered: few threads, a bounded queue before them, a deadline for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from fastapi_spine.console.api.problem import BUSY, LATE, ProblemError

Answer = TypeVar("Answer")
THREADS: Final = 4
WAITING: Final = 64
DEADLINE_SECONDS: Final = 15.0
SHUTTING_DOWN: Final = "The console is shutting down."


class Pool:
    """Runs what blocks, off the event loop.

    A thread cannot be stopped: after its deadline a question's client is told, the thread goes on to its end and
    counts as busy until then.

    Args:
        name: of the threads.
        threads: how many questions are answered at a time.
        waiting: how many more may wait.
        deadline: seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = THREADS,
        waiting: int = WAITING,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._name = name
        self._threads = threads
        self._most = threads + waiting
        self._deadline = deadline
        self._busy = 0
        self._executor: ThreadPoolExecutor | None = None
        self._closed = False

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Run something in a thread.

        Returns:
            What it returns.

        Raises:
            ProblemError: too many wait already, the deadline has passed, or the console is shutting down; else
                whatever it raises.
        """
        if self._busy >= self._most:
            raise ProblemError(BUSY.problem(f"{self._busy} questions are open already; ask again."))
        future = asyncio.wrap_future(self._submitted(work))
        self._busy += 1
        future.add_done_callback(self._done)
        done, _ = await asyncio.wait({future}, timeout=self._deadline)
        if not done:
            message = f"It was given up after {self._deadline:g} s."
            raise ProblemError(LATE.problem(f"{message} {LATE.sentence}"))
        if future.cancelled():
            raise _closing()
        return future.result()

    def close(self) -> None:
        """Take no more questions; threads end when they are done with theirs; may be called from any thread."""
        self._closed = True
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _submitted(self, work: Callable[[], Answer]) -> Future[Answer]:
        if self._closed:
            raise _closing()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, self._name)
        try:
            return self._executor.submit(work)
        except RuntimeError:
            # Closed by another thread since it was asked.
            raise _closing() from None

    def _done(self, future: asyncio.Future[Answer]) -> None:
        self._busy -= 1
        if not future.cancelled():
            future.exception()  # seen: nobody may be waiting any more


def _closing() -> ProblemError:
    return ProblemError(BUSY.problem(SHUTTING_DOWN))
