"""Makes values storable that SQLite or JSON refuse: half characters, and numbers beyond 64 bits.

Only asked after something was refused, so that well-formed rows pay nothing.
"""

from __future__ import annotations

from typing import Any, Final

LARGEST: Final = (1 << 63) - 1


def mended(value: Any) -> Any:
    """Return a value of attributes, or of a column, that can be stored: `?` for what is no character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return min(max(value, -LARGEST - 1), LARGEST)
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mended(item) for item in value]
    return value


def mended_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row of columns likewise."""
    return tuple(mended(value) for value in row)
