"""W3C Baggage, within its limits (https://www.w3.org/TR/baggage/): data from strangers, passed on and never trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from opentelemetry import baggage
from opentelemetry.context import Context

from fastapi_spine.core.conventions import HEADER_BAGGAGE

BAGGAGE: Final = HEADER_BAGGAGE.decode()
MOST_MEMBERS: Final = 64
LONGEST: Final = 8_192
"""Members and bytes that have to be passed on (section 3.3.2); what is over them may go, and goes."""

_MEMBER = re.compile(
    r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256})[ \t]*=[ \t]*([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)[ \t]*(?:;.*)?"
)
_SAFE: Final = "!#$&'()*+-./:<=>?@[]^_`{|}~"


def with_baggage(context: Context, headers: Iterable[tuple[bytes, bytes]]) -> Context:
    """Return a context with the baggage of a request's own headers.

    Args:
        context: what it is added to.
        headers: as ASGI gives them.
    """
    values = [value.decode("latin-1") for name, value in headers if name == HEADER_BAGGAGE]
    for name, text in parsed(values).items():
        context = baggage.set_baggage(name, text, context)
    return context


def parsed(values: Iterable[str]) -> dict[str, str]:
    """Read `baggage` headers, combined in order.

    Args:
        values: each header's value.

    Returns:
        Names and decoded values. Malformed members are left out one by one; members after the 64th or the
        8192nd byte are left out. Properties behind a `;` are not kept.
    """
    found: dict[str, str] = {}
    length = 0
    for member in ",".join(values).split(","):
        length += len(member) + 1
        if length > LONGEST + 1 or len(found) >= MOST_MEMBERS:
            break
        match = _MEMBER.fullmatch(member)
        if match is not None:
            found[match[1]] = unquote(match[2], errors="replace")
    return found


def written(members: Mapping[str, object]) -> str:
    """Return the header's value for baggage, as much of it as the limits allow; empty for none.

    Args:
        members: names and values; values are percent-encoded.
    """
    kept: list[str] = []
    length = 0
    for name, value in members.items():
        member = f"{name}={quote(str(value), safe=_SAFE, errors='replace')}"
        length += len(member) + 1
        if length > LONGEST + 1 or len(kept) >= MOST_MEMBERS:
            break
        if _MEMBER.fullmatch(member) is not None:
            kept.append(member)
    return ",".join(kept)
