"""Refusals are told: one line for each kind, with the header, its value and what to set; a few a minute at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.clock import Clock

_EVERY_NS: Final = 10 * 1_000_000_000
_LONGEST: Final = 120


class Refusals:
    """Counts refusals and tells of them.

    Args:
        say: writes a line for people.
        clock: one line of a kind in ten seconds.
    """

    def __init__(self, say: Callable[[str], None], clock: Clock) -> None:
        self._say = say
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._told: dict[str, int] = {}
        self._last: dict[str, str] = {}

    def tell(self, kind: str, value: str, advice: str) -> str:
        """Count a refusal, and say it unless the same kind was said just now.

        Args:
            kind: what was wrong: `Host`, `Origin` …
            value: what came; it is a stranger's, so it is escaped and cut. Empty for what may not be shown.
            advice: what to do about it, a sentence.

        Returns:
            The sentence, for the answer.
        """
        shown = f" {escaped(value)}" if value else ""
        text = f"refused: {kind}{shown}. {advice}"
        self._counts[kind] += 1
        self._last[kind] = text
        now = self._clock.monotonic_ns()
        last = self._told.get(kind)
        if last is None or now - last >= _EVERY_NS:
            self._told[kind] = now
            count = self._counts[kind]
            self._say(text + (f" ({count} so far)" if count > 1 else ""))
        return text

    def notices(self) -> list[str]:
        """Return the last refusal of each kind with how many there were, for the health page."""
        return [f"{text} ({self._counts[kind]} so far)" for kind, text in self._last.items()]


def escaped(value: str) -> str:
    """Quote a stranger's text so that it does nothing in a terminal."""
    cut = value[:_LONGEST] + ("…" if len(value) > _LONGEST else "")
    return ascii(cut)
