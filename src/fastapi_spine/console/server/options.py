"""What the program is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

from fastapi_spine.alerts.promise import promises_of
from fastapi_spine.alerts.reading import objectives_from
from fastapi_spine.alerts.windows import TableName
from fastapi_spine.console.notify.ways import WaysOptions
from fastapi_spine.console.server.listen import is_loopback
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.console import Console
from fastapi_spine.settings.objective import Objective


class Options(NamedTuple):
    """What the program is told, checked.

    Attributes:
        folder: where telemetry is kept.
        keep_s: for how long.
        keep_bytes: how much of it.
        host: the address of both ports.
        web_port: of pages and API; 0 for any.
        otlp_port: of the receiver; 0 for any.
        hosts: more names to be asked by.
        origins: of web pages that may send.
        key: what senders must bring; empty for nothing.
        objectives: of files.
        alert_table: windows and burn rates.
        ways: to people.
    """

    folder: Path
    keep_s: float
    keep_bytes: int
    host: str
    web_port: int
    otlp_port: int
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    key: str
    objectives: tuple[Objective, ...] = ()
    alert_table: TableName = "workbook"
    ways: WaysOptions = WaysOptions()

    @property
    def exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not is_loopback(self.host)


def options_of(settings: Console, folder: Path) -> Options:
    """Take what the settings say.

    Raises:
        SettingsError: it would be open to the network without a key, or both ports are one.
    """
    if not is_loopback(settings.host) and not settings.key:
        raise SettingsError(
            f"console.host is {settings.host!r}, which others can reach, and console.key is not set: anybody there could "
            "send. Set a key of 16 characters or more (SPINE_CONSOLE_KEY), or leave the host at 127.0.0.1."
        )
    if settings.web_port and settings.web_port == settings.otlp_port:
        raise SettingsError(
            "console.web_port and console.otlp_port are the same; give each its own."
        )
    return Options(
        folder,
        settings.keep,
        settings.keep_bytes,
        settings.host,
        settings.web_port,
        settings.otlp_port,
        settings.hosts,
        settings.origins,
        settings.key,
        tuple(_objectives(settings.objectives)),
        cast("TableName", settings.alert_table),
        WaysOptions(
            settings.public_url.rstrip("/"),
            settings.webhook,
            settings.alertmanager,
            settings.pagerduty,
            settings.apprise,
            settings.alert_networks,
            settings.heartbeat,
        ),
    )


def _objectives(files: Iterable[str]) -> Iterator[Objective]:
    """Read files of objectives.

    Raises:
        SettingsError: one cannot be read.
    """
    found: list[Objective] = []
    for name in files:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SettingsError(f"console.objectives: {name} cannot be read: {reason}.") from None
        found += objectives_from(text, name)
    promises_of(found, "")  # two of one name are an error now, and not when they alert
    yield from found
