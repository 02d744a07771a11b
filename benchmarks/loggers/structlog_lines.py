"""structlog twice: as its page on performance recommends, and through `logging` as its guide shows."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog
from benchmarks.loggers.event import LOGGER, MESSAGE, REQUEST_ID, fields
from benchmarks.subject import Subject


def _subject() -> Subject:
    structlog.contextvars.bind_contextvars(request_id=REQUEST_ID)
    logger = structlog.get_logger(LOGGER)

    def repeat(count: int) -> None:
        for _ in range(count):
            logger.info(MESSAGE, **fields())

    return Subject(repeat)


def with_orjson() -> Subject:
    """Configure the recommended production set-up: orjson, bytes straight to stdout."""
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(),
    )
    return _subject()


def through_logging() -> Subject:
    """Configure the set-up for `logging` of structlog's guide, JSON to stdout."""
    logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.UnicodeDecoder(),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return _subject()
