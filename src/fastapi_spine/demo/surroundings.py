"""The environments that the shop's programs run in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi_spine.demo.processes import HOST
from fastapi_spine.demo.releases import GOOD

DATABASE_URL: Final = "SPINE_DEMO_DATABASE_URL"
OTLP: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_RESOURCE: Final = "OTEL_RESOURCE_ATTRIBUTES"
_SETTINGS: Final = "SPINE_"
_WEBHOOK: Final = "SPINE_CONSOLE_WEBHOOK"
_NETWORKS: Final = "SPINE_CONSOLE_ALERT_NETWORKS"
_TELLING: Final = (
    _WEBHOOK,
    _NETWORKS,
    "SPINE_CONSOLE_ALERTMANAGER",
    "SPINE_CONSOLE_PAGERDUTY",
    "SPINE_CONSOLE_APPRISE",
)
"""Settings of the console that a visitor may have set to be told of alerts."""


def of_service(
    name: str, ports: Mapping[str, int], folder: Path, version: str = GOOD
) -> dict[str, str]:
    """The environment of one of the three services, in a version."""
    resource = filter(None, (os.environ.get(_RESOURCE, ""), f"service.version={version}"))
    return {
        DATABASE_URL: f"sqlite+aiosqlite:///{folder / name}.db",
        **os.environ,
        "SPINE_DEMO_INVENTORY_URL": f"http://{HOST}:{ports['inventory']}",
        "SPINE_DEMO_PAYMENTS_URL": f"http://{HOST}:{ports['payments']}",
        "SPINE_DEMO_INVENTORY_VERSION": version,
        # Spans go where a collector would be; whoever has one of their own sees them there instead.
        OTLP: os.environ.get(OTLP, f"http://{HOST}:{ports['receiver']}"),
        _RESOURCE: ",".join(resource),
        "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",
        # SQLAlchemy's own spans are enough: its drivers would tell of each query again.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "sqlite3,psycopg",
        # The tour reads these lines: whatever else is configured, they must be our JSON.
        "SPINE_LOGS_FORMAT": "json",
        "SPINE_LOGS_SCHEMA": "default",
    }


def in_a_hurry(environment: Mapping[str, str]) -> dict[str, str]:
    """The same with numbers that are sent every second: nobody shall wait for them where everything else is fast."""
    return {"OTEL_METRIC_EXPORT_INTERVAL": "1000", **environment}


def of_console(pager_url: str) -> dict[str, str]:
    """The environment of the console: settings of the shop's services are not meant for it.

    Args:
        pager_url: where it posts alerts, unless a visitor has said whom it shall tell; empty for nowhere.
    """
    found = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    found |= {name: os.environ[name] for name in _TELLING if name in os.environ}
    if pager_url and not told_elsewhere():
        found |= {_WEBHOOK: pager_url, _NETWORKS: f"{HOST}/32"}
    return found


def told_elsewhere() -> bool:
    """Whether a visitor has said whom the console shall tell of alerts."""
    return any(name in os.environ for name in _TELLING)
