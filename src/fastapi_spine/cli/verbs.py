"""What the verbs that read telemetry may be given; their work is in one file each, loaded when it is asked for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Final

from fastapi_spine.cli.numbers import natural, positive

_SEARCH: Final = (
    "what to look for, as on the console's pages: service:orders status>=500 slower:300ms "
    'user_id:42 "pool exhausted" (all must hold; - before a term turns it round)'
)

_SEARCHING: Final = frozenset({"requests", "logs", "tail"})
_TURNED_ROUND: Final = re.compile("-[^-].")
"""A term of a search with a minus before it. Options have two, but for `-h`."""


def with_terms_apart(given: Sequence[str]) -> list[str]:
    """Return the arguments so that `-route:/health*` is taken for what it is, and not for an option.

    A space before it tells argparse; searches take no notice of one.
    """
    if given[:1] and given[0] in _SEARCHING:
        return [f" {one}" if _TURNED_ROUND.match(one) else one for one in given]
    return list(given)


def add_reading_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare show, tail, requests, logs, routes, errors and open."""
    _show(verbs)
    _tail(verbs)
    _lists(verbs)
    _routes(verbs)
    _errors(verbs)
    _open(verbs)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, *, json: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog="Exit code: 0 something was found, 1 nothing was, 2 it could not be asked like this.",
    )
    if json:
        verb.add_argument("--json", action="store_true", help=json)
    verb.add_argument(
        "--data", metavar="FOLDER", help="read this data folder (the console's usual one)"
    )
    verb.add_argument("--url", help="ask the console at this address instead of reading files")
    return verb


def _searching(verb: argparse.ArgumentParser, *, limit: int, times: bool = True) -> None:
    verb.add_argument("search", nargs="*", metavar="SEARCH", help=_SEARCH)
    if times:
        _times(verb)
    verb.add_argument(
        "--limit", type=positive, default=limit, metavar="N", help=f"at most so many ({limit})"
    )


def _times(verb: argparse.ArgumentParser, default: str = "1h") -> None:
    verb.add_argument(
        "--since", default=default, metavar="WHEN",
        help=f"from then on: 15m, 2h, 7d ago or 2026-01-31T12:00:00Z ({default})",
    )  # fmt: skip
    verb.add_argument("--until", default="", metavar="WHEN", help="until then (now)")


def _show(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = _verb(
        verbs, "show", "show one request, everything about it: where the time went, and its log lines",
        json="as one JSON object, which `spine show` and the console's pages open again",
    )  # fmt: skip
    show.add_argument(
        "id", metavar="ID", help="a request id, its last 8 characters as lines show them, a trace id, or a file that was downloaded or written by --json"
    )  # fmt: skip
    show.add_argument("--all", action="store_true", help="every span and line; fold nothing")
    show.set_defaults(run=_run_show)


def _tail(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tail = _verb(
        verbs, "tail", "watch requests as they come in, or the lines of a log file",
        json="one JSON object a line",
    )  # fmt: skip
    tail.add_argument(
        "search", nargs="*", metavar="SEARCH | FILE | -",
        help=f"{_SEARCH}; or a file of JSON lines, - for standard input, and then a search",
    )  # fmt: skip
    tail.add_argument("--logs", action="store_true", help="watch log lines instead of requests")
    tail.add_argument(
        "--before", type=natural, default=10, metavar="N", help="begin with the last N (10)"
    )
    tail.add_argument("--limit", type=positive, metavar="N", help="end after so many (at Ctrl-C)")
    tail.set_defaults(run=_run_tail)


def _lists(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    requests = _verb(
        verbs, "requests", "list requests, the newest last", json="one JSON object a line"
    )
    _searching(requests, limit=50)
    requests.set_defaults(run=_run_requests)
    logs = _verb(verbs, "logs", "list log lines, the newest last", json="one JSON object a line")
    _searching(logs, limit=100)
    logs.set_defaults(run=_run_logs)


def _routes(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    routes = _verb(
        verbs, "routes", "show rate, errors and durations by route, and what changed",
        json="one JSON object a line, a route each",
    )  # fmt: skip
    routes.add_argument("search", nargs="?", default="", metavar="SERVICE", help="of this service")
    _times(routes)
    routes.add_argument(
        "--limit", type=positive, default=50, metavar="N", help="at most so many (50)"
    )
    routes.set_defaults(run=_run_routes)


def _errors(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    errors = _verb(
        verbs, "errors", "show failures, the same one once: how often, since when, and an example",
        json="one JSON object a line, a failure each",
    )  # fmt: skip
    errors.add_argument("search", nargs="?", default="", metavar="SERVICE", help="of this service")
    _times(errors)
    errors.add_argument(
        "--limit", type=positive, default=20, metavar="N", help="at most so many (20)"
    )
    errors.set_defaults(run=_run_errors)


def _open(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    opened = _verb(verbs, "open", "print a request's address, and open it in a browser", json="")
    opened.add_argument(
        "id", nargs="?", default="", metavar="ID", help="a request id, its last 8 characters, or a trace id; none for the Overview"
    )  # fmt: skip
    opened.set_defaults(run=_run_open)


def _run_show(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.show import show

    return show(options)


def _run_tail(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.tail import tail

    return tail(options)


def _run_requests(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.requests import requests

    return requests(options)


def _run_logs(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.logs import logs

    return logs(options)


def _run_routes(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.routes import routes

    return routes(options)


def _run_errors(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.errors import errors

    return errors(options)


def _run_open(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.open import open_in_browser

    return open_in_browser(options)
