"""Where a value came from, and everything that loading settings gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from fastapi_spine.settings.model import Settings

Layer = Literal["default", "file", "environment", "keyword"]
"""The places a value can come from, the weakest first."""


class Found(NamedTuple):
    """A parsed value in one layer.

    Attributes:
        value: The value.
        place: Where it was written, for people.
    """

    value: Any
    place: str


class Origin(NamedTuple):
    """Where the value in force came from.

    Attributes:
        kind: The layer that had the last word.
        place: Where it was written; for a value that layers add to, every place, strongest first.
        shown: The value as TOML writes it; a secret is hidden.
    """

    kind: Layer
    place: str
    shown: str


class Loaded(NamedTuple):
    """Settings in force and where each came from.

    Attributes:
        settings: Every setting, resolved.
        origins: One origin a setting, by dotted name such as `logs.level`.
    """

    settings: Settings
    origins: Mapping[str, Origin]
