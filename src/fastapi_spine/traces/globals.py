"""The process's tracer provider and propagator: ours, if nobody else's are there when the application starts."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator

from fastapi_spine.core.conventions import ENV_PROPAGATORS, HEADERS_B3
from fastapi_spine.core.trace_formats import B3_MULTI, NONE, TraceFormats, formats_from
from fastapi_spine.settings.load import environment, standing_in
from fastapi_spine.traces.baggage import BAGGAGE
from fastapi_spine.traces.propagation import Propagator
from fastapi_spine.traces.provider import Provider

_PROPAGATE: Final = "opentelemetry.propagate"
_GROUP: Final = "opentelemetry_propagator"
_UNWRITTEN: Final = HEADERS_B3[-1].decode()
"""The debug flag, which OpenTelemetry's own propagator of B3 reads and never writes."""


def propagate_api() -> Any:
    """Return `opentelemetry.propagate`, which reads `OTEL_PROPAGATORS` by itself when it is first imported.

    A format named there whose package is not installed makes that import fail, and with it the application. What is
    needed for it is ours, so where we are the first to import it, it is imported without any format; those that are
    understood take their place when the application has started (`install_propagator`).
    """
    module = sys.modules.get(_PROPAGATE)
    if module is None:
        try:
            module = import_module(_PROPAGATE)
        except Exception:  # noqa: BLE001 - a ValueError of its own, or whatever a propagator raises when it is made
            with standing_in(ENV_PROPAGATORS, NONE):
                module = import_module(_PROPAGATE)
            module.set_global_textmap(_StandIn([]))
    return module


def formats_without_package() -> list[str]:
    """Return which names of `OTEL_PROPAGATORS` make `opentelemetry.propagate` fail where it is imported before us.

    OpenTelemetry reads them as they are written, to the first `none`.
    """
    missing: list[str] = []
    given = environment().get(ENV_PROPAGATORS, "")
    for name in (one.strip() for one in given.split(",") if given):
        if name.lower() == NONE:
            break
        if not entry_points(group=_GROUP, name=name):
            missing.append(name)
    return missing


class _StandIn(CompositePropagator):
    """What is in force between such an import and the application's start: nothing, since no span is made so early."""


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
    api = propagate_api()
    before = api.get_global_textmap()
    if isinstance(before, Propagator):
        return
    if not _is_from_environment(before, propagator.formats):
        propagator.inner = before
    api.set_global_textmap(propagator)


def formats_in_force() -> TraceFormats:
    """Return the formats of the process's propagator; if it is not ours, as where no spans are made, the variable's."""
    in_force = propagate_api().get_global_textmap()
    if isinstance(in_force, Propagator):
        return in_force.formats
    return formats_from(environment())[0]


def _is_from_environment(propagator: TextMapPropagator, formats: TraceFormats) -> bool:
    """Tell what `OTEL_PROPAGATORS` stands for from what a user has set: by the headers that it writes."""
    if not isinstance(propagator, CompositePropagator):
        return False
    if isinstance(propagator, _StandIn):
        return True
    fields = set(formats.writes) - ({_UNWRITTEN} if B3_MULTI in formats.names else set())
    if formats.baggage:
        fields.add(BAGGAGE)
    return propagator.fields == fields
