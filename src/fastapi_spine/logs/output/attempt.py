"""The one guarded place of writing."""

from __future__ import annotations

from collections.abc import Callable


def attempt(call: Callable[[], object]) -> object:
    """Do what may fail in a stranger's hands; an exception is the answer, not an accident.

    The one guarded place of writing: a stream that cannot say its number, a caller's `write`,
    `report` or `on_drop`. A thread that died of them would silence the application for good.
    """
    try:
        return call()
    except Exception as error:  # noqa: BLE001  see above
        return error
