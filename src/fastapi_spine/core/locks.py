"""Locks on files and folders that other processes may remove."""

from __future__ import annotations

import os
from pathlib import Path


def leads_to(path: Path, descriptor: int) -> bool:
    """Tell whether a name still leads to what is open: whoever has locked something else has locked nothing.

    Args:
        path: the name; a link is not followed.
        descriptor: of the file or folder that was opened by it.
    """
    try:
        named = path.lstat()
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)
