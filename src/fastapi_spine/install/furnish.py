"""From settings to rooms: the only file that knows every room.

A room that is switched off is never imported; one that is on is imported here, when the layer is set up, so that
`import fastapi_spine` stays quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.conventions import SIGNAL_METRICS
from fastapi_spine.core.health import Health
from fastapi_spine.core.ids import RandomIds
from fastapi_spine.core.observer import Beginner, LifespanListener, Observer, Tell
from fastapi_spine.core.telemetry import LinePort
from fastapi_spine.core.trace_formats import W3C, TraceFormats
from fastapi_spine.install.given import Given
from fastapi_spine.install.hearing import Hearing
from fastapi_spine.install.masking import redactor_for
from fastapi_spine.install.propagating import Propagating
from fastapi_spine.install.site import Site
from fastapi_spine.logs.room import LogsRoom
from fastapi_spine.request.identity import DebugFlag, IdentityReader, identity_reader
from fastapi_spine.request.spine import RequestPass
from fastapi_spine.settings.load import environment
from fastapi_spine.settings.model import Settings
from fastapi_spine.settings.objective import Objective

if TYPE_CHECKING:
    from fastapi_spine.guard.room import GuardRoom
    from fastapi_spine.install.exporting import Exporting
    from fastapi_spine.install.promising import Promising
    from fastapi_spine.metrics.room import MetricsRoom
    from fastapi_spine.traces.room import TracesRoom


class Room(LifespanListener, Protocol):
    """What every room can be asked for."""

    def flush(self, timeout: float) -> bool:
        """Write or ship what is queued, at most `timeout` seconds; say whether all went out."""

    def exiting(self) -> None:
        """Get everything out before the interpreter ends."""

    def close(self) -> None:
        """Give back what was taken, with nothing left behind."""


class Parts(NamedTuple):
    """What `furnish` built.

    Attributes:
        health: counters of our own faults and losses.
        logs: the logs room, if it is on.
        traces: the traces room, if it is on and somebody takes its spans.
        exporting: ships telemetry, or knows why it does not.
        rooms: every room that is on, in the order of their ends: the exporter after those that may still have something
            to send, logs last, because the others may still have something to say.
        request_pass: walks every request past the rooms.
        promising: what the service promises.
        guard: the door, if it is guarded.
        propagating: which headers carry a trace.
    """

    health: Health
    logs: LogsRoom | None
    traces: TracesRoom | None
    exporting: Exporting
    rooms: tuple[Room, ...]
    request_pass: RequestPass
    promising: Promising
    guard: GuardRoom | None
    propagating: Propagating


class _On(NamedTuple):
    """The rooms, None where one is off."""

    exporting: Exporting
    guard: GuardRoom | None
    logs: LogsRoom | None
    metrics: MetricsRoom | None
    traces: TracesRoom | None


def furnish(
    settings: Settings, *, app: Any, service: str, packages: tuple[str, ...], given: Given
) -> Parts:
    """Build every room from its settings.

    Args:
        settings: all settings, resolved.
        app: the application; its routes are looked at when it has started. None in a worker, which serves no requests and so
            has no use for guards, metrics of requests, a page on the application, and promises.
        service: the service's name.
        packages: the application's own top packages.
        given: a clock, ids or an output to use instead of the usual ones.
    """
    site = _site(settings, service, packages, given)
    propagating = Propagating(site.environ)
    serves = app is not None
    on = _build(settings, site, propagating.formats, given, serves=serves)
    rooms = _by_their_ends(on, propagating, _hearing(site, on))
    promising = _promising(settings.objectives if serves else (), site, app, on)
    request_pass = RequestPass(
        _identity(settings, site, propagating.formats),
        _observers(settings, on),
        _Listeners(rooms, site.health),
        site.clock,
        site.health,
        first=_first(settings, app, site, on, propagating.formats),
        pages=[] if on.metrics is None or not settings.metrics.path else [on.metrics.page],
        open_exchanges=site.open_exchanges,
        check=promising.check,
        tell=_telling(settings, site),
    )
    return Parts(
        site.health, on.logs, on.traces, on.exporting, rooms, request_pass, promising, on.guard, propagating
    )  # fmt: skip


def _site(settings: Settings, service: str, packages: tuple[str, ...], given: Given) -> Site:
    clock = given.clock or SystemClock()
    health = Health(clock)
    environ = environment()
    own = (settings.traces.keep_token, settings.metrics.token)
    redactor = redactor_for(settings.redaction, health, environ, own=own)
    ids = given.ids or RandomIds()
    return Site(service, packages, clock, ids, health, environ, redactor, set())


def _build(
    settings: Settings, site: Site, formats: TraceFormats, given: Given, *, serves: bool
) -> _On:
    """Build the rooms that are on, each joined to the exporter."""
    exporting = _exporting(settings, site)
    exporter = exporting.exporter
    guard = _guard_room(settings, site) if serves and settings.guard.enabled else None
    logs = _logs_room(settings, site, given, exporter.lines) if settings.logs.enabled else None
    if logs is not None:
        exporter.before_flush(logs.make_waiting)
    metrics = None
    exported = exporter.on(SIGNAL_METRICS)
    if settings.metrics.enabled and (serves or exported or settings.metrics.port):
        metrics = _metrics_room(settings, site, exported=exported, serves=serves)
        metrics.in_child = exporter.send_numbers
        exporter.numbers_from(metrics.numbers)
    traces = _traces_room(settings, site, exporting, formats, given.queue)
    return _On(exporting, guard, logs, metrics, traces)


def _by_their_ends(on: _On, propagating: Propagating, hearing: Hearing) -> tuple[Room, ...]:
    """List rooms in the order in which they end, which is the reverse of that in which they start."""
    # Traces after the watchdog's end, so before its start: instrumentations take longer than it likes.
    wanted = (hearing, on.metrics, on.traces, on.exporting, propagating, on.logs)
    return tuple(room for room in wanted if room is not None)


def _hearing(site: Site, on: _On) -> Hearing:
    """Find who hears of background jobs: first who holds their lines, then who counts."""
    held = None if on.logs is None else on.logs.held_jobs
    counting = None if on.metrics is None else on.metrics.jobs
    return Hearing(site.health, [one for one in (held, counting) if one is not None])


def _observers(settings: Settings, on: _On) -> list[Observer]:
    """List who hears of each request, in that order."""
    found: list[Observer] = []
    if settings.traces.keep_token:
        found.append(_asked_for(settings.traces.keep_token))  # before the span is made
    if on.traces is not None:
        found.append(on.traces.observer)  # its verdict is on held-back lines too
    if on.logs is not None:
        found.append(on.logs.access)
    if on.metrics is not None:
        found.append(on.metrics.http)
    return found


def _first(
    settings: Settings, app: Any, site: Site, on: _On, formats: TraceFormats
) -> list[Beginner]:
    """List who hears of a request before the rooms do: they shall see who really asked."""
    first: list[Beginner] = []
    if settings.traces.sample < 1 or formats is not W3C:  # else it stands in the ids already
        first.append(_verdict(settings, on))
    if hasattr(app, "_native_telemetry"):
        from fastapi_spine.traces.native_search import NativeSearch

        first.append(NativeSearch(app, site.environ, partial(_is_traced, on.traces)))
    if on.guard is not None and on.guard.proxies is not None:
        first.append(on.guard.proxies)
    if formats.b3:
        first.append(DebugFlag())
    return first


def _verdict(settings: Settings, on: _On) -> Beginner:
    from fastapi_spine.traces.keep import head_by_ratio
    from fastapi_spine.traces.verdict import Verdict

    return Verdict(head_by_ratio(settings.traces.sample), lambda: not _is_traced(on.traces))


def _is_traced(traces: TracesRoom | None) -> bool:
    return traces is not None and not traces.observer.idle


def _asked_for(token: str) -> Observer:
    from fastapi_spine.traces.asked import AskedFor

    return AskedFor(token)


def _telling(settings: Settings, site: Site) -> Tell | None:
    names = settings.traces.response_headers
    if not names:
        return None
    from fastapi_spine.traces.response_headers import ResponseHeaders

    return ResponseHeaders(names, site.clock.monotonic_ns).add


def _identity(settings: Settings, site: Site, formats: TraceFormats) -> IdentityReader:
    return identity_reader(
        site.ids,
        formats,
        accept=settings.ids.accept != "never",
        looks_secret=lambda text: site.redactor.text(text) != text,
        sampled=settings.traces.sample >= 1,
    )


def _logs_room(settings: Settings, site: Site, given: Given, export: LinePort | None) -> LogsRoom:
    logs = LogsRoom(
        settings.logs,
        redactor=site.redactor,
        clock=site.clock,
        health=site.health,
        service=site.service,
        packages=site.packages,
        environ=site.environ,
        sink=given.sink,
        export=export,
        dates=given.clock is not None,
    )
    site.health.report_to(logs.report_fault)
    site.health.guarded("lifespan", logs.starting)
    return logs


def _metrics_room(settings: Settings, site: Site, *, exported: bool, serves: bool) -> MetricsRoom:
    from fastapi_spine.metrics.room import MetricsRoom

    return MetricsRoom(
        settings.metrics,
        clock=site.clock,
        health=site.health,
        service=site.service,
        environ=site.environ,
        open_exchanges=site.open_exchanges,
        exported=exported,
        serves=serves,
    )


def _guard_room(settings: Settings, site: Site) -> GuardRoom:
    from fastapi_spine.guard.room import GuardRoom

    return GuardRoom(
        settings.guard,
        clock=site.clock,
        health=site.health,
        told=settings.traces.response_headers,
    )


def _exporting(settings: Settings, site: Site) -> Exporting:
    from fastapi_spine.install.exporting import Exporting

    return Exporting(settings, site)


def _traces_room(
    settings: Settings, site: Site, exporting: Exporting, formats: TraceFormats, queue: str
) -> TracesRoom | None:
    if not settings.traces.enabled:
        return None
    from fastapi_spine.install.tracing import traces_room

    return traces_room(settings, site, exporting, formats, queue)


def _promising(promised: Sequence[Objective], site: Site, app: Any, on: _On) -> Promising:
    from fastapi_spine.install.promising import Promising

    return Promising(
        app,
        promised,
        site.service,
        site.health,
        counting=None if on.metrics is None else on.metrics.http,
        declaring=on.exporting.resource,
        refusing=None if on.guard is None else on.guard.refused,
    )


class _Listeners:
    """Tells every room of start and end; one that fails does not keep it from the others."""

    def __init__(self, rooms: Sequence[Room], health: Health) -> None:
        self._rooms = rooms
        self._guarded = health.guarded

    def starting(self) -> None:
        """Tell that the server is about to start the application; logs first, so that others can be heard."""
        for room in reversed(self._rooms):
            self._guarded("lifespan", room.starting)

    def started(self) -> None:
        """Tell that the application's own start-up code has run."""
        for room in reversed(self._rooms):
            self._guarded("lifespan", room.started)

    def stopped(self) -> None:
        """Tell that the application has shut down."""
        for room in self._rooms:
            self._guarded("lifespan", room.stopped)
