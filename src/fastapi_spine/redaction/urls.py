"""URLs as span attributes and log fields want them: OpenTelemetry's bare ``REDACTED``.

Semantic conventions, ``url.full`` and ``url.query``: credentials become ``REDACTED:REDACTED@``,
the value of a sensitive query parameter becomes ``REDACTED``, keys and order stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import URL_MARK

_PARAMETER = LazyPattern(
    r"(?P<key>(?:(?<=[?&;#])|\A)[^=&;#?/:\s]{1,128}+)=(?P<value>[^&;#\s]{1,8192}+)"
)
_URL_KEYS = ("url.", "http.")


def is_url_key(key: str) -> bool:
    """Say whether the attribute `key` holds a URL by OpenTelemetry's naming."""
    return key.startswith(_URL_KEYS)


class UrlRule:
    """Replaces the values of sensitive query parameters."""

    def __init__(self, keys: KeyClassifier, found: Callable[[str], None]) -> None:
        self._keys = keys
        self._found = found

    def __call__(self, url: str) -> str:
        """Return `url` (or a bare query string) with sensitive parameters as ``REDACTED``."""
        return _PARAMETER.sub(self._replace, url) if "=" in url else url

    def _replace(self, match: re.Match[str]) -> str:
        kind = self._keys.query_kind(match["key"]) or self._keys.opaque_query_kind(
            match["key"], match["value"]
        )
        if kind is None or match["value"] == URL_MARK:
            return match[0]
        self._found(kind)
        return f"{match['key']}={URL_MARK}"
