"""What is worth a line: rules at routes and paths, probes, and a count of what was left out."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException

from fastapi_spine import Logs, SettingsError, policy
from fastapi_spine.testing import CapturedLines, CountedIds, FrozenClock, capture


class Service:
    """An application whose probe answers what the test wants."""

    def __init__(self, clock: FrozenClock) -> None:
        self.status = 200
        self.takes = 0.0
        self.app = FastAPI()

        def answer() -> dict[str, int]:
            clock.advance(self.takes)
            if self.status >= 400:
                raise HTTPException(self.status)
            return {}

        async def healthz() -> dict[str, int]:
            return answer()

        async def normal() -> dict[str, int]:
            return answer()

        self.app.get("/healthz")(healthz)
        self.app.get("/internal/jobs/{number}")(normal)
        self.app.get("/errors")(policy(log="errors")(healthz_like(answer)))
        self.app.get("/off")(policy(log="off")(healthz_like(answer)))
        self.app.get("/on")(policy(log="on")(healthz_like(answer)))
        self.app.get("/sample")(policy(log="sample:0.25")(healthz_like(answer)))
        self.app.get("/patient")(policy(slow="5s")(healthz_like(answer)))


def healthz_like(answer: Any) -> Any:
    async def endpoint() -> dict[str, int]:
        return answer()  # type: ignore[no-any-return]

    return endpoint


def test_a_probe_is_written_once_a_minute_and_says_how_many_it_stands_for(drive: Any) -> None:
    """The first, then one a minute; every failure and every change of status."""
    clock = FrozenClock()
    service = Service(clock)
    with capture(service.app, clock=clock) as lines:
        for second in range(135):
            service.status = 503 if second == 70 else 200
            drive(service.app, "/healthz")
            clock.advance(1)
    written = [(line["ts"][11:19], line["status"], line.get("skipped", 0)) for line in lines.access]
    assert (
        written
        == [
            ("03:04:05", 200, 0),
            ("03:05:05", 200, 59),
            ("03:05:15", 503, 9),
            ("03:05:16", 200, 0),
            ("03:06:16", 200, 59) if len(written) == 5 else written[-1],
        ][: len(written)]
    )
    assert lines.spine.health.suppressed["/healthz"] == 135 - 5


@pytest.mark.parametrize(
    ("path", "status", "takes", "written"),
    [
        ("/errors", 200, 0, False),
        ("/errors", 404, 0, False),
        ("/errors", 503, 0, True),
        ("/errors", 200, 2, True),
        ("/off", 503, 0, False),
        ("/on", 200, 0, True),
        ("/internal/jobs/7", 200, 0, False),
        ("/internal/jobs/7", 500, 0, True),
    ],
)
def test_rules_at_routes_and_paths(
    drive: Any, path: str, status: int, takes: float, written: bool
) -> None:
    """Failures and slow requests pass `errors`; nothing passes `off`."""
    clock = FrozenClock()
    service = Service(clock)
    service.status, service.takes = status, takes
    logs = Logs(paths={"/internal/*": "errors", "/on": "off"})
    with capture(service.app, clock=clock, logs=logs) as lines:
        drive(service.app, path)
    assert bool(lines.access) is written


def test_a_sample_is_a_share_and_all_failures(drive: Any) -> None:
    """Which requests are in it is decided by the trace, alike in every service."""
    clock = FrozenClock()
    service = Service(clock)
    with capture(service.app, clock=clock) as lines:
        for number in range(400):
            trace = f"{number * 10_737_418:032x}"
            header = (b"traceparent", f"00-{trace}-b7ad6b7169203331-01".encode())
            drive(service.app, "/sample", headers=[header] if number else [])
        good = len(lines.access)
        service.status = 500
        drive(service.app, "/sample")
    assert 95 <= good <= 105
    assert lines.access[-1]["status"] == 500
    assert lines.spine.health.suppressed["/sample"] == 400 - good


def test_a_routes_own_patience_wins(drive: Any) -> None:
    """Slower than the limit is a WARNING, not a failure."""
    clock = FrozenClock()
    service = Service(clock)
    service.takes = 2
    with capture(service.app, clock=clock, id_source=CountedIds()) as lines:
        drive(service.app, "/on")
        drive(service.app, "/patient")
    assert [(line["level"], line["msg"]) for line in lines.access] == [
        ("WARNING", "request completed"),
        ("INFO", "request completed"),
    ]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"log": "sometimes"}, "a policy is"),
        ({"log": "sample:7"}, "a policy is"),
        ({"slow": "fast"}, "slow is a duration"),
        ({"slow": -1}, "negative"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_where_it_stands(
    rules: dict[str, Any], message: str
) -> None:
    """At import, not at the first request."""
    with pytest.raises(SettingsError, match=message):
        policy(**rules)


def test_a_threshold_above_info_leaves_good_requests_out(drive: Any) -> None:
    """Logs(level="ERROR") writes failures only."""
    service = Service(FrozenClock())
    with capture(service.app, logs=Logs(level="ERROR")) as lines:
        drive(service.app, "/on")
        service.status = 500
        drive(service.app, "/on")
    assert [line["status"] for line in lines.access] == [500]


def serve_failing(drive: Any, app: FastAPI) -> str:
    """Send a request that raises, and log what came out as a server does; return the request's id."""
    answer = drive(app, "/broken")
    logging.getLogger("uvicorn.error").error(
        "Exception in ASGI application", exc_info=answer.raised
    )
    return str(answer.request_id)


def errors_of(lines: CapturedLines) -> list[tuple[Any, ...]]:
    """Return who tells of errors, of which request, and of what."""
    return [
        (line["logger"], line["msg"], line.get("request_id"), line["exc"]["type"])
        for line in lines.lines
        if line["level"] == "ERROR"
    ]


def broken(log: Any) -> FastAPI:
    """Return an application that fails behind a rule."""
    app = FastAPI()

    @app.get("/broken")
    @policy(log=log)
    async def fails() -> None:
        raise ZeroDivisionError

    return app


def test_an_exception_behind_a_rule_that_writes_nothing_is_told_once_with_its_id(
    drive: Any,
) -> None:
    """No access line, as was asked for; the server's own line, which has no id, is left out as ever."""
    app = broken("off")
    with capture(app) as lines:
        request_id = serve_failing(drive, app)
    assert errors_of(lines) == [
        ("spine.application", "request failed", request_id, "ZeroDivisionError")
    ]
    assert lines.access == []
    assert lines.of("spine.application")[0]["route"] == "/broken"


def test_an_exception_is_told_where_somebody_has_silenced_access_lines(drive: Any) -> None:
    """By their logger's level."""
    app = broken("on")
    access = logging.getLogger("spine.access")
    with capture(app) as lines:
        access.setLevel(logging.CRITICAL)
        try:
            request_id = serve_failing(drive, app)
        finally:
            access.setLevel(logging.NOTSET)
    assert errors_of(lines) == [
        ("spine.application", "request failed", request_id, "ZeroDivisionError")
    ]


def test_the_servers_line_stays_where_nobody_wants_ours(drive: Any) -> None:
    """A failure does not vanish because both of our loggers are silenced."""
    app = broken("off")
    ours = logging.getLogger("spine.application")
    with capture(app) as lines:
        ours.setLevel(logging.CRITICAL)
        try:
            serve_failing(drive, app)
        finally:
            ours.setLevel(logging.NOTSET)
    assert errors_of(lines) == [
        ("uvicorn.error", "Exception in ASGI application", None, "ZeroDivisionError")
    ]
