"""HTTP connections that do not wait for ever: whoever has not sent a whole head in time is let go."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_DEADLINE_S: Final = 10.0


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 over h11, with a deadline for the head of every request.

    uvicorn closes connections that idle between two requests; those that never finish a first head, or dribble a later
    one, it keeps (slow loris). Private parts of uvicorn used here: `cycle`, `transport`; a test with a real server says
    when they change.
    """

    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest, if this was not the end of a head."""
        super().data_received(data)
        if self._asked():
            self._stop()
        elif self._watch is None:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def _asked(self) -> bool:
        """Whether a request is being answered."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect(self) -> None:
        self._watch = asyncio.get_running_loop().call_later(HEAD_DEADLINE_S, self._give_up)

    def _stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _give_up(self) -> None:
        self._watch = None
        if not self._asked() and self.timeout_keep_alive_task is None:
            self.transport.close()
