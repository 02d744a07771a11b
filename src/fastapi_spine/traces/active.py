"""The running span: OpenTelemetry's context, entered and left without a word.

`opentelemetry.context.detach` logs an ERROR with a traceback when a generator, a stream or an abandoned response is
closed from another task than it was begun in ("Failed to detach context"). Nothing is wrong then: the other
task's context was a copy. So the token is given back to its own variable, and a refusal is no news.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context


class Active:
    """Reads and sets the current span.

    Attributes:
        key: under which a context holds its span.
        get: returns the current context.
    """

    __slots__ = ("_variable", "get", "key")

    def __init__(self) -> None:
        (self.key,) = trace.set_span_in_context(trace.INVALID_SPAN, Context())
        token = otel.attach(Context())
        variable = getattr(token, "var", None)
        otel.detach(token)
        self._variable: ContextVar[Context] | None = (
            variable if isinstance(variable, ContextVar) else None
        )
        self.get = variable.get if isinstance(variable, ContextVar) else otel.get_current

    def span(self, context: Context | None = None) -> object:
        """Return whatever a context holds as its span; None if it holds none."""
        return (self.get() if context is None else context).get(self.key)

    def enter(self, context: Context) -> Token[Context]:
        """Make a context the current one; `leave` takes what is returned."""
        variable = self._variable
        return variable.set(context) if variable is not None else otel.attach(context)

    def enter_span(self, span: trace.Span, before: Context | None = None) -> Token[Context]:
        """Make a span the current one, in a copy of the current context; `before`, if the caller has it."""
        context = Context(self.get() if before is None else before)
        dict.__setitem__(context, self.key, span)
        return self.enter(context)

    def leave(self, token: Token[Any]) -> None:
        """Make current again what was before `enter`; elsewhere than there, do nothing."""
        variable = self._variable
        if variable is None:
            otel.detach(token)
            return
        try:
            variable.reset(token)
        except (ValueError, RuntimeError):
            return
