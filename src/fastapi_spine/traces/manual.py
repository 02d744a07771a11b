"""`span("name")`: a span of the user's own, as context manager and decorator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import TracebackType
from typing import Any, TypeVar, cast

from opentelemetry import trace
from opentelemetry.context import Context

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import SCOPE_SPINE
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.server_span import ServerSpan
from fastapi_spine.traces.span import Span
from fastapi_spine.traces.steps import AsyncSteps, Steps, end

_F = TypeVar("_F", bound=Callable[..., Any])


class span:  # noqa: N801 - reads like the verb it is: `with span("render"):`
    """A span around a block or a function.

    As a context manager around a block, sync or async, and as a decorator on `def`, `async def`, generators and
    async generators; the function keeps its signature, so FastAPI takes it as a dependency::

        with span("render", template="invoice"):
            ...

        @span("auth: decode_jwt")
        async def current_user(token: Token) -> User: ...

    An exception that leaves the block marks the span as failed and is recorded. Values pass redaction like
    everything else; a tracer provider of the user's own gets them as they are. Without any provider it does nothing.

    Args:
        name: low in cardinality; what varies belongs into the fields.
        **fields: attributes.
    """

    __slots__ = ("_fields", "_name", "_open")

    def __init__(self, name: str, /, **fields: Any) -> None:
        self._name = name
        self._fields = fields
        self._open: list[tuple[trace.Span, Active, Token[Context]]] = []

    def __enter__(self) -> trace.Span:
        made, active = self.begin()
        self._open.append((made, active, active.enter_span(made)))
        return made

    def begin(self) -> tuple[trace.Span, Active]:
        """Begin the span without making it current; for what runs in steps."""
        made = running_tracer().start_span(self._name, attributes=self._fields)
        return made, active_of(made)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        entered = (
            self._open
        )  # several, if one object is entered in several tasks, or again inside itself
        running = entered[-1][1].span()
        at = next((at for at, one in enumerate(entered) if one[0] is running), -1)
        made, active, token = entered.pop(at)
        active.leave(token)
        end(made, error)

    async def __aenter__(self) -> trace.Span:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, stack)

    def __call__(self, function: _F) -> _F:
        """Give every call of a function a span of its own; a generator's lasts until it is closed."""
        return cast("_F", _wrapped(function, lambda: span(self._name, **self._fields)))


def running_tracer() -> trace.Tracer:
    """Return the tracer of the running request, else that of the process."""
    exchange = current.get()
    if exchange is not None and isinstance(exchange.span, ServerSpan):
        return cast("trace.Tracer", exchange.span.source.tracer)
    return trace.get_tracer(SCOPE_SPINE)


def active_of(made: trace.Span) -> Active:
    """Return what makes a span the current one."""
    return made.source.active if isinstance(made, Span) else Active()


def _wrapped(function: Callable[..., Any], again: Callable[[], span]) -> Callable[..., Any]:
    if isasyncgenfunction(function):
        return _wrapped_async_generator(function, again)
    if isgeneratorfunction(function):
        return _wrapped_generator(function, again)
    return _wrapped_call(function, again)


def _wrapped_async_generator(
    function: Callable[..., Any], again: Callable[[], span]
) -> Callable[..., Any]:
    @wraps(function)
    async def async_generator(*args: Any, **kwargs: Any) -> Any:
        steps = AsyncSteps(function(*args, **kwargs), again())
        value = await steps.first()
        while steps.running:
            try:
                sent = yield value
            except GeneratorExit:
                await steps.close()
                raise
            except BaseException as error:  # noqa: BLE001 - handed to the user's generator
                value = await steps.throw(error)
            else:
                value = await steps.send(sent)

    return async_generator


def _wrapped_generator(
    function: Callable[..., Any], again: Callable[[], span]
) -> Callable[..., Any]:
    @wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Any:
        steps = Steps(function(*args, **kwargs), again())
        value = steps.first()
        while steps.running:
            try:
                sent = yield value
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001 - handed to the user's generator
                value = steps.throw(error)
            else:
                value = steps.send(sent)
        return steps.returned

    return generator


def _wrapped_call(function: Callable[..., Any], again: Callable[[], span]) -> Callable[..., Any]:
    if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):

        @wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with again():
                return await function(*args, **kwargs)

        return coroutine

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        with again():
            return function(*args, **kwargs)

    return plain
