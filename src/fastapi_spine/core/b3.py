"""The headers of B3, Zipkin's trace format, read as strictly as `traceparent`.

https://github.com/openzipkin/b3-propagation. Nothing here trusts a byte: headers are what strangers send.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import HEADER_B3, HEADERS_B3

DENY: Final = "0"
ACCEPT: Final = "1"
DEBUG: Final = "d"
DEFER: Final = ""
"""What a caller decided about sampling; who defers has decided nothing."""

_SINGLE = re.compile(
    rb"(?:([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?|([01d]))"
)
_TRACE_ID = re.compile(rb"[0-9a-f]{16}|[0-9a-f]{32}")
_SPAN_ID = re.compile(rb"[0-9a-f]{16}")
_STATES: Final = {b"0": DENY, b"1": ACCEPT, b"false": DENY, b"true": ACCEPT}
"""`true` and `false` are what tracers older than the standard send; it lets us read them."""
_DEBUG_FLAG: Final = b"1"
_TRACE, _SPAN, _SAMPLED, _FLAGS = HEADERS_B3
_NAMES: Final = tuple(name.decode() for name in HEADERS_B3)
_TRACE_DIGITS: Final = 32
_ZERO_TRACE: Final = "0" * _TRACE_DIGITS
_ZERO_SPAN: Final = "0" * 16


class B3(NamedTuple):
    """What the headers say.

    Attributes:
        trace_id: 32 hex digits; a 64-bit id has zeros on its left. Empty if only a decision came.
        span_id: the caller's, 16 hex digits; empty with `trace_id`.
        state: `DENY`, `ACCEPT`, `DEBUG` or `DEFER`.
    """

    trace_id: str
    span_id: str
    state: str


def parse_b3(sent: Mapping[bytes, Sequence[bytes]]) -> B3 | None:
    """Read B3 in both encodings; the single header decides alone where there is one.

    Args:
        sent: the values of each header, by lower-case name.

    Returns:
        What the caller said. None if it said nothing, or anything of it is malformed: repeated, upper case, of another
        length, all zeros, an id without the other. That means a new trace. `X-B3-ParentSpanId` is not read: the
        span of a request here never shares its id with the caller's.
    """
    single = sent.get(HEADER_B3)
    if single:
        return _parse_single(single[0]) if len(single) == 1 else None
    several = [sent.get(name) or () for name in HEADERS_B3]
    if max(map(len, several)) != 1:
        return None
    trace_id, span_id, sampled, flags = (
        values[0].strip(b" \t") if values else None for values in several
    )
    return _parse_multi(trace_id, span_id, sampled, flags)


def _parse_single(value: bytes) -> B3 | None:
    match = _SINGLE.fullmatch(value.strip(b" \t"))
    if match is None:
        return None
    trace_id, span_id, state, alone = match.groups()
    if alone is not None:
        return B3("", "", alone.decode("ascii"))
    return _checked(trace_id, span_id, (state or b"").decode("ascii"))


def _parse_multi(
    trace_id: bytes | None, span_id: bytes | None, sampled: bytes | None, flags: bytes | None
) -> B3 | None:
    if sampled is not None and sampled not in _STATES:
        return None
    state = DEFER if sampled is None else _STATES[sampled]
    if flags == _DEBUG_FLAG:  # any other value means nothing
        state = DEBUG
    if trace_id is None and span_id is None:
        return B3("", "", state) if state else None
    if trace_id is None or span_id is None:
        return None
    if _TRACE_ID.fullmatch(trace_id) is None or _SPAN_ID.fullmatch(span_id) is None:
        return None
    return _checked(trace_id, span_id, state)


def _checked(trace_id: bytes, span_id: bytes, state: str) -> B3 | None:
    trace, span = trace_id.decode("ascii").zfill(_TRACE_DIGITS), span_id.decode("ascii")
    return None if trace == _ZERO_TRACE or span == _ZERO_SPAN else B3(trace, span, state)


def single_header(trace_id: str, span_id: str, state: str) -> dict[str, str]:
    """Return the one header `b3`.

    The parent's id is left out, as OpenTelemetry wants it (specification, "B3 Inject").

    Args:
        trace_id: 32 hex digits.
        span_id: of the caller, 16 hex digits.
        state: see `B3`.
    """
    return {HEADER_B3.decode(): "-".join(filter(None, (trace_id, span_id, state)))}


def multi_headers(trace_id: str, span_id: str, state: str) -> dict[str, str]:
    """Return the headers `x-b3-…`; see `single_header`."""
    trace, span, sampled, flags = _NAMES
    headers = {trace: trace_id, span: span_id}
    if state == DEBUG:
        headers[flags] = _DEBUG_FLAG.decode()  # implies the decision, so that is not sent beside it
    elif state:
        headers[sampled] = state
    return headers
