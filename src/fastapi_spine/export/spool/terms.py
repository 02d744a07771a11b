"""What was asked of the spool; by itself, so that nothing of the spool is imported where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class SpoolTerms(NamedTuple):
    """What was asked for.

    Attributes:
        folder: holds a folder for each service.
        service: whose telemetry it is.
        bound: how many bytes of disk the files of all processes of the service may take.
        age_s: how old a file may become, seconds.
    """

    folder: Path
    service: str
    bound: int
    age_s: float
