"""`logging` with a formatter that calls `json.dumps`."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from benchmarks.loggers.event import LOGGER, MESSAGE, REQUEST_ID, fields
from benchmarks.subject import Subject

request_id: ContextVar[str] = ContextVar("request_id", default="-")

OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What is on every record, so that the rest is what the caller gave as `extra`."""


class JsonFormatter(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in OWN})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def build() -> Subject:
    """Set up one handler on the root logger."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logger = logging.getLogger(LOGGER)
    request_id.set(REQUEST_ID)

    def repeat(count: int) -> None:
        for _ in range(count):
            logger.info(MESSAGE, extra=fields())

    return Subject(repeat)
