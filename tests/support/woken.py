"""A real console on whose data an alert fires, and who is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from real_console import RealConsole, real_console
from receivers import Receiver, receiver
from stored import MINUTE
from watching import scene


class Woken(NamedTuple):
    """It.

    Attributes:
        folder: its data.
        console: where it is.
        hook: whom it tells.
    """

    folder: Path
    console: RealConsole
    hook: Receiver


@contextmanager
def woken_console(folder: Path) -> Iterator[Woken]:
    """Run one: seven good minutes and three bad ones, evaluated by an earlier console, end now."""
    now = time.time_ns()  # noqa: TID251 - a real console's clock is the real one
    with scene(folder, now - 10 * MINUTE) as shop:
        for _ in range(7):
            shop.minute(20, 0)
        for _ in range(3):
            shop.minute(5, 5)
    with (
        receiver() as hook,
        real_console(folder, webhook=hook.url, alert_networks=["127.0.0.0/8"]) as console,
    ):
        yield Woken(folder, console, hook)
