"""The head verdict where nobody takes spans: those who are called decide by it, though nothing is kept here."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.traces.keep import Head
from fastapi_spine.traces.local import SAMPLED


class Verdict:
    """Decides on traces that begin in a process without spans, and only for the calls that carry them on.

    Where all are sampled, the ids are made with that flag and this is not needed, unless B3 may leave it open.

    A service behind goes by the caller's flag. Were that left at "not sampled" by a process that has no receiver, or has traces
    switched off, all its requests would be missing in the traces of everybody behind it. So the flag is what it would be with one.

    Args:
        head: the verdict on traces that begin here.
        spanless: tells, once the application has started, whether no spans are made here.
    """

    name = "verdict"

    def __init__(self, head: Head, spanless: Callable[[], bool]) -> None:
        self._decide: Callable[[Identity], bool] = head.unless_decided()
        self._spanless = spanless

    @property
    def idle(self) -> bool:
        """True where spans are made: that decides by itself."""
        return not self._spanless()

    def begin(self, exchange: Exchange) -> None:
        """Say so in the request's flags; a caller's verdict stays what it is."""
        identity = exchange.identity
        if identity.parent_span_id is None and self._decide(identity):
            identity.trace_flags |= SAMPLED
