"""Every name that leaves the process, in one place.

Log keys, headers, scope keys, logger names and outcome words are contracts with people's dashboards;
a name that is spelt here cannot be spelt differently elsewhere. Sources: OpenTelemetry semantic
conventions (`trace_id`, `span_id`, `service`), W3C Trace Context (`traceparent`, `tracestate`), ASGI 3.0.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

# --- headers (ASGI gives and takes them as lower-case bytes) ---------------------------------

HEADER_REQUEST_ID: Final = b"x-request-id"
HEADER_TRACEPARENT: Final = b"traceparent"
HEADER_TRACESTATE: Final = b"tracestate"
TRACESTATE_THRESHOLD: Final = "ot=th:"  # OpenTelemetry's own entry there, its key for sampling
HEADER_BAGGAGE: Final = b"baggage"
HEADER_TRACERESPONSE: Final = b"traceresponse"
HEADER_SERVER_TIMING: Final = b"server-timing"
HEADER_KEEP: Final = b"x-spine-keep"  # carries the token that has a request kept: a secret
TIMING_TOTAL: Final = "total"  # in `Server-Timing`: how long the answer took to begin
HEADER_B3: Final = b"b3"
HEADERS_B3: Final = (b"x-b3-traceid", b"x-b3-spanid", b"x-b3-sampled", b"x-b3-flags")

# --- ASGI scope ------------------------------------------------------------------------------

SCOPE_MARKER: Final = "fastapi_spine"
"""Holds the Exchange while the request runs, so that a nested spine recognises itself; removed after."""
SCOPE_STATE: Final = "state"
STATE_REQUEST_ID: Final = "request_id"

ROUTE_UNMATCHED: Final = "__unmatched__"
"""The route of everything that no route answered: one value, however many paths strangers try."""

POLICY_ATTRIBUTE: Final = "__spine_policy__"
"""Where `@policy` leaves its rules on an endpoint; `functools.wraps` carries it along."""

REPORTED_ATTRIBUTE: Final = "__spine_reported__"
"""Set on an exception that a line of ours has shown, so that a server's or a queue's own line need not."""

# --- settings ---------------------------------------------------------------------------------

ENV_PREFIX: Final = "SPINE_"
ENV_PREFIX_DEMO: Final = "SPINE_DEMO_"
"""Belongs to the demo shop: no setting of the layer."""
ENV_RUN_TARGET: Final = "SPINE_RUN_APP"
"""How `spine run` tells its worker processes which application they serve: no setting either."""
ENV_CONSOLE_TOKEN: Final = "SPINE_CONSOLE_TOKEN"  # noqa: S105 - a name, no password
"""What a command line shows a console's API to be let in: no setting of the layer either."""
ENV_DEV_PAGES: Final = "SPINE_DEV_PAGES"
"""How `spine dev` tells the application where a request's page is; `{id}` stands for its id."""
ENV_OTEL_SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
ENV_OTEL_RESOURCE_ATTRIBUTES: Final = "OTEL_RESOURCE_ATTRIBUTES"
OTEL_SERVICE_KEY: Final = "service.name"
PYPROJECT: Final = "pyproject.toml"
PYPROJECT_TABLE: Final = "tool.spine"
SPINE_TOML: Final = "spine.toml"
DISTRIBUTION: Final = "fastapi-spine"
"""The name on the package index; also of the private folder for lock files."""

# --- loggers ---------------------------------------------------------------------------------

LOGGER_ROOT: Final = "spine"
LOGGER_ACCESS: Final = "spine.access"
LOGGER_APPLICATION: Final = "spine.application"
LOGGER_HEALTH: Final = "spine.health"
LOGGER_UNCAUGHT: Final = "spine.uncaught"

# --- log keys --------------------------------------------------------------------------------

KEY_TS: Final = "ts"
KEY_LEVEL: Final = "level"
KEY_LOGGER: Final = "logger"
KEY_MSG: Final = "msg"
KEY_REQUEST_ID: Final = "request_id"
KEY_TRACE_ID: Final = "trace_id"
KEY_SPAN_ID: Final = "span_id"
KEY_SERVICE: Final = "service"
KEY_EXC: Final = "exc"
KEY_HELD: Final = "held"
"""True on a line that was held back and is written because its request failed or was slow."""
FIELD_KEEP: Final = "keep"
"""What is bound to have a request's spans and held-back lines kept: `bind(keep=True)`."""
KEY_TRUNCATED: Final = "truncated"
KEY_EXTRA_PREFIX: Final = "extra."
"""A user's field whose name is one of ours lands under `extra.<name>`."""

