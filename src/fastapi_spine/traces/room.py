"""The traces room, furnished: what the composition root makes from settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import SCOPE_FASTAPI
from fastapi_spine.core.health import Health
from fastapi_spine.core.ids import IdSource
from fastapi_spine.core.trace_formats import W3C, TraceFormats
from fastapi_spine.export.resource import Resource
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.delivery import Delivery
from fastapi_spine.traces.destinations import Destinations
from fastapi_spine.traces.foreign import ForeignSpans
from fastapi_spine.traces.globals import install_propagator, install_provider, users_provider
from fastapi_spine.traces.instrument import Instrumentations
from fastapi_spine.traces.keep import Tail, head_by_ratio
from fastapi_spine.traces.limits import limits_from
from fastapi_spine.traces.local import Bounds, Outbox
from fastapi_spine.traces.operations import Operations
from fastapi_spine.traces.propagation import Propagator
from fastapi_spine.traces.provider import Provider
from fastapi_spine.traces.server_attributes import ServerAttributes
from fastapi_spine.traces.server_spans import ChosenServerSpans, ServerSpans


class TracesRoom:
    """Everything that traces of one application need.

    Args:
        put_all: takes finished spans; must not block.
        redactor: masks what leaves.
        clock: tells time.
        ids: makes ids.
        health: catches and counts what fails here.
        resource: who the process is.
        version: of this distribution.
        environ: the environment's variables.
        clients: reads the caller's address, as much of it as may be written.
        ratio: share of the traces beginning here that are sampled, 0 to 1.
        slow_ns: a request slower than this is kept; None for never.
        operations: whether FastAPI's operations become spans.
        instrumentations: are activated where spans are made.
        propagate_to: hosts that are told the request id.
        own_hosts: names under which the service itself is reached.
        bounds: how much may wait in memory.
        receiver: whether somebody takes what `put_all` is given. Without one there are spans only for a provider of
            the user's.
        everywhere: whether our provider and propagator become the process's own, if nobody else's are. Otherwise only
            the request's spans and those made through this room's provider exist.
        formats: which headers carry a trace.

    Attributes:
        observer: hears of each exchange.
        provider: ours, whether or not it is the process's own.
        delivery: the way out of finished spans.
        resource: who the process is.
        outbox: what waits, and counts what was left out.
        instrumentations: what became of each.
        propagator: ours.
        complaints: settings of the environment that could not be read.
        foreign: the tracer provider that somebody else has set; None if ours is in force.
    """

    name = "traces"

    def __init__(
        self,
        put_all: Callable[[list[Any]], None],
        *,
        redactor: Redactor,
        clock: Clock,
        ids: IdSource,
        health: Health,
        resource: Resource,
        version: str,
        environ: Mapping[str, str],
        clients: Clients,
        instrumentations: Instrumentations,
        ratio: float = 1.0,
        slow_ns: int | None = 1_000_000_000,
        operations: bool = True,
        propagate_to: Iterable[str] = (),
        own_hosts: Iterable[str] = (),
        bounds: Bounds | None = None,
        receiver: bool = True,
        everywhere: bool = True,
        formats: TraceFormats = W3C,
    ) -> None:
        limits, self.complaints = limits_from(environ)
        self.delivery = delivery = Delivery(put_all, redactor, health, limits)
        self.outbox = Outbox(
            delivery,
            clock=clock,
            ids=ids,
            limits=limits,
            bounds=bounds or Bounds(),
            head=head_by_ratio(ratio),
        )
        self.resource = resource
        self._active = Active()
        self._health = health
        self._redactor = redactor
        self._version = version
        self.provider = Provider(self.outbox, delivery, resource, self._active, health, version)
        self.propagator = Propagator(self._active, Destinations(propagate_to, own_hosts), formats)
        self.instrumentations = instrumentations
        self._receiver = receiver
        self._everywhere = everywhere
        self._describe = ServerAttributes(clients, redactor)
        self._operations = Operations(wanted=operations)
        self.observer = (ChosenServerSpans if formats.b3 else ServerSpans)(
            self.provider.source,
            self._describe,
            delivery,
            Tail(slow_ns),
            self._operations,
            version,
            redactor.record,
            formats,
        )
        self.observer.before_first = self._install
        delivery.spans_from(self.observer)
        self.foreign: object = None

    def starting(self) -> None:
        """Switch instrumentations on: what the application's start-up code makes, engines and clients, is to be seen.

        They find their provider when they first need it, so that start-up code may still set one.
        """
        if self._receiver or users_provider() is not None:
            self._switch_on()

    def started(self) -> None:
        """Take our places in the process, where nobody else stands; the application has started."""
        self._install()

    def stopped(self) -> None:
        """Flush span processors that were added to our provider."""
        self._health.guarded("traces", self.provider.force_flush)

    def flush(self, timeout: float) -> bool:
        """Hand on what waits for company."""
        del timeout
        self.delivery.settle()
        return True

    def exiting(self) -> None:
        """Have nothing to write; see `flush`."""

    def _switch_on(self) -> None:
        self._health.guarded("instrument", self.instrumentations.activate)

    def _install(self) -> None:
        """Take our places once: at start-up, else with the first request."""
        if self.observer.before_first is None:
            return
        self.observer.before_first = None
        foreign = users_provider() if self._everywhere else None
        if foreign is None and not self._receiver:
            self.observer.idle = True
            return
        if self._everywhere:
            foreign = install_provider(self.provider)
            install_propagator(self.propagator)
        self.foreign = foreign
        if foreign is None:
            self._operations.record(self.provider.source, self._redactor.record, self._health.fault)
        else:
            self._switch_on()
            self._operations.use(foreign.get_tracer(SCOPE_FASTAPI))
            self.observer.elsewhere = ForeignSpans(
                foreign,
                self._active,
                self._describe,
                self._redactor,
                self._operations,
                self._version,
                self.propagator.formats,
            )

    def close(self) -> None:
        """Take back what can be taken back: instrumentations. A process keeps its first provider for good."""
        self.instrumentations.deactivate()
