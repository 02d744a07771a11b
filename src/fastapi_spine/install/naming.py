"""Who sets us up: the application's own packages, and a name for a service that nobody named."""

from __future__ import annotations

from types import FrameType

_DEFAULT_TITLES = frozenset({"FastAPI", ""})
_DEFAULT_SERVICE = "app"
_MAIN = "__main__"


def where(caller: FrameType) -> str:
    """Say where in the source the layer was set up."""
    return f"{caller.f_code.co_filename}:{caller.f_lineno}"


def packages_of(caller: FrameType) -> tuple[str, ...]:
    """Return the top package of whoever sets us up; a script's loggers are called `__main__`."""
    name = str(caller.f_globals.get("__name__") or _MAIN)
    if name != _MAIN:
        return (name.partition(".")[0],)
    spec = caller.f_globals.get("__spec__")
    top = str(getattr(spec, "name", "") or "").partition(".")[0]
    return (_MAIN, top) if top and top != _MAIN else (_MAIN,)


def service_of(title: object, packages: tuple[str, ...]) -> str:
    """Name a service that nobody named: its application's title, else its package."""
    if isinstance(title, str) and title not in _DEFAULT_TITLES:
        return title
    named = [package for package in packages if package != _MAIN]
    return named[0] if named else _DEFAULT_SERVICE