EXC_TYPE: Final = "type"
EXC_MESSAGE: Final = "message"
EXC_STACK: Final = "stack"

KEY_TYPE: Final = "type"
KEY_METHOD: Final = "method"
KEY_PATH: Final = "path"
KEY_ROUTE: Final = "route"
KEY_STATUS: Final = "status"
KEY_ELAPSED_MS: Final = "elapsed_ms"
KEY_TTFB_MS: Final = "ttfb_ms"
KEY_BYTES_IN: Final = "bytes_in"
KEY_BYTES_OUT: Final = "bytes_out"
KEY_MESSAGES_IN: Final = "messages_in"
KEY_MESSAGES_OUT: Final = "messages_out"
KEY_CLOSE_CODE: Final = "close_code"
KEY_CLIENT: Final = "client"
KEY_OUTCOME: Final = "outcome"
KEY_ERRORS: Final = "errors"
"""What a 422 found wrong: `[{"loc": "body.name", "type": "missing"}]`, never the value."""
KEY_REFUSED_ID: Final = "request_id_refused"
"""`{"reason": …, "length": …}` of an inbound id that was not taken; never its bytes."""
KEY_GUARD: Final = "guard"
"""Which guard answered instead of the application; `reason` beside it says why."""
KEY_SKIPPED: Final = "skipped"
"""How many lines like this one noise rules left out since the last one."""
KEY_DROPPED: Final = "dropped"
KEY_WAITING: Final = "waiting"
KEY_FIELDS_CUT: Final = "fields_cut"
"""How many fields a line lost because it was too long."""
KEY_STEP: Final = "step"
KEY_COUNT: Final = "count"

RESERVED_KEYS: Final = frozenset({
    KEY_TS, KEY_LEVEL, KEY_LOGGER, KEY_MSG, KEY_REQUEST_ID, KEY_TRACE_ID, KEY_SPAN_ID, KEY_SERVICE, KEY_EXC, KEY_HELD, KEY_TRUNCATED,
})  # fmt: skip
"""Keys of every line that a user's `extra` cannot overwrite."""

ACCESS_KEYS: Final = RESERVED_KEYS | {
    KEY_TYPE, KEY_METHOD, KEY_PATH, KEY_ROUTE, KEY_STATUS, KEY_ELAPSED_MS, KEY_TTFB_MS,
    KEY_BYTES_IN, KEY_BYTES_OUT, KEY_MESSAGES_IN, KEY_MESSAGES_OUT, KEY_CLOSE_CODE, KEY_CLIENT,
    KEY_OUTCOME, KEY_ERRORS, KEY_REFUSED_ID, KEY_SKIPPED, KEY_GUARD,
}  # fmt: skip
"""Keys of the access line that a bound field cannot overwrite."""

# --- words -----------------------------------------------------------------------------------

MSG_COMPLETED: Final = "request completed"
MSG_FAILED: Final = "request failed"
MSG_BACKGROUND_FAILED: Final = "background task failed"
MSG_AFTER_RESPONSE_FAILED: Final = "application failed after the response"
MSG_LINES_DROPPED: Final = "log lines were dropped"
MSG_STEP_FAILED: Final = "a step of fastapi-spine failed; the application was not affected"
MSG_UNCAUGHT: Final = "uncaught exception"
MSG_NOT_ENCODED: Final = "a log line could not be encoded"

TYPE_WEBSOCKET: Final = "websocket"

PROBE_PATHS: Final = ("/healthz", "/livez", "/readyz", "/ping", "/metrics")
"""Asked by machines every few seconds; Kubernetes' and Prometheus' usual names."""


class Outcome(StrEnum):
    """How a request ended. `status` says what went on the wire; this says what happened."""

    COMPLETED = "completed"
    """The whole response was sent."""
    FAILED = "failed"
    """The application raised before a response of its own had started."""
    FAILED_AFTER_START = "failed_after_start"
    """The application raised while its response was under way."""
    INCOMPLETE = "incomplete"
    """The application returned without sending a whole response."""
    DISCONNECTED = "disconnected"
    """The client left before the end, and somebody saw it."""
    CANCELLED = "cancelled"
    """The request's task was cancelled."""
    INTERRUPTED = "interrupted"
    """The server shut down while the request was open."""


# --- metrics: names in the form Prometheus exposes them -----------------------------------------

