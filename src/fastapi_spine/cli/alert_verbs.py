"""What `spine alerts` and `spine kit` may be given."""

from __future__ import annotations

import argparse

_JSON = "as one JSON object"


def add_alert_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare alerts and kit."""
    _alerts(verbs)
    _kit(verbs)


def _alerts(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    alerts = verbs.add_parser(
        "alerts",
        help="show what is promised and what is at risk; silence, acknowledge, try, replay",
        description="Show what is promised and what is at risk; silence, acknowledge, try, replay.",
        epilog="Exit code of `spine alerts`: 0 all is well, 1 something fires, a trial failed or there is nothing to show, 2 it could not be asked.",
    )
    _whom(alerts)
    alerts.set_defaults(run=_run_alerts, action="list", json=False)
    actions = alerts.add_subparsers(dest="action", metavar="ACTION")
    shown = actions.add_parser("list", help="objectives, alerts, silences, ways to people")
    shown.add_argument("--json", action="store_true", help=_JSON)
    one = actions.add_parser("show", help="one alert whole: burn, budget, evidence with links")
    one.add_argument(
        "id", nargs="?", default="", metavar="ALERT", help="its id or its beginning (what fires)"
    )
    one.add_argument("--json", action="store_true", help=_JSON)
    silence = actions.add_parser("silence", help="keep alerts from being sent for a while")
    silence.add_argument(
        "objective", nargs="?", default="", metavar="OBJECTIVE", help="its id (all)"
    )
    silence.add_argument("--service", default="", help="only this service's")
    silence.add_argument(
        "--for", dest="lasting", default="1h", metavar="TIME", help="how long (1h)"
    )
    silence.add_argument("--note", default="", help="why")
    silence.add_argument("--end", default="", metavar="ID", help="end this silence instead")
    ack = actions.add_parser("ack", help="say that an alert was seen; it is not sent again")
    ack.add_argument("id", metavar="ALERT", help="its id or its beginning")
    ack.add_argument("--note", default="", help="what is being done")
    actions.add_parser("test", help="send a trial by every way to people, and show the answers")
    replay = actions.add_parser("replay", help="what would have fired on stored numbers")
    replay.add_argument("--since", default="7d", metavar="WHEN", help="from then on (7d)")
    replay.add_argument("--json", action="store_true", help=_JSON)
    for action in actions.choices.values():
        _whom(action, again=True)


def _whom(verb: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Say which console; below an action what was said before it stays."""
    default = argparse.SUPPRESS if again else None
    verb.add_argument(
        "--data",
        metavar="FOLDER",
        default=default,
        help="the console's data folder (its usual one)",
    )
    verb.add_argument("--url", default=default, help="ask the console at this address")


def _kit(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    kit = verbs.add_parser(
        "kit",
        help="write files for the programs of production: rules for Prometheus, routes for Alertmanager",
        description="Write files for the programs of production.",
    )
    parts = kit.add_subparsers(dest="part", metavar="PART", required=True)
    prometheus = parts.add_parser(
        "prometheus",
        help="recording and alerting rules of every objective, and Alertmanager's routes",
        description=(
            "Write spine-rules.yml for Prometheus 2.42 or later and spine-alertmanager.yml, which give the same verdicts "
            "as the console."
        ),
    )
    prometheus.add_argument(
        "app", nargs="?", metavar="MODULE:APP", help="whose objectives, for example shop.main:app"
    )
    prometheus.add_argument(
        "--objectives",
        action="append",
        default=[],
        metavar="FILE",
        help="a file of objectives (TOML, OpenSLO)",
    )
    prometheus.add_argument(
        "--job",
        action="append",
        default=[],
        metavar="SERVICE=JOB",
        help="the job label of a service's metrics (its name)",
    )
    prometheus.add_argument(
        "--runbooks",
        default="",
        metavar="URL",
        help="address that an objective's id is appended to",
    )
    prometheus.add_argument("--webhook", default="", metavar="URL", help="where Alertmanager posts")
    prometheus.add_argument(
        "--alert-table",
        dest="table",
        default="workbook",
        choices=("workbook", "drill"),
        help="windows and burn rates; drill is the same in a hurry, for trying out (workbook)",
    )
    prometheus.add_argument("--out", default=".", metavar="FOLDER", help="where to write (.)")
    prometheus.set_defaults(run=_run_kit)


def _run_alerts(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.alerts import alerts

    return alerts(options)


def _run_kit(options: argparse.Namespace) -> int:
    from fastapi_spine.cli.kit import prometheus

    return prometheus(options)
