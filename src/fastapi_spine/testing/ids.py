"""Identifiers that count, so that whole lines can be compared."""

from __future__ import annotations


class CountedIds:
    """The n-th request gets `00000000-0000-7000-8000-00000000000n` and matching trace and span ids."""

    def __init__(self) -> None:
        self._requests = 0
        self._traces = 0
        self._spans = 0

    def fresh(self, wall_ns: int) -> tuple[str, str, str]:
        """Return the next request id, trace id and span id."""
        self._traces += 1
        return self.request_id(wall_ns), f"{self._traces:032x}", self.span_id()

    def request_id(self, wall_ns: int) -> str:  # noqa: ARG002 - these ids tell no time
        """Return the next request id."""
        self._requests += 1
        return f"00000000-0000-7000-8000-{self._requests:012x}"

    def span_id(self) -> str:
        """Return the next span id."""
        self._spans += 1
        return f"{self._spans:016x}"
