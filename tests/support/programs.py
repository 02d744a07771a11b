"""Programs of others that tests work with, as their users run them: found, started, polled until ready, ended."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import free_port, get, wait_for


def need(program: str) -> str:
    """Return where a program is; without it the test is skipped, which fails where results are trusted."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed (see .ci/run)"
        if os.environ.get("CI") == "true":  # noqa: TID251 - where results are trusted
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def running(folder: Path, program: str, *options: str) -> Iterator[int]:
    """Start a program of the Prometheus family on a free port, wait until it is ready, and end it.

    Args:
        folder: takes what it says, in a file of its name.
        program: its name.
        *options: its options, but for the address it listens on.

    Yields:
        Its port.
    """
    port = free_port()
    command = [need(program), *options, f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(lambda: _ready(port), f"{program} to be ready")
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _ready(port: int) -> bool:
    try:
        return get(port, "/-/ready") == 200
    except OSError:
        return False
