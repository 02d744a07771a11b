"""Several workers, one page: whoever is asked answers for all, through kills and restarts."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers import Server, free_port, get, serving, wait_for

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.metrics.workers.packing import Unreadable, unpack

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


class Shop(NamedTuple):
    """Four workers, and the folder in which they meet."""

    server: Server
    folder: Path

    @property
    def port(self) -> int:
        """Where the workers listen."""
        return self.server.port


@contextmanager
def shop(folder: Path, *command: str) -> Iterator[Shop]:
    """Start the application, its workers meeting in a folder of its own, and wait until four count together."""
    (folder / "app.py").write_text(APP)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        with serving(folder, *command) as server:
            wait_for(lambda: met(server.port), "four workers to meet")
            (meeting,) = runtime.glob("*/metrics-*")
            yield Shop(server, meeting)


@pytest.fixture(scope="module", name="uvicorn")
def _uvicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One server for several tests: each looks at what it has added, and leaves four workers."""
    with shop(tmp_path_factory.mktemp("uvicorn"), *UVICORN) as started:
        yield started


def met(port: int, but: Collection[str] = ()) -> bool:
    """Whether four workers count together, none of these; while they are replaced a page may not come at all."""
    try:
        return page(port)["spine_workers"] == 4 and pids(port).isdisjoint(but)
    except (OSError, http.client.HTTPException):
        return False


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


def test_any_worker_answers_for_all(uvicorn: Shop) -> None:
    """Every scrape, whoever answers it, tells of each request that was answered before; users' counters too."""
    check_one_page(uvicorn)


