"""Importing the package does nothing but define names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FORBIDDEN = (
    "opentelemetry.sdk",
    "prometheus_client",
    "sqlite3",
    "fastapi_spine.console",
    "structlog",
    "loguru",
    "fastapi",
    "sqlalchemy",
    "difflib",
    "fastapi_spine.logs.lines.human",
    "fastapi_spine.logs.lines.human_stack",
)
"""What an application that only wants ids and logs must not pay for."""

BUDGET_MS = 40
"""What `import fastapi_spine` may add to `import fastapi`: reported, never asserted."""

TIMER = """
import time, fastapi
start = time.perf_counter()
from fastapi_spine import Spine
print((time.perf_counter() - start) * 1000)
"""

# Everything the interpreter can tell is watched before the first import of ours. Dependencies
# count too: what they do while they are imported happens because we import them.
WATCH = """
import _thread, json, os, sys, threading

seen = {"files": [], "sockets": [], "processes": [], "threads": [], "environment": []}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        if (mode and set(mode) & set("wax+")) or (flags and flags & WRITING):
            seen["files"].append(str(path))
    elif event in ("os.mkdir", "os.remove", "os.rename", "shutil.copyfile", "tempfile.mkstemp"):
        seen["files"].append(event)
    elif event.startswith("socket."):
        seen["sockets"].append(event)
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn"):
        seen["processes"].append(event)

def counted(start):
    def start_counted(*args, **keywords):
        seen["threads"].append(start.__name__)
        return start(*args, **keywords)
    return start_counted

# Not every supported Python audits the start of a thread.
for module, name in (
    (_thread, "start_new_thread"),
    (threading, "_start_new_thread"),
    (threading, "_start_joinable_thread"),
):
    if hasattr(module, name):
        setattr(module, name, counted(getattr(module, name)))

class Watched(type(os.environ)):
    def __getitem__(self, key):
        seen["environment"].append(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        seen["environment"].append(key)
        return super().__contains__(key)

    def __iter__(self):
        seen["environment"].append("*")
        return super().__iter__()

os.environ.__class__ = Watched
sys.addaudithook(watch)
import %s
report = {key: list(value) for key, value in seen.items()}
report["modules"] = sorted(sys.modules)
sys.stdout.write(json.dumps(report))
"""


def run_python(*arguments: str) -> str:
    """What a new interpreter prints; a failure shows its own words, not ours."""
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, check=False, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def watched_import(module: str) -> dict[str, list[str]]:
    """Import a module in a new interpreter and say what it did meanwhile."""
    # -B: the interpreter's own byte code files are not the package's doing.
    report: dict[str, list[str]] = json.loads(run_python("-B", "-c", WATCH % module))
    return report


@pytest.fixture(scope="module")
def report() -> dict[str, list[str]]:
    """What `from fastapi_spine import Spine` did."""
    return watched_import("fastapi_spine; fastapi_spine.Spine")


@pytest.mark.parametrize("kind", ["files", "sockets", "processes", "threads"])
def test_the_import_touches_nothing_outside_the_interpreter(
    kind: str, report: dict[str, list[str]]
) -> None:
    """No file is written, no socket opened, no process or thread started."""
    assert report[kind] == []


def test_the_import_reads_no_environment_variable(report: dict[str, list[str]]) -> None:
    """Settings are read when a spine is made, not when the package is imported."""
    assert [name for name in report["environment"] if not name.startswith("PYTHON")] == []


def test_the_import_is_lean(report: dict[str, list[str]]) -> None:
    """Nothing that only a part of the users needs is loaded."""
    loaded = {
        name
        for name in report["modules"]
        if any(name == f or name.startswith(f + ".") for f in FORBIDDEN)
    }
    assert loaded == set()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("os; open(os.devnull, 'w')", "files"),
        ("socket; socket.socket()", "sockets"),
        ("os; os.environ.get('HOME')", "environment"),
        ("threading; threading.Thread(target=int).start()", "threads"),
    ],
)
def test_the_watch_sees_what_it_is_there_for(statement: str, kind: str) -> None:
    """A module that did such a thing while it is imported would be caught."""
    assert watched_import(statement)[kind] != []


def test_each_room_imports_on_its_own(package_sources: list[Any]) -> None:
    """No room needs another one to be imported before it."""
    rooms = {source.room for source in package_sources if source.room}
    for room in sorted(rooms - {"__main__", "demo"}):
        run_python("-c", f"import fastapi_spine.{room}")


def test_the_cost_of_the_import_is_reported(
    report_figure: Callable[[str], None], tmp_path: Path
) -> None:
    """The summary says what the import adds to FastAPI's own, next to its budget."""
    command = (
        "-X",
        f"pycache_prefix={tmp_path}",
        "-c",
        f"import sys\nsys.dont_write_bytecode = False\n{TIMER}",
    )
    cost = min(float(run_python(*command)) for _ in range(4))  # the first one compiles
    report_figure(
        f"import fastapi_spine adds {cost:.1f} ms to import fastapi (budget {BUDGET_MS} ms)"
    )
