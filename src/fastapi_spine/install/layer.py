"""The face: what a user sets up, and what can be asked of it afterwards."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, Unpack, cast

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.errors import PlacementError
from fastapi_spine.install.furnish import Room, furnish
from fastapi_spine.install.given import Given
from fastapi_spine.install.naming import packages_of, service_of, where
from fastapi_spine.logs.output.sink import Sink
from fastapi_spine.request.place import check, place
from fastapi_spine.settings.load import load
from fastapi_spine.settings.model import Keywords, Settings
from fastapi_spine.settings.origin import Origin

_in_force: Final[weakref.WeakSet[Layer]] = weakref.WeakSet()


def is_layered() -> bool:
    """Say whether a layer is at work in this process: not that of an application which was only imported."""
    return any(layer.is_at_work() for layer in _in_force)


class Layer:
    """Everything around one application: what `Spine(app)`, `Spine.wrap(app)` and `Spine.worker()` have in common.

    Attributes:
        settings: every setting in force.
        origins: where each came from, by dotted name.
        health: our own counters: faults caught, lines dropped or left out, values masked.
        exporter: ships telemetry, or knows why it does not.
        traces: makes spans; None if they are switched off.
        promises: returns what is promised of which routes.
        propagating: which headers carry a trace, and what of `OTEL_PROPAGATORS` is not understood.
    """

    def __init__(
        self,
        app: Any,
        packages: tuple[str, ...],
        keywords: Keywords,
        given: Given,
        title: str = "",
    ) -> None:
        loaded = load(keywords=dict(keywords))
        self.settings: Settings = loaded.settings
        self.origins: Mapping[str, Origin] = loaded.origins
        packages = given.packages or packages
        self.service = self.settings.service or service_of(
            title or getattr(app, "title", None), packages
        )
        parts = furnish(
            self.settings, app=app, service=self.service, packages=packages, given=given
        )
        self.health = parts.health
        self._pass = parts.request_pass
        self._guard = parts.guard
        self._logs = parts.logs
        self._rooms = parts.rooms
        self.traces = parts.traces
        self.exporter = parts.exporting.exporter
        self.promises = parts.promising.promises
        self.propagating = parts.propagating
        self._watched = given.sink is not None
        self._at_exit = _flush_at_exit(parts.rooms)
        _in_force.add(self)

    def _behind_the_door(self, app: Any, described: Any) -> App:
        """Put the guards around an application; what it says of itself decides some of them."""
        if self._guard is None:
            return cast("App", app)
        pages = ("docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
        return self._guard.around(
            app,
            docs=[path for path in (getattr(described, name, None) for name in pages) if path],
            own_limit=getattr(described, "max_body_size", None) is not None,
        )

    def is_at_work(self) -> bool:
        """Say whether it has begun to serve, or somebody looks at its lines: a test."""
        return self._pass.begun or self._watched

    def flush(self, timeout: float = 5.0) -> bool:
        """Write and ship what is queued.

        Args:
            timeout: seconds to wait at most.

        Returns:
            Whether everything was written in time; what was not stays queued.
        """
        deadline = monotonic() + timeout
        done = [room.flush(max(deadline - monotonic(), 0.0)) for room in self._rooms]
        return all(done)

    def turn_to(self, sink: Sink) -> Callable[[], None]:
        """Send log lines to another sink, as JSON; the returned function turns them back."""
        self._watched = True
        return _nothing if self._logs is None else self._logs.turn_to(sink)

    def close(self) -> None:
        """Take the layer away again: logging is as it was, the queue is written."""
        _in_force.discard(self)
        atexit.unregister(self._at_exit)
        for room in self._rooms:
            self.health.guarded("close", room.close)

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
        super().__init__(app, packages_of(caller), keywords, given or Given())
        self._remove = place(
            app,
            self._pass,
            self,
            where(caller),
            lambda inner: self._behind_the_door(inner, app),
        )

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
        caller = sys._getframe(1)  # noqa: SLF001 - see Spine
        return Wrapped(app, packages_of(caller), keywords, Given())

    @staticmethod
    def worker(*, given: Given | None = None, **keywords: Unpack[Keywords]) -> Worker:
        """Set up logs, redaction, traces and their export in a process without an application: a worker, a script.

        ::

            Spine.worker(service="mailer")

        It reads the same settings as `Spine(app)`; those of requests (`guard`, `objectives`) are checked and have no effect.
        Numbers are exported, and shown on `metrics.port` if there is one. Set it up once, early; the adapters of `fastapi_spine.jobs` do it by themselves.

        Args:
            given: a clock, ids or an output to use instead of the usual ones; for tests.
            **keywords: see the class.

        Returns:
            The layer, in force; `flush` and `close` work as on a `Spine`.

        Raises:
            SettingsError: see the class.
        """
        caller = sys._getframe(1)  # noqa: SLF001 - see Spine
        return Worker(packages_of(caller), keywords, given or Given())

    def close(self) -> None:
        """Take the layer away again: the application and logging are as they were, the queue is written."""
        self._remove()
        super().close()


class Wrapped(Layer):
    """An ASGI callable with the layer around it; made by `Spine.wrap`."""

    def __init__(
        self, app: App, packages: tuple[str, ...], keywords: Keywords, given: Given
    ) -> None:
        super().__init__(app, packages, keywords, given)
        self.app = app
        self._serve = self._pass.around(self._behind_the_door(app, app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._serve(self, scope, receive, send)


class Worker(Layer):
    """The layer in a process that runs jobs and serves nothing; made by `Spine.worker`.

    Args:
        packages: the program's own top packages, unless `given` names them.
        keywords: see `Spine`.
        given: see `Spine`.
        title: names the service if nothing else does.
    """

    def __init__(
        self, packages: tuple[str, ...], keywords: Keywords, given: Given, title: str = ""
    ) -> None:
        super().__init__(None, packages, keywords, given, title)
        self._pass.starting()
        self._pass.started()

    def ending(self) -> None:
        """Write and ship what is queued; the process may end any moment now, by a signal or without its exit hooks."""
        self._pass.stopped()


def _nothing() -> None:
    """Take nothing away: a wrapped callable was never changed."""


def _flush_at_exit(rooms: tuple[Room, ...]) -> Callable[[], None]:
    """Get everything out when the interpreter ends; servers that end by signal never get here."""
    alive = [weakref.ref(room) for room in rooms]

    def flush() -> None:
        for one in alive:
            room = one()
            if room is not None:
                room.exiting()

    if rooms:
        atexit.register(flush)
    return flush
