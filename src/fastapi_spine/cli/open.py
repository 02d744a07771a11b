"""`spine open`: a request's page, printed, and opened where there is a browser to open it in."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from fastapi_spine.cli.asking import FOUND, NOTHING, asked
from fastapi_spine.cli.terminal import Terminal, clean
from fastapi_spine.console.client import Source
from fastapi_spine.settings.load import environment

_REMOTE: Final = ("SSH_CONNECTION", "SSH_TTY")
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")
_WITH_A_SCREEN: Final = ("darwin", "win32")


def open_in_browser(options: argparse.Namespace) -> int:
    """Print the address, open it if somebody sits before a screen; returns the exit code."""

    def ask(source: Source, _terminal: Terminal) -> int:
        if options.id and source.trace(options.id) is None:
            print(
                f"spine: Nothing is known of {clean(options.id)!r} in {source.place}.",
                file=sys.stderr,
            )
            return NOTHING
        address = source.page(path_of(options.id))
        if not address:
            print(
                "spine: No console runs here; `spine console` starts one, and shows what is kept.",
                file=sys.stderr,
            )
            return NOTHING
        print(address, flush=True)
        if sys.stdout.isatty() and has_screen(environment(), sys.platform):
            webbrowser.open(address)
        return FOUND

    return asked(options, ask)


def path_of(key: str) -> str:
    """Return the path of a request's page, or of the first page without a key."""
    return f"/requests/{quote(key, safe='')}" if key else "/"


def has_screen(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser would be seen: not over SSH, and on Unix only with a display."""
    if any(environ.get(name) for name in _REMOTE):
        return False
    return platform in _WITH_A_SCREEN or any(environ.get(name) for name in _SCREENS)
