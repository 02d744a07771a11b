"""Logfire in its documented set-up, with nobody to send to: spans are made, finished and dropped.

It writes no line and gives no id; sending would come on top.
"""

from __future__ import annotations

import logfire
from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import served


def build(routes: int) -> Subject:
    """Instrument the application."""
    logfire.configure(send_to_logfire=False, console=False)
    app = application(routes)
    logfire.instrument_fastapi(app)
    return served(app, logfire.force_flush)
