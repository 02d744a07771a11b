"""Finding the application that `MODULE:APP` names."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from fastapi_spine.core.errors import PlacementError

DEFAULT_ATTRIBUTE = "app"


def load_application(target: str) -> Any:
    """Import an application.

    Args:
        target: `package.module:attribute`, or a module alone, whose `app` is meant. The current directory is
            searched first, as servers do.

    Returns:
        The application.

    Raises:
        PlacementError: the module or the attribute does not exist; the message names what does.
    """
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
