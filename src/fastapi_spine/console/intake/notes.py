"""What the console says of its own troubles: a line when one begins, a line when it is over, and the notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi_spine.console.ports import StoreError

Say = Callable[[str], None]
_FAULTS_TOLD: Final = 3


class Notes:
    """Says the same thing once.

    Args:
        say: writes a line for people.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._store = ""
        self._faults = 0

    def store(self, error: Exception) -> None:
        """The store failed."""
        text = str(error) if isinstance(error, StoreError) else repr(error)
        if text != self._store:
            self._store = text
            self._say(f"the store cannot take anything: {text}. Senders are told to come back.")

    def store_works(self) -> None:
        """The store took something."""
        if self._store:
            self._store = ""
            self._say("the store takes telemetry again.")

    def fault(self, error: Exception) -> None:
        """A fault of ours cost a body."""
        self._faults += 1
        if self._faults <= _FAULTS_TOLD:
            self._say(f"a fault of the console cost one body: {error!r}")

    def notices(self) -> list[str]:
        """Return what is wrong now, for the health page."""
        found = [f"The store cannot take anything: {self._store}"] if self._store else []
        if self._faults:
            found.append(f"{self._faults} bodies were lost to a fault of the console itself.")
        return found