@pytest.mark.parametrize("more", [(), ("--preload",)], ids=["gunicorn", "preload"])
def test_gunicorns_workers_answer_for_all_too(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Loaded in each worker, or once before they are forked."""
    with shop(tmp_path, *GUNICORN, *more) as started:
        check_one_page(started)


def check_one_page(started: Shop) -> None:
    """Send a load and have everybody asked for it."""
    before = answered(started.port)
    sent = load(started.port, 80)
    # On a busy machine a sibling may take longer to answer than a page waits: the next one has it.
    wait_for(lambda: answered(started.port) - before == sent, "a page with everything")
    assert [answered(started.port) - before for _ in range(8)] == [sent] * 8
    numbers = page(started.port)
    assert numbers["shop_sold_total"] == before + sent
    assert [value for key, value in numbers.items() if key.startswith("spine_build_info")] == [1]
    assert len(pids(started.port)) == 4


def test_orderly_ends_lose_nothing(uvicorn: Shop) -> None:
    """Workers that are asked to end leave every request behind: the totals equal what the client counted."""
    before = answered(uvicorn.port)
    sent = load(uvicorn.port, 60)
    old = pids(uvicorn.port)
    for pid in old:
        os.kill(int(pid), signal.SIGTERM)
    wait_for(lambda: met(uvicorn.port, but=old), "four new workers")
    sent += load(uvicorn.port, 20)
    # On a busy machine a sibling may take longer to answer than a page waits: the next one has it.
    wait_for(lambda: answered(uvicorn.port) - before == sent, "a page with everything")


def test_totals_outlive_the_killed_and_never_fall(uvicorn: Shop) -> None:
    """Workers are killed under load: only what they had not left yet is missing, and no page tells of less than one before."""
    told = Kills(uvicorn).go(2)
    assert told.seen == sorted(told.seen)
    assert told.must <= told.counted <= told.most
    assert len(list(uvicorn.folder.iterdir())) <= 4 + 2


@pytest.mark.soak
def test_many_kills_under_load(
    uvicorn: Shop, record_property: Callable[[str, object], None]
) -> None:
    """Of each killed worker at most what it answered in its last second is missing."""
    told = Kills(uvicorn).go(25)
    assert told.seen == sorted(told.seen)
    assert told.must <= told.counted <= told.most
    record_property("kills", 25)
    record_property("answered", told.answers)
    record_property("missing", told.answers - int(told.counted))
    record_property("oldest file ms", round(max(told.ages) * 1000))
    assert max(told.ages) < 1.5


class Told(NamedTuple):
    """What client and pages say of a load with kills.

    Attributes:
        answers: how many requests the client saw answered.
        must: how many of them must be counted: all but those of the killed since they last left their numbers.
        most: how many may be counted: one that got no answer may have been served.
        counted: how many the page tells of in the end.
        seen: every total that a page told meanwhile, in order.
        ages: how old each killed worker's file was, in seconds.
    """

    answers: int
    must: int
    most: int
    counted: float
    seen: list[float]
    ages: list[float]


class Kills:
    """A load that goes on while workers are killed; nobody scrapes before a kill, because that makes workers write."""

    def __init__(self, started: Shop) -> None:
        self._shop = started
        self._stop = threading.Event()
        self._answers: list[tuple[float, str]] = []
        self._failed: list[int] = []
        self._left: dict[str, float] = {}

    def go(self, kills: int) -> Told:
        """Kill workers, one after the other, and tell."""
        port = self._shop.port
        before = answered(port)
        clients = [threading.Thread(target=self._keep_asking) for _ in range(2)]
        for client in clients:
            client.start()
        seen, ages = [before], []
        for number in range(kills):
            victim = self._choose(0.9 * (number + 1) / (kills + 1))
            os.kill(int(victim), signal.SIGKILL)
            killed = now()
            self._left[victim] = self._left_at(victim)
            ages.append(killed - self._left[victim])
            seen += [answered(port) for _ in range(5)]
        self._stop.set()
        for client in clients:
            client.join()
        wait_for(lambda: met(port), "the killed to be replaced")
        seen.append(answered(port))
        must = sum(1 for at, pid in self._answers if at < self._left.get(pid, at + 1) - CLOSE_S)
        most = len(self._answers) + len(self._failed)
        return Told(len(self._answers), must, most, seen[-1] - before, seen, ages)

    def _choose(self, age: float) -> str:
        """Wait for a worker that has answered so many seconds after it last left its numbers, under this load."""
        since, found = now(), list[str]()

        def chosen() -> bool:
            for at, pid in self._answers[-20:]:
                if pid not in self._left and since + 0.2 < self._left_at(pid) < at - age:
                    found.append(pid)
                    return True
            return False

        wait_for(chosen, "a worker to have left its numbers under load")
        return found[0]

    def _left_at(self, pid: str) -> float:
        """When a worker last left its numbers; 0 if it never did."""
        for path in self._shop.folder.glob("*.num"):
            with contextlib.suppress(FileNotFoundError, Unreadable):
                if unpack(path.read_bytes()).snapshot.pid == pid:
                    return path.stat().st_mtime
        return 0.0

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            try:
                pid = ask(self._shop.port)
            except (OSError, http.client.HTTPException):
                self._failed.append(1)
            else:
                self._answers.append((now(), pid))


CLOSE_S = 0.2
"""An answer so short before a file's time may have been counted after the numbers in it were taken."""


def now() -> float:
    """Return the wall time that files are stamped with."""
    return SystemClock().wall_ns() / 1e9


def ask(port: int) -> str:
    """Make one request on a connection of its own; returns the worker that answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/hello")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_services_of_one_parent_never_merge(tmp_path: Path) -> None:
    """Three services started by one process, one worker each, tell of their own requests only."""
    (tmp_path / "app.py").write_text(APP)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
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
                env={**os.environ, "NAME": name, "XDG_RUNTIME_DIR": str(runtime)},  # noqa: TID251 - the child's is ours and two names
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            ports.append(port)
        for place, port in enumerate(ports):  # all started before: they come up side by side
            wait_for(lambda port=port: _answers(port), "the service to come up")
            load(port, place + 1)
        assert [answered(port) for port in ports] == [1, 2, 3]
        assert [page(port)["spine_workers"] for port in ports] == [1, 1, 1]
    assert list(runtime.rglob("*.num")) == []


def _answers(port: int) -> bool:
    try:
        return get(port, "/up") == 404
    except OSError:
        return False


def test_a_spoilt_folder_degrades_to_what_can_be_read_and_says_so(uvicorn: Shop) -> None:
    """Foreign, damaged and cut files are set aside; every worker's page tells so until they are taken away."""
    before = answered(uvicorn.port)
    load(uvicorn.port, 20)
    folder = uvicorn.folder
    (folder / "foreign.num").write_bytes(b"what is this")
    (folder / "cut.num").write_bytes(next(folder.glob("????????*.num")).read_bytes()[:100])
    (folder / "folder.num").mkdir()
    (folder / "link.num").symlink_to("/etc/passwd")
    said = {f"spine_metrics_degraded{[('reason', 'file_unreadable')]}": 1.0}
    assert [degraded(uvicorn.port) for _ in range(6)] == [said] * 6
    wait_for(lambda: answered(uvicorn.port) - before == 20, "a page with everything")
    for one in folder.glob("*.bad"):
        one.rmdir() if one.is_dir() else one.unlink()
    assert [degraded(uvicorn.port) for _ in range(6)] == [{}] * 6


def test_a_removed_folder_is_said_and_made_anew(uvicorn: Shop) -> None:
    """A page shows the asked worker's numbers, then those of all living workers again."""
    load(uvicorn.port, 20)
    shutil.rmtree(uvicorn.folder)
    # A worker that is just writing there may say so of its file as well.
    assert f"spine_metrics_degraded{[('reason', 'files_unusable')]}" in degraded(uvicorn.port)
    wait_for(lambda: met(uvicorn.port) and not degraded(uvicorn.port), "the four to meet again")
    assert uvicorn.folder.is_dir()
    said = [line["reason"] for line in uvicorn.server.lines_of("spine.metrics")]
    assert f"files_unusable: No such file or directory in {uvicorn.folder}" in said


def degraded(port: int) -> dict[str, float]:
    """What the page says of being less than it should be."""
    return {key: one for key, one in page(port).items() if key.startswith("spine_metrics_degraded")}


def test_an_application_without_a_line_of_ours_is_served(tmp_path: Path) -> None:
    """`spine run` puts the layer around it: ids, lines, and one page for its four workers."""
    (tmp_path / "plain.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI(title='plain')\n"
        "@app.get('/hello')\nasync def hello():\n    return 1\n"
    )
    command = ("-m", "fastapi_spine", "run", "plain:app", "--port", "{port}", "--workers", "4")
    with serving(tmp_path, *command) as server:
        wait_for(lambda: met(server.port), "four workers to meet")
        sent = load(server.port, 30)
        wait_for(lambda: answered(server.port) == sent, "a page with everything")
        server.end()
        routes = [line["route"] for line in server.access() if line["path"] == "/hello"]
        services = {line["service"] for line in server.access()}
    assert routes == ["/hello"] * sent
    assert services == {"plain"}
