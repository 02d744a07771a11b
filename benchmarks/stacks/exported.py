"""Everything of ours on, every request's spans, line and numbers exported to a receiver in another process and counted there."""

from __future__ import annotations

import logging
import os
from typing import Any, Self

from benchmarks.application import application
from benchmarks.sink import ALL, Exporting, Sink, counted, into_sink
from benchmarks.subject import Subject
from benchmarks.traffic import beside, served
from opentelemetry.trace import INVALID_SPAN, Span

from fastapi_spine import Spine, Traces

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def app(routes: int, url: str) -> Exporting:
    """Logs, all metrics, one server span a request."""
    return _ours(routes, url, Traces(operations=False, instrument=False))


def app_with_operations(routes: int, url: str) -> Exporting:
    """The same, with a span each for dependencies, endpoint and serialization."""
    return _ours(routes, url, Traces(operations=True, instrument=False))


def app_as_it_comes(routes: int, url: str) -> Exporting:
    """The same, with every installed instrumentation on."""
    return _ours(routes, url, Traces())


def reported_to_nobody(routes: int) -> Subject:
    """FastAPI reports its operations by the API, to a tracer that does nothing: what that costs is FastAPI's own."""
    sink = Sink()
    _begin(sink.url)
    app = application(routes)
    spine = Spine(app, traces=Traces(operations=True, instrument=False))
    subject = served(app, spine.flush)
    traces: Any = spine.traces
    traces.provider.source.operations = None
    traces._operations.use(Nobody())  # noqa: SLF001 - nobody but a benchmark wants this
    return counted(subject, sink, "fastapi-spine", lambda: spine.flush(30), ALL)


def _ours(routes: int, url: str, traces: Traces) -> Exporting:
    _begin(url)
    app = application(routes)
    spine = Spine(app, traces=traces)
    return Exporting(app, spine.flush, lambda: spine.flush(30))


def _begin(url: str) -> None:
    os.environ[ENDPOINT] = url
    for said_by in (
        "spine.export",
        "spine.runtime",
    ):  # lines that belong to no request are not counted
        logging.getLogger(said_by).setLevel(logging.ERROR)


def beside_bare(routes: int) -> Subject:
    """Everything on one of two equal applications; see `stacks.ours.beside_bare`."""
    quiet = application(routes, telemetry={"tracing": False, "metrics": False, "logs": False})
    return beside(build(routes), served(quiet))


class Nobody:
    """A tracer whose spans are one that does nothing."""

    def start_as_current_span(self, *_arguments: Any, **_options: Any) -> Self:
        """Return what stands for a span."""
        return self

    def __enter__(self) -> Span:
        return INVALID_SPAN

    def __exit__(self, *_exception: object) -> None:
        """Do nothing."""


build = into_sink(app, "fastapi-spine", ALL)
with_operations = into_sink(app_with_operations, "fastapi-spine", ALL)
