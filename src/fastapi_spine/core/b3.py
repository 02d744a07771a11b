"""The headers of B3, Zipkin's trace format, read as strictly as `traceparent`.

https://github.com/openzipkin/b3-propagation. Nothing here trusts a byte: headers are what strangers send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi_spine.core.conventions import HEADER_B3, HEADERS_B3

DENY: Final = "0"
ACCEPT: Final = "1"
DEBUG: Final = "d"
DEFER: Final = ""
"""What a caller decided about sampling; who defers has decided nothing."""

_HEX: Final = b"0123456789abcdef"
_ALONE: Final = {b"0": DENY, b"1": ACCEPT, b"d": DEBUG}
_STATES: Final = {b"0": DENY, b"1": ACCEPT, b"false": DENY, b"true": ACCEPT}
"""`true` and `false` are what tracers older than the standard send; it lets us read them."""
_DEBUG_FLAG: Final = b"1"
_TRACE, _SPAN, _SAMPLED, _FLAGS = HEADERS_B3
_NAMES: Final = tuple(name.decode() for name in HEADERS_B3)
_IDS: Final = 2
_MOST: Final = 4
"""Pieces of the single header: the two ids, then the decision, then the parent's id."""
_TRACE_DIGITS: Final = 32
_SPAN_DIGITS: Final = 16
_ZERO_TRACE: Final = "0" * _TRACE_DIGITS
_ZERO_SPAN: Final = "0" * _SPAN_DIGITS


Found = tuple[str, str, str]
"""Trace id (32 hex digits; a 64-bit id has zeros on its left), the caller's span id (16) and its decision; without ids, if
only a decision came, both are empty."""


def parse_b3(sent: Mapping[bytes, Sequence[bytes]]) -> Found | None:
    """Read B3 in both encodings; the single header decides alone where there is one.

    Args:
        sent: the values of each header, by lower-case name.

    Returns:
        Trace id, span id and decision. None if it said nothing, or anything of it is malformed: repeated, upper case, of another
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


def _parse_single(value: bytes) -> Found | None:
    pieces = value.strip(b" \t").split(b"-")
    if len(pieces) == 1:
        return ("", "", _ALONE[pieces[0]]) if pieces[0] in _ALONE else None
    state = DEFER
    if len(pieces) > _IDS:
        if len(pieces) > _MOST or pieces[2] not in _ALONE or not all(map(_is_span, pieces[3:])):
            return None
        state = _ALONE[pieces[2]]
    return _checked(pieces[0], pieces[1], state)


def _parse_multi(
    trace_id: bytes | None, span_id: bytes | None, sampled: bytes | None, flags: bytes | None
) -> Found | None:
    if sampled is not None and sampled not in _STATES:
        return None
    state = DEFER if sampled is None else _STATES[sampled]
    if flags == _DEBUG_FLAG:  # any other value means nothing
        state = DEBUG
    if trace_id is None and span_id is None:
        return ("", "", state) if state else None
    if trace_id is None or span_id is None:
        return None
    return _checked(trace_id, span_id, state)


def _checked(trace_id: bytes, span_id: bytes, state: str) -> Found | None:
    if not (_is_span(trace_id) or _is_id(trace_id, _TRACE_DIGITS)) or not _is_span(span_id):
        return None
    trace, span = trace_id.decode("ascii").zfill(_TRACE_DIGITS), span_id.decode("ascii")
    return None if trace == _ZERO_TRACE or span == _ZERO_SPAN else (trace, span, state)


def _is_span(value: bytes) -> bool:
    return _is_id(value, _SPAN_DIGITS)


def _is_id(value: bytes, digits: int) -> bool:
    """Tell whether a value is so many lower-case hex digits: none is left when all of them are taken out."""
    return len(value) == digits and not value.translate(None, _HEX)


def single_header(trace_id: str, span_id: str, state: str) -> dict[str, str]:
    """Return the one header `b3`.

    The parent's id is left out, as OpenTelemetry wants it (specification, "B3 Inject").

    Args:
        trace_id: 32 hex digits.
        span_id: of the caller, 16 hex digits.
        state: the decision.
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
