"""How many lines were dropped and why, who was told, and what the log itself says about it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from fastapi_spine.core.conventions import (
    DROP_BROKEN_PIPE,
    DROP_DISK_FULL,
    DROP_NOT_MADE,
    DROP_QUEUE_FULL,
    DROP_SHUTDOWN,
    DROP_WRITE_ERROR,
)

REASONS: Final = (
    DROP_QUEUE_FULL,
    DROP_BROKEN_PIPE,
    DROP_DISK_FULL,
    DROP_WRITE_ERROR,
    DROP_SHUTDOWN,
    DROP_NOT_MADE,
)
REPORT_EVERY: Final = 1.0


class Tally:
    """Counts of dropped lines in this process.

    `lost` has every reason from the start, so that `lost[reason] += 1` allocates nothing and
    needs no lock. What was said about it is kept apart: it only ever follows.
    """

    __slots__ = ("_compose", "_on_drop", "_said", "_said_at", "_saying", "_told", "lost")

    def __init__(
        self,
        on_drop: Callable[[str, int], None] | None,
        compose: Callable[[dict[str, int]], bytes] | None,
    ) -> None:
        """Take who is told of drops, and who words the line about them."""
        self._on_drop = on_drop
        self._compose = compose
        self.start_empty()

    def start_empty(self) -> None:
        """Count from zero, as a forked child does: the parent keeps its own."""
        self.lost = dict.fromkeys(REASONS, 0)
        self._told = dict.fromkeys(REASONS, 0)
        self._said = dict.fromkeys(REASONS, 0)
        self._saying: dict[str, int] | None = None
        self._said_at = float("-inf")

    @property
    def totals(self) -> dict[str, int]:
        """Lines dropped so far, by reason; reasons without drops are left out."""
        return {reason: count for reason, count in self.lost.items() if count}

    @property
    def saying(self) -> bool:
        """Whether a line about drops is on its way."""
        return self._saying is not None

    def unsaid(self) -> bool:
        """Whether the log does not know all of it yet, and somebody can word it."""
        return self._compose is not None and self.lost != self._said

    def word(self, *, now: bool) -> bytes | None:
        """Make the line about what was dropped since the last one.

        Args:
            now: Also when the last one is less than `REPORT_EVERY` seconds old.

        Returns:
            The line, or None when there is nothing to say (yet).

        Raises:
            Exception: Whatever the wording raised; it is not asked again.
        """
        compose = self._compose
        if compose is None or not self.unsaid():
            return None
        if not now and monotonic() - self._said_at < REPORT_EVERY:
            return None
        news = _difference(self.lost, self._said)
        self._compose = None
        line = compose(news)
        self._compose = compose
        self._saying = news
        return line

    def settle(self, *, out: bool) -> None:
        """Note that the line about drops was written, or was itself lost and must be said again."""
        news, self._saying = self._saying, None
        if out and news is not None:
            self._said_at = monotonic()
            for reason, count in news.items():
                self._said[reason] += count

    def tell(self) -> None:
        """Pass on what was dropped since the last call."""
        news = _difference(self.lost, self._told)
        for reason, count in news.items():
            self._told[reason] += count
            if self._on_drop is not None:
                self._on_drop(reason, count)


def _difference(now: dict[str, int], then: dict[str, int]) -> dict[str, int]:
    return {reason: now[reason] - then[reason] for reason in now if now[reason] != then[reason]}
