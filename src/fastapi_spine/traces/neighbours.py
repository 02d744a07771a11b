"""Who else would trace this application, and what becomes of it: for `spine doctor`."""

from __future__ import annotations

import sys
from typing import Any, Final

from fastapi_spine.traces.globals import users_provider
from fastapi_spine.traces.native_operations import NATIVE_MODULE

_CONTRIB_MARK: Final = "_is_instrumented_by_opentelemetry"
_MIDDLEWARE: Final = "OpenTelemetryMiddleware"


def neighbours(app: Any, *, receiver: bool, operations: bool) -> list[tuple[str, str]]:
    """Return who does what for a request of an application, as far as it is set up by now.

    A provider that start-up code sets is not seen here; it is respected all the same.

    Args:
        app: the application.
        receiver: whether the layer has somewhere to send spans.
        operations: whether FastAPI's operations are wanted as spans.

    Returns:
        Names and sentences.
    """
    provider = users_provider()
    if provider is None and not receiver:
        return [("server span", "none: there is no receiver and no tracer provider")]
    found = [("server span", "ours, one a request"), _provider(provider)]
    if NATIVE_MODULE in sys.modules:
        kept = "its operations are spans below ours" if operations else "bypassed"
        found.append(("FastAPI", f"makes no server span of its own; {kept}"))
    if _is_instrumented(app):
        said = (
            "is given our server span instead of one of its own"
            if provider is None
            else "finds our server span and makes an internal span below it"
        )
        found.append(("contrib's instrumentor", said))
    return found


def _provider(provider: Any) -> tuple[str, str]:
    if provider is None:
        return "tracer provider", "ours, from the application's start on"
    kind = type(provider)
    return "tracer provider", f"the application's own ({kind.__module__}.{kind.__qualname__})"


def _is_instrumented(app: Any) -> bool:
    """Tell whether contrib's instrumentor or its middleware, which Logfire uses too, is on an application."""
    if getattr(app, _CONTRIB_MARK, False):
        return True
    added = getattr(app, "user_middleware", ())
    return any(getattr(one.cls, "__name__", "") == _MIDDLEWARE for one in added)
