"""The exporter, furnished: spans, log lines and numbers to wherever the environment says.

Each signal has a thread of its own, because a thread waits for its receiver, and one receiver that is slow must not
hold the others up; all queues together have one bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import DROP_FORK, SIGNAL_LOGS, SIGNAL_METRICS, SIGNAL_TRACES
from fastapi_spine.core.fork import in_child
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.core.telemetry import (
    AttributeValue,
    Collector,
    Numbers,
    SmallSpan,
    SpanData,
    WriteSpan,
)
from fastapi_spine.export.delivery import EXPIRES_S, Delivery
from fastapi_spine.export.endpoint import Endpoint, find_endpoint, interval_s
from fastapi_spine.export.lines import LineOutlet
from fastapi_spine.export.numbers import NumberForm
from fastapi_spine.export.queue import Budget, Queue
from fastapi_spine.export.report import Report
from fastapi_spine.export.request import Chunk, ScopedForm
from fastapi_spine.export.shipper import Shipper
from fastapi_spine.export.spans import SpanOutlet
from fastapi_spine.export.spool.terms import SpoolTerms

if TYPE_CHECKING:
    from fastapi_spine.export.spool.backlog import SpoolForm
    from fastapi_spine.export.spool.storage import Storage

_STEP: Final = "export"
Receiver = tuple[str, int]
"""Host and port: several signals may go to one."""
SIGNALS: Final = (SIGNAL_TRACES, SIGNAL_LOGS, SIGNAL_METRICS)
_What = TypeVar("_What")


class Exporter:
    """Ships telemetry to the receivers that `OTEL_EXPORTER_OTLP_*` names; without one it takes nothing.

    Args:
        environ: the environment's variables.
        signals: which of `traces`, `logs` and `metrics` are wanted at all.
        resource: returns who the process is; a forked child gets its own answer.
        clock: tells time.
        health: catches and counts faults, and shows the books.
        bound: how many bytes may wait in all, roughly.
        version: of this distribution.
        spool: where on disk is kept what receivers do not take; None for nowhere.

    Attributes:
        ends: where each wanted signal goes, or why it goes nowhere.
        lines: takes log lines; None if they go nowhere.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        signals: Collection[str] = (SIGNAL_TRACES,),
        resource: Callable[[], Mapping[str, AttributeValue]],
        clock: Clock,
        health: Health,
        bound: int,
        version: str = "",
        spool: SpoolTerms | None = None,
    ) -> None:
        wanted = [signal for signal in SIGNALS if signal in signals]
        self.ends = {signal: find_endpoint(environ, signal) for signal in wanted}
        self._environ = environ
        self._health = health
        self._wall_ns = clock.wall_ns
        self._budget = Budget(bound)
        self._report = Report(clock.monotonic_ns, self._lost)
        self._shippers: dict[str, Shipper] = {}
        self._storage = None if spool is None else self._storage_for(spool)
        self._before_flush: list[Callable[[], None]] = []
        self._gathering: list[Callable[[], None]] = []
        self._forgetting: list[tuple[Queue, Callable[[], int]]] = []
        self._told = False
        self._in_vain: dict[Receiver, int] = {}
        """How many items each receiver had taken when a flush gave up waiting for it."""
        spans = self._shipper(SIGNAL_TRACES, ScopedForm(resource))
        self._spans = spans
        self._span_outlet = None if spans is None else SpanOutlet(spans, version)
        lines = self._shipper(SIGNAL_LOGS, ScopedForm(resource))
        self.lines = None
        if lines is not None:
            self.lines = LineOutlet(lines)
            self._gather(lines, self.lines.settle, self.lines.forget)
        self._number_form = NumberForm(resource, version)
        in_child(self, Exporter.forget)

    def on(self, signal: str) -> bool:
        """Whether there is somebody to send a signal to."""
        return isinstance(self.ends.get(signal), Endpoint)

    def put_all(self, spans: Sequence[SpanData | SmallSpan | bytes]) -> None:
        """Take finished spans, those of requests perhaps as `write_span` has written them; never blocks."""
        if self._span_outlet is not None:
            self._span_outlet.take(spans)

    @property
    def write_span(self) -> WriteSpan | None:
        """What writes spans of requests for `put_all`; None if spans go nowhere."""
        return None if self._span_outlet is None else self._span_outlet.write

    def gather_spans(
        self, gather: Callable[[], None], forget: Callable[[], int]
    ) -> Collector | None:
        """Let somebody hold finished spans back for a moment, to give several at once.

        Args:
            gather: has it give what it holds; called before anything is sent, and in a flush.
            forget: has it forget what it holds, in a child after a fork, and say how much that was.

        Returns:
            Whom to tell that something waits; None if spans go nowhere.
        """
        if self._spans is not None:
            self._gather(self._spans, gather, forget)
        return self._spans

    def _gather(
        self, shipper: Shipper, gather: Callable[[], None], forget: Callable[[], int]
    ) -> None:
        shipper.fetch = gather
        self._gathering.append(gather)
        self._forgetting.append((shipper.queue, forget))

    def numbers_from(self, source: Callable[[], Numbers]) -> None:
        """Say where numbers come from; they are read in a thread of ours, from `starting` on."""
        form = self._number_form
        end = self.ends.get(SIGNAL_METRICS)
        if not isinstance(end, Endpoint):
            return
        every_s = interval_s(self._environ, end)

        def collect() -> list[Chunk]:
            return form.points(source(), self._wall_ns(), lose)

        def lose(error: Exception) -> None:
            self._shippers[SIGNAL_METRICS].lose(error)

        self._shipper(SIGNAL_METRICS, form, expires_s=every_s, collect=collect, every_s=every_s)

    def before_flush(self, action: Callable[[], None]) -> None:
        """Have something done before a flush: a last chance to put what is still on its way here."""
        self._before_flush.append(action)

    def balance(self, signal: str = SIGNAL_TRACES) -> Balance | None:
        """Read the books of a signal; None if it is not exported."""
        self._gather_all()
        shipper = self._shippers.get(signal)
        return None if shipper is None else shipper.queue.account.balance()

    def starting(self) -> None:
        """Begin to send numbers, and what another process has left on disk."""
        self._in_vain.clear()
        if self._storage is not None:
            self._storage.begin()
        self.send_numbers()

    def send_numbers(self) -> None:
        """Begin to send numbers; whatever else there is begins by itself, in a child after a fork too."""
        numbers = self._shippers.get(SIGNAL_METRICS)
        if numbers is not None:
            numbers.start()

    def started(self) -> None:
        """Say once where telemetry goes; a wrong setting is a WARNING, none at all an INFO line."""
        if not self._told:
            self._told = True
            self._health.guarded(_STEP, self._report.start, self.ends)

    def flush(self, timeout: float) -> bool:
        """Ship what is queued, all signals at once, at most so many seconds in all; say whether all of it went out.

        What is put meanwhile is not waited for.
        """
        return self._flush(timeout, self._shippers)

    def _flush(self, timeout: float, shippers: Mapping[str, Shipper]) -> bool:
        deadline = monotonic() + timeout
        for action in self._before_flush:
            self._health.guarded(_STEP, action)
        self._gather_all()
        goals = {signal: shipper.hurry() for signal, shipper in shippers.items()}
        left = [
            signal
            for signal, shipper in shippers.items()
            if not shipper.wait(goals[signal], max(deadline - monotonic(), 0.0))
        ]
        self._in_vain = {self._receiver(signal): self._taken(signal) for signal in left}
        return not left

    def pause(self, timeout: float) -> None:
        """Ship what is queued, at most so many seconds, and tell what was lost or is left: this may be the end.

        What is left goes to disk, if that was asked for.
        """
        if not self.flush(timeout) and self._storage is not None:
            self._storage.stow(self._gather_all)
            self._storage.resume()
        accounts = {signal: one.queue.account for signal, one in self._shippers.items()}
        waiting = {signal: one.queued - one.spooled for signal, one in accounts.items()}
        self._health.guarded(_STEP, self._report.end, waiting, self.spooled())

    def close(self, timeout: float) -> None:
        """Ship what is queued, at most so many seconds; what is left goes to disk, or is counted as lost, and told.

        For a receiver that a flush waited for in vain nobody waits a second time, unless it has taken something since.
        """
        hopeful = {
            signal: shipper
            for signal, shipper in self._shippers.items()
            if self._in_vain.get(self._receiver(signal)) != self._taken(signal)
        }
        if hopeful:
            self._flush(timeout, hopeful)
        if self._storage is not None:
            self._storage.stow(self._gather_all)
            self._storage.close()
        for shipper in self._shippers.values():
            shipper.close()
        self._health.guarded(_STEP, self._report.end, None, self.spooled())

    def keep_nothing(self) -> None:
        """Have nothing go to disk from now on: in a program that only looks at the application."""
        if self._storage is not None:
            self._storage.close()

    def spooled(self) -> dict[str, int]:
        """Return how many items of each signal are on disk; they are queued."""
        return {signal: one.queue.account.spooled for signal, one in self._shippers.items()}

    def _receiver(self, signal: str) -> Receiver:
        end = self.ends[signal]
        return (end.host, end.port) if isinstance(end, Endpoint) else ("", 0)

    def _taken(self, signal: str) -> int:
        """Return how many items of any signal the receiver of this one has taken."""
        receiver = self._receiver(signal)
        return sum(
            shipper.queue.account.delivered
            for other, shipper in self._shippers.items()
            if self._receiver(other) == receiver
        )

    def _gather_all(self) -> None:
        for gather in self._gathering:
            self._health.guarded(_STEP, gather)

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        self._in_vain.clear()
        self._budget.forget()
        if self._storage is not None:
            self._storage.forget()
        for queue, forget in self._forgetting:
            queue.account.refuse(DROP_FORK, forget())
        for shipper in self._shippers.values():
            shipper.forget()

    def _shipper(
        self, signal: str, form: SpoolForm, *, expires_s: float = EXPIRES_S, **collecting: Any
    ) -> Shipper | None:
        """Make what ships a signal; None if it goes nowhere."""
        end = self.ends.get(signal)
        if not isinstance(end, Endpoint):
            return None
        queue = Queue(self._budget)
        trouble = partial(self._tell, self._report.trouble, signal)
        delivery = Delivery(end, queue, trouble, expires_s)
        given = {"health": self._health, "tick": self._report.losses, **collecting}
        make = Shipper if self._storage is None else partial(self._storage.shipper, signal)
        made: Shipper = make(queue, form, delivery, **given)
        self._shippers[signal] = made
        self._health.accounts[signal] = partial(self.balance, signal)
        return made

    def _storage_for(self, terms: SpoolTerms) -> Storage:
        from fastapi_spine.export.spool.storage import Storage  # noqa: PLC0415 - off is not imported

        report = self._report
        return Storage(
            terms,
            wall_ns=self._wall_ns,
            health=self._health,
            off=partial(self._tell, report.spool_off),
            found=partial(self._tell, report.spool_found),
        )

    def _tell(self, say: Callable[[str, _What], None], of: str, what: _What) -> None:
        """Tell of something; a logging filter of the user's that raises is not the batch's trouble."""
        self._health.guarded(_STEP, say, of, what)

    def _lost(self) -> dict[str, dict[str, int]]:
        return {signal: one.queue.account.lost for signal, one in self._shippers.items()}
