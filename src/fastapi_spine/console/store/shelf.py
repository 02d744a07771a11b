"""Slices as readers see them. One answer uses one shelf; nothing is shared between two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import DatabaseError
from typing import Final, TypeVar

from fastapi_spine.console.store.folder import Folder
from fastapi_spine.console.store.slice_reader import SliceReader

Answer = TypeVar("Answer")
_MOST_OPEN: Final = 64


class Shelf:
    """Every slice there is; the least used ones are closed.

    Args:
        folder: where they are.
        monotonic_ns: tells time.
        patience_ns: how long one answer may take.
        damaged: name → reason, of slices that could not be read; filled here.
    """

    def __init__(
        self,
        folder: Folder,
        monotonic_ns: Callable[[], int],
        patience_ns: int,
        damaged: dict[str, str],
    ) -> None:
        self._folder = folder
        self._now = monotonic_ns
        self._patience = patience_ns
        self._deadline = 0
        self._slices: dict[Path, SliceReader] = {}
        self._used: dict[SliceReader, None] = {}
        self._damaged = damaged

    def start(self) -> None:
        """Begin an answer."""
        self._deadline = self._now() + self._patience

    def stop(self) -> None:
        """End an answer: let the writer have its logs back, and close what is too much."""
        for reader in self._used:
            reader.end()
        opened = [reader for reader in self._slices.values() if reader.is_open]
        if len(opened) > _MOST_OPEN:
            opened.sort(key=lambda reader: reader in self._used)
            for reader in opened[: len(opened) - _MOST_OPEN]:
                reader.close()
        self._used.clear()

    def expired(self) -> bool:
        """Whether the answer has taken as long as it may."""
        return self._now() > self._deadline

    def slices(self, first: int = 0) -> list[SliceReader]:
        """Return the slices from a number on, oldest first; a slice is opened when it is first asked."""
        known = self._folder.slices()
        last = known[-1].number if known else 0
        if len(self._slices) > len(known):
            there = {file.path for file in known}
            for path in [path for path in self._slices if path not in there]:
                self._slices.pop(path).close()
        found = []
        for file in known:
            if file.number < first:
                continue
            reader = self._slices.get(file.path)
            if reader is None:
                reader = SliceReader(file, self.expired)
                self._slices[file.path] = reader
            reader.final = file.number < last
            self._used[reader] = None
            found.append(reader)
        return found

    def guarded(self, reader: SliceReader, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Ask one slice; what cannot be read counts as empty, and is told of."""
        try:
            return ask()
        except DatabaseError as error:
            self._note(reader, error)
            return otherwise

    def each(self, reader: SliceReader, steps: Iterator[Answer]) -> Iterator[Answer]:
        """Walk one slice likewise."""
        try:
            yield from steps
        except DatabaseError as error:
            self._note(reader, error)

    def close(self) -> None:
        """Close every file."""
        for reader in self._slices.values():
            reader.close()
        self._slices.clear()

    def _note(self, reader: SliceReader, error: DatabaseError) -> None:
        if reader.path.exists():
            self._damaged[reader.path.name] = str(error)
