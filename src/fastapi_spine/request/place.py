"""Where the spine stands: outside everything the application has, FastAPI's own error page included.

`app.add_middleware` would put it inside `ServerErrorMiddleware`, where an unhandled 500 has no status and
carries no id. The only place further out is the application's `__call__`, so the *instance* gets a subclass of
its own class: `isinstance` holds, `build_middleware_stack` stays untouched, and other packages that
replace it (OpenTelemetry's and Logfire's instrumentors) still find it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi_spine.core.asgi import App
from fastapi_spine.core.errors import PlacementError
from fastapi_spine.request.spine import RequestPass

_PLACED = "_fastapi_spine"
_MADE_AT = "_fastapi_spine_made_at"


def place(
    app: Any,
    request_pass: RequestPass,
    owner: object,
    made_at: str,
    around: Callable[[App], App] | None = None,
) -> Callable[[], None]:
    """Put the pass around a FastAPI or Starlette application.

    Args:
        app: the application object, checked; it stays the same object and the same kind of object.
        request_pass: what every connection goes through from now on.
        owner: whom `placed_on` returns for this application.
        made_at: `file:line` of the set-up, for the message of a second one.
        around: puts something between the pass and the application.

    Returns:
        A function that takes the pass away again.
    """
    cls = type(app)
    inner: App = cls.__call__.__get__(app, cls)
    if around is not None:
        inner = around(inner)
    entrance = request_pass.around(inner)
    placed = type(cls.__name__, (cls,), {"__call__": entrance, "__module__": cls.__module__})
    placed.__qualname__ = cls.__qualname__
    placed.__doc__ = cls.__doc__
    app.__class__ = placed
    app.__dict__[_PLACED] = owner
    app.__dict__[_MADE_AT] = made_at

    def remove() -> None:
        if type(app) is placed:
            app.__class__ = cls
        app.__dict__.pop(_PLACED, None)
        app.__dict__.pop(_MADE_AT, None)

    return remove


def placed_on(app: Any) -> object:
    """Return the owner of the pass around an application, or None."""
    return getattr(app, "__dict__", {}).get(_PLACED)


def check(app: Any, *, serving: bool = False) -> None:
    """Refuse what cannot be wrapped, with what to do instead.

    Args:
        app: the application.
        serving: whether one that has begun to serve will do (between the requests of a test it does).

    Raises:
        PlacementError: `app` is no application, has a spine already, or has begun to serve.
    """
    if inspect.isclass(app) or not hasattr(app, "build_middleware_stack"):
        raise PlacementError(_not_an_application(app))
    if _PLACED in app.__dict__:
        made_at = app.__dict__.get(_MADE_AT, "an unknown place")
        raise PlacementError(
            f"This application already has a Spine (set up at {made_at}). Set it up once; "
            "to change its settings, change that call."
        )
    if not serving and getattr(app, "middleware_stack", None) is not None:
        raise PlacementError(
            "This application has already begun to serve, so requests have passed without a Spine. "
            "Call Spine(app) right after the application is made, not in a lifespan or an endpoint."
        )


def _not_an_application(app: object) -> str:
    what = f"{type(app).__module__}.{type(app).__qualname__}"
    if inspect.isclass(app):
        return f"Spine(app) was given the class {app.__qualname__}; give it an instance."
    if callable(app):
        return (
            f"Spine(app) takes a FastAPI or Starlette application, not {what}. "
            "For any other ASGI callable use: app = Spine.wrap(app)."
        )
    return f"Spine(app) takes a FastAPI or Starlette application, not {what}."
