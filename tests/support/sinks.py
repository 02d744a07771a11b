"""What tests of sinks wait for, count and read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from fastapi_spine.core.conventions import THREAD_LOG_WRITER
from fastapi_spine.logs.output.sink import DescriptorSink

PATIENT = 20.0
LINE = b"x" * 499 + b"\n"
Make = Callable[..., DescriptorSink]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, or fail."""
    pause = threading.Event()
    deadline = monotonic() + PATIENT
    while not condition():
        assert monotonic() < deadline, "it did not happen"
        pause.wait(0.002)


def writers() -> list[threading.Thread]:
    """The writing threads that live now."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD_LOG_WRITER]
