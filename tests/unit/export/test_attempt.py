"""One attempt on one connection, against receivers that do with it what they may."""

from __future__ import annotations

import threading
import time

import pytest
from collector import Call, collector
from exporting import arrived, exporting
from servers import wait_for

from fastapi_spine.core.conventions import THREAD_EXPORT
from fastapi_spine.export.attempt import Line, Unreached
from fastapi_spine.export.endpoint import Endpoint, find_endpoint


def endpoint_of(url: str) -> Endpoint:
    """Where a receiver takes traces."""
    found = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, "traces")
    assert isinstance(found, Endpoint)
    return found


def test_closing_ends_the_attempt_and_begins_no_other() -> None:
    """On a connection that has been used: the receiver has each body once, and none comes afterwards."""

    def silent(call: Call) -> None:
        if call.number:
            call.handler.rfile.read(1)  # until the exporter hangs up
        else:
            call.answer()

    with collector(silent) as receiver, exporting(receiver.url, "traces") as exporter:
        exporter.put("traces", 5)
        exporter.flush(10)
        exporter.put("traces", 5, 6)
        exporter.flush(0)
        wait_for(lambda: len(receiver.calls) == 2, "the attempt that is under way")
        exporter.close(0)
        for one in threading.enumerate():
            if one.name == THREAD_EXPORT:
                one.join(10)
    assert arrived(receiver.calls) == list(range(1, 11))


def test_a_line_that_was_closed_reaches_nobody() -> None:
    """An attempt that comes a moment too late ends before it has connected."""
    with collector() as receiver:
        line = Line(endpoint_of(receiver.url))
        line.close()
        with pytest.raises(Unreached, match="closed"):
            line.post(b"", zipped=False, deadline=time.monotonic() + 10)
    assert receiver.calls == []
