"""What a worker process would have written and sent, as data: a worker's layer and the traces room, in the test's process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import propagate, trace
from traced import Traced

from fastapi_spine import Spine
from fastapi_spine.core.telemetry import SpanData
from fastapi_spine.install.given import Given
from fastapi_spine.testing import CapturedLines

TRACE = "1" * 32
PARENT = "2" * 16
CARRIED = {"x-request-id": "req-1", "traceparent": f"00-{TRACE}-{PARENT}-01"}
"""What a request of somewhere else carried."""


class Seen:
    """What came out.

    Attributes:
        lines: log lines, growing.
        traced: the traces room.
    """

    def __init__(self) -> None:
        self.lines = CapturedLines()
        self.traced = Traced(operations=False)

    @property
    def spans(self) -> list[SpanData]:
        """The spans of jobs."""
        return [span for span in self.traced.spans if span.name.startswith("job: ")]

    def ends(self) -> list[dict[str, Any]]:
        """The lines that say how jobs ended."""
        return self.lines.of("spine.jobs")


@contextmanager
def worker(patch: pytest.MonkeyPatch, *, traces: bool = True) -> Iterator[Seen]:
    """Have this process be a worker whose lines and spans are kept."""
    seen = Seen()
    if traces:
        patch.setattr(trace, "_TRACER_PROVIDER", seen.traced.room.provider)
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(seen.traced.room.propagator)
    layer = Spine.worker(service="mailer", traces=False, given=Given(sink=seen.lines))
    seen.lines.clear()
    try:
        yield seen
    finally:
        layer.close()
        propagate.set_global_textmap(before)
        logging.getLogger("celery").setLevel(logging.NOTSET)


def about(line: dict[str, Any], *keys: str) -> tuple[Any, ...]:
    """Some values of a line."""
    return tuple(line.get(key) for key in keys)
