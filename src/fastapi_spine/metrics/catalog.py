"""Every metric of ours: its name, what it says, its labels."""

from __future__ import annotations

from typing import Final, NamedTuple

from fastapi_spine.core import conventions as names
from fastapi_spine.core import job_names as jobs
from fastapi_spine.core.spool_names import METRIC_RECOVERED
from fastapi_spine.metrics.family import Combine, Kind


class Entry(NamedTuple):
    """One metric as it is declared; see `Family` for the attributes."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    combine: Combine = "sum"
    unit: str = ""


REQUESTS: Final = Entry(
    names.METRIC_REQUESTS,
    "counter",
    (names.LABEL_METHOD, names.LABEL_PATH, names.LABEL_STATUS),
    "Requests that were answered, by method, route template and status; status is empty if nothing was sent.",
)
DURATION: Final = Entry(
    names.METRIC_DURATION,
    "histogram",
    (names.LABEL_METHOD, names.LABEL_PATH),
    "How long callers waited for the last byte, in seconds; background tasks are not part of it.",
    unit="seconds",
)
IN_PROGRESS: Final = Entry(
    names.METRIC_IN_PROGRESS,
    "gauge",
    (names.LABEL_METHOD,),
    "Requests that are being answered now.",
    combine="live",
)
EXCEPTIONS: Final = Entry(
    names.METRIC_EXCEPTIONS,
    "counter",
    (names.LABEL_PATH, names.LABEL_EXCEPTION),
    "Exceptions behind failed requests and background tasks, by route template and class.",
)
VALIDATION_ERRORS: Final = Entry(
    names.METRIC_VALIDATION_ERRORS,
    "counter",
    (names.LABEL_PATH, names.LABEL_LOC, names.LABEL_TYPE),
    "What validation found wrong, by route template, place and kind; never the value.",
)
GUARD_REFUSALS: Final = Entry(
    names.METRIC_GUARD_REFUSALS,
    "counter",
    (names.LABEL_GUARD, names.LABEL_REASON),
    "Requests that a guard answered instead of the application.",
)
RESPONSE_SIZE: Final = Entry(
    names.METRIC_RESPONSE_SIZE,
    "histogram",
    (names.LABEL_METHOD, names.LABEL_PATH),
    "Bytes of response bodies.",
    unit="bytes",
)
WEBSOCKETS: Final = Entry(
    names.METRIC_WEBSOCKETS,
    "gauge",
    (),
    "WebSocket connections that are open now.",
    combine="live",
)
WEBSOCKET_DURATION: Final = Entry(
    names.METRIC_WEBSOCKET_DURATION,
    "histogram",
    (names.LABEL_PATH,),
    "How long WebSocket connections stayed open, in seconds.",
    unit="seconds",
)

OTEL_DURATION: Final = Entry(
    names.METRIC_OTEL_DURATION,
    "histogram",
    (
        names.LABEL_OTEL_METHOD,
        names.LABEL_OTEL_ROUTE,
        names.LABEL_OTEL_STATUS,
        names.LABEL_OTEL_ERROR,
        names.LABEL_OTEL_SCHEME,
    ),
    "Duration of HTTP server requests.",
    unit="seconds",
)
OTEL_ACTIVE: Final = Entry(
    names.METRIC_OTEL_ACTIVE,
    "gauge",
    (names.LABEL_OTEL_METHOD, names.LABEL_OTEL_SCHEME),
    "Number of active HTTP server requests.",
    combine="live",
)
OTEL_RESPONSE_SIZE: Final = Entry(
    names.METRIC_OTEL_RESPONSE_SIZE,
    "histogram",
    (
        names.LABEL_OTEL_METHOD,
        names.LABEL_OTEL_ROUTE,
        names.LABEL_OTEL_STATUS,
        names.LABEL_OTEL_ERROR,
        names.LABEL_OTEL_SCHEME,
    ),
    "Size of HTTP server response bodies.",
    unit="bytes",
)

JOB_RUNS: Final = Entry(
    jobs.METRIC_JOB_RUNS,
    "counter",
    (jobs.LABEL_JOB, jobs.LABEL_OUTCOME),
    "Runs of background jobs that have ended, by the job's name and outcome.",
)
JOB_DURATION: Final = Entry(
    jobs.METRIC_JOB_DURATION,
    "histogram",
    (jobs.LABEL_JOB,),
    "How long runs of background jobs took, in seconds, whatever their outcome.",
    unit="seconds",
)
JOBS_IN_PROGRESS: Final = Entry(
    jobs.METRIC_JOBS_IN_PROGRESS,
    "gauge",
    (jobs.LABEL_JOB,),
    "Background jobs that are running now.",
    combine="live",
)
JOB_EXCEPTIONS: Final = Entry(
    jobs.METRIC_JOB_EXCEPTIONS,
    "counter",
    (jobs.LABEL_JOB, names.LABEL_EXCEPTION),
    "Exceptions that ended runs of background jobs, by the job's name and class; those of runs that are retried too.",
)
OTEL_JOB_DURATION: Final = Entry(
    jobs.METRIC_OTEL_JOB_DURATION,
    "histogram",
    (
        jobs.LABEL_OTEL_OPERATION,
        jobs.LABEL_OTEL_SYSTEM,
        jobs.LABEL_OTEL_DESTINATION,
        jobs.LABEL_OTEL_JOB,
        jobs.LABEL_OTEL_OUTCOME,
        names.LABEL_OTEL_ERROR,
    ),
    "Duration of processing operation.",
    unit="seconds",
)

LOOP_LAG: Final = Entry(
    names.METRIC_LOOP_LAG,
    "histogram",
    (),
    "How much later than asked the event loop ran a timer, in seconds.",
    unit="seconds",
)
LOOP_BLOCKED: Final = Entry(
    names.METRIC_LOOP_BLOCKED,
    "counter",
    (names.LABEL_PATH,),
    "How often the event loop stood still longer than the limit, by the route that held it.",
)
GC_PAUSE: Final = Entry(
    names.METRIC_GC_PAUSE,
    "histogram",
    (names.LABEL_GENERATION,),
    "How long the garbage collector held everything up, in seconds.",
    unit="seconds",
)
THREADS_TOTAL: Final = Entry(
    names.METRIC_THREADS_TOTAL, "gauge", (), "Threads for sync code at most.", combine="live"
)
THREADS_USED: Final = Entry(
    names.METRIC_THREADS_USED, "gauge", (), "Threads for sync code in use.", combine="live"
)
THREADS_WAITING: Final = Entry(
    names.METRIC_THREADS_WAITING,
    "gauge",
    (),
    "Tasks that wait for a thread for sync code.",
    combine="live",
)
DROPPED: Final = Entry(
    names.METRIC_DROPPED,
    "counter",
    (names.LABEL_SIGNAL, names.LABEL_REASON),
    "Telemetry of ours that was lost, by signal and reason.",
)
EMITTED: Final = Entry(
    names.METRIC_EMITTED,
    "counter",
    (names.LABEL_SIGNAL,),
    "Items handed to an exporter: delivered, dropped and queued ones together.",
)
DELIVERED: Final = Entry(
    names.METRIC_DELIVERED,
    "counter",
    (names.LABEL_SIGNAL,),
    "Items that a receiver has taken.",
)
RECOVERED: Final = Entry(
    METRIC_RECOVERED,
    "counter",
    (names.LABEL_SIGNAL,),
    "Items found on disk that a process which has ended had emitted; only with `export.spool`.",
)
QUEUED: Final = Entry(
    names.METRIC_QUEUED,
    "gauge",
    (names.LABEL_SIGNAL,),
    "Items that wait for their receiver, on disk too, or are under way to it.",
    combine="live",
)
INTERNAL_ERRORS: Final = Entry(
    names.METRIC_INTERNAL_ERRORS,
    "counter",
    (names.LABEL_STEP,),
    "Faults of fastapi-spine itself, by step; the application was not affected.",
)
REDACTIONS: Final = Entry(
    names.METRIC_REDACTIONS, "counter", (names.LABEL_KIND,), "Secrets masked, by kind."
)
SUPPRESSED: Final = Entry(
    names.METRIC_SUPPRESSED,
    "counter",
    (names.LABEL_ROUTE,),
    "Access lines that noise rules left out, by route template.",
)
OVERFLOW: Final = Entry(
    names.METRIC_OVERFLOW,
    "counter",
    (names.LABEL_METRIC,),
    "Observations that went to the overflow series because a metric had reached its limit of series.",
)
DEGRADED: Final = Entry(
    names.METRIC_DEGRADED,
    "gauge",
    (names.LABEL_REASON,),
    "1 while this page may show less than all workers' numbers, by reason.",
    combine="one",
)
WORKERS: Final = Entry(
    names.METRIC_WORKERS,
    "gauge",
    (),
    "Living workers that this page adds up.",
    combine="one",
)
BUILD_INFO: Final = Entry(
    names.METRIC_BUILD_INFO,
    "gauge",
    ("version", "service", "python", "fastapi", "starlette"),
    "1; the labels say what runs.",
    combine="one",
)
