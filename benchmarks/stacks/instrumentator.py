"""prometheus-fastapi-instrumentator as its own page sets it up."""

from __future__ import annotations

from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import served
from prometheus_fastapi_instrumentator import Instrumentator


def build(routes: int) -> Subject:
    """Count requests, and expose the page."""
    app = application(routes)
    Instrumentator().instrument(app).expose(app)
    return served(app)
