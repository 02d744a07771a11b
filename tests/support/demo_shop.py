"""The demo as a newcomer starts it, and what a run leaves behind."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Line = dict[str, Any]

DEMO: Final = (sys.executable, "-m", "fastapi_spine.demo")
SERVICES: Final = ("orders", "inventory", "payments")
MARK: Final = "DEMO_TEST_RUN"


@dataclass
class Run:
    """A finished run: what it printed, and every line its services wrote."""

    code: int
    shown: str
    complaints: str
    raw: dict[str, str]

    @property
    def lines(self) -> list[Line]:
        """The lines of all services that are JSON objects."""
        return [
            json.loads(row)
            for text in self.raw.values()
            for row in text.splitlines()
            if row.startswith("{")
        ]

    @property
    def access(self) -> list[Line]:
        """The access lines of all services."""
        return [line for line in self.lines if line["logger"] == "spine.access"]

    def bar(self, service: str) -> float:
        """The ms that the tour's waterfall shows for the order's request to a service."""
        row = rf"^ +[\d.]+ [│├└─ ]*POST /\w+ +━+ +([\d.]+) (ms|s)  {service}$"
        found = re.search(row, self.shown, re.MULTILINE)
        assert found, self.shown
        return float(found[1]) * (1000 if found[2] == "s" else 1)


def kept(folder: Path) -> dict[str, str]:
    """What `--logs` kept, by service."""
    return {name: (folder / f"{name}.jsonl").read_text("utf-8") for name in SERVICES}


def shop(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo, its services' lines kept in `folder`."""
    return subprocess.Popen(
        [*DEMO, "--seed", "5", "--logs", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def left_running(mark: str) -> list[str]:
    """The commands of processes that were started with the mark in their environment (Linux)."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}\0".encode() in (process / "environ").read_bytes():
                running.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return running


def answers(url: str) -> bool:
    """Whether somebody listens at the URL's port."""
    port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def urls(shown: str) -> list[str]:
    """The addresses of the console and of the services that the demo printed."""
    return re.findall(
        r"^  (?:console|orders|inventory|payments) +(http://\S+)  up", shown, re.MULTILINE
    )
