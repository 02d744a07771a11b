"""Tools for the tests of applications that have a spine."""

from __future__ import annotations

from fastapi_spine.logs.lines.human import render_human
from fastapi_spine.testing.capture import CapturedLines, capture
from fastapi_spine.testing.clock import FrozenClock
from fastapi_spine.testing.ids import CountedIds
from fastapi_spine.testing.secrets import assert_no_secrets

__all__ = [
    "CapturedLines",
    "CountedIds",
    "FrozenClock",
    "assert_no_secrets",
    "capture",
    "render_human",
]
