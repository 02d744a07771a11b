"""A watch over a real store, with time that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stored import MINUTE, NOW, server

from fastapi_spine.alerts.windows import table
from fastapi_spine.console.alert_views import Alert, SenderView, Trial
from fastapi_spine.console.rows import Attributes, Batch, Source, SpanRow
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.console.watch.declared import Declared, HearingWriter
from fastapi_spine.console.watch.memory import MemoryFile
from fastapi_spine.console.watch.watcher import Watch
from fastapi_spine.core.console_names import RESOURCE_OBJECTIVES
from fastapi_spine.testing import FrozenClock

PROMISE = '[{"target":["GET /orders/{order_id}"],"availability":0.999}]'
OBJECTIVE = "orders-get-orders-order-id-availability"


class Heard:
    """Takes what people would be told."""

    def __init__(self) -> None:
        self.told: list[list[Alert]] = []

    def tell(self, alerts: list[Alert]) -> None:
        """Take it."""
        self.told.append(alerts)

    def senders(self) -> list[SenderView]:
        """Return none."""
        return []

    def trial(self) -> list[Trial]:
        """Return none."""
        return []

    def close(self) -> None:
        """Do nothing."""


class Scene:
    """A console's store, watch and clock."""

    def __init__(
        self, folder: Path, clock: FrozenClock, writer: StoreWriter, promise: str = PROMISE
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.heard = Heard()
        self._number = 0
        told: Attributes = {"service.name": "orders", RESOURCE_OBJECTIVES: promise}
        self._source = Source("orders", "orders-1", "1.0", told)
        self._writer = writer
        self.reader = StoreReader(folder, Keep(), clock=clock)
        self.begin()

    def begin(self) -> None:
        """Begin to watch, as a console does that starts."""
        file = MemoryFile(self.folder)
        memory = file.read()
        declared = Declared(memory.declared)
        self.hearing = HearingWriter(self._writer, declared)
        self.watch = Watch(self.reader, declared, table(), file, memory, self.clock, self.heard)

    def minute(self, good: int, bad: int) -> None:
        """Let a minute pass with requests, and evaluate at its end."""
        now = self.clock.wall_ns()
        spans: list[SpanRow] = []
        for place in range(good + bad):
            self._number += 1
            status = 500 if place < bad else 200
            at = now + place * (MINUTE // (good + bad + 1))
            spans.append(server(self._number, at=at, status=status, source=self._source))
        self.clock.advance(60)
        self.hearing.add(Batch(spans, [], []))
        self.hearing.commit()
        self.watch.tick()


@contextmanager
def scene(folder: Path, begin: int = NOW, promise: str = PROMISE) -> Iterator[Scene]:
    """Open a scene that begins at the whole minute of a moment."""
    clock = FrozenClock(begin // MINUTE * MINUTE)
    writer = StoreWriter(folder, Keep(), clock)
    made = Scene(folder, clock, writer, promise)
    try:
        yield made
    finally:
        made.reader.close()
        writer.close()
