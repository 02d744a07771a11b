"""The settings of `spine console`, a program of its own: its flags have the same names."""

from __future__ import annotations

from fastapi_spine.core.console_names import CONSOLE_OTLP_PORT, CONSOLE_WEB_PORT
from fastapi_spine.settings.lists import TEXTS
from fastapi_spine.settings.measures import ADDRESS, HOST, NETWORKS, PORT, TOKEN
from fastapi_spine.settings.parse import DURATION, FOLDER, one_of, size
from fastapi_spine.settings.section import Section, Setting, setting

Strings = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several strings; a bare one is refused, because it would be read letter by letter."""


class Console(Section):
    """The program that receives telemetry, keeps it and shows it: `spine console`."""

    program = "spine console"

    data: Setting[str, str] = setting(
        default="",
        doc=(
            "Where telemetry is kept, closed to other users; by default `fastapi-spine/console` in `XDG_STATE_HOME`, "
            "else in `~/.local/state`."
        ),
        kind=FOLDER,
    )
    keep: Setting[str | float, float] = setting(
        default="7d",
        doc="How long telemetry is kept.",
        kind=DURATION,
    )
    keep_bytes: Setting[str | int, int] = setting(
        default="4GiB",
        doc="How much disk it may take; beyond it the oldest goes first.",
        kind=size(at_least=16 * 1024 * 1024),
    )
    web_port: Setting[int, int] = setting(
        default=CONSOLE_WEB_PORT,
        doc="The port of pages and API; 0 for any free one.",
        kind=PORT,
    )
    otlp_port: Setting[int, int] = setting(
        default=CONSOLE_OTLP_PORT,
        doc="The port that telemetry is received on, by OTLP over HTTP; 0 for any free one.",
        kind=PORT,
    )
    host: Setting[str, str] = setting(
        default="127.0.0.1",
        doc="The address that both ports are opened on; another than loopback needs `key`.",
        kind=HOST,
    )
    hosts: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Names that the console may be asked by, beside `localhost` and its addresses, such as `host.docker.internal`.",
        kind=TEXTS,
    )
    origins: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Origins of web pages that may send telemetry, exactly, such as `http://localhost:5173`.",
        kind=TEXTS,
    )
    objectives: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc=(
            "Files of objectives: TOML with `[[objectives]]`, or OpenSLO in YAML. Services on fastapi-spine tell theirs "
            "by themselves."
        ),
        kind=TEXTS,
    )
    alert_table: Setting[str, str] = setting(
        default="workbook",
        doc="Windows and burn rates: the Site Reliability Workbook's, or `drill`, the same in a hurry, for trying out.",
        kind=one_of("workbook", "drill"),
    )
    webhook: Setting[str, str] = setting(
        default="",
        doc="Where alerts are posted, as Alertmanager's webhook does it (version 4).",
        kind=ADDRESS,
        secret=True,
    )
    alertmanager: Setting[str, str] = setting(
        default="",
        doc="An Alertmanager that is given the alerts, such as `http://127.0.0.1:9093`.",
        kind=ADDRESS,
    )
    pagerduty: Setting[str, str] = setting(
        default="",
        doc="The routing key of a PagerDuty integration (Events API v2).",
        kind=TOKEN,
        secret=True,
    )
    apprise: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Apprise's addresses of Slack, e-mail, Teams and others; needs the extra `alerts`.",
        kind=TEXTS,
        secret=True,
    )
    heartbeat: Setting[str, str] = setting(
        default="",
        doc=(
            "An address that is posted to every minute while objectives are evaluated: a dead man's switch elsewhere, "
            "which tells people when this console is gone."
        ),
        kind=ADDRESS,
        secret=True,
    )
    alert_networks: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Networks, such as `127.0.0.0/8`, that alerts may be sent to though they are not public.",
        kind=NETWORKS,
    )
    public_url: Setting[str, str] = setting(
        default="",
        doc="The address of the console in links that are sent; by default the one it listens on.",
        kind=ADDRESS,
    )
    key: Setting[str, str] = setting(
        default="",
        doc="What senders must bring, as `Authorization: Bearer` or `x-otlp-api-key`; on loopback none is needed.",
        kind=TOKEN,
        secret=True,
    )
