"""`fastapi_spine.testing.capture`, as users' tests use it."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI

from fastapi_spine import Logs, SettingsError, Spine
from fastapi_spine.testing import CapturedLines, CountedIds, FrozenClock, capture
from fastapi_spine.testing.clock import FROZEN_WALL_NS


def test_an_application_with_a_spine_keeps_it(drive: Any) -> None:
    """Only its output is turned, as JSON, and turned back afterwards."""
    app = FastAPI()
    elsewhere: list[bytes] = []
    spine = Spine(app, logs=Logs(output=elsewhere.append, format="human"))
    with capture(app) as lines:
        drive(app)
        logging.getLogger("shop").warning("hello")
    assert lines.spine is spine
    assert [line["msg"] for line in lines.lines] == ["request completed", "hello"]
    drive(app)
    spine.close()
    assert b"".join(elsewhere).count(b"spine.access") == 1


def test_an_application_without_one_gets_one_for_the_time_being(drive: Any) -> None:
    """Also after it has served, and as often as tests like."""
    app = FastAPI()
    for _ in range(2):
        with capture(app, clock=FrozenClock(), id_source=CountedIds()) as lines:
            drive(app)
        assert lines.access[0]["request_id"].endswith("1")
    assert type(app) is FastAPI


def test_what_comes_too_late_is_refused() -> None:
    """A clock cannot be given to a layer that exists."""
    app = FastAPI()
    spine = Spine(app, logs=False)
    with (
        pytest.raises(SettingsError, match="has a Spine already"),
        capture(app, clock=FrozenClock()),
    ):
        pass
    spine.close()


def test_lines_can_be_taken_apart_and_forgotten(drive: Any) -> None:
    """By logger, as text, and cleared between two parts of a test."""
    app = FastAPI()
    with capture(app) as lines:
        logging.getLogger("shop").info("one")
        assert [line["msg"] for line in lines.of("shop")] == ["one"]
        assert lines.text.endswith("\n")
        lines.clear()
        assert lines.lines == []


def bakery() -> FastAPI:
    """Return an application of a package `bakery`, which takes two routes out of three from there."""
    app = FastAPI()

    def order() -> None:
        logging.getLogger("bakery.orders").debug("looking")
        logging.getLogger("vendor.router").debug("not ours")
        raise RuntimeError

    def menu() -> None: ...

    def login() -> None: ...

    for endpoint, module in ((login, "vendor.router"), (order, "bakery.api"), (menu, "bakery.api")):
        endpoint.__module__ = module
        app.get(f"/{endpoint.__name__}")(endpoint)
    return app


def told(lines: CapturedLines) -> list[tuple[Any, ...]]:
    """Return service, logger, message and whether it was held, of the lines that the request wrote."""
    return [
        (line["service"], line["logger"], line["msg"], line.get("held", False))
        for line in lines.lines
        if line["level"] in {"DEBUG", "ERROR"}
    ]


def test_the_package_of_the_endpoints_is_the_applications_own(drive: Any) -> None:
    """A test sees what production writes: the service's name, and the DEBUG lines of a request that failed."""
    app = bakery()
    with capture(app) as lines:
        drive(app, "/order")
    assert told(lines) == [
        ("bakery", "bakery.orders", "looking", True),
        ("bakery", "spine.access", "request failed", False),
    ]


def test_the_package_may_be_said(drive: Any) -> None:
    """As many as there are; the first names the service."""
    app = bakery()
    with capture(app, packages=["vendor", "bakery"]) as lines:
        drive(app, "/order")
    assert told(lines) == [
        ("vendor", "bakery.orders", "looking", True),
        ("vendor", "vendor.router", "not ours", True),
        ("vendor", "spine.access", "request failed", False),
    ]


def test_an_application_without_endpoints_is_the_tests_own(drive: Any) -> None:
    """Not a library's, however the test enters the context."""
    app = FastAPI()
    with ExitStack() as stack:
        lines = stack.enter_context(capture(app))
        drive(app)
    assert lines.access[0]["service"] == __name__.partition(".")[0]


@pytest.mark.parametrize("library", ["logging", "structlog", "loguru"])
def test_a_clock_that_stands_still_dates_every_line(drive: Any, library: str) -> None:
    """Also lines of the application, written or held, whose library has read the machine's clock."""
    app, clock = FastAPI(), FrozenClock()
    logger = logger_of(library)

    def order() -> None:
        logger.debug("held")
        clock.advance(0.25)
        logger.warning("written")
        raise RuntimeError

    order.__module__ = "bakery.api"
    app.get("/order")(order)
    with capture(app, clock=clock, id_source=CountedIds()) as lines:
        drive(app, "/order")
    assert [(line["msg"], line["ts"]) for line in lines.lines if line["level"] != "INFO"] == [
        ("written", "2026-01-02T03:04:05.250000Z"),
        ("held", "2026-01-02T03:04:05.000000Z"),
        ("request failed", "2026-01-02T03:04:05.250000Z"),
    ]


def logger_of(library: str) -> Any:
    """Return a logger of the application's package."""
    if library == "structlog":
        return pytest.importorskip("structlog").get_logger("bakery.orders")
    if library == "loguru":
        return pytest.importorskip("loguru").logger.patch(
            lambda record: record.update(name="bakery.orders")
        )
    return logging.getLogger("bakery.orders")


def test_others_who_read_a_record_see_the_machines_time() -> None:
    """A handler of the test's is not told what the clock says."""
    seen: list[logging.LogRecord] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)

    logger, reader = logging.getLogger("bakery"), Reader()
    logger.addHandler(reader)
    try:
        with capture(FastAPI(), clock=FrozenClock()) as lines:
            logger.warning("hello")
    finally:
        logger.removeHandler(reader)
    assert lines.of("bakery")[0]["ts"] == "2026-01-02T03:04:05.000000Z"
    assert seen[0].created > FROZEN_WALL_NS / 1e9