METRIC_REQUESTS: Final = "http_requests"
"""A counter's family name; its sample is called `http_requests_total`."""
METRIC_DURATION: Final = "http_request_duration_seconds"
METRIC_IN_PROGRESS: Final = "http_requests_in_progress"
METRIC_EXCEPTIONS: Final = "http_request_exceptions"
METRIC_VALIDATION_ERRORS: Final = "http_validation_errors"
METRIC_GUARD_REFUSALS: Final = "http_guard_refusals"
METRIC_RESPONSE_SIZE: Final = "http_response_size_bytes"
METRIC_WEBSOCKETS: Final = "websocket_connections"
METRIC_WEBSOCKET_DURATION: Final = "websocket_connection_duration_seconds"

METRIC_OTEL_DURATION: Final = "http_server_request_duration_seconds"
METRIC_OTEL_ACTIVE: Final = "http_server_active_requests"
METRIC_OTEL_RESPONSE_SIZE: Final = "http_server_response_body_size_bytes"

METRIC_LOOP_LAG: Final = "python_event_loop_lag_seconds"
METRIC_LOOP_BLOCKED: Final = "python_event_loop_blocked"
METRIC_GC_PAUSE: Final = "python_gc_pause_seconds"
METRIC_THREADS_TOTAL: Final = "anyio_threadpool_size"
METRIC_THREADS_USED: Final = "anyio_threadpool_used"
METRIC_THREADS_WAITING: Final = "anyio_threadpool_waiting"
METRIC_BUILD_INFO: Final = "spine_build_info"
METRIC_DROPPED: Final = "spine_dropped"
METRIC_EMITTED: Final = "spine_emitted"
METRIC_DELIVERED: Final = "spine_delivered"
METRIC_QUEUED: Final = "spine_queued"
METRIC_INTERNAL_ERRORS: Final = "spine_internal_errors"
METRIC_REDACTIONS: Final = "spine_redactions"
METRIC_SUPPRESSED: Final = "spine_suppressed_lines"
METRIC_OVERFLOW: Final = "spine_metric_series_overflow"
METRIC_DEGRADED: Final = "spine_metrics_degraded"
METRIC_WORKERS: Final = "spine_workers"

LABEL_METHOD: Final = "method"
LABEL_PATH: Final = "path"
LABEL_STATUS: Final = "status"
LABEL_EXCEPTION: Final = "exception"
LABEL_LOC: Final = "loc"
LABEL_TYPE: Final = "type"
LABEL_GUARD: Final = "guard"
LABEL_REASON: Final = "reason"
LABEL_SIGNAL: Final = "signal"
LABEL_STEP: Final = "step"
LABEL_KIND: Final = "kind"
LABEL_METRIC: Final = "metric"
LABEL_PID: Final = "pid"
LABEL_GENERATION: Final = "generation"
LABEL_ROUTE: Final = "route"
LABEL_OTEL_METHOD: Final = "http_request_method"
LABEL_OTEL_ROUTE: Final = "http_route"
LABEL_OTEL_STATUS: Final = "http_response_status_code"
LABEL_OTEL_ERROR: Final = "error_type"
LABEL_OTEL_SCHEME: Final = "url_scheme"

SERIES_OVERFLOW: Final = "__overflow__"
"""Every label of the one series that takes what comes after the cap."""
METHOD_OTHER: Final = "_OTHER"
KNOWN_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
)
"""RFC 9110, RFC 5789 and QUERY: what OpenTelemetry's semantic conventions call known; the rest is `_OTHER`."""

SIGNAL_LINES: Final = "lines"
"""What goes to the output, told apart from the same lines on their way to a receiver."""

THREAD_LOG_WRITER: Final = "spine-log-writer"
THREAD_WATCHDOG: Final = "spine-watchdog"
THREAD_METRICS_PORT: Final = "spine-metrics-port"
THREAD_WORKERS: Final = "spine-workers"
PATH_METRICS: Final = "/metrics"

LOGGER_METRICS: Final = "spine.metrics"
LOGGER_RUNTIME: Final = "spine.runtime"
MSG_LOOP_BLOCKED: Final = "the event loop stood still"
MSG_WORKERS_APART: Final = "metrics show this worker's own numbers only"
KEY_REQUEST_IDS: Final = "request_ids"
"""The requests that were being answered while the event loop stood still, at most ten."""
KEY_BLOCKED_MS: Final = "blocked_ms"
KEY_STACK: Final = "stack"
KEY_REASON: Final = "reason"

# --- export: where telemetry goes, and why some of it, or a line, was lost -----------------------

