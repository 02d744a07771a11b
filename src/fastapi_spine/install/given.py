"""What a caller of the layer brings along instead of the usual: tests, and the adapters of job queues."""

from __future__ import annotations

from typing import NamedTuple

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.ids import IdSource
from fastapi_spine.logs.output.sink import Sink


class Given(NamedTuple):
    """What a caller brings instead of the usual.

    Attributes:
        clock: tells time, that of every log line too; the system's if None.
        ids: makes identifiers; random ones if None.
        sink: where log lines go; the setting's output if None.
        packages: the application's own top packages; those of whoever sets the layer up if None.
        queue: the job queue whose worker this is: OpenTelemetry's instrumentation of that name stays off, because the adapter
            does what it would, and the queue's own looks at its broker are no spans. Empty elsewhere.
    """

    clock: Clock | None = None
    ids: IdSource | None = None
    sink: Sink | None = None
    packages: tuple[str, ...] | None = None
    queue: str = ""
