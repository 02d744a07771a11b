"""Chunks of items, and a whole request of them: items under their scopes, and these under the resource.

The messages of traces and logs (`ExportTraceServiceRequest`, `ExportLogsServiceRequest`) have the same numbers at
each level, so one function writes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.attributes import resource_of, scope_of
from fastapi_spine.export.wire import Truncated, behind, blob

Chunk: TypeAlias = tuple[tuple[str, ...], bytes, int]
"""Items that go together: what they are grouped by in a request (their scope's name and version; of metrics the name),
the bytes of all of them, and how many they are.

A bare tuple: making one of a named kind costs as much as putting it into the queue.
"""


def request_of(resource: Mapping[str, AttributeValue], batch: Iterable[Chunk]) -> bytes:
    """Write a request of spans or log records.

    Args:
        resource: who the process is.
        batch: chunks, each item in them as the field that its scope's message has it in.
    """
    scopes: dict[tuple[str, ...], list[bytes]] = {}
    for group, data, _ in batch:
        scopes.setdefault(group, []).append(data)
    grouped = (
        blob(2, scope_of(name, version) + b"".join(members))
        for (name, version), members in scopes.items()
    )
    return blob(1, resource_of(resource) + b"".join(grouped))


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
