"""FastAPI's search for OpenTelemetry providers, spared while there are none.

On every request FastAPI asks the OpenTelemetry API for the process's tracer, meter and logger provider, to see whether its own
telemetry has anything to do (`NativeTelemetry.enabled`, 0.165). In an application without OpenTelemetry it never has, and the
question costs more than our access line. See docs/decisions/0009-a-search-that-finds-nothing-is-spared.md.

The names asked for here are private to FastAPI and OpenTelemetry. Where one of them is missing, nothing is spared.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from inspect import isclass, isroutine
from typing import Any, Final

from fastapi_spine.core.conventions import SCOPE_NATIVE_TELEMETRY
from fastapi_spine.core.exchange import Exchange

HOLDERS: Final = (
    ("opentelemetry.trace", "_TRACER_PROVIDER"),
    ("opentelemetry.metrics._internal", "_METER_PROVIDER"),
    ("opentelemetry._logs._internal", "_LOGGER_PROVIDER"),
)
"""Where the API keeps the process's providers; None until somebody has set one."""
_VARIABLES: Final = (
    "OTEL_PYTHON_TRACER_PROVIDER", "OTEL_PYTHON_METER_PROVIDER", "OTEL_PYTHON_LOGGER_PROVIDER",
)  # fmt: skip
"""With one of these the API makes a provider when it is first asked for it."""
_OWN: Final = frozenset({"tracer_provider", "meter_provider", "logger_provider"})
"""What `FastAPI(telemetry={…})` may hold."""
_UNDERSTOOD: Final = frozenset({"fastapi", "starlette"})
"""Packages."""
_DEEPEST: Final = 20


class NativeSearch:
    """Hears of beginnings, and has FastAPI not search where nothing is to be found.

    Not seen is an application of FastAPI that a middleware calls, and that was given a provider of its own.

    Args:
        app: the application.
        environ: the environment's variables.
        traced: tells whether the traces room bypasses FastAPI's telemetry anyway.
    """

    name = "native_search"

    __slots__ = ("_app", "_environ", "_logs", "_metrics", "_trace", "_traced", "_vain")

    def __init__(self, app: Any, environ: Mapping[str, str], traced: Callable[[], bool]) -> None:
        self._app = app
        self._environ = environ
        self._traced = traced
        self._vain: bool | None = None
        self._trace: Any = None
        self._metrics: Any = None
        self._logs: Any = None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to spare, as things are now; nothing is remembered of it."""
        return not self._look()

    def begin(self, exchange: Exchange) -> None:
        """Have FastAPI find telemetry in the scope, and so none to start; not once somebody has set a provider."""
        vain = self._vain
        if vain is None:
            vain = self._vain = self._look()
        if (
            vain
            and self._trace._TRACER_PROVIDER is None  # noqa: SLF001 - see the module
            and self._metrics._METER_PROVIDER is None  # noqa: SLF001
            and self._logs._LOGGER_PROVIDER is None  # noqa: SLF001
        ):
            exchange.scope[SCOPE_NATIVE_TELEMETRY] = None

    def _look(self) -> bool:
        """Tell whether the search can only find what the process's providers are."""
        modules = [sys.modules.get(module) for module, _ in HOLDERS]
        self._trace, self._metrics, self._logs = modules
        return (
            not self._traced()
            and not any(self._environ.get(variable) for variable in _VARIABLES)
            and all(
                hasattr(module, name) for module, (_, name) in zip(modules, HOLDERS, strict=True)
            )
            and _settings(self._app) is not None
            and _has_no_own(self._app, 0)
        )


def _settings(app: Any) -> Mapping[str, Any] | None:
    """Return what an application of FastAPI was told of telemetry; None if it is none, or not understood."""
    settings = getattr(app, "_telemetry", None)
    if isinstance(settings, Mapping) and settings.keys() >= _OWN:
        return settings
    return None


def _has_no_own(app: Any, depth: int) -> bool:
    """Tell whether neither an application nor any below it was given a provider of its own; unsure means no."""
    settings = _settings(app)
    if settings is not None:
        if any(settings[name] is not None for name in _OWN):
            return False
    elif hasattr(app, "_native_telemetry") or not _is_understood(app):
        return False
    return depth < _DEEPEST and all(_has_no_own(one, depth + 1) for one in _below(app))


def _is_understood(app: Any) -> bool:
    """Tell whether all that an application of another kind may call can be found by `_below`."""
    return any(kind.__module__.partition(".")[0] in _UNDERSTOOD for kind in type(app).__mro__)


def _below(app: Any) -> Iterator[Any]:
    """Go through the applications that one calls: mounted, included, wrapped, or in an endpoint's place."""
    inner = getattr(app, "app", None)
    if inner is not None and getattr(inner, "__self__", None) is not app:  # a router's own method
        yield inner
    for route in getattr(app, "routes", None) or ():
        included = getattr(route, "original_router", None)  # FastAPI >= 0.137
        if included is not None:
            yield included
        elif hasattr(route, "app"):
            endpoint = getattr(route, "endpoint", None)
            if not (isroutine(endpoint) or isclass(endpoint)):
                yield route.app
