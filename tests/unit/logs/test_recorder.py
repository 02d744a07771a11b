"""The flight recorder: DEBUG lines that exist only for requests that went wrong."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi import BackgroundTasks, FastAPI

from fastapi_spine import Logs, bind
from fastapi_spine.install.given import Given
from fastapi_spine.install.layer import Spine
from fastapi_spine.testing import CapturedLines, FrozenClock, capture

log = logging.getLogger("recorded.shop")
HOLD = Logs(recorder=["recorded"])


def application(clock: FrozenClock | None = None) -> FastAPI:
    app = FastAPI()

    @app.get("/talk")
    async def talk(n: int = 3, takes: float = 0, fail: bool = False, size: int = 5) -> None:
        basket = {"items": 1}
        for number in range(n):
            log.debug("step %d", number, extra={"basket": basket, "pad": "x" * size})
        basket["items"] = 99
        log.info("half way")
        if clock is not None:
            clock.advance(takes)
        if fail:
            raise ValueError

    @app.get("/later")
    async def later(tasks: BackgroundTasks, fail: bool = False) -> None:
        def task() -> None:
            log.debug("in the background")
            if fail:
                raise ValueError

        tasks.add_task(task)

    return app


def held(lines: CapturedLines) -> list[str]:
    return [line["msg"] for line in lines.lines if line.get("held")]


def test_a_good_request_leaves_no_debug_lines(drive: Any) -> None:
    """They were never written, and their memory is free again."""
    with capture(app := application(), logs=HOLD) as lines:
        drive(app, "/talk")
    assert [line["msg"] for line in lines.lines] == ["half way", "request completed"]


def test_a_failed_request_brings_its_debug_lines_in_order_and_marked(drive: Any) -> None:
    """Right before its access line, with its id, as they were when they were said."""
    with capture(app := application(), logs=HOLD) as lines:
        drive(app, "/talk", query_string=b"fail=1&n=2")
    messages = [line["msg"] for line in lines.lines]
    assert messages == ["half way", "step 0", "step 1", "request failed"]
    first, access = lines.lines[1], lines.lines[-1]
    assert (first["level"], first["held"], first["logger"]) == ("DEBUG", True, "recorded.shop")
    assert first["basket"] == {"items": 1}, "as it was at the call, not as it became"
    assert first["request_id"] == access["request_id"]
    assert "held" not in access


def test_a_slow_request_brings_them_too(drive: Any) -> None:
    """Slow is the other reason to want them."""
    clock = FrozenClock()
    with capture(app := application(clock), logs=HOLD, clock=clock) as lines:
        drive(app, "/talk", query_string=b"takes=1.5&n=1")
    assert held(lines) == ["step 0"]


def test_whoever_wants_a_request_kept_gets_its_lines(drive: Any) -> None:
    """`bind(keep=True)` brings held-back lines, those said after the response too; the access line stays as loud as it is."""
    app = FastAPI()

    @app.get("/kept")
    async def kept(tasks: BackgroundTasks) -> None:
        bind(keep=True)
        log.debug("before")
        tasks.add_task(log.debug, "after")

    with capture(app, logs=HOLD) as lines:
        drive(app, "/kept")
    assert held(lines) == ["before", "after"]
    assert [line["level"] for line in lines.lines if line["msg"] == "request completed"] == ["INFO"]


def test_held_lines_are_redacted_when_written(drive: Any) -> None:
    """What is in memory may be raw; what is written may not."""
    app = FastAPI()

    @app.get("/")
    async def index() -> None:
        log.debug("password=%s", "swordfish99!", extra={"api_key": "abc123def456"})
        raise ValueError

    with capture(app, logs=HOLD) as lines:
        drive(app)
    assert held(lines) == ["password=[REDACTED:password]"]
    assert "swordfish" not in lines.text
    assert "abc123def456" not in lines.text


def test_the_newest_lines_of_a_long_request_are_kept(drive: Any) -> None:
    """At most so many lines and bytes a request."""
    logs = Logs(recorder=["recorded"], recorder_lines=5)
    with capture(app := application(), logs=logs) as lines:
        drive(app, "/talk", query_string=b"fail=1&n=50")
    assert held(lines) == [f"step {number}" for number in range(45, 50)]
    assert lines.spine.health.dropped["recorder_full"] == 45
    logs = Logs(recorder=["recorded"], recorder_bytes="16KiB")
    with capture(app := application(), logs=logs) as lines:
        drive(app, "/talk", query_string=b"fail=1&n=50&size=1000")
    assert 8 <= len(held(lines)) <= 15
    assert held(lines)[-1] == "step 49"


def test_the_process_shares_one_budget_and_gets_it_back(http_scope: Any) -> None:
    """Many open requests cannot hold more than the total; when they end, it is free again."""
    app = FastAPI()
    gate = asyncio.Event()
    waiting = 0

    @app.get("/{size}")
    async def index(size: int) -> None:
        nonlocal waiting
        log.debug("x" * size)
        waiting += 1
        await gate.wait()
        raise ValueError

    lines = CapturedLines()
    logs = Logs(recorder=["recorded"], recorder_total="64KiB")
    spine = Spine(app, given=Given(sink=lines), logs=logs)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        return

    async def many() -> None:
        nonlocal waiting
        for _ in range(2):
            gate.clear()
            waiting = 0
            tasks = [
                asyncio.create_task(app(http_scope("/3000"), receive, send)) for _ in range(40)
            ]
            while waiting < len(tasks):  # noqa: ASYNC110 - each endpoint counts itself in
                await asyncio.sleep(0)
            gate.set()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(many())
    spine.close()
    assert len(held(lines)) == 2 * 16, "64 KiB are 16 chunks of 4 KiB, twice"
    assert len(lines.access) == 80


def test_a_failed_background_task_brings_its_own(drive: Any) -> None:
    """What was said before the response is gone with it; what the task said is there."""
    with capture(app := application(), logs=HOLD) as lines:
        drive(app, "/later")
        assert held(lines) == []
        drive(app, "/later", query_string=b"fail=1")
    assert held(lines) == ["in the background"]


def test_it_can_be_switched_off(drive: Any) -> None:
    """Then DEBUG is below the threshold, as ever."""
    with capture(app := application(), logs=Logs(recorder=False)) as lines:
        drive(app, "/talk", query_string=b"fail=1")
        assert not log.isEnabledFor(logging.DEBUG)
    assert held(lines) == []
