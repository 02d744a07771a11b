"""The exporter, furnished: spans to wherever the environment says."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import (
    KEY_DROPPED,
    KEY_ENDPOINT,
    KEY_REASON,
    KEY_SIGNAL,
    LOGGER_EXPORT,
    MSG_EXPORT_DROPPED,
    MSG_EXPORT_NOWHERE,
    MSG_EXPORT_TO,
    MSG_EXPORT_TROUBLE,
    SIGNAL_TRACES,
)
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.core.telemetry import AttributeValue, SpanData
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.shipper import Encoded, Shipper
from fastapi_spine.export.spans import SpanEncoder

_MINUTE_NS: Final = 60_000_000_000
_SPAN_WEIGHT: Final = 600
_ATTRIBUTE_WEIGHT: Final = 120
_EVENT_WEIGHT: Final = 2_000

log = logging.getLogger(LOGGER_EXPORT)


class Exporter:
    """Ships spans to the receiver that `OTEL_EXPORTER_OTLP_*` names; without one it takes nothing.

    Args:
        environ: the environment's variables.
        resource: returns who the process is; asked with the first span.
        clock: tells time.
        health: catches and counts faults.
        bound: how many bytes may wait, roughly.

    Attributes:
        endpoint: where spans go, or why they go nowhere.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        resource: Callable[[], Mapping[str, AttributeValue]],
        clock: Clock,
        health: Health,
        bound: int,
    ) -> None:
        self.endpoint = find_endpoint(environ, SIGNAL_TRACES)
        self._resource = resource
        self._monotonic_ns = clock.monotonic_ns
        self._health = health
        self._said_at: int | None = None
        self._encoder: SpanEncoder | None = None
        self._told = False
        self._shipper: Shipper[SpanData] | None = None
        if isinstance(self.endpoint, Endpoint):
            self._shipper = Shipper(
                self.endpoint,
                encode=self._encode,
                request=self._request,
                weigh=weight_of,
                bound=bound,
                health=health,
                say=self._say,
            )
        _forget_after_fork(self)

    @property
    def on(self) -> bool:
        """Whether there is somebody to send to."""
        return self._shipper is not None

    def put_all(self, spans: list[SpanData]) -> None:
        """Take finished spans; never blocks."""
        if self._shipper is not None:
            self._shipper.put(spans)

    def balance(self) -> Balance | None:
        """Read the books; None if nothing is exported."""
        return None if self._shipper is None else self._shipper.account.balance()

    def starting(self) -> None:
        """Say once where spans go; a wrong setting is a WARNING, none at all an INFO line."""
        if self._told:
            return
        self._told = True
        if isinstance(self.endpoint, Endpoint):
            extra = {KEY_SIGNAL: SIGNAL_TRACES, KEY_ENDPOINT: str(self.endpoint)}
            log.info(MSG_EXPORT_TO, extra=extra)
            return
        level = logging.WARNING if self.endpoint.wrong else logging.INFO
        extra = {KEY_SIGNAL: SIGNAL_TRACES, KEY_REASON: self.endpoint.reason}
        log.log(level, MSG_EXPORT_NOWHERE, extra=extra)

    def flush(self, timeout: float) -> bool:
        """Ship what is queued, at most so many seconds; says whether all of it went out."""
        return self._shipper is None or self._shipper.flush(timeout)

    def close(self, timeout: float) -> None:
        """Ship what is queued, at most so many seconds; what is left is counted as lost."""
        if self._shipper is not None:
            self._shipper.close(timeout)
            self._tell_of_losses()

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        self._encoder = None
        if self._shipper is not None:
            self._shipper.forget()

    def _encode(self, span: SpanData) -> Encoded:
        encoder = self._encoder
        if encoder is None:
            encoder = self._encoder = SpanEncoder(self._resource())
        return Encoded((span.scope_name, span.scope_version), encoder.span(span))

    def _request(self, batch: Sequence[Encoded]) -> bytes:
        encoder = self._encoder or SpanEncoder(self._resource())
        return encoder.request(batch)

    def _say(self, trouble: str) -> None:
        """Tell of trouble with the receiver, once a minute, with what was lost so far."""
        now = self._monotonic_ns()
        if self._said_at is None or now - self._said_at >= _MINUTE_NS:
            self._said_at = now
            extra: dict[str, object] = {KEY_SIGNAL: SIGNAL_TRACES, KEY_REASON: trouble}
            balance = self.balance()
            if balance is not None and balance.dropped:
                extra[KEY_DROPPED] = balance.dropped
            log.warning(MSG_EXPORT_TROUBLE, extra=extra)

    def _tell_of_losses(self) -> None:
        balance = self.balance()
        if balance is not None and balance.dropped:
            extra = {KEY_SIGNAL: SIGNAL_TRACES, KEY_DROPPED: balance.dropped}
            log.warning(MSG_EXPORT_DROPPED, extra=extra)


def weight_of(span: SpanData) -> int:
    """Estimate how many bytes a span takes in memory; exact would cost more than it is worth."""
    return (
        _SPAN_WEIGHT
        + _ATTRIBUTE_WEIGHT * len(span.attributes)
        + _EVENT_WEIGHT * (len(span.events) + len(span.links))
    )


def _forget_after_fork(exporter: Exporter) -> None:
    if not hasattr(os, "register_at_fork"):
        return
    alive = weakref.ref(exporter)

    def forget() -> None:
        one = alive()
        if one is not None:
            one.forget()

    os.register_at_fork(after_in_child=forget)
