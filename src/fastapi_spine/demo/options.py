"""What the demo's command line may ask for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ABOUT: Final = (
    "Open a console and three small services, send shoppers, give a tour, close without a trace."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for; `seconds` None means until Ctrl-C."""

    seconds: float | None
    seed: int
    port_base: int | None
    logs: Path | None
    incident: bool = False


def parsed(arguments: Sequence[str] | None) -> Options:
    """Read the command line; None takes the process's own."""
    parser = argparse.ArgumentParser(prog="python -m fastapi_spine.demo", description=_ABOUT)
    parser.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")
    parser.add_argument("--seed", type=int, default=1, help="which shoppers come (default: 1)")
    parser.add_argument("--port-base", type=int, help="first of five ports (default: any free)")
    parser.add_argument("--logs", type=Path, help="folder to keep each service's lines in")
    parser.add_argument(
        "--incident",
        action="store_true",
        help="deploy a bad release, and see the alert come and go",
    )
    given = parser.parse_args(arguments)
    return Options(given.seconds, given.seed, given.port_base, given.logs, given.incident)
