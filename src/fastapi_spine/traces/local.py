"""This service's own part of one trace: its spans wait here until it is known whether they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import ATTR_SPINE_CUT, DROP_NOT_KEPT, DROP_SPAN_LIMIT
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.ids import IdSource
from fastapi_spine.core.telemetry import STATUS_ERROR, SmallSpan, SpanData, whole
from fastapi_spine.traces.keep import Head
from fastapi_spine.traces.limits import Limits
from fastapi_spine.traces.values import weight_of

SPAN_COST: Final = 800
"""Bytes that a span takes beside its texts: the object, its dictionary, eight attributes."""
SEND_EVERY_NS: Final = 1_000_000_000
"""Spans of a long request that is kept do not wait for its end."""
_RESERVE: Final = 0.1
"""Share of a request's bounds that only spans with others below them may use."""
_HOLDING: Final = frozenset({tuple, dict, bytes})
"""Kinds of attribute values that weigh something beside texts."""
WINDOW_NS: Final = 60_000_000_000
"""The limits of a request hold for a minute of it, so that a WebSocket of a day is not silent after its first."""

SAMPLED: Final = 0x01
RANDOM: Final = 0x02


Piece: TypeAlias = SpanData | Exchange | SmallSpan
"""What waits to leave: a span, or what one is made of."""


class Bounds:
    """How much may wait.

    Attributes:
        spans: most spans a request (and minute of it).
        size: most bytes of spans a request.
        total: most bytes of spans that wait in the process.
    """

    __slots__ = ("size", "spans", "total")

    def __init__(self, spans: int = 1_000, size: int = 4 << 20, total: int = 32 << 20) -> None:
        self.spans = spans
        self.size = size
        self.total = total


class Outbox:
    """What all local traces of a process share.

    Attributes:
        clock: tells time.
        ids: makes span and trace ids.
        limits: how much one span may hold.
        bounds: how much may wait.
        deliver: takes finished spans that are kept, a few at a time.
        head: tells whether a trace that begins here is sampled.
        left_out: spans that were made and not passed on, by reason.
        waiting: bytes of spans that wait now, about.
    """

    __slots__ = (
        "bounds", "clock", "deliver", "head", "ids", "left_out", "limits", "monotonic", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        deliver: Callable[[list[Piece], int], None],
        *,
        clock: Clock,
        ids: IdSource,
        limits: Limits,
        bounds: Bounds,
        head: Head,
    ) -> None:
        self.deliver = deliver
        self.clock = clock
        self.monotonic = clock.monotonic_ns
        self.ids = ids
        self.limits = limits
        self.bounds = bounds
        self.head = head
        self.left_out: Counter[str] = Counter()
        self.waiting = 0


