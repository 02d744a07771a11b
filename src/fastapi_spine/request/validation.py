"""What a validation error found wrong: place and kind, never the value.

FastAPI turns a `RequestValidationError` into a 422 whose input values are private data. Its handlers send the
response while that exception is being handled, so it can be seen from the `send` wrapper without touching
the application (`sys.exc_info`). A `BaseHTTPMiddleware` in between hides it; then the default
response body still tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

MAX_ERRORS: Final = 20
MAX_TEXT: Final = 200
MAX_BODY: Final = 64 * 1024

Invalid = tuple[tuple[str, str], ...]


def from_exception(error: BaseException | None) -> Invalid:
    """Read place and kind of each failed field from a validation error.

    Args:
        error: any exception; one with pydantic's `errors()` is read.

    Returns:
        Pairs such as `("body.items.0.qty", "int_parsing")`, at most 20; empty for other exceptions.
    """
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return ()
    found = errors()
    return _pairs(found) if isinstance(found, (list, tuple)) else ()


def from_body(body: bytes) -> Invalid:
    """Read the same from FastAPI's default 422 body, `{"detail": [{"loc": …, "type": …}]}`."""
    if len(body) > MAX_BODY or not body.startswith(b"{"):
        return ()
    try:
        detail = msgspec.json.decode(body).get("detail")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return _pairs(detail) if isinstance(detail, list) else ()


def _pairs(errors: Iterable[object]) -> Invalid:
    pairs = []
    for error in errors:
        if isinstance(error, Mapping) and "loc" in error and "type" in error:
            pairs.append((_place(error["loc"]), str(error["type"])[:MAX_TEXT]))
        if len(pairs) == MAX_ERRORS:
            break
    return tuple(pairs)


def _place(loc: object) -> str:
    parts = loc if isinstance(loc, (list, tuple)) else (loc,)
    return ".".join(map(str, parts))[:MAX_TEXT]
