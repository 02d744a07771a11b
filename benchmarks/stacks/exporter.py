"""starlette_exporter as its own page sets it up."""

from __future__ import annotations

from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import served
from starlette_exporter import PrometheusMiddleware, handle_metrics


def build(routes: int) -> Subject:
    """Count requests, and expose the page."""
    app = application(routes)
    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)
    return served(app)
