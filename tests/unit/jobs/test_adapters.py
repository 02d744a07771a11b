"""What all adapters of job queues have in common."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["celery", "taskiq"])
def test_an_adapter_says_what_it_needs(name: str) -> None:
    """Without the library: one error that names it."""
    script = f"import sys; sys.modules[{name!r}] = None; import fastapi_spine.jobs.{name}"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    told = f"fastapi_spine.jobs.{name} needs "
    assert run.stderr.splitlines()[-1].startswith(
        f"fastapi_spine.core.errors.MissingExtraError: {told}"
    )
