"""Chunks of items, and a whole request of them: items under their scopes, and these under the resource.

The messages of traces and logs (`ExportTraceServiceRequest`, `ExportLogsServiceRequest`) have the same numbers at
each level, so one function writes both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.attributes import ResourceField, scope_of
from fastapi_spine.export.wire import Truncated, behind, blob

CHUNK_ITEMS: Final = 128
"""As many items has a chunk at most: four of them make a batch, and few are lost with one."""

Chunk: TypeAlias = tuple[tuple[str, ...], bytes, int]
"""Items that go together: what they are grouped by in a request (their scope's name and version; of numbers their metric's
name, description, unit and kind), the bytes of all of them, and how many they are.

A bare tuple: making one of a named kind costs as much as putting it into the queue.
"""


def joined(groups: Mapping[tuple[str, ...], list[bytes]], size: int) -> list[Chunk]:
    """Join items to chunks, those of each group in their order.

    Args:
        groups: what items are grouped by, and the bytes of each.
        size: bytes that a chunk may have; one item may have more.
    """
    chunks: list[Chunk] = []
    for group, items in groups.items():
        for start in range(0, len(items), CHUNK_ITEMS):
            chunks += _within(size, group, items[start : start + CHUNK_ITEMS])
    return chunks


def _within(size: int, group: tuple[str, ...], items: list[bytes]) -> list[Chunk]:
    """Join items; by halves if all of them are too many bytes, which is rare."""
    data, count = b"".join(items), len(items)
    if len(data) <= size or count == 1:
        return [(group, data, count)]
    middle = count // 2
    return _within(size, group, items[:middle]) + _within(size, group, items[middle:])


class ScopedForm:
    """Writes requests of spans, or of log records, that are written already.

    Args:
        resource: returns who the process is.
    """

    def __init__(self, resource: Callable[[], Mapping[str, AttributeValue]]) -> None:
        self._resource = ResourceField(resource)

    def request(self, batch: Iterable[Chunk]) -> bytes:
        """Write a request of several items, grouped by scope."""
        return self.request_of(self._resource.written(), batch)

    def resource(self) -> bytes:
        """Write who the process is, for items that are sent later, perhaps by another one."""
        return self._resource.written()

    def request_of(self, resource: bytes, batch: Iterable[Chunk]) -> bytes:
        """Write a request of several items of whichever process `resource` told of."""
        return request_of(resource, batch)


def request_of(resource: bytes, batch: Iterable[Chunk]) -> bytes:
    """Write a request of spans or log records.

    Args:
        resource: who the process is, as `ResourceField` has written it.
        batch: chunks, each item in them as the field that its scope's message has it in.
    """
    scopes: dict[tuple[str, ...], list[bytes]] = {}
    for group, data, _ in batch:
        scopes.setdefault(group, []).append(data)
    grouped = (
        blob(2, scope_of(name, version) + b"".join(members))
        for (name, version), members in scopes.items()
    )
    return blob(1, resource + b"".join(grouped))


def halves(batch: Sequence[Chunk]) -> tuple[Sequence[Chunk], Sequence[Chunk]]:
    """Divide a batch of several items into two: between its chunks, or a single chunk between its items.

    Args:
        batch: at least two items.

    Raises:
        Truncated: the bytes of a single chunk are not as many items as it says.
    """
    middle = len(batch) // 2
    if middle:
        return batch[:middle], batch[middle:]
    ((group, data, count),) = batch
    few = count // 2
    place = behind(data, few)
    if place == len(data):
        raise Truncated("a chunk has fewer items than it says")
    return [(group, data[:place], few)], [(group, data[place:], count - few)]
