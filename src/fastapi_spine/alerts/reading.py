"""The text of an objectives file: TOML with `[[objectives]]`, or OpenSLO in YAML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from fastapi_spine.alerts.openslo import objectives_of
from fastapi_spine.core.errors import MissingExtraError, SettingsError
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.objective import OBJECTIVES, Objective

LONGEST: Final = 1 << 20
_KEY: Final = "objectives"


def objectives_from(text: str, name: str) -> tuple[Objective, ...]:
    """Read a file's text.

    Args:
        text: of the file, at most 1 MiB.
        name: of the file; its ending says which of the two it is, and errors begin with it.

    Raises:
        SettingsError: it cannot be read; the message names the place and the fix.
        MissingExtraError: it is YAML, and nothing here reads YAML.
    """
    if len(text) > LONGEST:
        raise SettingsError(f"{name} is longer than 1 MiB; split it.")
    try:
        if PurePath(name).suffix in {".yaml", ".yml"}:
            return tuple(objectives_of(_yaml(text, name)))
        return _toml(text)
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}") from None


def _toml(text: str) -> tuple[Objective, ...]:
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"it is not valid TOML: {error}. Correct that line.") from None
    inner = document.get("tool", {})
    spine = inner.get("spine", {}) if isinstance(inner, Mapping) else {}
    tables = document.get(_KEY, spine.get(_KEY, []) if isinstance(spine, Mapping) else [])
    try:
        found = OBJECTIVES.parse(tables)
    except Malformed as error:
        raise SettingsError(f"[[objectives]] cannot be read: {error}") from None
    if not found:
        raise SettingsError(
            "it has no [[objectives]]; each is a table with target, service and availability."
        )
    for place, one in enumerate(found, 1):
        if not one.service:
            raise SettingsError(
                f'[[objectives]] entry {place} has no service; write service = "orders".'
            )
    return found


def _yaml(text: str, name: str) -> list[Any]:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError(
            f"{name} is YAML, which needs an extra: pip install 'fastapi-spine[alerts]'"
        ) from None
    try:
        return list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        shown = " ".join(str(error).split())[:300]
        raise SettingsError(f"it is not valid YAML: {shown}. Correct that place.") from None
