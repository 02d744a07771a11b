"""The composition root: settings → rooms → spine → application. The only file that knows every room."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple, Unpack

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.clock import Clock, SystemClock
from fastapi_spine.core.errors import PlacementError
from fastapi_spine.core.health import Health
from fastapi_spine.core.ids import IdSource, RandomIds
from fastapi_spine.core.observer import Observer
from fastapi_spine.logs.output.sink import Sink
from fastapi_spine.logs.room import LogsRoom
from fastapi_spine.redaction import ExtraPattern, Policy, Redactor
from fastapi_spine.request.identity import IdentityReader
from fastapi_spine.request.place import check, place
from fastapi_spine.request.spine import RequestPass
from fastapi_spine.settings.load import environment, load
from fastapi_spine.settings.model import Keywords, Redaction, Settings
from fastapi_spine.settings.origin import Origin

_DEFAULT_TITLES = frozenset({"FastAPI", ""})
_DEFAULT_SERVICE = "app"
_MAIN = "__main__"
_SHORTEST_SECRET = 10


class Layer:
    """Everything around one application: what `Spine(app)` and `Spine.wrap(app)` have in common.

    Attributes:
        settings: every setting in force.
        origins: where each came from, by dotted name.
        health: our own counters: faults caught, lines dropped or left out, values masked.
    """

    def __init__(self, app: Any, caller: FrameType, keywords: Keywords, given: Given) -> None:
        loaded = load(keywords=dict(keywords))
        self.settings: Settings = loaded.settings
        self.origins: Mapping[str, Origin] = loaded.origins
        packages = _packages(caller)
        self.service = self.settings.service or _service_of(app, packages)
        parts = furnish(self.settings, service=self.service, packages=packages, given=given)
        self.health = parts.health
        self._pass = parts.request_pass
        self._logs = parts.logs
        self._at_exit = _flush_at_exit(parts.logs)

    def flush(self, timeout: float = 5.0) -> bool:
        """Write what is queued.

        Args:
            timeout: seconds to wait at most.

        Returns:
            Whether everything was written in time; what was not stays queued.
        """
        return self._logs is None or self._logs.flush(timeout)

    def turn_to(self, sink: Sink) -> Callable[[], None]:
        """Send log lines to another sink, as JSON; the returned function turns them back."""
        return _nothing if self._logs is None else self._logs.turn_to(sink)

    def close(self) -> None:
        """Take the layer away again: logging is as it was, the queue is written."""
        if self._logs is not None:
            self._logs.close()
            atexit.unregister(self._at_exit)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(service={self.service!r})"


class Spine(Layer):
    """The layer around one FastAPI or Starlette application.

    ``Spine(app)`` is all it takes: every request gets an id, every log line of the process becomes one JSON object,
    secrets stay out. Set it up right after the application is made::

        app = FastAPI()
        Spine(app)

    Args:
        app: a FastAPI or Starlette application; it stays the same object. For any other ASGI callable use
            `Spine.wrap`.
        given: a clock, ids or an output to use instead of the usual ones; for tests.
        **keywords: settings: `service`, `logs`, `redaction`, `ids`; they win over the environment
            (`SPINE_…`), which wins over `[tool.spine]` in pyproject.toml or `spine.toml`.

    Raises:
        SettingsError: a setting is unknown or malformed; the message names the place and the nearest name.
        PlacementError: the application has a spine already, has begun to serve, or is none.
    """

    def __init__(
        self, app: Any, /, *, given: Given | None = None, **keywords: Unpack[Keywords]
    ) -> None:
        check(app, serving=given is not None)
        caller = sys._getframe(1)  # noqa: SLF001 - who sets us up names the application's package
        super().__init__(app, caller, keywords, given or Given())
        self._remove = place(app, self._pass, self, _where(caller))

    @staticmethod
    def wrap(app: App, /, **keywords: Unpack[Keywords]) -> Wrapped:
        """Put the same layer around any ASGI 3 callable.

        Args:
            app: the callable; FastAPI and Starlette applications are better served by `Spine(app)`.
            **keywords: see the class.

        Returns:
            An ASGI callable to serve instead of `app`.

        Raises:
            SettingsError: see the class.
            PlacementError: `app` cannot be called.
        """
        if not callable(app):
            what = type(app).__qualname__
            raise PlacementError(f"Spine.wrap(app) takes an ASGI callable, not {what}.")
        return Wrapped(app, sys._getframe(1), keywords, Given())  # noqa: SLF001 - see Spine

    def close(self) -> None:
        """Take the layer away again: the application and logging are as they were, the queue is written."""
        self._remove()
        super().close()


class Wrapped(Layer):
    """An ASGI callable with the layer around it; made by `Spine.wrap`."""

    def __init__(self, app: App, caller: FrameType, keywords: Keywords, given: Given) -> None:
        super().__init__(app, caller, keywords, given)
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._pass.serve(self.app, scope, receive, send)


class Given(NamedTuple):
    """What a caller brings instead of the usual.

    Attributes:
        clock: tells time; the system's if None.
        ids: makes identifiers; random ones if None.
        sink: where log lines go; the setting's output if None.
    """

    clock: Clock | None = None
    ids: IdSource | None = None
    sink: Sink | None = None


class Parts(NamedTuple):
    """What `furnish` built."""

    health: Health
    logs: LogsRoom | None
    request_pass: RequestPass


def furnish(
    settings: Settings,
    *,
    service: str,
    packages: tuple[str, ...],
    given: Given,
) -> Parts:
    """Build every room from its settings.

    Args:
        settings: all settings, resolved.
        service: the service's name.
        packages: the application's own top packages.
        given: a clock, ids or an output to use instead of the usual ones.
    """
    clock = given.clock or SystemClock()
    ids = given.ids or RandomIds()
    health = Health(clock)
    environ = environment()
    redactor = _redactor(settings.redaction, health, environ)
    logs = None
    observers: list[Observer] = []
    if settings.logs.enabled:
        logs = LogsRoom(
            settings.logs,
            redactor=redactor,
            clock=clock,
            health=health,
            service=service,
            packages=packages,
            environ=environ,
            sink=given.sink,
        )
        health.report_to(logs.report_fault)
        health.guarded("lifespan", logs.starting)
        observers.append(logs.access)
    identity = IdentityReader(
        ids,
        accept=settings.ids.accept != "never",
        looks_secret=lambda text: redactor.text(text) != text,
    )
    listener = logs if logs is not None else _Nobody()
    return Parts(health, logs, RequestPass(identity, observers, listener, clock, health))


def _redactor(settings: Redaction, health: Health, environ: Mapping[str, str]) -> Redactor:
    def count(kind: str) -> None:
        health.redactions[kind] += 1

    def fault(error: BaseException) -> None:
        health.fault("redaction", error)

    policy = Policy(
        enabled=settings.enabled,
        pii=settings.pii,
        allow_keys=settings.allow_keys,
        extra_keys=settings.extra_keys,
        disable_kinds=settings.disable_kinds,
        extra_patterns=tuple(
            ExtraPattern(kind=one.kind, literal=one.literal, pattern=one.pattern)
            for one in settings.extra_patterns
        ),
        known_values=settings.known_values,
    )
    redactor = Redactor(policy, on_redaction=count, on_error=fault)
    if not (settings.enabled and settings.known_environment):
        return redactor
    known = _secrets_of(environ, redactor)
    if not known:
        return redactor
    known_too = replace(policy, known_values=(*policy.known_values, *known))
    return Redactor(known_too, on_redaction=count, on_error=fault)


def _secrets_of(environ: Mapping[str, str], redactor: Redactor) -> tuple[str, ...]:
    """Return the values of environment variables whose name says that they are secret.

    `PWD` is a directory, and so is whatever looks like a path; short values would mask half a stack trace.
    """
    return tuple(
        value
        for name, value in environ.items()
        if len(value) >= _SHORTEST_SECRET
        and not value.startswith(("/", "~", "./"))
        and redactor.is_sensitive_key(name)
    )


class _Nobody:
    """Hears of start and end when no room does."""

    def starting(self) -> None:
        """Do nothing."""

    def started(self) -> None:
        """Do nothing."""

    def stopped(self) -> None:
        """Do nothing."""


def _nothing() -> None:
    """Take nothing away: a wrapped callable was never changed."""


def _flush_at_exit(logs: LogsRoom | None) -> Callable[[], None]:
    """Write what is queued when the interpreter ends; servers that end by signal never get here."""
    alive = weakref.ref(logs) if logs is not None else None

    def flush() -> None:
        room = alive() if alive is not None else None
        if room is not None:
            room.exiting()

    if logs is not None:
        atexit.register(flush)
    return flush


def _where(caller: FrameType) -> str:
    return f"{caller.f_code.co_filename}:{caller.f_lineno}"


def _packages(caller: FrameType) -> tuple[str, ...]:
    """Return the top package of whoever sets us up; a script's loggers are called `__main__`."""
    name = str(caller.f_globals.get("__name__") or _MAIN)
    if name != _MAIN:
        return (name.partition(".")[0],)
    spec = caller.f_globals.get("__spec__")
    top = str(getattr(spec, "name", "") or "").partition(".")[0]
    return (_MAIN, top) if top and top != _MAIN else (_MAIN,)


def _service_of(app: Any, packages: tuple[str, ...]) -> str:
    """Name a service that nobody named: its title, else its package."""
    title = getattr(app, "title", None)
    if isinstance(title, str) and title not in _DEFAULT_TITLES:
        return title
    named = [package for package in packages if package != _MAIN]
    return named[0] if named else _DEFAULT_SERVICE
