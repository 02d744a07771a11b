"""What every room is built from, beside its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.ids import IdSource
from fastapi_spine.redaction import Redactor


class Site(NamedTuple):
    """What rooms have in common; `open_exchanges` is kept up to date by the pass."""

    service: str
    packages: tuple[str, ...]
    clock: Clock
    ids: IdSource
    health: Health
    environ: Mapping[str, str]
    redactor: Redactor
    open_exchanges: set[Exchange]
