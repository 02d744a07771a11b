"""The names that the console reads and says; those that others say as well stand in `core.conventions`."""

from __future__ import annotations

from typing import Final

RESOURCE_SERVICE_VERSION: Final = "service.version"
SERVICE_UNKNOWN: Final = "unknown_service"
"""OpenTelemetry's name for a service that does not say its own."""
ATTR_EVENT_NAME: Final = "event.name"
SIGNAL_METRICS: Final = "metrics"
THREAD_CONSOLE_COMMIT: Final = "spine-console-commit"
THREAD_CONSOLE_DISCARD: Final = "spine-console-discard"

REFUSED_BAD_BODY: Final = "bad_body"
REFUSED_TOO_LARGE: Final = "too_large"
REFUSED_TYPE: Final = "content_type"
REFUSED_SLOW: Final = "slow"
REFUSED_BUSY: Final = "busy"
REFUSED_STORE_FULL: Final = "store_full"
REFUSED_STORE: Final = "store"
REFUSED_FAULT: Final = "fault"
"""Why a body was not taken; a sender sees the sentence, the health page the word."""

CONSOLE_ACCESS_FILE: Final = "console.json"
"""In the data folder, for this user only: where the console is, and what opens it."""
PATH_CONSOLE_LOGIN: Final = "/login"
PATH_CONSOLE_API: Final = "/api/"
COOKIE_CONSOLE_PREFIX: Final = "spine_console_"
HEADER_CONSOLE_KEY: Final = "x-otlp-api-key"
"""The name that Aspire's dashboard uses, so that set-ups made for one fit the other."""
CONSOLE_WEB_PORT: Final = 4319
ENV_CONSOLE_WEB_PORT: Final = "SPINE_CONSOLE_WEB_PORT"
ENV_CONSOLE_OTLP_PORT: Final = "SPINE_CONSOLE_OTLP_PORT"
CONSOLE_OTLP_PORT: Final = 4318
"""OTLP/HTTP's registered port."""

LOGGER_CONSOLE_API: Final = "spine.console.api"
THREAD_CONSOLE_STREAM: Final = "spine-console-stream"

# --- objectives and alerts -------------------------------------------------------------------------

RESOURCE_OBJECTIVES: Final = "spine.objectives"
"""What the service promises, as JSON: whoever receives its telemetry can watch over it."""
LOGGER_ALERTS: Final = "spine.alerts"
ALERT_NAME: Final = "SpineObjectiveBurn"
"""Every alert of an objective has this name; the labels `objective` and `tier` tell them apart."""
ALERT_NO_DATA: Final = "SpineObjectiveNoData"
KIT_RULES: Final = "spine-rules.yml"
KIT_ALERTMANAGER: Final = "spine-alertmanager.yml"
PATH_ALERTS_API: Final = "/api/v1/alerts"
THREAD_CONSOLE_WATCH: Final = "spine-console-watch"
THREAD_CONSOLE_TELL: Final = "spine-console-tell"
