"""A stream of log lines on standard input: passed through as it comes, kept on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

from fastapi_spine.console.intake.committer import Committer
from fastapi_spine.console.intake.jobs import Outcome, Rows
from fastapi_spine.console.otlp.lines import LineReader
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import THREAD_CONSOLE_STREAM

_CHUNK: Final = 64 * 1024
_LONGEST_LINE: Final = 1 << 20
_MOST_WAITING: Final = 64
_STATUS_OK: Final = 200


class Stream:
    """Reads lines on a thread of its own.

    The program that writes them is never held up by the store: while too much waits to be committed, or the disk is
    full, lines are passed on but not kept, and that is said.

    Args:
        committer: takes rows.
        service: whose lines they are that do not say it.
        clock: when lines came that do not say it.
        say: writes a line for people.
        source: the descriptor that is read.
        target: the descriptor that everything is passed on to; None for nowhere.
    """

    def __init__(
        self,
        committer: Committer,
        service: str,
        clock: Clock,
        say: Callable[[str], None],
        source: int,
        target: int | None,
    ) -> None:
        self._committer = committer
        self._reader = LineReader(service)
        self._clock = clock
        self._say = say
        self._source = source
        self._target = target
        self._waiting = threading.Semaphore(_MOST_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name=THREAD_CONSOLE_STREAM, daemon=True)

    def start(self) -> None:
        """Start; it ends when the stream does. What was read is then on its way to the store."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the stream's end."""
        self._thread.join()

    def _run(self) -> None:
        rest = b""
        while chunk := os.read(self._source, _CHUNK):
            self._pass_on(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines.append(rest)
                rest = b""
            self._keep(lines)
        self._keep([rest])
        if self._lost:
            self._say(f"{self._lost} log lines were passed on but not kept.")

    def _pass_on(self, chunk: bytes) -> None:
        if self._target is None:
            return
        left = memoryview(chunk)
        try:
            while left:
                left = left[os.write(self._target, left) :]
        except OSError:  # whoever read our output is gone; the lines are kept all the same
            self._target = None

    def _keep(self, lines: list[bytes]) -> None:
        batch = self._reader.batch(lines, self._clock.wall_ns())
        count = len(batch.logs)
        if not count:
            return
        if not self._waiting.acquire(blocking=False):
            self._lose(count)
            return

        def answer(outcome: Outcome) -> None:
            self._waiting.release()
            if outcome.status != _STATUS_OK:
                self._lose(count)

        self._committer.put(Rows(batch, sum(map(len, lines)), answer))

    def _lose(self, count: int) -> None:
        if not self._lost:
            self._say("log lines come faster than they can be kept; they are passed on only.")
        self._lost += count
