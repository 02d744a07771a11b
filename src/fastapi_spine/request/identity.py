"""Request id and trace context, read from the request's own headers or made new.

Nothing here trusts a byte: headers are what strangers send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import (
    FIELD_KEEP,
    HEADER_REQUEST_ID,
    HEADER_TRACEPARENT,
    HEADER_TRACESTATE,
)
from fastapi_spine.core.exchange import ChosenIdentity, Exchange, Identity, RefusedId
from fastapi_spine.core.ids import IdSource, is_request_id
from fastapi_spine.core.trace_context import parse_traceparent, parse_tracestate
from fastapi_spine.core.trace_formats import W3C, TraceFormats

MAX_REQUEST_ID_LENGTH: Final = 128

REFUSED_REPEATED: Final = "repeated"
REFUSED_EMPTY: Final = "empty"
REFUSED_TOO_LONG: Final = "too_long"
REFUSED_CHARACTERS: Final = "characters"
REFUSED_SECRET: Final = "looks_secret"  # noqa: S105 - a reason, not a password
REFUSED_BY_SETTING: Final = "not_accepted"

_WANTED = frozenset({HEADER_REQUEST_ID, HEADER_TRACEPARENT, HEADER_TRACESTATE})
Headers = Iterable[tuple[bytes, bytes]]
_NO_HEADERS: Final[Headers] = ()
_RANDOM: Final = 0x02
_SAMPLED: Final = 0x01


class IdentityReader:
    """Reads or makes the ids of each request.

    Args:
        ids: where new ids come from.
        accept: whether an inbound `x-request-id` may be taken at all.
        looks_secret: tells a token or key that was sent as an id; such an id is refused, because an id is
            echoed and written everywhere.
        flags: W3C trace flags of a trace that begins here, as far as they are the same for all.
    """

    __slots__ = ("_accept", "_flags", "_ids", "_looks_secret")

    def __init__(
        self,
        ids: IdSource,
        *,
        accept: bool,
        looks_secret: Callable[[str], bool],
        flags: int = _RANDOM,
    ) -> None:
        self._ids = ids
        self._accept = accept
        self._looks_secret = looks_secret
        self._flags = flags

    def read(self, headers: Headers, sent: Mapping[bytes, bytes], now: int) -> Identity:
        """Return the identity of a request.

        Args:
            headers: the request's, see `headers_of`.
            sent: the same as a mapping.
            now: wall time, nanoseconds since the epoch.
        """
        if _WANTED.isdisjoint(sent):
            request_id, trace_id, span_id = self._ids.fresh(now)
            return Identity(request_id, trace_id, span_id, None, self._flags)
        return self._read_sent(headers, now)

    def _read_sent(
        self, headers: Headers, now: int, wanted: frozenset[bytes] = _WANTED
    ) -> Identity:
        """Take what the caller sent of ids, and make the rest."""
        sent: dict[bytes, list[bytes]] = {name: [] for name in wanted}
        for name, value in headers:
            if name in sent:
                sent[name].append(value)
        identity = self._trace(sent, now)
        if sent[HEADER_REQUEST_ID]:
            self._take_request_id(identity, sent[HEADER_REQUEST_ID])
        return identity

    def _trace(self, sent: Mapping[bytes, list[bytes]], now: int) -> Identity:
        traceparents, tracestates = sent[HEADER_TRACEPARENT], sent[HEADER_TRACESTATE]
        parent = parse_traceparent(traceparents[0]) if len(traceparents) == 1 else None
        if parent is None:
            return Identity(*self._ids.fresh(now), None, self._flags)
        trace_id, parent_span_id, flags = parent
        return Identity(
            self._ids.request_id(now),
            trace_id,
            self._ids.span_id(),
            parent_span_id,
            flags,
            parse_tracestate(tracestates) if tracestates else None,
        )

    def _take_request_id(self, identity: Identity, values: list[bytes]) -> None:
        reason = self._why_refused(values)
        if reason is None:
            identity.request_id = values[0].decode("ascii")
        else:
            identity.refused = RefusedId(reason, sum(map(len, values)))

    def _why_refused(self, values: list[bytes]) -> str | None:
        value = values[0]
        if not self._accept:
            return REFUSED_BY_SETTING
        if len(values) > 1:
            return REFUSED_REPEATED
        if not value:
            return REFUSED_EMPTY
        if len(value) > MAX_REQUEST_ID_LENGTH:
            return REFUSED_TOO_LONG
        text = value.decode("latin-1")
        if not is_request_id(text):
            return REFUSED_CHARACTERS
        return REFUSED_SECRET if self._looks_secret(text) else None


class ChosenReader(IdentityReader):
    """Reads the ids of requests in a process whose `OTEL_PROPAGATORS` names other formats than the default.

    Args:
        ids: see above.
        formats: those formats.
        accept: see above.
        looks_secret: see above.
    """

    __slots__ = ("_formats", "_wanted")

    def __init__(
        self,
        ids: IdSource,
        formats: TraceFormats,
        *,
        accept: bool,
        looks_secret: Callable[[str], bool],
    ) -> None:
        super().__init__(ids, accept=accept, looks_secret=looks_secret)
        self._formats = formats
        self._wanted = formats.reads | {HEADER_REQUEST_ID}

    def read(self, headers: Headers, sent: Mapping[bytes, bytes], now: int) -> Identity:
        """Return the identity of a request; see `IdentityReader.read`."""
        if self._wanted.isdisjoint(sent):
            return ChosenIdentity(*self._ids.fresh(now), formats=self._formats)
        return self._read_sent(headers, now, self._wanted)

    def _trace(self, sent: Mapping[bytes, list[bytes]], now: int) -> Identity:
        found = self._formats.read(sent)
        identity = ChosenIdentity(*self._ids.fresh(now), formats=self._formats)
        if found is None:
            return identity
        identity.state = found.state
        if not found.trace_id:  # the caller has decided, and leaves the ids to us
            identity.trace_flags |= found.flags
            return identity
        identity.trace_id, identity.parent_span_id = found.trace_id, found.span_id
        identity.trace_flags, identity.tracestate = found.flags, found.tracestate
        return identity


def identity_reader(
    ids: IdSource,
    formats: TraceFormats,
    *,
    accept: bool,
    looks_secret: Callable[[str], bool],
    sampled: bool = False,
) -> IdentityReader:
    """Return the reader for a process's formats; the default's knows no other.

    Args:
        ids: where new ids come from.
        formats: which headers carry a trace.
        accept: see `IdentityReader`.
        looks_secret: see `IdentityReader`.
        sampled: whether all traces that begin here are; B3 can leave that open, so there the verdict comes later.
    """
    if formats is W3C:
        flags = _RANDOM | _SAMPLED if sampled else _RANDOM
        return IdentityReader(ids, accept=accept, looks_secret=looks_secret, flags=flags)
    return ChosenReader(ids, formats, accept=accept, looks_secret=looks_secret)


class DebugFlag:
    """Keeps all there is of a request whose caller asked for it by B3's debug flag, as `bind(keep=True)` does.

    Attributes:
        idle: False; it is set up only where B3 is read.
    """

    name = "debug"
    idle = False

    def begin(self, exchange: Exchange) -> None:
        """See the class; the application's own `bind` may take it back."""
        if exchange.identity.debug:
            exchange.bound = {FIELD_KEEP: True}


def headers_of(scope: Scope) -> Headers:
    """Return the request's headers, unless there are none or reading them would use them up."""
    headers = scope.get("headers")
    if type(headers) is list:
        return headers
    return _NO_HEADERS if headers is None or iter(headers) is headers else headers
