"""A whole request: the items of a batch under their scopes, and these under the resource.

The messages of traces and logs (`ExportTraceServiceRequest`, `ExportLogsServiceRequest`) have the same numbers at
each level, so one function writes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.attributes import resource_of, scope_of
from fastapi_spine.export.wire import blob

Encoded: TypeAlias = tuple[tuple[str, ...], bytes]
"""What an item is grouped by in a request (its scope's name and version; of metrics the name), and its bytes.

A bare tuple: making one of a named kind costs as much as putting it into the queue.
"""


def request_of(resource: Mapping[str, AttributeValue], batch: Iterable[Encoded]) -> bytes:
    """Write a request of spans or log records.

    Args:
        resource: who the process is.
        batch: items, each as the field that its scope's message has it in.
    """
    scopes: dict[tuple[str, ...], list[bytes]] = {}
    for group, data in batch:
        scopes.setdefault(group, []).append(data)
    grouped = (
        blob(2, scope_of(name, version) + b"".join(members))
        for (name, version), members in scopes.items()
    )
    return blob(1, resource_of(resource) + b"".join(grouped))
