"""Who sent something: the same resource becomes the same object, so that it is stored once."""

from __future__ import annotations

from typing import Final

from fastapi_spine.console.rows import Attributes, Source, Value
from fastapi_spine.core.console_names import RESOURCE_SERVICE_VERSION, SERVICE_UNKNOWN
from fastapi_spine.core.conventions import OTEL_SERVICE_KEY, RESOURCE_SERVICE_INSTANCE

_REMEMBERED: Final = 1024


class Sources:
    """Makes and remembers sources."""

    def __init__(self) -> None:
        self._known: dict[bytes, Source] = {}

    def known(self, content: bytes) -> Source | None:
        """Return the source that was made from these bytes."""
        return self._known.get(content)

    def make(self, content: bytes, attributes: Attributes) -> Source:
        """Make a source.

        Args:
            content: what it was read from.
            attributes: the resource.
        """
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        source = Source(
            _text(attributes.get(OTEL_SERVICE_KEY)) or SERVICE_UNKNOWN,
            _text(attributes.get(RESOURCE_SERVICE_INSTANCE)),
            _text(attributes.get(RESOURCE_SERVICE_VERSION)),
            attributes,
        )
        self._known[content] = source
        return source


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
