"""Security headers: what a browser is told about every answer, worked out once.

Values: OWASP Secure Headers Project and MDN's practical implementation guide. HSTS is said over TLS only (RFC 6797
section 7.2). FastAPI's documentation pages load scripts and styles from a content network and run a script of their
own; they get a policy that lets exactly that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

_HSTS: Final = "strict-transport-security"
_CSP: Final = "content-security-policy"
_OFF: Final = "off"
_ALL: Final = "*"
_TLS: Final = frozenset({"https", "wss"})

DEFAULTS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    _CSP: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    _HSTS: "max-age=31536000; includeSubDomains",
}

_CONTENT_NETWORK: Final = "https://cdn.jsdelivr.net"
DOCS_POLICY: Final = (
    f"default-src 'self'; script-src 'self' 'unsafe-inline' {_CONTENT_NETWORK}; "
    f"style-src 'self' 'unsafe-inline' {_CONTENT_NETWORK} https://fonts.googleapis.com; "
    "font-src 'self' https://fonts.gstatic.com; "
    f"img-src 'self' data: https://fastapi.tiangolo.com {_CONTENT_NETWORK} https://cdn.redoc.ly; "
    "worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
"""For `/docs` and `/redoc` as FastAPI 0.137 to 0.165 write them."""

Pairs = list[tuple[bytes, bytes]]


class SecurityHeaders:
    """Gives the headers of an answer.

    Args:
        changes: header to value, laid over the defaults; `off` leaves one out, `*` = `off` all that are not named.
        docs: paths of the application's documentation pages.

    Attributes:
        docs: the same.
    """

    __slots__ = ("_docs_plain", "_docs_tls", "_plain", "_tls", "docs")

    def __init__(self, changes: Mapping[str, str], docs: Collection[str]) -> None:
        values = {} if changes.get(_ALL) == _OFF else dict(DEFAULTS)
        values.update((name, value) for name, value in changes.items() if name != _ALL)
        shown = {name: value for name, value in values.items() if value != _OFF}
        own_policy = _CSP in changes or _CSP not in shown
        for_docs = shown if own_policy else {**shown, _CSP: DOCS_POLICY}
        self.docs = frozenset(docs)
        self._plain, self._tls = _pairs(shown, tls=False), _pairs(shown, tls=True)
        self._docs_plain, self._docs_tls = _pairs(for_docs, tls=False), _pairs(for_docs, tls=True)

    def of(self, scheme: str, *, docs: bool) -> Pairs:
        """Return the headers of an answer; the list is shared and must not be changed."""
        if docs:
            return self._docs_tls if scheme in _TLS else self._docs_plain
        return self._tls if scheme in _TLS else self._plain


def _pairs(values: Mapping[str, str], *, tls: bool) -> Pairs:
    return [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in values.items()
        if tls or name != _HSTS
    ]
