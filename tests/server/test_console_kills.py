"""What a console has acknowledged survives its being killed, whenever that happens."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from otlp_bodies import logs, traces
from servers import DEADLINE_S, get, wait_for

from fastapi_spine.console.store import StoreReader

PROTOBUF = {"content-type": "application/x-protobuf"}
START_NS = 1_790_000_000_000_000_000
SENDERS = 3
SPANS = 20


@contextmanager
def program(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start `spine console` on free ports; give its process and the receiver's port; kill it at the end."""
    command = (sys.executable, "-m", "fastapi_spine", "console", "--data", str(folder), "--web-port", "0",
               "--otlp-port", "0")  # fmt: skip
    (folder / "console.json").unlink(missing_ok=True)  # a killed one leaves it
    said = folder.with_suffix(".said")
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        access = folder / "console.json"

        def up() -> bool:
            if process.poll() is not None:
                pytest.fail(f"The console ended with {process.returncode}:\n{said.read_text()}")
            return access.exists()

        wait_for(up, "the console to come up")
        address: str = json.loads(access.read_bytes())["otlp"]
        port = int(address.rpartition(":")[2])
        assert (
            get(port, "/up") == 404
        )  # the port is open before anybody answers there or hears signals
        yield process, port
    finally:
        process.kill()
        process.wait(DEADLINE_S)


class Load:
    """Senders that send as fast as they are answered, until they are hung up on.

    Attributes:
        acknowledged: numbers of the traces whose spans, and whose line, were answered with 200.
        sent: how many bodies were begun.
    """

    def __init__(self) -> None:
        self.acknowledged: list[tuple[str, int]] = []
        self.sent = 0
        self._number = 0
        self._lock = threading.Lock()

    def run(self, port: int) -> list[threading.Thread]:
        """Start the senders."""
        threads = [threading.Thread(target=self._send, args=(port,)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def _send(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        with suppress(OSError, http.client.HTTPException):
            while True:
                with self._lock:
                    self._number += 1
                    number = self._number
                for signal_name, body in (("traces", trace(number)), ("logs", told(number))):
                    self.sent += 1
                    connection.request("POST", f"/v1/{signal_name}", body, PROTOBUF)
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status == 200:
                        self.acknowledged.append((signal_name, number))
        connection.close()


def trace(number: int) -> bytes:
    """Return a body with all spans of one trace."""
    spans = [
        {
            "trace_id": number.to_bytes(16, "big"),
            "span_id": (number * SPANS + position + 1).to_bytes(8, "big"),
            "start": START_NS + number,
            "end": START_NS + number + 1,
        }
        for position in range(SPANS)
    ]
    return bytes(traces(*spans).SerializeToString())


def told(number: int) -> bytes:
    """Return a body with one line of one trace."""
    request = logs(f"line {number}", trace_id=number.to_bytes(16, "big"))
    return bytes(request.SerializeToString())


def missing(folder: Path, load: Load) -> list[tuple[str, int]]:
    """Read the files as another process does, and say what was acknowledged and is not there, or not whole."""
    reader = StoreReader(folder)
    try:
        lost = []
        for signal_name, number in load.acknowledged:
            found = reader.trace(f"{number:032x}", 1000)
            spans = 0 if found is None else len(found.spans)
            lines = [] if found is None else [line.body for _, line in found.logs]
            whole = spans == SPANS if signal_name == "traces" else lines == [f"line {number}"]
            if not whole:
                lost.append((signal_name, number))
        return lost
    finally:
        reader.close()


def kill_often(folder: Path, rounds: int) -> Load:
    """Kill a console under load, start it again, and go on; then end one in peace."""
    load = Load()
    for number in range(rounds):
        with program(folder) as (process, port):
            before = len(load.acknowledged)
            threads = load.run(port)
            wait_for(lambda: len(load.acknowledged) > before + 5, "something to be acknowledged")  # noqa: B023
            threading.Event().wait(number * 7 % 10 / 100)  # another moment each time
            os.kill(process.pid, signal.SIGKILL)
            for thread in threads:
                thread.join(DEADLINE_S)
    with program(folder) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    return load


def test_what_was_acknowledged_outlives_kills(tmp_path: Path) -> None:
    """Five kills under load: every body that was answered with 200 is there, whole; nothing was set aside."""
    folder = tmp_path / "data"
    folder.mkdir()
    load = kill_often(folder, 5)
    assert len(load.acknowledged) >= 25
    assert missing(folder, load) == []
    assert not (folder / "aside").exists()


@pytest.mark.soak
def test_two_hundred_kills_lose_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """A console that is killed with SIGKILL, two hundred times into the same folder, loses nothing it acknowledged."""
    folder = tmp_path / "data"
    folder.mkdir()
    began = time.monotonic()
    load = kill_often(folder, 200)
    lost = missing(folder, load)
    record_property("kills", 200)
    record_property("bodies sent", load.sent)
    record_property("bodies acknowledged", len(load.acknowledged))
    record_property("acknowledged and lost", len(lost))
    record_property("seconds", round(time.monotonic() - began))
    assert lost == []
    assert not (folder / "aside").exists()
