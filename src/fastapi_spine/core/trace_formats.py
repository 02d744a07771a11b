"""Which headers carry a trace in and out: `OTEL_PROPAGATORS`, read once.

OpenTelemetry specification, "Environment Variable Specification" (known values) and "Propagators API" (their order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi_spine.core import b3
from fastapi_spine.core.conventions import (
    ENV_PROPAGATORS,
    HEADER_B3,
    HEADER_BAGGAGE,
    HEADER_TRACEPARENT,
    HEADER_TRACESTATE,
    HEADERS_B3,
)
from fastapi_spine.core.trace_context import parse_traceparent, parse_tracestate, w3c_headers

TRACECONTEXT: Final = "tracecontext"
BAGGAGE: Final = HEADER_BAGGAGE.decode()
B3_SINGLE: Final = HEADER_B3.decode()
B3_MULTI: Final = "b3multi"
NONE: Final = "none"

_KNOWN: Final = (TRACECONTEXT, BAGGAGE, B3_SINGLE, B3_MULTI)
_SAMPLED: Final = 0x01
_RANDOM: Final = 0x02
_LONGEST_COMPLAINT: Final = 80
_W3C_HEADERS: Final = (HEADER_TRACEPARENT, HEADER_TRACESTATE)
_B3_HEADERS: Final = (HEADER_B3, *HEADERS_B3)
_READ: Final = {TRACECONTEXT: _W3C_HEADERS, B3_SINGLE: _B3_HEADERS, B3_MULTI: _B3_HEADERS}
"""Both encodings of B3 are read by either name, only one is written (specification, "B3 Extract")."""
_WRITTEN: Final = {TRACECONTEXT: _W3C_HEADERS, B3_SINGLE: (HEADER_B3,), B3_MULTI: HEADERS_B3}


class Sent:
    """What a caller's headers say of its trace.

    Attributes:
        trace_id: 32 hex digits; empty if only a decision came.
        span_id: the caller's span, 16 hex digits; empty with `trace_id`.
        flags: W3C trace flags.
        tracestate: as it came, if it came with `traceparent`.
        state: the caller's decision about sampling, in the words of B3; see `core.b3`.
    """

    __slots__ = ("flags", "span_id", "state", "trace_id", "tracestate")

    def __init__(
        self, trace_id: str, span_id: str, flags: int, tracestate: str | None, state: str
    ) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.flags = flags
        self.tracestate = tracestate
        self.state = state


class TraceFormats:
    """The formats in use, in the order in which they were named.

    Args:
        names: of `tracecontext`, `baggage`, `b3` and `b3multi`, each at most once.

    Attributes:
        names: the same.
        reads: headers that may tell of a caller's trace.
        writes: headers that an outgoing call may carry of a trace.
        baggage: whether baggage is read and written.
        b3: whether B3 is read.
    """

    __slots__ = ("b3", "baggage", "names", "reads", "writes")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.reads = frozenset(header for name in names for header in _READ.get(name, ()))
        self.writes = frozenset(
            header.decode() for name in names for header in _WRITTEN.get(name, ())
        )
        self.baggage = BAGGAGE in self.names
        self.b3 = HEADER_B3 in self.reads

    def __repr__(self) -> str:
        return ",".join(self.names) or NONE

    def read(self, sent: Mapping[bytes, Sequence[bytes]]) -> Sent | None:
        """Read a caller's trace.

        Formats are asked in their order, and the last that finds a valid parent wins (specification, "Composite
        Propagator"). If both found the same one, what only one of them can say is kept: `tracestate`, a random trace id,
        debug. A decision without ids counts where no format found a parent.

        Args:
            sent: the values of each header of `reads`, by name.

        Returns:
            What was found; None if nothing was, or nothing valid: a new trace begins.
        """
        found = alone = None
        for name in self.names:
            one = _read_w3c(sent) if name == TRACECONTEXT else None
            if name in (B3_SINGLE, B3_MULTI):
                one = _read_b3(sent)
            if one is not None and one.trace_id:
                found = one if found is None else _last(found, one)
            elif one is not None:
                alone = one
        return found or alone

    def write(
        self, trace_id: str, span_id: str, flags: int, tracestate: str | None, state: str
    ) -> dict[str, str]:
        """Return the headers that carry a trace on, those of every format named.

        Args:
            trace_id: 32 hex digits.
            span_id: the parent of whatever is called, 16 hex digits.
            flags: W3C trace flags.
            tracestate: goes beside `traceparent` only.
            state: the decision about sampling in the words of B3, see `state_of`.
        """
        headers: dict[str, str] = {}
        for name in self.names:
            if name == TRACECONTEXT:
                headers |= w3c_headers(trace_id, span_id, flags, tracestate)
            elif name == B3_SINGLE:
                headers |= b3.single_header(trace_id, span_id, state)
            elif name == B3_MULTI:
                headers |= b3.multi_headers(trace_id, span_id, state)
        return headers


W3C: Final = TraceFormats((TRACECONTEXT, BAGGAGE))
"""The default."""


def state_of(flags: int, *, debug: bool = False) -> str:
    """Return a decision about sampling in the words of B3."""
    return b3.DEBUG if debug else b3.ACCEPT if flags & _SAMPLED else b3.DENY


def formats_from(environ: Mapping[str, str]) -> tuple[TraceFormats, str | None]:
    """Read `OTEL_PROPAGATORS`.

    Args:
        environ: the environment's variables.

    Returns:
        The formats, and a sentence about what is not understood, if anything is. Names come once each, in any case; `none`
        anywhere means none at all. If no name is understood, the default is in force.
    """
    given = environ.get(ENV_PROPAGATORS, "")
    names = list(dict.fromkeys(filter(None, (one.strip().lower() for one in given.split(",")))))
    if NONE in names:
        others = ", ".join(one for one in names if one != NONE)[:_LONGEST_COMPLAINT]
        said = f"{ENV_PROPAGATORS}: none is named, so {others} beside it is not in use."
        return TraceFormats(()), said if others else None
    known = [one for one in names if one in _KNOWN]
    formats = TraceFormats(known) if known and set(known) != set(W3C.names) else W3C
    strange = ", ".join(one for one in names if one not in _KNOWN)[:_LONGEST_COMPLAINT]
    if not strange:
        return formats, None
    return formats, (
        f"{ENV_PROPAGATORS}: {strange} is not understood (known are {', '.join(_KNOWN)}, {NONE}); "
        f"{', '.join(formats.names)} is in use."
    )


def _last(first: Sent, last: Sent) -> Sent:
    """Return the parent found last, with what was said of it before."""
    if (first.trace_id, first.span_id) != (last.trace_id, last.span_id):
        return last
    state = b3.DEBUG if b3.DEBUG in (first.state, last.state) else last.state or first.state
    flags = (first.flags | last.flags) & _RANDOM | _flags(state)
    return Sent(last.trace_id, last.span_id, flags, last.tracestate or first.tracestate, state)


def _flags(state: str) -> int:
    return _SAMPLED if state in (b3.ACCEPT, b3.DEBUG) else 0


def _read_w3c(sent: Mapping[bytes, Sequence[bytes]]) -> Sent | None:
    parents = sent.get(HEADER_TRACEPARENT) or ()
    parent = parse_traceparent(parents[0]) if len(parents) == 1 else None
    if parent is None:
        return None
    states = sent.get(HEADER_TRACESTATE)
    state = parse_tracestate(list(states)) if states else None
    return Sent(*parent, state, state_of(parent[2]))


def _read_b3(sent: Mapping[bytes, Sequence[bytes]]) -> Sent | None:
    found = b3.parse_b3(sent)
    if found is None:
        return None
    trace_id, span_id, state = found
    return Sent(trace_id, span_id, _flags(state), None, state)
