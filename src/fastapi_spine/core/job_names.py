"""The names that tell of background jobs: on their lines, on their spans, in their numbers.

Attributes are those of OpenTelemetry's semantic conventions for messaging (1.44, in development) unless they begin with
`spine.`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LOGGER_JOBS: Final = "spine.jobs"

KEY_JOB: Final = "job"
"""On every line of a job: its name, such as `mailer.send_invoice`."""
KEY_JOB_ID: Final = "job_id"
KEY_ATTEMPT: Final = "attempt"
"""Which run of the same job this is, on the lines of the second and later ones."""

SPAN_JOB_PREFIX: Final = "job: "

ATTR_MESSAGING_SYSTEM: Final = "messaging.system"
ATTR_MESSAGING_OPERATION: Final = "messaging.operation.name"
ATTR_MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
ATTR_MESSAGING_DESTINATION: Final = "messaging.destination.name"
ATTR_MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
ATTR_JOB: Final = "spine.job"
ATTR_ATTEMPT: Final = "spine.attempt"
OPERATION_PROCESS: Final = "process"

METRIC_JOB_RUNS: Final = "job_runs"
METRIC_JOB_DURATION: Final = "job_duration_seconds"
METRIC_JOB_EXCEPTIONS: Final = "job_exceptions"
METRIC_JOBS_IN_PROGRESS: Final = "jobs_in_progress"
METRIC_OTEL_JOB_DURATION: Final = "messaging_process_duration_seconds"
OTLP_JOB_DURATION: Final = "messaging.process.duration"
LABEL_JOB: Final = "job_name"
"""Not `job`: that label is Prometheus' own, for what it scrapes, and it would rename ours."""
LABEL_OUTCOME: Final = "outcome"
LABEL_OTEL_OPERATION: Final = "messaging_operation_name"
LABEL_OTEL_SYSTEM: Final = "messaging_system"
LABEL_OTEL_DESTINATION: Final = "messaging_destination_name"
LABEL_OTEL_JOB: Final = "spine_job"
LABEL_OTEL_OUTCOME: Final = "spine_outcome"

SYSTEM_CELERY: Final = "celery"
SYSTEM_TASKIQ: Final = "taskiq"


class JobOutcome(StrEnum):
    """How a run of a job ended."""

    COMPLETED = "completed"
    """It returned."""
    FAILED = "failed"
    """It raised, and will not run again."""
    RETRIED = "retried"
    """It did not succeed and will run again."""
    EXPECTED = "failed_as_expected"
    """It raised what its author had declared (Celery's `throws`)."""
    DROPPED = "dropped"
    """It said itself that its result does not count (Celery's `Ignore` and `Reject`)."""
    INTERRUPTED = "interrupted"
    """The worker stopped it: a cancellation, an exit."""
    LOST = "lost"
    """Its process has died: killed, out of memory; somebody else says so, and when it was nobody knows."""
