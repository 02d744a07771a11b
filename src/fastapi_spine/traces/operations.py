"""FastAPI's own operation spans, without FastAPI's own server span.

Since FastAPI has native telemetry it reports dependencies, endpoint, serialization and background tasks to an object that it
finds in the OpenTelemetry context, and starts a server span of its own unless it finds telemetry in the scope.
The scope gets None, and operations become spans of ours where they are reported (`native_operations`). For a tracer of somebody
else's, or if FastAPI reports in a way that is not known, both places get one quiet object instead: it hands FastAPI a tracer
and keeps nothing. See docs/decisions/0020-operation-spans.md for what this costs and what it was compared with.

The names are private to FastAPI. If a release changes them, nothing is found here, FastAPI starts its
server span, and `web_tracer` answers that with ours: operations stay, at a higher price.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from opentelemetry import trace

from fastapi_spine.core.conventions import SCOPE_FASTAPI
from fastapi_spine.traces.native_operations import NATIVE_MODULE, divert, is_answered
from fastapi_spine.traces.operation_span import OperationKinds
from fastapi_spine.traces.tracer import Source, Tracer

_CLASS: Final = "_RequestTelemetry"
_KEY: Final = "_REQUEST_TELEMETRY_KEY"
_NEEDED: Final = frozenset(
    {"tracer", "span", "logger", "data", "route", "_mount_prefix", "_exceptions"}
)
"""What FastAPI 0.165 reads or writes on the object while it serves a request."""


class Operations:
    """What FastAPI finds instead of its own telemetry.

    Attributes:
        key: the context's key; None where there is none, or none is wanted.
        report: the object under it, and in the scope; None bypasses FastAPI's telemetry and records no operations.
        native: whether FastAPI's telemetry was found and is understood.
        joined: scopes that need no server span because they were bypassed.
    """

    __slots__ = ("_wanted", "joined", "key", "native", "report")

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self.key: str | None = None
        self.report: object = None
        self.native = False
        self.joined: frozenset[str] = frozenset()

    def record(
        self,
        source: Source,
        redact: Callable[[Any], Any],
        fault: Callable[[str, BaseException], None],
    ) -> None:
        """Have operations recorded as spans of ours; called as `use` is.

        Args:
            source: what its spans share.
            redact: masks attributes.
            fault: hears of a fault of ours.
        """
        direct = self._wanted and divert(source.active)
        self.use(None if direct else Tracer(source, SCOPE_FASTAPI, ""))
        if direct:
            source.operations = OperationKinds(source, redact, is_answered, fault)

    def use(self, tracer: trace.Tracer | None) -> None:
        """Look for FastAPI's telemetry, and have it use a tracer.

        Called once FastAPI has been imported, if it is used at all; nothing is imported here.

        Args:
            tracer: makes the operation spans; None if FastAPI is to report none.
        """
        module = sys.modules.get(NATIVE_MODULE)
        kind, key = getattr(module, _CLASS, None), getattr(module, _KEY, None)
        fields = getattr(kind, "__dataclass_fields__", {})
        self.native = isinstance(kind, type) and isinstance(key, str) and fields.keys() >= _NEEDED
        if self.native:
            self.joined = frozenset({SCOPE_FASTAPI})
        if self.native and self._wanted and tracer is not None:
            self.key, self.report = key, _quiet(kind, tracer)


def _quiet(kind: Any, tracer: trace.Tracer) -> object:
    """Return one object for all requests: FastAPI's class, with everything it would remember left out."""

    def nothing(_self: object) -> None:
        return None

    def forget(_self: object, _value: object) -> None:
        return

    def no_prefix(_self: object) -> str:
        return ""

    members = {
        "__slots__": (),
        "tracer": property(lambda _self: tracer, forget),
        "_mount_prefix": property(no_prefix, forget),
        "_exceptions": property(lambda _self: _Forgetful()),
        **{name: property(nothing, forget) for name in ("span", "logger", "data", "route")},
    }
    return object.__new__(type(kind.__name__, (kind,), members))


class _Forgetful(list[Any]):
    """Takes exceptions and keeps none: they would live as long as the process."""

    def append(self, _item: Any) -> None:
        """Forget."""

    def extend(self, _items: Iterable[Any]) -> None:
        """Forget."""
