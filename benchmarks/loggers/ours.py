"""`logging.getLogger(…).info(…, extra=…)` with the layer on."""

from __future__ import annotations

import logging
from typing import Any

from benchmarks.loggers.event import LOGGER, MESSAGE, fields
from benchmarks.subject import Subject
from benchmarks.traffic import Served, http_scope, receive, send

from fastapi_spine import Spine, Wrapped

logger = logging.getLogger(LOGGER)


def _log(count: int) -> None:
    for _ in range(count):
        logger.info(MESSAGE, extra=fields())


async def _log_and_answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        _log(scope["state"]["count"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


def _inside(layer: Wrapped) -> Subject:
    server = Served(layer)

    async def one_request(count: int) -> None:
        scope = http_scope(1)
        scope["state"]["count"] = count
        await layer(scope, receive, send)

    return Subject(lambda count: server.run(one_request(count)), layer.flush, close=server.close)


def build() -> Subject:
    """Log while a request is served, so that each line gets its ids.

    All lines of a round belong to one request, whose own access line is the round's last.
    """
    return _inside(Spine.wrap(_log_and_answer))


def without_redaction() -> Subject:
    """Log while a request is served, redaction switched off."""
    return _inside(Spine.wrap(_log_and_answer, redaction=False))


def outside_requests() -> Subject:
    """Log where no request is served: start-up code, a scheduled job."""
    layer = Spine.wrap(_log_and_answer)
    server = Served(layer)
    return Subject(_log, layer.flush, close=server.close)
