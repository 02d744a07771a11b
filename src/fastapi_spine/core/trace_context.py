"""The headers `traceparent` and `tracestate`, read strictly: W3C Trace Context level 2.

https://www.w3.org/TR/trace-context-2/. Nothing here trusts a byte: headers are what strangers send.
"""

from __future__ import annotations

import re
from typing import Final

from fastapi_spine.core.conventions import HEADER_TRACEPARENT, HEADER_TRACESTATE

MAX_TRACESTATE_MEMBERS: Final = 32

_TRACEPARENT = re.compile(
    rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
_TRACESTATE_MEMBER = re.compile(
    rb"([a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
"""Keys as both levels have them: level 2 lets a key begin with a digit; a tenant and a vendor around one `@` keep the lengths
of level 1, which the W3C's validation suite still checks."""
_FORBIDDEN_VERSION = b"ff"
_FIRST_VERSION = b"00"
_KNOWN_FLAGS = 0x03
_ZERO_TRACE = b"0" * 32
_ZERO_SPAN = b"0" * 16


def parse_traceparent(value: bytes) -> tuple[str, str, int] | None:
    """Read a `traceparent` header.

    Args:
        value: the header's bytes; white space around them is no part of the value (RFC 9110 section 5.5), and not
            every server takes it off.

    Returns:
        Trace id (32 hex digits), the caller's span id (16) and the flags this level knows (sampled 0x01,
        random trace id 0x02); None if the header is invalid, which means: begin a new trace. A version
        newer than 00 is read as far as version 00 goes (section 3.2.4 of the standard).
    """
    match = _TRACEPARENT.fullmatch(value.strip(b" \t"))
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == _FORBIDDEN_VERSION or (version == _FIRST_VERSION and rest is not None):
        return None
    if trace_id == _ZERO_TRACE or span_id == _ZERO_SPAN:
        return None
    return trace_id.decode("ascii"), span_id.decode("ascii"), int(flags, 16) & _KNOWN_FLAGS


def parse_tracestate(values: list[bytes]) -> str | None:
    """Read `tracestate` headers, combined in order.

    Args:
        values: the bytes of each header of that name.

    Returns:
        The members as one header value, or None if any member is malformed or repeated or there are more
        than 32: a bad `tracestate` is dropped whole and never touches `traceparent` (section 3.3).
    """
    members = [member.strip(b" \t") for value in values for member in value.split(b",")]
    members = [member for member in members if member]
    if not members or len(members) > MAX_TRACESTATE_MEMBERS:
        return None
    keys = set()
    for member in members:
        match = _TRACESTATE_MEMBER.fullmatch(member)
        if match is None or match[1] in keys:
            return None
        keys.add(match[1])
    return b",".join(members).decode("ascii")


def w3c_headers(trace_id: str, span_id: str, flags: int, tracestate: str | None) -> dict[str, str]:
    """Return `traceparent` and, if there is one, `tracestate`.

    Args:
        trace_id: 32 hex digits.
        span_id: the parent of whatever is called, 16 hex digits.
        flags: of this level.
        tracestate: a valid header value.
    """
    headers = {HEADER_TRACEPARENT.decode(): f"00-{trace_id}-{span_id}-{flags:02x}"}
    if tracestate:
        headers[HEADER_TRACESTATE.decode()] = tracestate
    return headers
