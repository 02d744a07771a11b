"""What was promised: by services, on the resource of their telemetry, and by files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.console.ports import Writer
from fastapi_spine.console.rows import Batch, Source
from fastapi_spine.core.console_names import RESOURCE_OBJECTIVES
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.objective import Objective, objective_of

_LONGEST: Final = 64 * 1024
_MOST_EACH: Final = 200
_MOST_SERVICES: Final = 200
_MOST_SEEN: Final = 10_000


class Watched(NamedTuple):
    """One promise, and who declared it: `service` or `file`."""

    promise: Promise
    by: str


class Declared:
    """The promises that there are.

    Args:
        remembered: service → tables, of an earlier run.
        objectives: of files; they win over a service's own of the same id.
    """

    def __init__(
        self, remembered: dict[str, list[dict[str, Any]]], objectives: Sequence[Objective] = ()
    ) -> None:
        self.told = remembered
        self._of_files = promises_of(objectives, "")
        self.trouble: dict[str, str] = {}
        self._seen: set[int] = set()
        self._kept: list[Source] = []

    def hear(self, batch: Batch) -> None:
        """Look at who sent something; the same sender is looked at once."""
        for rows in batch:
            for row in rows:
                source = row.source
                if id(source) not in self._seen:
                    self._remember(source)

    def watched(self) -> list[Watched]:
        """Return every promise, by id."""
        found = {one.id: Watched(one, "file") for one in self._of_files}
        for service, tables in list(self.told.items()):
            for promise in self._read(service, tables):
                found.setdefault(promise.id, Watched(promise, "service"))
        return [found[key] for key in sorted(found)]

    def _remember(self, source: Source) -> None:
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
            self._kept.clear()
        self._seen.add(id(source))
        self._kept.append(source)  # an object that lives keeps its id
        text = source.attributes.get(RESOURCE_OBJECTIVES)
        if not isinstance(text, str):
            return
        if len(self.told) >= _MOST_SERVICES and source.service not in self.told:
            return
        try:
            self.told[source.service] = _tables(text)
        except ValueError:
            self.trouble[source.service] = (
                f"{RESOURCE_OBJECTIVES} of {source.service} is no list of objectives"
            )

    def _read(self, service: str, tables: Iterable[dict[str, Any]]) -> tuple[Promise, ...]:
        try:
            found = promises_of([objective_of(one) for one in tables], service)
        except (SettingsError, TypeError) as error:
            self.trouble[service] = f"objectives of {service} cannot be read: {str(error)[:300]}"
            return ()
        self.trouble.pop(service, None)
        return found


def _tables(text: str) -> list[dict[str, Any]]:
    if len(text) > _LONGEST:
        raise ValueError
    found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError
    return found[:_MOST_EACH]


class HearingWriter:
    """A store's writer that lets `Declared` hear what passes.

    Args:
        writer: the store's.
        declared: hears.
    """

    def __init__(self, writer: Writer, declared: Declared) -> None:
        self._writer = writer
        self._hear = declared.hear
        self.commit = writer.commit
        self.tidy = writer.tidy
        self.close = writer.close

    def add(self, batch: Batch) -> None:
        """Take a batch into the open transaction, as the store's does."""
        self._writer.add(batch)
        self._hear(batch)
