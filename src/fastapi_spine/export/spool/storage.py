"""The exporter's side of the spool: a shipper for each signal that has the disk beside it, begun and ended together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

from fastapi_spine.core.health import Health
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.shipper import Shipper
from fastapi_spine.export.spool.backlog import Backlog, SpoolForm
from fastapi_spine.export.spool.shipper import SpoolShipper
from fastapi_spine.export.spool.spool import Spool
from fastapi_spine.export.spool.terms import SpoolTerms

_STOW_S: Final = 1.0
"""How long an end waits for threads to have their last batches on disk, before it does that itself."""


class Storage:
    """What the exporter knows of the disk.

    Args:
        terms: what was asked for.
        wall_ns: tells wall time.
        health: counts faults.
        off: told the folder, and why nothing can be kept there.
        found: told the folder, and how many items of ended processes were found there, by signal.
    """

    def __init__(
        self,
        terms: SpoolTerms,
        *,
        wall_ns: Callable[[], int],
        health: Health,
        off: Callable[[str, str], None],
        found: Callable[[str, Mapping[str, int]], None],
    ) -> None:
        folder = str(terms.folder)
        self._spool = Spool(
            terms,
            wall_ns=wall_ns,
            health=health,
            off=lambda why: off(folder, why),
            found=lambda items: found(folder, items),
        )
        self._shippers: list[SpoolShipper] = []

    def shipper(
        self, signal: str, queue: Queue, form: SpoolForm, delivery: Delivery, **given: Any
    ) -> Shipper:
        """Make what ships a signal, and keeps on disk what is not taken; see `SpoolShipper`."""
        backlog = Backlog(signal, self._spool, queue, delivery, form)
        made = SpoolShipper(queue, form, delivery, backlog, **given)
        self._spool.join(signal, queue, made.wake)
        self._shippers.append(made)
        return made

    def begin(self) -> None:
        """Send what another process has left, from now on."""
        self._spool.begin()
        for shipper in self._shippers:
            shipper.start()
            shipper.wake()

    def stow(self, gather: Callable[[], None]) -> None:
        """Put on disk what is left, all signals at once.

        Args:
            gather: has everybody hand on what is still held back.
        """
        if not self._spool.usable():
            return
        gather()
        deadline = monotonic() + _STOW_S
        for shipper in self._shippers:
            shipper.halt()
        for shipper in self._shippers:
            shipper.stow(deadline - monotonic())

    def resume(self) -> None:
        """Ship again after `stow`: it was not the end."""
        for shipper in self._shippers:
            shipper.resume()

    def close(self) -> None:
        """Have nothing go to disk from now on, and leave what is there to another process."""
        self._spool.close()

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        self._spool.forget()
