"""`spine doctor`: every setting with where it came from, and what the layer does not cover."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from fastapi_spine.cli.doors import doors
from fastapi_spine.cli.hazards import Hazard, hazards
from fastapi_spine.cli.target import load_application
from fastapi_spine.core.conventions import DISTRIBUTION, PATH_METRICS, SIGNAL_TRACES
from fastapi_spine.core.trace_formats import BAGGAGE
from fastapi_spine.export.endpoint import Endpoint
from fastapi_spine.export.room import SIGNALS
from fastapi_spine.export.spool.files import survey
from fastapi_spine.install.layer import Layer, Wrapped
from fastapi_spine.logs.capture.uncovered import uncovered
from fastapi_spine.request.place import placed_on
from fastapi_spine.settings.export_model import Export
from fastapi_spine.settings.guard_model import Guard
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Metrics
from fastapi_spine.settings.origin import Origin
from fastapi_spine.traces.globals import formats_without_package
from fastapi_spine.traces.native_operations import NATIVE_MODULE
from fastapi_spine.traces.neighbours import neighbours
from fastapi_spine.traces.room import TracesRoom

_PACKAGES = (
    *(DISTRIBUTION, "fastapi", "starlette", "uvicorn"),
    *("prometheus-client", "structlog", "loguru"),
)


def examine(target: str | None) -> int:
    """Print the report.

    Args:
        target: `module:app`; None reports the settings alone.

    Returns:
        0, or 1 if something needs attention.

    Raises:
        SpineError: the application cannot be found, or a setting is wrong.
    """
    _print_versions()
    if target is None:
        _print_settings(load(keywords={}).origins)
        return 0
    app = load_application(target)
    layer = _layer_of(app)
    if layer is None:
        _print_settings(load(keywords={}).origins)
        print(f"\n! {target} has no spine: call Spine(app) right after the application is made.")
        return 1
    layer.exporter.keep_nothing()
    _print_settings(layer.origins)
    _print_metrics(layer.settings.metrics)
    _print_export(layer)
    failing = _print_headers(layer)
    _print_traces(layer, app)
    _print_guard(layer.settings.guard)
    hurting = _print_hazards(layer, app)
    return max(_print_uncovered(layer), hurting, failing)


def _layer_of(app: Any) -> Layer | None:
    if isinstance(app, Wrapped):
        return app
    placed = placed_on(app)
    return placed if isinstance(placed, Layer) else None


def _print_versions() -> None:
    print(f"Python {platform.python_version()}", end="")
    for package in _PACKAGES:
        try:
            print(f" · {package} {metadata.version(package)}", end="")
        except metadata.PackageNotFoundError:
            continue
    print()


def _print_settings(origins: Mapping[str, Origin]) -> None:
    names = max(map(len, origins))
    values = min(max(len(origin.shown) for origin in origins.values()), 40)
    print("\nSettings, and where each came from")
    for name, origin in origins.items():
        print(f"  {name:<{names}}  {origin.shown:<{values}}  {_source(origin)}")


def _source(origin: Origin) -> str:
    return origin.place or origin.kind


def _print_metrics(metrics: Metrics) -> None:
    print("\nThe numbers, and who may read them")
    if not metrics.enabled:
        print("  off: metrics.enabled is false")
        return
    if metrics.path:
        print(
            f"  {metrics.path} on the application, for direct peers on this machine: no proxy between"
        )
        for network in metrics.allow:
            print(f"  {metrics.path} on the application, for direct peers of {network}")
        if metrics.token:
            print(f"  {metrics.path} on the application, for whoever sends the token")
    if metrics.port:
        who = "whoever sends the token" if metrics.token else "everybody who can reach it"
        print(f"  {PATH_METRICS} on {metrics.host}:{metrics.port}, for {who}")
    if not (metrics.path or metrics.port):
        print("  ! nobody: metrics.path is off and there is no metrics.port")
    shared = {"auto": "found by the listening socket they share", "off": "never added up"}
    print(f"  workers: {shared.get(metrics.workers, f'those called {metrics.workers}')}")


def _print_export(layer: Layer) -> None:
    print("\nTelemetry, and where it goes")
    for signal in SIGNALS:
        end = layer.exporter.ends.get(signal)
        if end is None:
            print(f"  {signal:<8} off")
        elif isinstance(end, Endpoint):
            print(f"  {signal:<8} to {end}")
        else:
            print(f"  {signal:<8} {'! ' if end.wrong else ''}nowhere: {end.reason}")
    _print_spool(layer.settings.export, layer.service)


def _print_spool(export: Export, service: str) -> None:
    if not export.spool:
        return
    folder = Path(export.spool).expanduser().absolute()
    print(f"  on disk  in {folder}, while a receiver is away")
    try:
        files, weight, items = survey(folder, service)
    except OSError as error:
        print(f"  ! the folder cannot be looked into: {error.strerror or error}")
        return
    if files:
        waiting = ", ".join(f"{signal} {count}" for signal, count in sorted(items.items()))
        print(f"           items waiting there: {waiting} ({files} files, {weight // 1024} KiB)")
    else:
        print("           nothing is waiting there")


def _print_headers(layer: Layer) -> int:
    """Say which headers carry a trace; a propagator that start-up code sets is not seen here.

    Returns:
        1 if another server than ours cannot even import this FastAPI.
    """
    propagating = layer.propagating
    formats = propagating.formats
    baggage = {BAGGAGE} if formats.baggage else set()
    read = {name.decode() for name in formats.reads} | baggage
    print("\nTrace headers, by OTEL_PROPAGATORS")
    print(f"  {'formats':<8} {formats}")
    print(f"  {'read':<8} {', '.join(sorted(read)) or 'none: every request begins a trace'}")
    print(f"  {'written':<8} {', '.join(sorted(formats.writes | baggage)) or 'none'}")
    if propagating.complaint is not None:
        print(f"  ! {propagating.complaint}")
    missing = formats_without_package()
    if not missing:
        return 0
    fails = NATIVE_MODULE in sys.modules
    print(
        f"  {'! ' if fails else ''}OpenTelemetry has no package for {', '.join(map(repr, missing))}: what imports it before the "
        f"layer fails{', and this FastAPI does' if fails else ''}, unless `spine run` or `spine dev` serves it; "
        "for other servers install that package (B3: opentelemetry-propagator-b3)."
    )
    return int(fails)


def _print_traces(layer: Layer, app: Any) -> None:
    traces = layer.traces
    if traces is None:
        return
    print("\nSpans, and who makes them")
    for complaint in traces.complaints:
        print(f"  ! {complaint}")
    _print_who_traces(layer, traces, app)


def _print_who_traces(layer: Layer, traces: TracesRoom, app: Any) -> None:
    """Say who does what, and what became of each instrumentation: they are switched on for that, in this process."""
    ours = layer.settings.traces
    found = neighbours(app, receiver=layer.exporter.on(SIGNAL_TRACES), operations=ours.operations)
    traces.starting()
    report = traces.instrumentations.report.values()
    names = max(len(name) for name in (*(name for name, _ in found), *(one.name for one in report)))
    for name, said in found:
        print(f"  {name:<{names}}  {said}")
    if not report:
        return
    print("\nInstrumentations, for databases, HTTP clients and more")
    for one in report:
        mark = "! " if one.state in {"broken", "other version"} else "  "
        print(f"{mark}{one.name:<{names}}  {one.state}{f': {one.detail}' if one.detail else ''}")


def _print_guard(guard: Guard) -> None:
    """Say what a request passes before the application, in the order that the library has fixed."""
    print("\nThe door, in this order")
    if not guard.enabled:
        print("  open: no guard is set")
        return
    for name, said in doors(guard):
        print(f"  {name:<8}  {said}")


def _print_hazards(layer: Layer, app: Any) -> int:
    """Say what hurts; 1 if any of it is a mistake."""
    found = hazards(app.app if isinstance(app, Wrapped) else app, layer.settings)
    print("\nWhat hurts")
    for one in found or [Hazard("nothing that can be seen from here", urgent=False)]:
        print(f"  {'! ' if one.urgent else ''}{one.what}")
    return int(any(one.urgent for one in found))


def _print_uncovered(layer: Layer) -> int:
    findings = uncovered() if layer.settings.logs.enabled else []
    print("\nWhat reaches the output without passing the layer")
    if not findings:
        print("  nothing that can be seen from here (`print` never passes a logger)")
        return 0
    for finding in findings:
        print(f"  ! {finding}")
    return 1
