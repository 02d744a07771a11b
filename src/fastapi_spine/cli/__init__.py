"""The `spine` command: one file a verb, loaded when the verb is used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fastapi_spine.cli.alert_verbs import add_alert_verbs
from fastapi_spine.cli.console import CONSOLE, add_console
from fastapi_spine.cli.numbers import port, positive
from fastapi_spine.cli.verbs import add_reading_verbs, with_terms_apart

EXIT_OK = 0
EXIT_TROUBLE = 1
EXIT_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code: 0 all is well, 1 something needs attention, 2 it could not be run as asked.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    parser = _parser(given)
    options = parser.parse_args(with_terms_apart(given))
    if options.verb is None:
        parser.print_help()
        return EXIT_USAGE
    from fastapi_spine.core.errors import SpineError

    try:
        return int(options.run(options))
    except SpineError as error:
        print(f"spine: {error}", file=sys.stderr)
        return EXIT_USAGE


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spine", description="One layer of observability for FastAPI."
    )
    parser.add_argument("--version", action="version", version=_version())
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    doctor = verbs.add_parser(
        "doctor",
        help="show every setting with where it came from, and what the layer does not cover",
        description="Show every setting with where it came from, and what the layer does not cover.",
    )
    doctor.add_argument(
        "app", nargs="?", metavar="MODULE:APP", help="the application, for example shop.main:app"
    )
    doctor.set_defaults(run=_doctor)
    run = verbs.add_parser(
        "run",
        help="serve an application with the layer on, without touching its code",
        description="Serve an application with the layer on; uvicorn does the serving.",
    )
    run.add_argument("app", metavar="MODULE:APP", help="the application, for example shop.main:app")
    run.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    run.add_argument("--port", type=port, default=8000, help="port to listen on (8000)")
    served = run.add_mutually_exclusive_group()  # with reload, uvicorn serves by one process only
    served.add_argument("--workers", type=positive, default=1, help="how many processes serve (1)")
    served.add_argument(
        "--reload", action="store_true", help="start anew when a source file changes"
    )
    run.set_defaults(run=_run)
    add_console(verbs, flags=given[:1] == [CONSOLE])
    dev = verbs.add_parser(
        "dev",
        help="serve an application while you work on it: reload, a log for people, a console beside it",
        description="Serve an application while you work on it: reload, a log for people, a console beside it.",
    )
    dev.add_argument("app", metavar="MODULE:APP", help="the application, for example shop.main:app")
    dev.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    dev.add_argument("--port", type=port, default=8000, help="port to listen on (8000)")
    dev.add_argument("--data", metavar="FOLDER", help="the console's data folder (its usual one)")
    dev.set_defaults(run=_dev)
    add_reading_verbs(verbs)
    add_alert_verbs(verbs)
    return parser


def _run(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.run import serve

    return serve(
        options.app,
        host=options.host,
        port=options.port,
        workers=options.workers,
        reload=options.reload,
    )


def _dev(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.dev import develop

    return develop(options)


def _doctor(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.doctor import examine

    return examine(options.app)


def _version() -> str:
    from fastapi_spine import __version__
    from fastapi_spine.core.conventions import DISTRIBUTION

    return f"{DISTRIBUTION} {__version__}"
