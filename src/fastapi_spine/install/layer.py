"""The face: what a user sets up, and what can be asked of it afterwards."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Mapping
from time import monotonic
from types import FrameType
from typing import Any, Unpack, cast

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


class Layer:
    """Everything around one application: what `Spine(app)` and `Spine.wrap(app)` have in common.

    Attributes:
        settings: every setting in force.
        origins: where each came from, by dotted name.
        health: our own counters: faults caught, lines dropped or left out, values masked.
        exporter: ships telemetry, or knows why it does not.
        traces: makes spans; None if they are switched off.
        promises: returns what is promised of which routes.
        propagating: which headers carry a trace, and what of `OTEL_PROPAGATORS` is not understood.
    """

    def __init__(self, app: Any, caller: FrameType, keywords: Keywords, given: Given) -> None:
        loaded = load(keywords=dict(keywords))
        self.settings: Settings = loaded.settings
        self.origins: Mapping[str, Origin] = loaded.origins
        packages = given.packages or packages_of(caller)
        self.service = self.settings.service or service_of(app, packages)
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
        self._at_exit = _flush_at_exit(parts.rooms)

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
        return _nothing if self._logs is None else self._logs.turn_to(sink)

    def close(self) -> None:
        """Take the layer away again: logging is as it was, the queue is written."""
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
        super().__init__(app, caller, keywords, given or Given())
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
        self._serve = self._pass.around(self._behind_the_door(app, app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._serve(self, scope, receive, send)


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
