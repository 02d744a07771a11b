"""Many contenders for a look at each, not to be measured: `python -m benchmarks.nursery FOLDER REPETITIONS`.

Starting a process and loading a framework in it costs a second. Here that is done once, and each contender is a
fork that finds the framework loaded and nothing set up. Targets come line by line on standard input, as
`MODULE:FUNCTION [ROUTES]`; what number N writes on standard output lies in `FOLDER/N.lines` afterwards, and what a
client of it gets in `FOLDER/N.answer`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import fastapi  # noqa: F401 - loaded before the forks, which is the point
from benchmarks.worker import build


def main(arguments: list[str]) -> None:
    """Fork once for each target, two at a time, and fail if one of them fails."""
    folder, repetitions = Path(arguments[0]), int(arguments[1])
    failed = False
    under_way = 0
    for number, line in enumerate(sys.stdin):
        if under_way == (os.cpu_count() or 1):
            failed |= os.wait()[1] != 0
            under_way -= 1
        if os.fork() == 0:
            _look_at(line.split(), folder / str(number), repetitions)
        under_way += 1
    for _ in range(under_way):
        failed |= os.wait()[1] != 0
    sys.exit(failed)


def _look_at(words: list[str], place: Path, repetitions: int) -> None:
    """Be one contender: answer once, repeat, write everything down, and end as a process ends."""
    with place.with_suffix(".lines").open("wb") as lines:
        os.dup2(lines.fileno(), sys.stdout.fileno())
    subject = build(words[0], words[1:])
    place.with_suffix(".answer").write_text(subject.answer(), "utf-8")
    subject.repeat(repetitions)
    subject.flush()
    subject.close()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
