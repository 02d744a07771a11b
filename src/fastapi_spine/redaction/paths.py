"""The path of a request as it may be written: by the access line and by the span alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fastapi_spine.core.exchange import Exchange
from fastapi_spine.redaction.redactor import Redactor

MAX_PATH: Final = 2048
"""Characters; strangers choose paths."""
_REMEMBERED: Final = 4_096
_PARAMETER: Final = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")


class Paths:
    """Reads paths without queries; the values of sensitive parameters become their names.

    What was read is kept with the request, so that whoever asks next has it for nothing.

    Args:
        redactor: masks paths, and knows which path parameters are secret.
    """

    __slots__ = ("_are_clean", "_harmless", "_is_sensitive", "_text")

    def __init__(self, redactor: Redactor) -> None:
        self._text = redactor.text
        self._are_clean = redactor.are_clean
        self._harmless: set[str] = set()
        self._is_sensitive = redactor.is_sensitive_key

    def of(self, exchange: Exchange) -> str:
        """Return the path of a finished request."""
        shown = exchange.shown_path
        if shown is None:
            shown = exchange.shown_path = self._read(exchange)
        return shown

    def of_all(self, exchanges: Sequence[Exchange]) -> list[str]:
        """Return the paths of several finished requests: as a rule one look tells that none of them holds a secret."""
        fresh, paths = [], []
        for exchange in exchanges:
            params = exchange.scope.get("path_params")
            if exchange.shown_path is None and not (
                params and any(map(self._is_sensitive, params))
            ):
                fresh.append(exchange)
                paths.append(str(exchange.scope.get("path", ""))[:MAX_PATH])
        if self._are_clean(paths):
            for exchange, path in zip(fresh, paths, strict=True):
                exchange.shown_path = path
        return [exchange.shown_path or self.of(exchange) for exchange in exchanges]

    def _read(self, exchange: Exchange) -> str:
        scope = exchange.scope
        params = scope.get("path_params")
        if params and self._hides(params):
            return self._text(self._filled(exchange.route, params))[:MAX_PATH]
        return self._text(str(scope.get("path", ""))[:MAX_PATH])

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
