"""The `spine` command in processes, as shells run it: started, read while it runs, ended as people end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import DEADLINE_S, wait_for


def command(*arguments: str) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "fastapi_spine", *arguments]


def surroundings(**more: str) -> dict[str, str]:
    """Return this process's environment without settings of ours or OpenTelemetry's."""
    known = os.environ.items()  # noqa: TID251 - a clean environment for the command
    ours = ("SPINE_", "OTEL_")
    return {name: value for name, value in known if not name.startswith(ours)} | more


def run(
    *arguments: str, stdin: bytes = b"", folder: Path | None = None, **more: str
) -> tuple[int, str, str]:
    """Run a verb to its end; return its exit code and what it wrote."""
    ran = subprocess.run(
        command(*arguments), input=stdin, capture_output=True, check=False, timeout=DEADLINE_S,
        cwd=folder, env=surroundings(**more),
    )  # fmt: skip
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


class Spine:
    """A verb that runs; what it writes is read while it does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        self._readers = [
            threading.Thread(target=into.extend, args=(stream,), daemon=True)
            for stream, into in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def wait_for(self, text: str) -> None:
        """Wait until it has written this, on either of its outputs."""
        wait_for(lambda: text in "".join([*self.out, *self.err]), f"{text!r} in {self}")

    def ended(self) -> int:
        """Wait for its end, and for the last it wrote; return the exit code."""
        code = self.process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join(DEADLINE_S)
        return code

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def __repr__(self) -> str:
        return f"{self.process.args!r}: {''.join([*self.out, *self.err])}"


@contextmanager
def spine(*arguments: str, folder: Path | None = None, **more: str) -> Iterator[Spine]:
    """Start a verb; nothing of it is left when the block ends."""
    process = subprocess.Popen(
        command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", cwd=folder, env=surroundings(PYTHONUNBUFFERED="1", **more),
    )  # fmt: skip
    running = Spine(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        running.ended()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
