"""Several workers, one page: whoever is asked answers for all, through kills and restarts."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers import Server, free_port, get, serving, wait_for

APP = """
import os
from fastapi import FastAPI
from prometheus_client import Counter
from fastapi_spine import Spine

SOLD = Counter("shop_sold", "Things sold.")
app = FastAPI()
Spine(app, service=os.environ.get("NAME", "shop"))

@app.get("/hello")
async def hello():
    SOLD.inc()
    return os.getpid()
"""

UVICORN = ("-m", "uvicorn", "app:app", "--port", "{port}", "--workers", "4")
GUNICORN = (
    *("-m", "gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "-w", "4"),
    *("-b", "127.0.0.1:{port}", "--graceful-timeout", "5"),
)


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of each test meet in a folder of its own."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


@contextmanager
def shop(folder: Path, *command: str) -> Iterator[Server]:
    """Start the application, and wait until four workers count together."""
    (folder / "app.py").write_text(APP)
    with serving(folder, *command) as server:
        wait_for(lambda: page(server.port)["spine_workers"] == 4, "four workers to meet")
        yield server


def page(port: int) -> dict[str, float]:
    """Read the page, from whichever worker answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {
        f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answered(port: int) -> float:
    """How many requests of the measured route the page tells of."""
    found = [
        value for key, value in page(port).items() if "_requests_total" in key and "hello" in key
    ]
    return sum(found)


def pids(port: int) -> set[str]:
    """The workers that the page shows as alive."""
    found = (re.search(r"'pid', '(\d+)'", key) for key in page(port))
    return {one[1] for one in found if one}


def load(port: int, count: int) -> int:
    """Send requests, each on a connection of its own so that all workers get some; returns how many succeeded."""
    done = 0
    for _ in range(count):
        try:
            done += get(port, "/hello") == 200
        except OSError:
            continue
    return done


@pytest.mark.parametrize(
    "command", [UVICORN, GUNICORN, (*GUNICORN, "--preload")], ids=["uvicorn", "gunicorn", "preload"]
)
def test_any_worker_answers_for_all(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Every scrape, whoever answers it, tells of each request that was answered before; users' counters too."""
    with shop(tmp_path, *command) as server:
        sent = load(server.port, 80)
        assert [answered(server.port) for _ in range(8)] == [sent] * 8
        numbers = page(server.port)
        assert numbers["shop_sold_total"] == sent
        assert (
            numbers[
                "spine_build_info"
                + next(k for k in numbers if k.startswith("spine_build_info"))[16:]
            ]
            == 1
        )
        assert len(pids(server.port)) == 4


def test_totals_outlive_the_killed_and_never_fall(tmp_path: Path) -> None:
    """Workers are killed under load: what a page has shown stays, the living are four again, no file is left over."""
    with shop(tmp_path, *UVICORN) as server:
        stop = threading.Event()
        sent: list[int] = []

        def keep_going() -> None:
            while not stop.is_set():
                sent.append(load(server.port, 10))

        client = threading.Thread(target=keep_going)
        client.start()
        seen = [answered(server.port)]
        for _ in range(3):
            os.kill(int(min(pids(server.port))), signal.SIGKILL)
            until = time.monotonic() + 1.2
            while time.monotonic() < until:
                seen.append(answered(server.port))
        stop.set()
        client.join()
        wait_for(lambda: page(server.port)["spine_workers"] == 4, "the killed to be replaced")
        total = answered(server.port)
        folder = next((tmp_path / "run").glob("*/metrics-*"))
        files = [one.name for one in folder.iterdir()]
    assert seen == sorted(seen)
    assert total >= seen[-1]
    assert sum(sent) * 0.5 < total <= sum(sent) + len(sent)
    assert len(files) <= 4 + 2, files


def test_orderly_ends_lose_nothing(tmp_path: Path) -> None:
    """Workers that are asked to end leave every request behind: the totals equal what the client counted."""
    with shop(tmp_path, *UVICORN) as server:
        sent = load(server.port, 60)
        for pid in pids(server.port):
            os.kill(int(pid), signal.SIGTERM)
        wait_for(lambda: _fresh(server, 4), "four new workers")
        sent += load(server.port, 20)
        assert answered(server.port) == sent


def _fresh(server: Server, count: int) -> bool:
    try:
        return page(server.port)["spine_workers"] == count
    except (OSError, http.client.HTTPException):
        return False


def test_services_of_one_parent_never_merge(tmp_path: Path) -> None:
    """Three services started by one process, one worker each, tell of their own requests only."""
    (tmp_path / "app.py").write_text(APP)
    with ExitStack() as stack:
        ports = []
        for name in ("a", "b", "c"):
            port = free_port()
            command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "NAME": name},  # noqa: TID251 - the child's is ours and a name
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            ports.append(port)
        for place, port in enumerate(ports):
            wait_for(lambda port=port: _answers(port), "the service to come up")
            load(port, place + 1)
        assert [answered(port) for port in ports] == [1, 2, 3]
        assert [page(port)["spine_workers"] for port in ports] == [1, 1, 1]
    assert list((tmp_path / "run").rglob("*.num")) == []


def _answers(port: int) -> bool:
    try:
        return get(port, "/up") == 404
    except OSError:
        return False


def test_a_spoilt_folder_degrades_to_own_numbers_and_says_so(tmp_path: Path) -> None:
    """Foreign, damaged and cut files are set aside; a page still comes, and tells why it is less than it should be."""
    with shop(tmp_path, *UVICORN) as server:
        load(server.port, 20)
        folder = next((tmp_path / "run").glob("*/metrics-*"))
        (folder / "foreign.num").write_bytes(b"what is this")
        (folder / "cut.num").write_bytes(next(folder.glob("????????*.num")).read_bytes()[:100])
        (folder / "folder.num").mkdir()
        (folder / "link.num").symlink_to("/etc/passwd")
        numbers = page(server.port)
        degraded = [key for key in numbers if key.startswith("spine_metrics_degraded")]
        assert answered(server.port) == 20
        assert degraded == ["spine_metrics_degraded[('reason', 'file_unreadable')]"]


def test_an_application_without_a_line_of_ours_is_served(tmp_path: Path) -> None:
    """`spine run` puts the layer around it: ids, lines, and one page for its four workers."""
    (tmp_path / "plain.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI(title='plain')\n"
        "@app.get('/hello')\nasync def hello():\n    return 1\n"
    )
    command = ("-m", "fastapi_spine", "run", "plain:app", "--port", "{port}", "--workers", "4")
    with serving(tmp_path, *command) as server:
        wait_for(lambda: page(server.port)["spine_workers"] == 4, "four workers to meet")
        sent = load(server.port, 30)
        assert answered(server.port) == sent
        server.end()
        routes = [line["route"] for line in server.access() if line["path"] == "/hello"]
        services = {line["service"] for line in server.access()}
    assert routes == ["/hello"] * sent
    assert services == {"plain"}
