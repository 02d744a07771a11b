"""Who sends a secret token has this one request kept in full, whatever the sampling: for looking at what goes wrong for one caller.

It is `bind(keep=True)` before the application has begun. The head is sampled, too, so that the services called after this one keep
their part.
"""

from __future__ import annotations

from hmac import compare_digest

from fastapi_spine.core.b3 import ACCEPT, DEBUG
from fastapi_spine.core.conventions import ATTR_SPINE_KEPT, FIELD_KEEP, HEADER_KEEP
from fastapi_spine.core.exchange import ChosenIdentity, Exchange
from fastapi_spine.traces.foreign import ForeignSpan
from fastapi_spine.traces.keep import FORCED
from fastapi_spine.traces.local import SAMPLED
from fastapi_spine.traces.server_span import ServerSpan


class AskedFor:
    """The observer that finds the token; it has to hear of a request before its span is made, and before that is completed.

    What does not fit, a wrong token or two of them, is as good as nothing: it changes no answer and is written nowhere.

    Args:
        token: printable ASCII, as `traces.keep_token` has been checked to be.
    """

    name = "keep"
    idle = False

    def __init__(self, token: str) -> None:
        self._token = token.encode("ascii")

    def begin(self, exchange: Exchange) -> None:
        """Have a request kept that carries the token."""
        sent = exchange.sent.get(HEADER_KEEP)
        if sent is None or not compare_digest(sent, self._token) or _is_repeated(exchange):
            return
        exchange.kept = FORCED
        exchange.bound = {**(exchange.bound or {}), FIELD_KEEP: True}
        identity = exchange.identity
        identity.trace_flags |= SAMPLED
        if isinstance(identity, ChosenIdentity) and identity.state != DEBUG:
            identity.state = ACCEPT  # whatever the caller has decided

    def finish(self, exchange: Exchange) -> None:
        """Say on the span why it was kept; nobody but `begin` has said so yet."""
        if exchange.kept is None:
            return
        span = exchange.span
        if isinstance(span, ServerSpan):
            # not by `set_attribute`: its limit is for users
            span.data.attributes[ATTR_SPINE_KEPT] = exchange.kept
        elif isinstance(span, ForeignSpan):
            span.span.set_attribute(ATTR_SPINE_KEPT, exchange.kept)

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Do nothing: the request is kept anyway."""

    def leave(self, exchange: Exchange) -> None:
        """Do nothing: nothing is held here."""


def _is_repeated(exchange: Exchange) -> bool:
    names = [name for name, _ in exchange.scope["headers"]]
    return names.count(HEADER_KEEP) > 1
