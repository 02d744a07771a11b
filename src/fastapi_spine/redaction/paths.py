"""The path of a request as it may be written: by the access line and by the span alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.exchange import Exchange
from fastapi_spine.redaction.redactor import Redactor

MAX_PATH: Final = 2048
"""Characters; strangers choose paths."""
_REMEMBERED: Final = 4_096
_PARAMETER: Final = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")

_INNOCENT: Final = re.compile(r"(?:/(?:[A-Za-z]{1,16}(?:-[A-Za-z]{1,7})?|[0-9]{1,8})){1,12}/?|/")
"""`/api/order-items/42`: shorter than any token, and not enough digits for a card or a social security number. Some tokens
that begin with a word and an underscore may go on behind a slash. A property test asks every rule."""


def _nothing(_path: str) -> None:
    """Say of no path that it is innocent."""


class Paths:
    """Reads paths without queries; the values of sensitive parameters become their names.

    What was read is kept with the request, so that whoever asks next has it for nothing.

    Args:
        redactor: masks paths, and knows which path parameters are secret.
    """

    __slots__ = ("_harmless", "_is_innocent", "_is_sensitive", "_text")

    def __init__(self, redactor: Redactor) -> None:
        self._text = redactor.text_within
        self._is_innocent: Callable[[str], object] = (
            _INNOCENT.fullmatch if redactor.only_known_shapes else _nothing
        )
        self._harmless: set[str] = set()
        self._is_sensitive = redactor.is_sensitive_key

    def of(self, exchange: Exchange) -> str:
        """Return the path of a finished request."""
        shown = exchange.shown_path or self.plain(exchange)
        if shown is None:
            shown = exchange.shown_path = self._read(exchange)
        return shown

    def plain(self, exchange: Exchange) -> str | None:
        """Return the path of a finished request if it is made of words and small numbers only, which can hold no secret.

        Such a path has nothing to escape either. None says only that it has to be read (`of`).
        """
        path, is_innocent = exchange.scope.get("path"), self._is_innocent
        if type(path) is not str or is_innocent(path) is None:
            return None
        params = exchange.scope.get("path_params")
        if params and self._hides(params):
            return None
        exchange.shown_path = path
        return path

    def _read(self, exchange: Exchange) -> str:
        scope = exchange.scope
        params = scope.get("path_params")
        if params and self._hides(params):
            return self._text(self._filled(exchange.route, params), MAX_PATH)
        return self._text(str(scope.get("path", "")), MAX_PATH)

    def _hides(self, params: dict[str, object] | None) -> bool:
        """Tell whether a path parameter is secret by its name; names that are not are remembered, they are few."""
        if not params or self._harmless.issuperset(params):
            return False
        if any(map(self._is_sensitive, params)):
            return True
        if len(self._harmless) < _REMEMBERED:
            self._harmless.update(params)
        return False

    def _filled(self, route: str, params: dict[str, object]) -> str:
        """Fill a route's template with what is not secret."""

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name not in params or self._is_sensitive(name):
                return f"{{{name}}}"
            return str(params[name])

        return _PARAMETER.sub(fill, route)
