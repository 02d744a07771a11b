"""How telemetry leaves: the settings of the exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi_spine.settings.kind import Kind, Malformed
from fastapi_spine.settings.parse import DURATION, size
from fastapi_spine.settings.section import Section, Setting, setting

_LEAST_SPOOL: Final = 1024 * 1024


def _path(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Malformed
    try:
        Path(value.strip()).expanduser()
    except RuntimeError:  # no such user; or no HOME and no name for this one, as in some containers
        raise Malformed("it begins with ~, and there is no such home") from None
    return value.strip()


class Export(Section):
    """Spans, log lines and numbers on their way to the receivers that `OTEL_EXPORTER_OTLP_*` names."""

    queue: Setting[str | int, int] = setting(
        default="32MiB",
        doc="How much may wait to be sent, all signals together; beyond it the oldest is dropped and counted.",
        kind=size(),
    )
    flush_timeout: Setting[str | float, float] = setting(
        default="3s",
        doc="How long shutting down waits for the receivers to take what is queued.",
        kind=DURATION,
    )
    spool: Setting[str, str] = setting(
        default="",
        doc=(
            "A folder in which telemetry is kept while its receiver is away, also from one process to the next, and "
            "sent when it is back; without one it waits in memory only."
        ),
        kind=Kind(expected="the path of a folder, or nothing to keep nothing", parse=_path),
    )
    spool_bytes: Setting[str | int, int] = setting(
        default="256MiB",
        doc="How much disk `spool` may take, all processes of the service together; beyond it the oldest is dropped and counted.",
        kind=size(at_least=_LEAST_SPOOL),
    )
    spool_age: Setting[str | float, float] = setting(
        default="24h",
        doc="How long telemetry is kept in `spool`: receivers refuse what is old.",
        kind=DURATION,
    )
