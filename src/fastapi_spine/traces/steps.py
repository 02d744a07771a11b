"""A generator with a span: the span is current while the generator runs, and not while its consumer does.

A context variable that a generator sets across a `yield` is seen by whoever consumes it, and cannot be given back
from another task. So each step enters and leaves by itself, and what a consumer sends or throws is handed on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any, Protocol

from opentelemetry import trace
from opentelemetry.trace import StatusCode

from fastapi_spine.traces.active import Active
from fastapi_spine.traces.span import Span, summary_of


class Begins(Protocol):
    """What begins a span."""

    def begin(self) -> tuple[trace.Span, Active]:
        """Begin it without making it current."""


def end(made: trace.Span, error: BaseException | None) -> None:
    """End a span; an exception marks it as failed (one that is no error, such as `GeneratorExit`, does not)."""
    try:
        if isinstance(made, Span) and isinstance(error, Exception):
            made.failed(error, record=True, set_status=True, escaped=False)
        elif isinstance(error, Exception):
            with suppress(Exception):  # another provider's span may ask the exception for its text
                made.record_exception(error)
            made.set_status(StatusCode.ERROR, summary_of(error))
    finally:
        made.end()


class Steps:
    """Runs a generator step by step.

    Attributes:
        running: whether it has another value.
        returned: what it returned at its end.
    """

    def __init__(self, inner: Generator[Any, Any, Any], spans: Begins) -> None:
        self._inner = inner
        self._spans = spans
        self.running = True
        self.returned: Any = None

    def first(self) -> Any:
        """Begin the span and run to the first value."""
        self._span, self._active = self._spans.begin()
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Run to the next value."""
        return self._step(self._inner.send, value)

    def throw(self, error: BaseException) -> Any:
        """Raise an exception where the generator waits, and run to the next value."""
        return self._step(self._inner.throw, error)

    def close(self) -> None:
        """Close the generator where it waits, and end the span."""
        self._step(lambda _: self._inner.close(), None)
        self._finish(None)

    def _step(self, run: Callable[[Any], Any], argument: Any) -> Any:
        token = self._active.enter_span(self._span)
        try:
            return run(argument)
        except StopIteration as stop:
            self.returned = stop.value
            self._finish(None)
        except BaseException as error:
            self._finish(error)
            raise
        finally:
            self._active.leave(token)

    def _finish(self, error: BaseException | None) -> None:
        self.running = False
        end(self._span, error)


class AsyncSteps:
    """Runs an async generator step by step; see `Steps`.

    Attributes:
        running: whether it has another value.
    """

    def __init__(self, inner: AsyncGenerator[Any, Any], spans: Begins) -> None:
        self._inner = inner
        self._spans = spans
        self.running = True

    async def first(self) -> Any:
        """Begin the span and run to the first value."""
        self._span, self._active = self._spans.begin()
        return await self.send(None)

    async def send(self, value: Any) -> Any:
        """Run to the next value."""
        return await self._step(self._inner.asend, value)

    async def throw(self, error: BaseException) -> Any:
        """Raise an exception where the generator waits, and run to the next value."""
        return await self._step(self._inner.athrow, error)

    async def close(self) -> None:
        """Close the generator where it waits, and end the span."""
        await self._step(lambda _: self._inner.aclose(), None)
        self._finish(None)

    async def _step(self, run: Callable[[Any], Awaitable[Any]], argument: Any) -> Any:
        token = self._active.enter_span(self._span)
        try:
            return await run(argument)
        except StopAsyncIteration:
            self._finish(None)
        except BaseException as error:
            self._finish(error)
            raise
        finally:
            self._active.leave(token)

    def _finish(self, error: BaseException | None) -> None:
        self.running = False
        end(self._span, error)