class LocalTrace:
    """The spans of one request, or of one piece of work that began here.

    Spans may end in several threads. What they share are a list's atomic append and pop, so no span is lost or
    passed on twice, and counters, which may be off by one.

    Attributes:
        trace_id: 32 hex digits.
        flags: W3C trace flags as they are sent on.
        tracestate: passed on as it came, or as the head verdict made it.
        offset: what turns a monotonic reading into wall time, so that one trace has one clock.
        keep: True passes spans on, False drops them, None has them wait for the verdict.
        cut: how many spans the bounds left out.
        open: while True, spans of a kept trace wait for each other a little.
        root: the span whose end brings the verdict; None if somebody else brings it.
    """

    __slots__ = (
        "_count", "_outbox", "_parents", "_since", "_size", "_spans", "_window", "cut", "flags", "keep", "offset", "open", "root",
        "trace_id", "tracestate",
    )  # fmt: skip

    def __init__(
        self, outbox: Outbox, trace_id: str, flags: int, tracestate: str | None, offset: int
    ) -> None:
        self._outbox = outbox
        self._spans: list[Piece] = []
        self._parents: set[str | None] = set()
        self._size = 0
        self._count = 0
        self._since = 0
        self._window = 0
        self.trace_id = trace_id
        self.flags = flags
        self.tracestate = tracestate
        self.offset = offset
        self.keep: bool | None = True if flags & SAMPLED else None
        self.cut = 0
        self.open = True
        self.root: SpanData | None = None

    def __del__(self) -> None:
        """Give back the room of spans whose root never ended; they are gone with it."""
        if self._spans:
            self._outbox.left_out[DROP_NOT_KEPT] += len(self._spans)
            self._outbox.waiting -= self._size

    def begins_with(self, root: SpanData) -> None:
        """Take a span for the root; what is sampled without a request need not wait for its end.

        Work that never ends its root (a consumer's loop, a span that was forgotten) keeps nothing back so.
        """
        self.root = root
        self.open = not self.keep

    def ended(self, span: SpanData) -> None:
        """Take a span that has ended."""
        if span is self.root:
            self.root = None
            if self.cut:
                span.attributes[ATTR_SPINE_CUT] = self.cut
            self.close(span, keep=bool(self.keep) or span.status == STATUS_ERROR)
        elif self.keep is False:
            self._outbox.left_out[DROP_NOT_KEPT] += 1
        elif self._has_room(span):
            self._wait(span, span.end_ns)
        else:
            self.cut += 1
            self._outbox.left_out[DROP_SPAN_LIMIT] += 1

    def operation_ended(self, span: SmallSpan) -> None:
        """Take a span of an operation that has ended and holds next to nothing; see `ended`."""
        end_ns = span[-1]
        outbox, bounds = self._outbox, self._outbox.bounds
        self._look_at_the_time(end_ns)
        if (
            self.keep is False
            or self._count >= bounds.spans
            or self._size + SPAN_COST > bounds.size
            or outbox.waiting + SPAN_COST > bounds.total
        ):
            self._parents.add(span[2])  # operations are few, and most of a request lies below one
            self.ended(whole(span))
            return
        self._parents.add(span[3])
        self._count += 1
        self._size += SPAN_COST
        outbox.waiting += SPAN_COST
        self._wait(span, end_ns)

    def go_on_alone(self) -> None:
        """Leave what waits to the parent, in a child after a fork, and have spans of the child wait for nobody."""
        self._spans.clear()
        self._outbox.waiting -= self._size
        self._size = 0
        self.open = False
        self.keep = bool(self.keep)

    def close(self, last: SpanData | Exchange, *, keep: bool) -> None:
        """Bring the verdict: pass on what waits and the last span, or drop it all.

        Args:
            last: the span of the whole request or piece of work, or the request whose span is still to be made; it
                needs no room.
            keep: the verdict; spans that end later follow it.
        """
        self.keep = keep
        self.open = False
        size = self._size
        spans = self._forget()
        spans.append(last)
        if keep:
            self._outbox.deliver(spans, size)
        else:
            self._outbox.left_out[DROP_NOT_KEPT] += len(spans)

    def _wait(self, span: Piece, end_ns: int) -> None:
        """Have a span wait for the verdict, or for others."""
        spans = self._spans
        if not spans:
            self._since = end_ns
        spans.append(span)
        if self.keep and (not self.open or end_ns - self._since > SEND_EVERY_NS):
            size = self._size
            self._outbox.deliver(self._forget(), size)

    def _has_room(self, span: SpanData) -> bool:
        outbox = self._outbox
        bounds = outbox.bounds
        self._look_at_the_time(span.end_ns)
        size = SPAN_COST + len(span.name) + len(span.status_message)
        for value in span.attributes.values():
            if type(value) is str:
                size += len(value)
            elif type(value) in _HOLDING:
                size += weight_of(value)
        told = [event.attributes for event in span.events]
        told += [link.attributes for link in span.links]
        for attributes in told:
            size += SPAN_COST // 4 + weight_of(attributes)
        # Parents end last: a reserve is theirs, so that what was let in before them has somewhere to belong.
        more = 1 + _RESERVE if span.span_id in self._parents else 1
        if (
            self._count >= bounds.spans * more
            or self._size + size > bounds.size * more
            or outbox.waiting + size > bounds.total
        ):
            return False
        self._parents.add(span.parent_span_id)
        self._count += 1
        self._size += size
        outbox.waiting += size
        return True

    def _look_at_the_time(self, now_ns: int) -> None:
        """Begin to count anew when a minute has passed."""
        if now_ns - self._window > WINDOW_NS:
            self._window, self._count = now_ns, 0
            self._parents.clear()

    def _forget(self) -> list[Piece]:
        """Take out what waits, in its order."""
        waiting = self._spans
        taken: list[Piece] = []
        try:
            while waiting:
                taken.append(waiting.pop())
        except IndexError:  # another thread took the last one
            pass
        taken.reverse()
        self._outbox.waiting -= self._size
        self._size = 0
        return taken
