"""`spine dev`: an application with reload, a log for people, and a console beside it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, MutableMapping
from types import FrameType
from typing import Final, NoReturn

from fastapi_spine.cli.asking import data_folder
from fastapi_spine.cli.beside import ConsoleBeside
from fastapi_spine.cli.run import require_port, require_server, serve
from fastapi_spine.cli.target import require_application
from fastapi_spine.cli.terminal import clean
from fastapi_spine.console.door.access import Access, login_url
from fastapi_spine.core.conventions import ENV_DEV_PAGES, ENV_PREFIX

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_ELSEWHERE: Final = (
    _ENDPOINT,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_TRACES_EXPORTER",
    "OTEL_SDK_DISABLED",
)
"""Whoever set one of these has decided where telemetry goes."""
_FORMAT: Final = f"{ENV_PREFIX}LOGS_FORMAT"
_RESPONSE_HEADERS: Final = f"{ENV_PREFIX}TRACES_RESPONSE_HEADERS"
_HUNG_UP: Final = 129
"""128 and the number of SIGHUP, as shells have it."""


def develop(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C, then end both.

    Raises:
        MissingExtraError: uvicorn is not installed.
        PlacementError: there is no such application.
        PortError: the application's port cannot be opened.
    """
    require_server("spine dev")
    # before a console is started for nothing
    require_port(options.host, options.port)
    require_application(options.app)
    beside = ConsoleBeside(data_folder(options.data or ""), say)
    _end_when_hung_up()
    try:
        access = beside.start()
        for line in prepare(os.environ, access):
            say(line)
        return serve(options.app, host=options.host, port=options.port, workers=1, reload=True)
    finally:
        beside.end()


def prepare(environ: MutableMapping[str, str], access: Access | None) -> list[str]:
    """Tell the application where its telemetry goes, how its log looks and what browsers are told; what the user has set stays.

    Args:
        environ: what the application will see.
        access: the console; None without one.

    Returns:
        What to tell the user, the console's login link first.
    """
    environ.setdefault(_FORMAT, "human")
    environ.setdefault(_RESPONSE_HEADERS, "on")
    if access is None:
        return []
    told = [f"console  {login_url(access) or access.web}"]
    elsewhere = _elsewhere(environ)
    if elsewhere:
        told.append(
            f"{elsewhere} is set: telemetry goes there, and the console sees what you send it"
        )
        return told
    environ[_ENDPOINT] = access.otlp
    environ.setdefault(ENV_DEV_PAGES, f"{access.web}/requests/{{id}}")
    return told


def say(text: str) -> None:
    """Write a line between those of the application; the prefix says who speaks."""
    print(f"spine dev: {clean(text)}", file=sys.stderr, flush=True)


def _elsewhere(environ: Mapping[str, str]) -> str:
    return next((name for name in _ELSEWHERE if environ.get(name, "").strip()), "")


def _end_when_hung_up() -> None:
    """A closed terminal ends both, too; the server hears Ctrl-C and SIGTERM by itself."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _hung_up)


def _hung_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(_HUNG_UP)
