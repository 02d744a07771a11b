"""The console as a command: its parts, its lines on standard error, its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import fastapi_spine
from fastapi_spine.console.intake.stream import Stream
from fastapi_spine.console.ports import StoreError
from fastapi_spine.console.server.banner import banner
from fastapi_spine.console.server.furnish import furnish
from fastapi_spine.console.server.options import options_of
from fastapi_spine.console.server.program import Program, Ready
from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.errors import SpineError
from fastapi_spine.settings.console import Console
from fastapi_spine.settings.state_folder import console_folder


def serve(settings: Console, environ: Mapping[str, str], *, lines: bool, service: str) -> int:
    """Serve until the end.

    Args:
        settings: checked.
        environ: looked up for the data folder.
        lines: whether standard input is kept and passed on.
        service: whose lines they are that do not say.

    Returns:
        0 when it ended as it was asked to.
    """
    options = options_of(settings, console_folder(environ, settings.data))
    version = fastapi_spine.__version__
    clock = SystemClock()
    try:
        program = Program(options, furnish, tell, version, clock)
    except StoreError as error:
        raise SpineError(str(error)) from error

    def ready(where: Ready) -> None:
        print(
            banner(options, where, version, usual=console_folder(environ, "")),
            file=sys.stderr,
            flush=True,
        )
        if lines:
            Stream(
                program.committer,
                service,
                clock,
                tell,
                sys.stdin.fileno(),
                sys.stdout.fileno(),
            ).start()

    return program.run(ready)


def tell(line: str) -> None:
    """Say a line of the console's own."""
    print(f"spine console: {line}", file=sys.stderr, flush=True)
