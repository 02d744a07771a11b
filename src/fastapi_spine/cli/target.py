"""Finding the application that `MODULE:APP` names."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import Any, Final

from fastapi_spine.core.conventions import ENV_PROPAGATORS
from fastapi_spine.core.errors import PlacementError
from fastapi_spine.settings.load import environment

DEFAULT_ATTRIBUTE = "app"
_LOOK: Final = """
import os, sys
from fastapi_spine.cli.target import load_application
from fastapi_spine.core.errors import PlacementError
try:
    load_application(sys.argv[1])
except PlacementError as error:
    print(error, file=sys.stderr, flush=True)
    os._exit(2)
finally:
    os._exit(0)
"""
"""Ends at once, whatever threads an application begins when it is imported."""
_ABSENT: Final = 2
_PATIENCE_S: Final = 20.0


def require_application(target: str) -> None:
    """Say that there is no such application before anything is started for it.

    A process of its own looks: what importing an application does shall not happen in one that only supervises. One that
    fails by itself, or takes long, is left to the server: it can be mended while that waits.

    Raises:
        PlacementError: as `load_application`.
    """
    try:
        looked = subprocess.run(  # noqa: S603 - this interpreter, our code, and the name as its argument
            [sys.executable, "-c", _LOOK, target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return
    if looked.returncode == _ABSENT:
        raise PlacementError(looked.stderr.rstrip().rpartition("\n")[2])


def load_application(target: str) -> Any:
    """Import an application.

    Where trace formats are named, OpenTelemetry's propagators are imported before it: by FastAPI itself, or by an
    instrumentation, that would fail for a format whose package is not installed (`propagate_api`).

    Args:
        target: `package.module:attribute`, or a module alone, whose `app` is meant. The current directory is
            searched first, as servers do.

    Returns:
        The application.

    Raises:
        PlacementError: the module or the attribute does not exist; the message names what does.
    """
    if environment().get(ENV_PROPAGATORS):
        from fastapi_spine.traces.globals import propagate_api

        propagate_api()
    name, _, attribute = target.partition(":")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a path entry is a string
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0] and error.name != name:
            raise
        raise PlacementError(
            f"There is no module {name!r} in {os.getcwd()} or among the installed packages; "  # noqa: PTH109
            "name it as your server does, for example shop.main:app."
        ) from None
    found: Any = module
    for part in (attribute or DEFAULT_ATTRIBUTE).split("."):
        if not hasattr(found, part):
            raise PlacementError(
                f"Module {name!r} has no {attribute or DEFAULT_ATTRIBUTE!r}; "
                f"name the application as {name}:<attribute>."
            )
        found = getattr(found, part)
    return found
