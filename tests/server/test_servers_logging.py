"""Servers as people start them: whatever they log, what comes out is our lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from servers import get, serving

APP = """
import logging
from fastapi import FastAPI
from fastapi_spine import Spine

log = logging.getLogger("shop")
app = FastAPI()
Spine(app)

@app.get("/hello")
async def hello():
    log.debug("held back")
    log.info("served")
    return {}

@app.get("/boom")
async def boom():
    raise ValueError("boom")

if __name__ == "__main__":
    import sys
    import uvicorn
    uvicorn.run(app, port=int(sys.argv[1]))
"""

LOG_CONFIG = {
    "version": 1,
    "disable_existing_loggers": True,
    "formatters": {"plain": {"format": "%(levelname)s %(message)s"}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "plain",
        },
        "err": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "plain",
        },
    },
    "root": {"handlers": ["out"], "level": "DEBUG"},
    "loggers": {
        "uvicorn": {"handlers": ["err"], "level": "INFO", "propagate": False},
        "uvicorn.access": {"handlers": ["out"], "level": "INFO", "propagate": False},
    },
}
"""A configuration that prints everything, the access lines too."""

FAKE_LIFESPAN = ("--lifespan", "off")

UVICORN = {
    "run": ["app.py", "{port}"],
    "command": ["-m", "uvicorn", "app:app", "--port", "{port}"],
    "h11": ["-m", "uvicorn", "app:app", "--port", "{port}", "--http", "h11", "--loop", "asyncio"],
    "log_config": ["-m", "uvicorn", "app:app", "--port", "{port}", "--log-config", "log.json"],
    "no_lifespan": ["-m", "uvicorn", "app:app", "--port", "{port}", *FAKE_LIFESPAN],
    "debug": ["-m", "uvicorn", "app:app", "--port", "{port}", "--log-level", "debug"],
    "gunicorn_preload": [
        "-m", "gunicorn", "app:app", "-b", "127.0.0.1:{port}", "-k", "uvicorn_worker.UvicornWorker",
        "--preload", "--access-logfile", "-",
    ],
}  # fmt: skip
"""Ways to start that load the application before they log; everything they say is ours."""

SUPERVISED = {
    "uvicorn_workers": (
        ["-m", "uvicorn", "app:app", "--port", "{port}", "--workers", "2"],
        re.compile(
            r"INFO: +(Uvicorn running on|Started parent process|Received SIG|Terminated child process|"
            r"Waiting for child process|Stopping parent process)"
        ),
    ),
    "gunicorn": (
        [
            "-m", "gunicorn", "app:app", "-b", "127.0.0.1:{port}", "-w", "2",
            "-k", "uvicorn_worker.UvicornWorker", "--access-logfile", "-",
        ],
        re.compile(
            r"\[[^]]+\] \[\d+\] \[INFO\] (Starting gunicorn|Listening at|Using worker|Booting worker|"
            r"Control socket|Handling signal|Shutting down|Worker \(pid:\d+\) was sent)"
        ),
    ),
}  # fmt: skip
"""Ways to start whose parent process never loads the application, and what that parent may say as text."""


class Said(NamedTuple):
    """What a server wrote on standard output and standard error."""

    lines: list[dict[str, Any]]
    text: list[str]


class Servers:
    """What each way to start says; each is started once, when a test first asks."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._said: dict[str, Said] = {}

    def said(self, how: str, command: list[str]) -> Said:
        """Start a server, or remember what it said."""
        if how not in self._said:
            folder = self._folders.mktemp(how)
            (folder / "app.py").write_text(APP)
            (folder / "log.json").write_text(json.dumps(LOG_CONFIG))
            self._said[how] = serve(folder, command)
        return self._said[how]


@pytest.fixture(scope="module", name="servers")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return Servers(tmp_path_factory)


@pytest.mark.parametrize("how", UVICORN)
def test_every_line_of_a_server_is_one_object(servers: Servers, how: str) -> None:
    """Its own lines, the application's, the access line; nothing is said twice and nothing as text."""
    said = servers.said(how, UVICORN[how])
    assert said.text == []
    check_lines(said.lines)
    own = {"uvicorn.error", "gunicorn.error"}
    assert [line for line in said.lines if line["logger"] in own] != []


@pytest.mark.parametrize("how", SUPERVISED)
def test_workers_speak_in_objects_and_only_their_parent_in_text(servers: Servers, how: str) -> None:
    """The parent never loads the application, so it cannot know of the layer."""
    command, parents = SUPERVISED[how]
    said = servers.said(how, command)
    assert [line for line in said.text if not parents.match(line)] == []
    check_lines(said.lines)


def test_the_first_words_of_a_server_are_objects(servers: Servers) -> None:
    """`uvicorn.run` sets up its own handlers after the layer and speaks before the application starts."""
    said = servers.said("run", UVICORN["run"])
    messages = [re.sub(r"[\d\[\]]+", "N", line["msg"]) for line in said.lines[:4]]
    assert messages == [
        "Started server process N",
        "Waiting for application startup.",
        "telemetry is not exported",
        "Application startup complete.",
    ]


def check_lines(lines: list[dict[str, Any]]) -> None:
    """Three requests were made: two went well, one failed."""
    access = [(one["path"], one["status"]) for one in lines if one["logger"] == "spine.access"]
    assert Counter(access) == Counter({("/hello", 200): 2, ("/boom", 500): 1})
    assert [one["msg"] for one in lines if one["logger"] == "shop"] == ["served", "served"]
    assert [one["logger"] for one in lines if "exc" in one] == ["spine.access"]
    loggers = {one["logger"] for one in lines}
    assert loggers.isdisjoint({"uvicorn.access", "gunicorn.access"})


def serve(folder: Path, command: list[str]) -> Said:
    """Start a server, make three requests, stop it, and return what it wrote."""
    with serving(folder, *command) as server:
        assert get(server.port, "/hello") == 200
        assert get(server.port, "/hello") == 200
        assert get(server.port, "/boom") == 500
        server.end()
        lines, text = server.lines(), server.text().splitlines()
    return Said(
        [line for line in lines if line.get("path") != "/up"],
        [line for line in text if not line.startswith("{")],
    )
