"""Which traces are kept: the head decides for all services, the end only adds for this one.

The head verdict travels as the `sampled` flag, so every service agrees on it: upstream's if there is one, else a ratio
of the trace id. Whatever was not sampled is recorded all the same, waits in memory for the end of the request, and
is kept by this service alone if it was an error, slow, or asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.b3 import DEFER, DENY
from fastapi_spine.core.conventions import POLICY_ATTRIBUTE, TRACESTATE_THRESHOLD, TYPE_WEBSOCKET
from fastapi_spine.core.exchange import ChosenIdentity, Exchange, Identity
from fastapi_spine.settings.route_policy import RoutePolicy

ERROR: Final = "error"
SLOW: Final = "slow"
FORCED: Final = "forced"

_SPACE: Final = 1 << 56
_WIDTH: Final = 14
"""Hex digits of a number below that."""
_DIGITS: Final = 4
WARM_UP: Final = 200
"""Requests of a route before its running p99 says anything."""
_STEP: Final = 0.05
_HIGH: Final = 1 + _STEP * 0.99
_LOW: Final = 1 - _STEP * 0.01
MOST_ROUTES: Final = 1_000


class Head:
    """The verdict on traces that begin here.

    Attributes:
        of_trace: tells whether a trace is sampled, by its id.
        of_request: the same of a request that begins one; if it is sampled by a ratio, its `tracestate` says by which.
        state: what that says; None if all traces are sampled, or none.
    """

    __slots__ = ("of_request", "of_trace", "state")

    def __init__(
        self,
        of_trace: Callable[[str], bool],
        of_request: Callable[[Identity], bool],
        state: str | None = None,
    ) -> None:
        self.of_trace = of_trace
        self.of_request = of_request
        self.state = state

    def unless_decided(self) -> Callable[[Identity], bool]:
        """Return `of_request` where callers speak B3: one that has decided without naming ids (`b3: 0`) is heeded."""
        of_request = self.of_request

        def verdict(identity: Identity) -> bool:
            if isinstance(identity, ChosenIdentity) and identity.state != DEFER:
                return identity.state != DENY
            return of_request(identity)

        return verdict


def head_by_ratio(ratio: float) -> Head:
    """Return the head verdict for traces that begin here.

    The right-most 56 bits of the trace id are random (W3C Trace Context level 2). A trace is sampled if they are not below
    the threshold, so every service and collector that goes by OpenTelemetry's consistent probability sampling agrees
    (specification, "TraceState: Probability Sampling"): whoever samples as much or more has these traces too.

    Args:
        ratio: 0 to 1.
    """
    threshold = threshold_of(ratio)
    if not threshold:
        return Head(lambda _trace_id: True, lambda _identity: True)

    def of_trace(trace_id: str) -> bool:
        return int(trace_id[18:], 16) >= threshold

    if threshold >= _SPACE:
        return Head(of_trace, lambda _identity: False)
    state = TRACESTATE_THRESHOLD + f"{threshold:0{_WIDTH}x}".rstrip("0")

    def of_request(identity: Identity) -> bool:
        sampled = int(identity.trace_id[18:], 16) >= threshold
        if sampled:
            identity.tracestate = state
        return sampled

    return Head(of_trace, of_request, state)


def threshold_of(ratio: float) -> int:
    """Return the rejection threshold of a ratio: that many of 2^56 traces are not sampled.

    It has four significant hex digits, as the specification recommends, behind any leading `f`: so it is short when it is
    written, and what is written is what was decided by.

    Args:
        ratio: 0 to 1. What is closer to 0 than 2^-56 is 0.
    """
    exact = _SPACE - round(ratio * _SPACE)
    written = f"{exact:0{_WIDTH}x}"
    leading = len(written) - len(written.lstrip("f"))
    unit = 16 ** max(_WIDTH - _DIGITS - leading, 0)
    rounded = (exact + unit // 2) // unit * unit
    return rounded if 0 < rounded < _SPACE else exact


class Percentile:
    """A running 99th percentile in two numbers, for durations that may drift.

    Each value above the estimate raises it by 4.95 percent, each below lowers it by 0.05 percent: at the 99th percentile the
    two balance. It follows a change within some hundred values and errs by about a tenth; good enough to pick what to look at.
    """

    __slots__ = ("count", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.count = 0

    def add(self, value: float) -> bool:
        """Take a value; tell whether it lies above the estimate so far, once there is one."""
        self.count += 1
        if self.count == 1:
            self.value = max(value, 1.0)
            return False
        above = value > self.value
        self.value *= _HIGH if above else _LOW
        return above and self.count > WARM_UP


class Tail:
    """Decides at the end of a request what the head left out.

    Args:
        slow_ns: a request slower than this is kept; None for never. A route's own limit wins.
    """

    __slots__ = ("_routes", "_slow")

    def __init__(self, slow_ns: int | None) -> None:
        self._slow = slow_ns if slow_ns is not None else math.inf
        self._routes: dict[str, Percentile] = {}

    def reason(self, exchange: Exchange) -> str | None:
        """Return why a request that was not sampled is kept; None if it is not."""
        answered = exchange.kind != TYPE_WEBSOCKET and exchange.refusal is None
        slow = answered and self._is_slow(exchange)
        if exchange.failed:
            return ERROR
        if exchange.forced:
            return FORCED
        return SLOW if slow else None

    def _is_slow(self, exchange: Exchange) -> bool:
        end = exchange.first_byte if exchange.streamed else exchange.ended
        took = end - exchange.started
        policy = getattr(exchange.endpoint, POLICY_ATTRIBUTE, None)
        if isinstance(policy, RoutePolicy) and policy.slow_ns is not None:
            return took > policy.slow_ns
        known = self._routes.get(exchange.route)
        if known is None:
            if len(self._routes) >= MOST_ROUTES:
                return took > self._slow
            known = self._routes[exchange.route] = Percentile()
        return known.add(took) or took > self._slow
