"""structlog and asgi-correlation-id, configured as the README of the latter says, to stdout.

Neither brings an access line. The one here is pure ASGI, which favours this stack: the recipes that
go around use `@app.middleware("http")`, which is `BaseHTTPMiddleware` again.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import App, served

log = structlog.stdlib.get_logger("access")


def add_correlation(
    _: Any, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Add the request's id to a line."""
    if identity := correlation_id.get():
        event["request_id"] = identity
    return event


class AccessLog:
    """Logs every request."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter_ns()
        status = 500

        async def watch(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            log.info(
                "request completed",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=(time.perf_counter_ns() - started) / 1e6,
                client=scope["client"][0],
            )


def configure() -> None:
    """Set up structlog and logging."""
    logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.INFO)
    structlog.configure(
        processors=[
            add_correlation,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M.%S"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def build(routes: int) -> Subject:
    """Add both layers; the id is given outside the access line."""
    configure()
    app = application(routes)
    app.add_middleware(AccessLog)
    app.add_middleware(CorrelationIdMiddleware)
    return served(app)
