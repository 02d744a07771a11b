"""Where a user's console keeps its data, unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi_spine.core.conventions import DISTRIBUTION

_STATE: Final = "XDG_STATE_HOME"
_WINDOWS: Final = "LOCALAPPDATA"


def console_folder(environ: Mapping[str, str], given: str = "") -> Path:
    """Return the data folder; it need not exist.

    Args:
        environ: looked up for `XDG_STATE_HOME` (XDG base directories) and, on Windows, `LOCALAPPDATA`.
        given: what settings say; wins.
    """
    if given:
        return Path(given).expanduser()
    base = environ.get(_STATE) or environ.get(_WINDOWS)
    state = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state"
    return state / DISTRIBUTION / "console"
