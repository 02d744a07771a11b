"""Which format a reader wants, by its `Accept` and `Accept-Encoding` (RFC 9110, sections 12.5.1 and 12.5.3)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_OPENMETRICS: Final = "application/openmetrics-text"
_PLAIN: Final = "text/plain"
_LONGEST: Final = 2048
_ESCAPINGS: Final = frozenset({"allow-utf-8", "underscores", "dots", "values"})
_QUALITY: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class Format(NamedTuple):
    """How a page is written.

    Attributes:
        openmetrics: OpenMetrics, else Prometheus text.
        version: of the format: `0.0.4` or `1.0.0` of the text, `0.0.1` or `1.0.0` of OpenMetrics.
        escaping: how names outside the old alphabet are written, for versions 1.0.0; empty if nobody asked.
    """

    openmetrics: bool
    version: str
    escaping: str = ""

    @property
    def content_type(self) -> str:
        """The header that says so."""
        kind = _OPENMETRICS if self.openmetrics else _PLAIN
        escaping = f"; escaping={self.escaping}" if self.escaping else ""
        return f"{kind}; version={self.version}; charset=utf-8{escaping}"


FALLBACK: Final = Format(openmetrics=False, version="0.0.4")


def choose_format(accept: str) -> Format:
    """Choose the format that a reader likes best.

    Args:
        accept: the value of its `Accept` header; empty for none.

    Returns:
        The format with the highest quality, of equals the first; Prometheus text 0.0.4 for whoever accepts
        nothing that there is, because a page in a well-known form helps more than a 406.
    """
    best, most = FALLBACK, 0.0
    for part in accept[:_LONGEST].split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        given = {
            name.strip().lower(): value.strip(' "') for name, _, value in map(_pair, parameters)
        }
        found = _format(kind.lower(), given)
        quality = _quality(given.get("q", "1"))
        if found is not None and quality > most:
            best, most = found, quality
    return best


def wants_gzip(accept_encoding: str) -> bool:
    """Tell whether a reader takes gzip: named or by `*`, with a quality above zero."""
    found: dict[str, float] = {}
    for part in accept_encoding[:_LONGEST].split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        given = {name.strip().lower(): value.strip() for name, _, value in map(_pair, parameters)}
        found[coding.lower()] = _quality(given.get("q", "1"))
    return found.get("gzip", found.get("*", 0.0)) > 0


def _pair(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


def _quality(text: str) -> float:
    return float(text) if _QUALITY.fullmatch(text) else 0.0


def _format(kind: str, given: dict[str, str]) -> Format | None:
    version = given.get("version", "")
    asked = given.get("escaping", "")
    escaping = asked if asked in _ESCAPINGS else ""
    if kind == _OPENMETRICS and version in {"", "0.0.1", "1.0.0"}:
        version = version or "1.0.0"
        return Format(openmetrics=True, version=version, escaping=escaping if version > "1" else "")
    if kind == _PLAIN and version in {"", "0.0.4", "1.0.0"}:
        version = version or "0.0.4"
        return Format(
            openmetrics=False, version=version, escaping=escaping if version > "1" else ""
        )
    return FALLBACK if kind in {"*/*", "text/*"} else None
