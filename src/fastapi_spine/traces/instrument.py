"""One switch for every OpenTelemetry instrumentation that is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal, NamedTuple

from fastapi_spine.core.conventions import ENV_DISABLED_INSTRUMENTATIONS

GROUP: Final = "opentelemetry_instrumentor"
OURS: Final = frozenset({"asgi", "fastapi", "starlette"})
"""What these would do, the spine does."""
_ALL: Final = "*"

State = Literal["on", "already on", "off", "library missing", "other version", "excluded", "broken"]


class Instrumentation(NamedTuple):
    """What became of one instrumentation.

    Attributes:
        name: of the entry point: `httpx`, `sqlalchemy` …
        state: whether it works now.
        detail: why not; empty if it does.
    """

    name: str
    state: State
    detail: str = ""


class Instrumentations:
    """Activates installed instrumentations, each once.

    Args:
        environ: the environment's variables; `OTEL_PYTHON_DISABLED_INSTRUMENTATIONS` names what stays off.
        exclude: further names that stay off.
        wanted: whether any is activated.
        found: the entry points; those of the environment if None.
        sql_comments: whether those of databases write the trace behind each query, as sqlcommenter has it
            (https://google.github.io/sqlcommenter/spec/); `enable_commenter` is how OpenTelemetry's are asked, others do not look.

    Attributes:
        report: what became of each, by name; empty before `activate`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        exclude: Iterable[str] = (),
        found: Iterable[EntryPoint] | None = None,
        *,
        wanted: bool = True,
        sql_comments: bool = False,
    ) -> None:
        named = environ.get(ENV_DISABLED_INSTRUMENTATIONS, "").split(",")
        self._off = {name.strip() for name in (*named, *exclude)}
        self._found = found
        self._wanted = wanted
        self._options = {"enable_commenter": True} if sql_comments else {}
        self._on: MutableMapping[str, Any] = {}
        self.report: dict[str, Instrumentation] = {}

    def activate(self) -> None:
        """Activate what is installed; what fails is in the report and nowhere else."""
        if not self._wanted:
            return
        found = entry_points(group=GROUP) if self._found is None else self._found
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.name not in self.report:
                self.report[entry.name] = self._activate(entry)

    def _activate(self, entry: EntryPoint) -> Instrumentation:
        if entry.name in OURS:
            return Instrumentation(entry.name, "excluded", "the spine does this itself")
        if entry.name in self._off or _ALL in self._off:
            return Instrumentation(entry.name, "off", "named in the settings or the environment")
        try:
            return self._switch_on(entry)
        except ModuleNotFoundError as error:
            return Instrumentation(entry.name, "library missing", str(error))
        except Exception as error:  # noqa: BLE001 - whatever a package does while it patches another
            return Instrumentation(entry.name, "broken", f"{type(error).__name__}: {error}"[:300])

    def _switch_on(self, entry: EntryPoint) -> Instrumentation:
        instrumentor = entry.load()()
        if instrumentor.is_instrumented_by_opentelemetry:
            return Instrumentation(entry.name, "already on", "by the application")
        conflict = instrumentor._check_dependency_conflicts()  # noqa: SLF001 - the public way logs an ERROR
        if conflict is not None:
            return _unfit(entry.name, conflict)
        instrumentor.instrument(skip_dep_check=True, **self._options)
        if not instrumentor.is_instrumented_by_opentelemetry:
            return Instrumentation(entry.name, "broken", "it did not say that it is active")
        self._on[entry.name] = instrumentor
        return Instrumentation(entry.name, "on")

    def deactivate(self) -> None:
        """Take back what was activated here; for tests and for taking the layer away."""
        for name, instrumentor in self._on.items():
            try:
                instrumentor.uninstrument()
            except Exception as error:  # noqa: BLE001 - see above
                self.report[name] = Instrumentation(name, "broken", str(error)[:300])
            else:
                del self.report[name]
        self._on.clear()


def _unfit(name: str, conflict: Any) -> Instrumentation:
    """Say why an instrumentation does not fit: its library is missing, or of a version that it does not know."""
    found = getattr(conflict, "found", None) or ", ".join(
        getattr(conflict, "found_any", None) or ()
    )
    if not found:
        return Instrumentation(name, "library missing", str(conflict)[:300])
    wanted = conflict.required or " or ".join(conflict.required_any or ())
    detail = f"{found} is installed, and its instrumentation takes {wanted}: no spans of it"
    return Instrumentation(name, "other version", detail[:300])
