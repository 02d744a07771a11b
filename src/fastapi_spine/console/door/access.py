"""How a command line comes in: a file that only this user may read, in the data folder."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final, NamedTuple

from fastapi_spine.core.console_names import CONSOLE_ACCESS_FILE, PATH_CONSOLE_LOGIN

_PRIVATE: Final = 0o600
_OTHERS: Final = 0o077
_LONGEST: Final = 64 * 1024
_PATIENCE_S: Final = 5.0


class Access(NamedTuple):
    """Where a console is, and what opens it.

    Attributes:
        web: base URL of pages and API.
        otlp: base URL of the receiver.
        token: for `Authorization: Bearer`.
        pid: its process.
    """

    web: str
    otlp: str
    token: str
    pid: int


def write_access(folder: Path, access: Access) -> None:
    """Leave the file; it is made anew, closed to others, and put in its place whole."""
    target = folder / CONSOLE_ACCESS_FILE
    fresh = folder / f"{CONSOLE_ACCESS_FILE}.{access.pid}"
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(access._asdict(), file)
    fresh.replace(target)


def remove_access(folder: Path, pid: int) -> None:
    """Take the file away, if it is still this process's."""
    found = read_access(folder)
    if found is not None and found.pid == pid:
        with contextlib.suppress(FileNotFoundError):
            (folder / CONSOLE_ACCESS_FILE).unlink()


def read_access(folder: Path) -> Access | None:
    """Read the file of a running console.

    Returns:
        What it says; None if there is none, or it is not a plain file of this user's that is closed to others. A console
        that was killed leaves its file behind: that it is there does not promise that it answers.
    """
    try:
        handle = os.open(folder / CONSOLE_ACCESS_FILE, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not _private(os.fstat(file.fileno())):
            return None
        try:
            found = json.loads(file.read(_LONGEST))
            return Access(
                str(found["web"]), str(found["otlp"]), str(found["token"]), int(found["pid"])
            )
        except (ValueError, KeyError, TypeError):
            return None


def _private(info: os.stat_result) -> bool:
    if not stat.S_ISREG(info.st_mode):
        return False
    return not hasattr(os, "getuid") or (info.st_uid == os.getuid() and not info.st_mode & _OTHERS)


def login_url(access: Access, after: str = "/") -> str | None:
    """Ask a running console for an address that opens one session.

    Args:
        access: where it is.
        after: the page to land on, a path.

    Returns:
        The address, or None if nobody answers there.
    """
    request = urllib.request.Request(  # noqa: S310 - the address is from a file of this user's own
        access.web + PATH_CONSOLE_LOGIN,
        data=json.dumps({"next": after}).encode(),
        headers={"authorization": f"Bearer {access.token}", "content-type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return str(json.loads(answer.read(_LONGEST))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
