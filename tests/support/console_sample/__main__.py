"""`python -m console_sample PORT [PER_SECOND]`: look at the pages without a console."""

from __future__ import annotations

import sys

import uvicorn

from console_sample.app import Sample
from console_sample.data import Samples
from fastapi_spine.core.clock import SystemClock

if __name__ == "__main__":
    sample = Sample(Samples(SystemClock().wall_ns() // 1000))
    if len(sys.argv) > 2:
        sample.per_second = int(sys.argv[2])
    uvicorn.run(sample.app(), port=int(sys.argv[1]), log_level="warning")
