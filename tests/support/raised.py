"""Exceptions as they come out of running code."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def caught(action: Callable[[], object]) -> Exception:
    """Return what an action raises."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - whatever it was
        return error
    pytest.fail("nothing was raised")
