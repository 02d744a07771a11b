"""What stands in the place of a secret, and the two wrappers with which a caller decides himself.

A mark names the kind only: never length, prefix, hash or the matched text (a marker that echoed
its match has leaked before: logfire#1909).
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi_spine.redaction.lazy import LazyPattern

URL_MARK = "REDACTED"  # OpenTelemetry semantic conventions, url.full and url.query
DEPTH_MARK = "[REDACTED:depth]"
SIZE_MARK = "[REDACTED:size]"
ERROR_MARK = "[REDACTED:error]"
SECRET_KIND = "secret"  # noqa: S105 -- the name of a kind, not a secret
KIND_SHAPE = LazyPattern(r"[a-z][a-z0-9_]{1,31}")

MARK = r"\[REDACTED:(?!secret_)[a-z][a-z0-9_]{1,31}\]"


def mark(kind: str) -> str:
    """Return the mark of `kind`, for example ``[REDACTED:jwt]``."""
    return f"[REDACTED:{kind}]"


@dataclass(frozen=True, slots=True)
class Public:
    """A value its caller vouches for: it is written as it is, whatever its key or shape."""

    value: object

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is never written: it prints as its mark everywhere, also outside the logs."""

    value: object

    def __repr__(self) -> str:
        return mark(SECRET_KIND)
