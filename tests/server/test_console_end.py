"""A console that is told to end, at whatever moment, ends in peace."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEADLINE_S = 60
ENDED_AT_ONCE = """
import os, signal, sys
from pathlib import Path
from fastapi_spine.console.server.furnish import furnish
from fastapi_spine.console.server.options import options_of
from fastapi_spine.console.server.program import Program
from fastapi_spine.settings.console import Console

how = getattr(signal, sys.argv[2])
options = options_of(Console(web_port=0, otlp_port=0), Path(sys.argv[1]))
program = Program(options, furnish, print, "0")
print("ended", program.run(lambda where: os.kill(os.getpid(), how)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="platform: no signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_console_that_is_told_to_end_while_it_starts_ends_in_peace(
    how: signal.Signals, tmp_path: Path
) -> None:
    """Whoever has read where it is may already tell it to end: exit code 0, plain files, no word of a fault."""
    folder = tmp_path / "console"
    command = [sys.executable, "-c", ENDED_AT_ONCE, str(folder), how.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended 0\n", "")
    left = {one.name for one in folder.iterdir()}
    assert left & {"lock", "meta.db", "meta.db-wal", "meta.db-shm", "console.json"} == {
        "lock",
        "meta.db",
    }
