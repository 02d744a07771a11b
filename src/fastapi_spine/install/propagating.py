"""Which headers carry a trace, and what of `OTEL_PROPAGATORS` is not understood: told once, whether or not spans are made."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi_spine.core.conventions import KEY_REASON, LOGGER_TRACES, MSG_PROPAGATORS
from fastapi_spine.core.trace_formats import formats_from

_log = logging.getLogger(LOGGER_TRACES)


class Propagating:
    """One of the rooms.

    Args:
        environ: the environment's variables.

    Attributes:
        formats: which headers carry a trace.
        complaint: what is not understood; None if all of it is.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.formats, self.complaint = formats_from(environ)

    def starting(self) -> None:
        """Say once what is not understood, and what is in use."""
        if self.complaint is not None:
            _log.warning(MSG_PROPAGATORS, extra={KEY_REASON: self.complaint})

    def started(self) -> None:
        """Have nothing to add."""

    def stopped(self) -> None:
        """Have nothing to end."""

    def flush(self, timeout: float) -> bool:
        """Have nothing queued."""
        del timeout
        return True

    def exiting(self) -> None:
        """Have nothing to write."""

    def close(self) -> None:
        """Have nothing to give back: a process keeps its propagator."""
