"""What a `logging.LogRecord` says: its message, its extra fields, its exception."""

from __future__ import annotations

import logging
from itertools import islice
from types import TracebackType
from typing import Any

FIELDS_ATTRIBUTE = "_spine_fields"
"""Where a record of our own keeps its fields whole, whatever names they have."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_STANDARD_COUNT = len(logging.makeLogRecord({}).__dict__)
_NOT_FIELDS = _STANDARD | {"color_message", FIELDS_ATTRIBUTE}
"""uvicorn adds its coloured message as an extra; it says nothing that the message does not."""


def message_of(record: logging.LogRecord) -> str:
    """Return the formatted message; a record whose arguments do not fit says both instead of failing."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - formatting runs the caller's code
        return f"{_plain(record.msg)} (could not be formatted: {type(error).__name__})"


def fields_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return what `extra` brought, or None.

    `logging` puts extras behind the standard attributes, so a record without any is told by its length alone.
    """
    attributes = record.__dict__
    if len(attributes) == _STANDARD_COUNT and record.stack_info is None:
        return None
    fields = dict(islice(attributes.items(), _STANDARD_COUNT, None))
    if not _NOT_FIELDS.isdisjoint(fields):
        own = fields.get(FIELDS_ATTRIBUTE)
        if own is not None:
            return dict(own)
        fields = {key: value for key, value in fields.items() if key not in _NOT_FIELDS}
    if record.stack_info:
        fields["stack_info"] = record.stack_info
    return fields or None


def error_of(record: logging.LogRecord) -> tuple[BaseException | None, TracebackType | None]:
    """Return the exception a record carries, if any, and its traceback."""
    info = record.exc_info
    if not info:
        return None, None
    if isinstance(info, BaseException):
        return info, info.__traceback__
    return info[1], info[2]


def _plain(message: object) -> str:
    return message if isinstance(message, str) else type(message).__name__
