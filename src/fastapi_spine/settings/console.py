"""The settings of `spine console`, a program of its own: its flags have the same names."""

from __future__ import annotations

from fastapi_spine.core.console_names import CONSOLE_OTLP_PORT, CONSOLE_WEB_PORT
from fastapi_spine.settings.lists import TEXTS
from fastapi_spine.settings.measures import HOST, PORT, TOKEN
from fastapi_spine.settings.parse import DURATION, FOLDER, size
from fastapi_spine.settings.section import Section, Setting, setting

Strings = list[str] | tuple[str, ...] | set[str] | frozenset[str]


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
    key: Setting[str, str] = setting(
        default="",
        doc="What senders must bring, as `Authorization: Bearer` or `x-otlp-api-key`; on loopback none is needed.",
        kind=TOKEN,
        secret=True,
    )
