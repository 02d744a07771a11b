"""What a caller of the layer brings along instead of the usual: for tests."""

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
    """

    clock: Clock | None = None
    ids: IdSource | None = None
    sink: Sink | None = None
    packages: tuple[str, ...] | None = None
