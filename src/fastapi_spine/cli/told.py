"""Attributes that a row tells in its own words, and need not tell again as `key=value`."""

from __future__ import annotations

from typing import Final

from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    ATTR_SPINE_REQUEST_ID,
    KEY_HELD,
    KEY_REQUEST_ID,
)

TOLD: Final = frozenset(
    {
        ATTR_EXCEPTION_MESSAGE,
        ATTR_EXCEPTION_STACK,
        ATTR_EXCEPTION_TYPE,
        ATTR_SPINE_REQUEST_ID,
        KEY_HELD,
        f"spine.{KEY_HELD}",
        KEY_REQUEST_ID,
    }
)
