"""The process's tracer provider and propagator: ours, if nobody else's are there when the application starts."""

from __future__ import annotations

from opentelemetry import propagate, trace
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator

from fastapi_spine.traces.baggage import BAGGAGE
from fastapi_spine.traces.headers import TRACEPARENT, TRACESTATE
from fastapi_spine.traces.propagation import Propagator
from fastapi_spine.traces.provider import Provider

_STANDARD_FIELDS = frozenset({TRACEPARENT, TRACESTATE, BAGGAGE})


def install_provider(provider: Provider) -> trace.TracerProvider | None:
    """Make a provider the process's own, unless it has one.

    To be called when the application starts and not before: whoever sets the provider first wins, and the user's
    own set-up code has to be able to.

    Args:
        provider: ours.

    Returns:
        The provider that somebody else has set; None if ours is in force, or that of another spine.
    """
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    return users_provider()


def users_provider() -> trace.TracerProvider | None:
    """Return the tracer provider that somebody else has set; None if there is none yet, or one of ours."""
    in_force = trace.get_tracer_provider()
    return None if isinstance(in_force, (trace.ProxyTracerProvider, Provider)) else in_force


def install_propagator(propagator: Propagator) -> None:
    """Make a propagator the process's own; one that a user has set stays in force inside it.

    Args:
        propagator: ours.
    """
    before = propagate.get_global_textmap()
    if isinstance(before, Propagator):
        return
    if not _is_standard(before):
        propagator.inner = before
    propagate.set_global_textmap(propagator)


def _is_standard(propagator: TextMapPropagator) -> bool:
    return isinstance(propagator, CompositePropagator) and propagator.fields == _STANDARD_FIELDS