SIGNAL_TRACES: Final = "traces"
SIGNAL_LOGS: Final = "logs"
SIGNAL_METRICS: Final = "metrics"
DROP_QUEUE_FULL: Final = "queue_full"
DROP_BROKEN_PIPE: Final = "broken_pipe"
DROP_DISK_FULL: Final = "disk_full"
DROP_WRITE_ERROR: Final = "write_error"
DROP_SHUTDOWN: Final = "shutdown"
DROP_NOT_MADE: Final = "not_made"
"""A fault of ours while the line was made."""
DROP_RECORDER_FULL: Final = "recorder_full"
DROP_NESTED: Final = "nested"
"""A record that brought about too many others while it was being written."""
DROP_REJECTED: Final = "rejected"
DROP_TOO_LARGE: Final = "too_large"
DROP_EXPIRED: Final = "expired"
DROP_FORK: Final = "fork"
DROP_ENCODE: Final = "encode"
LOGGER_EXPORT: Final = "spine.export"
THREAD_EXPORT: Final = "spine-export"
MSG_EXPORT_TO: Final = "telemetry is exported"
MSG_EXPORT_NOWHERE: Final = "telemetry is not exported"
MSG_EXPORT_TROUBLE: Final = "telemetry could not be delivered"
MSG_EXPORT_DROPPED: Final = "telemetry was dropped"
KEY_SIGNAL: Final = "signal"
KEY_ENDPOINT: Final = "endpoint"

# --- traces ------------------------------------------------------------------------------------
# Attribute names are those of OpenTelemetry's semantic conventions 1.44 unless they begin with `spine.`.

ATTR_METHOD: Final = "http.request.method"
ATTR_METHOD_ORIGINAL: Final = "http.request.method_original"
ATTR_ROUTE: Final = "http.route"
ATTR_STATUS: Final = "http.response.status_code"
ATTR_PATH: Final = "url.path"
ATTR_SCHEME: Final = "url.scheme"
ATTR_SERVER_ADDRESS: Final = "server.address"
ATTR_SERVER_PORT: Final = "server.port"
ATTR_CLIENT_ADDRESS: Final = "client.address"
ATTR_USER_AGENT: Final = "user_agent.original"
ATTR_PROTOCOL_NAME: Final = "network.protocol.name"
ATTR_PROTOCOL_VERSION: Final = "network.protocol.version"
ATTR_ERROR_TYPE: Final = "error.type"
ATTR_FUNCTION: Final = "code.function.name"
ATTR_URL_FULL: Final = "url.full"
ATTR_OLD_URL: Final = "http.url"
ATTR_OLD_METHOD: Final = "http.method"
ATTR_OLD_HOST: Final = "net.peer.name"
ATTR_DB_SYSTEM: Final = "db.system.name"
ATTR_DB_QUERY: Final = "db.query.text"
ATTR_DB_SUMMARY: Final = "db.query.summary"
ATTR_DB_OPERATION: Final = "db.operation.name"
ATTR_DB_COLLECTION: Final = "db.collection.name"
ATTR_OLD_DB_SYSTEM: Final = "db.system"
ATTR_OLD_DB_QUERY: Final = "db.statement"
ATTR_OLD_DB_OPERATION: Final = "db.operation"
ATTR_EXCEPTION_TYPE: Final = "exception.type"
ATTR_EXCEPTION_MESSAGE: Final = "exception.message"
ATTR_EXCEPTION_STACK: Final = "exception.stacktrace"
ATTR_EXCEPTION_ESCAPED: Final = "exception.escaped"
EVENT_EXCEPTION: Final = "exception"
ATTR_SPINE_REQUEST_ID: Final = "spine.request_id"
ATTR_SPINE_OUTCOME: Final = "spine.outcome"
"""How the request ended, where the status does not say it: `disconnected`, `cancelled` …"""
ATTR_SPINE_GUARD: Final = "spine.guard"
"""Which guard answered instead of the application."""
ATTR_SPINE_REFUSED: Final = "spine.guard.reason"
ATTR_SPINE_CUT: Final = "spine.spans_dropped"
"""How many spans of the request its limits left out."""
ATTR_SPINE_KEPT: Final = "spine.kept"
"""Why a trace that upstream did not sample was kept here: `error`, `slow`, `forced`."""
ATTR_CLOSE_CODE: Final = "websocket.close_code"
ATTR_REQUEST_SIZE: Final = "http.request.body.size"
ATTR_RESPONSE_SIZE: Final = "http.response.body.size"
ATTR_SPINE_ELAPSED: Final = "spine.elapsed_ms"
ATTR_SPINE_TTFB: Final = "spine.ttfb_ms"
ATTR_SPINE_MESSAGES_IN: Final = "spine.messages_in"
ATTR_SPINE_MESSAGES_OUT: Final = "spine.messages_out"
ATTR_SPINE_ERRORS: Final = "spine.errors"
ATTR_SPINE_REFUSED_ID: Final = "spine.request_id_refused"
ATTR_SPINE_SKIPPED: Final = "spine.skipped"
ATTR_SPINE_HELD: Final = "spine.held"
ATTR_SPINE_TRUNCATED: Final = "spine.truncated"
ATTR_METRIC_OVERFLOW: Final = "otel.metric.overflow"
"""The one series for what comes after a metric's cap (OpenTelemetry metrics SDK, "Overflow attribute")."""
OTLP_DURATION: Final = "http.server.request.duration"
OTLP_ACTIVE: Final = "http.server.active_requests"
OTLP_RESPONSE_SIZE: Final = "http.server.response.body.size"
"""What the metrics of OpenTelemetry's names are called where names may have dots."""
RESOURCE_SERVICE_INSTANCE: Final = "service.instance.id"
RESOURCE_HOST: Final = "host.name"
RESOURCE_PID: Final = "process.pid"
RESOURCE_RUNTIME_NAME: Final = "process.runtime.name"
RESOURCE_RUNTIME_VERSION: Final = "process.runtime.version"
RESOURCE_SDK_NAME: Final = "telemetry.sdk.name"
RESOURCE_SDK_LANGUAGE: Final = "telemetry.sdk.language"
RESOURCE_SDK_VERSION: Final = "telemetry.sdk.version"

