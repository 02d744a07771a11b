"""python-json-logger with its usual JSON formatter."""

from __future__ import annotations

import logging
import sys

from benchmarks.loggers.event import LOGGER, MESSAGE, REQUEST_ID, fields
from benchmarks.subject import Subject
from pythonjsonlogger.json import JsonFormatter


def build() -> Subject:
    """Set up one handler on the root logger; the id is a constant field, which favours it."""
    handler = logging.StreamHandler(sys.stdout)
    layout = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(JsonFormatter(layout, static_fields={"request_id": REQUEST_ID}))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logger = logging.getLogger(LOGGER)

    def repeat(count: int) -> None:
        for _ in range(count):
            logger.info(MESSAGE, extra=fields())

    return Subject(repeat)
