"""The settings file: which one it is, and what is in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import PYPROJECT, PYPROJECT_TABLE, SPINE_TOML
from fastapi_spine.core.errors import SettingsError

_REPOSITORY: Final = ".git"


class SettingsFile(NamedTuple):
    """What one file says.

    Attributes:
        path: The file.
        table: The dotted name of the table that holds our settings; empty for the whole file.
        values: That table.
    """

    path: Path
    table: str
    values: Mapping[str, object]

    def place(self, section: str = "") -> str:
        """Say where a key of the file stands, for people."""
        table = ".".join(part for part in (self.table, section) if part)
        return f"{self.path} [{table}]" if table else str(self.path)


def find(start: Path) -> SettingsFile | None:
    """Read the settings file that is in force for a directory.

    The search goes upward and ends at the first directory that holds a `spine.toml`, a
    `pyproject.toml` or a `.git`, whether or not anything is set there: a value from far above would
    surprise more often than it helps.

    Args:
        start: The directory to begin with.

    Returns:
        The file, or None when none says anything.

    Raises:
        SettingsError: A file cannot be read, is not TOML, or two in one directory have settings.
    """
    for directory in (start, *start.parents):
        paths = [path for name in (SPINE_TOML, PYPROJECT) if _exists(path := directory / name)]
        if paths or _exists(directory / _REPOSITORY):
            return _only_one([file for file in map(_read, paths) if file.values])
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a parent that may not be looked into holds nothing for us
        return False


def _only_one(files: list[SettingsFile]) -> SettingsFile | None:
    if len(files) > 1:
        first, second = (file.place() for file in files)
        raise SettingsError(
            f"{first} and {second} both have settings; move them into one of the two."
        )
    return files[0] if files else None


def _read(path: Path) -> SettingsFile:
    document = _toml(path)
    if path.name == SPINE_TOML:
        return SettingsFile(path, "", document)
    values: object = document
    for name in PYPROJECT_TABLE.split("."):
        values = values.get(name, {}) if isinstance(values, Mapping) else values
    if not isinstance(values, Mapping):
        raise SettingsError(f"{path}: {PYPROJECT_TABLE} is {values!r}; make it a table.")
    return SettingsFile(path, PYPROJECT_TABLE, values)


def _toml(path: Path) -> Mapping[str, object]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}. Make it readable or remove it."
        ) from error
    try:
        # Editors on Windows begin a file with a byte order mark, which tomllib does not take.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path} is not UTF-8 at line {line}. Save it as UTF-8.") from None
    except ValueError as error:  # TOMLDecodeError, and what int() says of thousands of digits
        raise SettingsError(f"{path} is not valid TOML: {error}. Correct that line.") from None
