"""The application alone: what everything else is compared with."""

from __future__ import annotations

from benchmarks.application import application
from benchmarks.sink import Exporting
from benchmarks.subject import Subject
from benchmarks.traffic import served


def build(routes: int) -> Subject:
    """Add nothing."""
    return served(application(routes))


def app(routes: int, _url: str) -> Exporting:
    """Add nothing, and export nothing."""
    return Exporting(application(routes))
