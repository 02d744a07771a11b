"""A rate limit that processes share through a real Redis, which is killed and hung up in mid-load."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from redis_server import Redis
from servers import DEADLINE_S, Server, serving, wait_for

APP = """
from fastapi import FastAPI
from fastapi_spine import Guard, Spine

def shop(failure):
    app = FastAPI()
    Spine(app, service=failure, guard=Guard(
        rate="1000000/hour", rate_paths={"/scarce": "5/day"}, rate_window="fixed",
        rate_store="URL", rate_timeout="2s", rate_failure=failure,
    ))

    @app.get("/plenty")
    @app.get("/scarce")
    async def answer():
        return 1

    return app

app = shop("FAILURE")
"""


FAULTS = 'spine_internal_errors_total{step="rate_store"}'
REFUSALS = 'http_guard_refusals_total{guard="rate",reason="store_unreachable"}'


class Answer(NamedTuple):
    """What a client sees of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def limited(self) -> bool:
        """Whether it says where the caller stands."""
        return "ratelimit" in self.headers


def ask(server: Server, path: str) -> Answer:
    """Make one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{server.port}"})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


def count(server: Server, series: str) -> float:
    """Return a counter of the metrics page; 0 while it is not there."""
    lines = ask(server, "/metrics").body.decode().splitlines()
    found = (line.rpartition(" ") for line in lines)
    return sum(float(value) for name, _, value in found if name == series)


@contextmanager
def load(server: Server) -> Iterator[list[Answer]]:
    """Keep asking from two threads; yields the answers so far."""
    answers: list[Answer] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            answers.append(ask(server, "/plenty"))

    threads = [threading.Thread(target=keep_asking) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module", name="redis")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    redis = Redis(tmp_path_factory.mktemp("redis"))
    yield redis
    redis.kill()


@contextmanager
def shop(folder: Path, redis: Redis, failure: str) -> Iterator[Server]:
    """Serve the shop from a process of its own."""
    (folder / "app.py").write_text(APP.replace("URL", redis.url).replace("FAILURE", failure))
    with serving(folder, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        yield server


@pytest.fixture(scope="module", name="open_shop")
def _open_shop(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Server]:
    with shop(tmp_path_factory.mktemp("open"), redis, "open") as server:
        yield server


@pytest.fixture(scope="module", name="closed_shop")
def _closed_shop(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Server]:
    with shop(tmp_path_factory.mktemp("closed"), redis, "closed") as server:
        yield server


def until_limited(server: Server) -> None:
    """Wait until the store is asked again and answers."""
    wait_for(lambda: ask(server, "/plenty").limited, "the limit to hold again")


def test_processes_share_one_limit(open_shop: Server, closed_shop: Server) -> None:
    """Five a day are five a day, whichever process is asked; both say what is left."""
    for server in (open_shop, closed_shop):
        until_limited(server)  # both have met the store
    turns = [open_shop, closed_shop] * 4
    answers = [ask(server, "/scarce") for server in turns]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 3
    left = [answer.headers["ratelimit"].split('"/scarce";r=')[1][0] for answer in answers]
    assert left == ["4", "3", "2", "1", "0", "0", "0", "0"]
    assert all("retry-after" in answer.headers for answer in answers[5:])


def test_requests_pass_while_the_store_is_dead_and_the_limit_resumes(
    redis: Redis, open_shop: Server
) -> None:
    """Killed in mid-load: every request is answered 200, the failure is counted, and a new Redis is found again."""
    until_limited(open_shop)
    before = count(open_shop, FAULTS)
    with load(open_shop) as answers:
        wait_for(lambda: any(one.limited for one in answers), "the load to begin")
        redis.kill()
        wait_for(lambda: any(not one.limited for one in answers), "the outage to be met")
        redis.start()
        unlimited = len(answers)
        wait_for(lambda: any(one.limited for one in answers[unlimited:]), "the limit to hold again")
    assert {one.status for one in answers} == {200}
    assert count(open_shop, FAULTS) > before


def test_requests_pass_while_the_store_hangs(redis: Redis, open_shop: Server) -> None:
    """Its connections stay open and it says nothing: the deadline ends the wait, not the client's patience."""
    until_limited(open_shop)
    before = count(open_shop, FAULTS)
    redis.hang()
    try:
        answer = ask(open_shop, "/plenty")
    finally:
        redis.go_on()
    assert (answer.status, answer.limited) == (200, False)
    assert count(open_shop, FAULTS) == before + 1
    until_limited(open_shop)


def test_requests_are_refused_while_the_store_is_dead_if_that_is_wanted(
    redis: Redis, closed_shop: Server
) -> None:
    """`rate_failure="closed"`: 503 with the id and when to come back, until the store is there again."""
    until_limited(closed_shop)
    before = count(closed_shop, REFUSALS)
    redis.kill()
    try:
        answer = ask(closed_shop, "/plenty")
        probe = ask(closed_shop, "/healthz")
    finally:
        redis.start()
    problem = json.loads(answer.body)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert probe.status == 404  # the application was asked
    until_limited(closed_shop)
    assert count(closed_shop, REFUSALS) > before
