"""`spine console`: receive telemetry, keep it, show it."""

from __future__ import annotations

import argparse
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi_spine.settings.console import Console

CONSOLE = "console"


def add_console(verbs: argparse._SubParsersAction[argparse.ArgumentParser], *, flags: bool) -> None:
    """Declare the verb: one flag a setting, of the same name.

    Args:
        verbs: where.
        flags: whether its flags are needed; reading which settings there are takes a third of a second, for which no
            other verb shall wait.
    """
    verb = verbs.add_parser(
        CONSOLE,
        help="receive telemetry of any OpenTelemetry service, keep it, and show it in a browser",
        description="Receive telemetry by OTLP over HTTP, keep it on this machine, and show it in a browser.",
        epilog="Each flag is also a setting: SPINE_CONSOLE_…, or [console] in spine.toml.",
    )
    verb.set_defaults(run=run)
    if flags:
        _add_flags(verb)


def _add_flags(verb: argparse.ArgumentParser) -> None:
    from fastapi_spine.settings.catalog import flag
    from fastapi_spine.settings.console import Console

    for name, setting in Console.declared.items():
        if not setting.secret:  # a command line can be read by every user of the machine
            shown = setting.shown(setting.default)
            verb.add_argument(
                flag(name),
                dest=f"console_{name}",
                action="append",
                metavar="…",
                help=f"{setting.doc} ({shown})".replace("%", "%%"),
            )
    verb.add_argument(
        "--stdin",
        action="store_true",
        help="also keep the log lines that come on standard input, and pass them on to standard output",
    )
    verb.add_argument(
        "--service",
        default="app",
        metavar="NAME",
        help="whose lines they are that do not say (app)",
    )


def run(options: argparse.Namespace) -> int:
    """Run a console until it is told to end.

    Raises:
        MissingExtraError: uvicorn is not installed.
        SettingsError: a setting does not fit.
    """
    from fastapi_spine.core.errors import MissingExtraError

    if importlib.util.find_spec("uvicorn") is None:
        raise MissingExtraError(
            "`spine console` needs an extra: pip install 'fastapi-spine[console]'"
        )
    from fastapi_spine.cli.console_program import serve
    from fastapi_spine.settings.load import environment

    settings = _settings(options)
    return serve(settings, environment(), lines=options.stdin, service=options.service)


def _settings(options: argparse.Namespace) -> Console:
    """Lay the flags over file and environment."""
    from fastapi_spine.settings.console import Console
    from fastapi_spine.settings.load import load

    loaded = load(keywords={}).settings.console
    given: dict[str, Any] = dict(loaded.given)
    for name, setting in Console.declared.items():
        texts = getattr(options, f"console_{name}", None)
        if texts is not None:
            # A list may be one flag with commas or a flag for each; of anything else the last one counts.
            whole = ",".join(texts) if isinstance(setting.default, tuple) else texts[-1]
            given[name] = _read(name, setting, whole)
    return Console(**given)


def _read(name: str, setting: Any, text: str) -> Any:
    from fastapi_spine.settings.catalog import flag
    from fastapi_spine.settings.kind import Malformed

    try:
        written = setting.kind.text(text)
    except Malformed as error:
        raise setting.complain(text, name=name, place=flag(name), detail=str(error)) from None
    return setting.read(written, name=name, place=flag(name))
