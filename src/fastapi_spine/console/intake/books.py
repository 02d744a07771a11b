"""What came in: counters per signal, for the health page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from fastapi_spine.console.views import SignalHealth

SIGNALS = ("traces", "logs", "metrics")


class _Account:
    __slots__ = ("bodies", "bytes", "items", "rejected")

    def __init__(self) -> None:
        self.bodies = 0
        self.bytes = 0
        self.items = 0
        self.rejected: Counter[str] = Counter()


class Books:
    """Counts what was received. Bodies that were refused as a whole count as one, under the reason's name."""

    def __init__(self) -> None:
        self._accounts = {signal: _Account() for signal in SIGNALS}

    def kept(self, signal: str, size: int, items: int, rejected: Mapping[str, int]) -> None:
        """A body was committed.

        Args:
            signal: which.
            size: its bytes on the wire.
            items: how many rows came of it.
            rejected: what was left out, by reason.
        """
        account = self._accounts[signal]
        account.bodies += 1
        account.bytes += size
        account.items += items
        account.rejected.update(rejected)

    def refused(self, signal: str, reason: str) -> None:
        """A body was not taken."""
        self._accounts[signal].rejected[reason] += 1

    def health(self) -> list[SignalHealth]:
        """Return the numbers."""
        return [
            SignalHealth(name, one.bodies, one.bytes, one.items, dict(one.rejected))
            for name, one in self._accounts.items()
        ]
