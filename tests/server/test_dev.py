"""`spine dev`: an application with reload, a log for people, and a console that has every failed request."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path

import pytest
from real_console import real_console
from servers import DEADLINE_S, free_port, get, wait_for
from spine_command import run, spine

from fastapi_spine.cli.beside import ConsoleBeside
from fastapi_spine.cli.dev import prepare
from fastapi_spine.console.door.access import Access, read_access
from fastapi_spine.core.conventions import ENV_DEV_PAGES

APP = """
import logging
from fastapi import FastAPI

app = FastAPI()
log = logging.getLogger("shop")


@app.get("/orders/{order_id}")
def order(order_id: int) -> dict[str, float]:
    log.debug("order %s is looked for", order_id)
    return {"each": 100 / (order_id - 1)}
"""
FREE = {"SPINE_CONSOLE_WEB_PORT": "0", "SPINE_CONSOLE_OTLP_PORT": "0"}
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ACCESS = Access("http://127.0.0.1:1", "http://127.0.0.1:2", "t", 1)


def fail(port: int) -> str:
    """Ask for what divides by zero; return the id that came back."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    try:
        connection.request("GET", "/orders/1")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 500
        return answer.getheader("x-request-id") or ""
    finally:
        connection.close()


def test_a_failed_request_is_one_click_away(tmp_path: Path) -> None:
    """Its line has its page; the page's address opens; a change reloads; Ctrl-C ends application and console with 0."""
    (tmp_path / "shop.py").write_text(APP)
    port, data = free_port(), ("--data", str(tmp_path / "data"))
    with spine(
        "dev", "shop:app", "--port", str(port), *data, folder=tmp_path, SPINE_TRACES_INSTRUMENT="no", **FREE
    ) as dev:  # fmt: skip
        dev.wait_for("Application startup complete")
        request_id = fail(port)
        access = read_access(tmp_path / "data")
        assert access is not None
        dev.wait_for(f"{access.web}/requests/{request_id}\n")
        dev.wait_for("┆DEBUG")
        login = re.search(rf"console  ({re.escape(access.web)}/login\S+)", "".join(dev.err))
        assert login is not None
        console = int(access.web.rpartition(":")[2])
        assert get(console, login[1].removeprefix(access.web)) == 303
        wait_for(
            lambda: "ZeroDivisionError" in run("show", request_id, *data)[1],
            "the console to know the request",
        )
        (tmp_path / "shop.py").write_text(APP.replace("order_id - 1", "order_id"))
        wait_for(lambda: get_or_none(port) == 200, "the change to be served")
        assert dev.interrupt() == 0
    assert read_access(tmp_path / "data") is None
    with pytest.raises(OSError, match="refused"):
        get(console, "/")


@pytest.mark.parametrize("verb", ["dev", "run"])
def test_a_port_that_is_taken_is_named(verb: str, tmp_path: Path) -> None:
    """Nothing is started for it, no console either; the remedy stands beside."""
    (tmp_path / "shop.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = run(
            verb, "shop:app", "--port", str(port), folder=tmp_path, XDG_STATE_HOME=str(tmp_path)
        )
    said = f"spine: port {port} on 127.0.0.1 is in use, perhaps by an earlier start of the same; choose another with --port\n"
    assert found == (2, "", said)
    assert [one.name for one in tmp_path.iterdir()] == ["shop.py"]


def test_a_consoles_port_that_is_taken_is_named_with_both_remedies(tmp_path: Path) -> None:
    """Beside an application there is no flag for it, so the variable is named too."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        beside = ConsoleBeside(tmp_path, said.append, ("--web-port", port, "--otlp-port", "0"))
        assert beside.start() is None
        beside.end()
    assert "choose another with --web-port or SPINE_CONSOLE_WEB_PORT" in " ".join(said)


def get_or_none(port: int) -> int | None:
    """Return the status, or None while nobody answers: a server that reloads is away for a moment."""
    try:
        return get(port, "/orders/1")
    except OSError:
        return None


def test_a_console_that_runs_already_is_used_and_left_running(tmp_path: Path) -> None:
    """Two applications under development share one."""
    with real_console(tmp_path / "data") as console:
        said: list[str] = []
        beside = ConsoleBeside(tmp_path / "data", said.append)
        access = beside.start()
        beside.end()
        assert access is not None
        assert (access.web, said) == (console.web, [])
        assert get(int(console.web.rpartition(":")[2]), "/api/v1/health") == 401


def test_an_application_is_served_without_a_console_that_cannot_start(tmp_path: Path) -> None:
    """Why is said, and the application goes on."""
    (tmp_path / "data").write_text("a file, no folder")
    said: list[str] = []
    beside = ConsoleBeside(tmp_path / "data", said.append, ("--web-port", "0", "--otlp-port", "0"))
    assert beside.start() is None
    beside.end()
    assert said[0] == "the console did not start; the application goes on without it:"
    assert str(tmp_path / "data") in " ".join(said[1:])


def test_telemetry_goes_to_the_console_beside() -> None:
    """Nothing has to be set; a failed request's line gets its page's address."""
    environ: dict[str, str] = {}
    assert prepare(environ, ACCESS) == ["console  http://127.0.0.1:1"]
    assert environ == {
        "SPINE_LOGS_FORMAT": "human",
        "SPINE_TRACES_RESPONSE_HEADERS": "on",
        ENDPOINT: "http://127.0.0.1:2",
        ENV_DEV_PAGES: "http://127.0.0.1:1/requests/{id}",
    }


def test_what_the_user_has_set_stays() -> None:
    """Whoever sends telemetry elsewhere goes on doing so, and is told what that means."""
    environ = {
        "SPINE_LOGS_FORMAT": "json",
        "SPINE_TRACES_RESPONSE_HEADERS": "off",
        ENDPOINT: "http://collector:4318",
    }
    before = dict(environ)
    told = prepare(environ, ACCESS)
    assert told[1:] == [
        f"{ENDPOINT} is set: telemetry goes there, and the console sees what you send it"
    ]
    assert environ == before
