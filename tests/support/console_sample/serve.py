"""A sample server in a thread of the test's own process, on a port that nobody else has."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from servers import free_port

from console_sample.app import Sample

DEADLINE_S = 20


@contextmanager
def serving_sample(sample: Sample) -> Iterator[str]:
    """Serve it, and give its origin."""
    port = free_port()
    config = uvicorn.Config(
        sample.app(), port=port, log_level="error", timeout_graceful_shutdown=1, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="console-sample", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not server.started:
            assert time.monotonic() < deadline, "the sample server did not start"
            threading.Event().wait(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE_S)
