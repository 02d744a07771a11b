"""A folder that only this user may enter, in the place for such things."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Final

from fastapi_spine.core.conventions import DISTRIBUTION

_RUNTIME: Final = "XDG_RUNTIME_DIR"


def private_folder(environ: Mapping[str, str], name: str) -> Path:
    """Make, or find, a folder of this user's own.

    Args:
        environ: looked up for `XDG_RUNTIME_DIR`, which is private already (XDG base directories); without it the
            folder lies in the common temporary directory, in one whose name holds the user's number.
        name: the folder's own name.

    Returns:
        Its path: a real directory, owned by this user, closed to everybody else.

    Raises:
        OSError: it cannot be made, or what is there is a link, somebody else's, or open to others.
    """
    base = Path(environ.get(_RUNTIME) or gettempdir())
    user = os.geteuid()  # whom new files belong to
    outer = base / f"{DISTRIBUTION}-{user}"
    folder = outer / name
    for one in (outer, folder):
        one.mkdir(mode=0o700, exist_ok=True)
        info = one.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != user or info.st_mode & 0o077:
            raise PermissionError(f"{one} is not a private folder of this user")
    return folder
