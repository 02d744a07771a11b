"""How telemetry leaves: the settings of the exporter."""

from __future__ import annotations

from fastapi_spine.settings.parse import DURATION, size
from fastapi_spine.settings.section import Section, Setting, setting


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