ENV_PROPAGATORS: Final = "OTEL_PROPAGATORS"
LOGGER_TRACES: Final = "spine.traces"
MSG_PROPAGATORS: Final = "not every format of trace headers that is asked for is in use"
ENV_SPAN_ATTRIBUTES: Final = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
ENV_SPAN_EVENTS: Final = "OTEL_SPAN_EVENT_COUNT_LIMIT"
ENV_SPAN_LINKS: Final = "OTEL_SPAN_LINK_COUNT_LIMIT"
ENV_EVENT_ATTRIBUTES: Final = "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"
ENV_LINK_ATTRIBUTES: Final = "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"
ENV_SPAN_VALUE_LENGTH: Final = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"
ENV_ANY_ATTRIBUTES: Final = "OTEL_ATTRIBUTE_COUNT_LIMIT"
ENV_ANY_VALUE_LENGTH: Final = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"
ENV_DISABLED_INSTRUMENTATIONS: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
SCOPE_SPINE: Final = "fastapi-spine"
"""The instrumentation scope of spans that the layer makes itself."""
SCOPE_FASTAPI: Final = "fastapi"
"""The instrumentation scope of FastAPI's own telemetry."""
SCOPE_NATIVE_TELEMETRY: Final = "fastapi.telemetry"
"""Where FastAPI looks for telemetry that runs already; found, it starts none of its own."""
SPAN_OPERATION_PREFIX: Final = "fastapi."
DROP_SPAN_LIMIT: Final = "span_limit"
"""A request had more spans than one may have."""
DROP_NOT_KEPT: Final = "not_kept"
"""Upstream did not sample the trace, and nothing about it was worth keeping."""

# --- guard ---------------------------------------------------------------------------------------

HEADER_ORIGIN: Final = b"origin"
HEADER_VARY: Final = b"vary"
HEADER_RETRY_AFTER: Final = b"retry-after"
HEADER_RATE_LIMIT: Final = b"ratelimit"
HEADER_RATE_LIMIT_POLICY: Final = b"ratelimit-policy"
"""draft-ietf-httpapi-ratelimit-headers-10, structured fields (RFC 9651)."""
GUARD_CORS: Final = "cors"
GUARD_HOSTS: Final = "hosts"
GUARD_RATE: Final = "rate"
GUARD_BODY: Final = "body"
GUARD_DEADLINE: Final = "deadline"
REFUSED_ORIGIN: Final = "preflight"
REFUSED_HOST_MISSING: Final = "missing"
REFUSED_HOST_INVALID: Final = "invalid"
REFUSED_HOST_UNKNOWN: Final = "unknown"
REFUSED_RATE: Final = "over_limit"
REFUSED_RATE_UNKNOWN: Final = "store_unreachable"
REFUSED_BODY_DECLARED: Final = "declared_too_large"
REFUSED_BODY_SENT: Final = "sent_too_large"
REFUSED_LATE: Final = "no_answer_in_time"
