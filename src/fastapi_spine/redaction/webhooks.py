"""Webhook addresses: whoever knows the path may post, so the last part of the path is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.shapes import is_opaque

_LAST = r"(?P<token>[A-Za-z0-9_-]{16,400}+)"
# A literal, and from there what to keep and what to take.
_HOOKS: dict[str, str] = {
    "hooks.slack": r"(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<token>[A-Za-z0-9/_-]{10,400}+)",
    "/services/t": r"(?P<token>[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{16,64}+)",
    "/webhooks/": rf"[0-9]{{5,25}}/{_LAST}",
    "/incomingwebhook/": r"(?P<token>[0-9a-fA-F]{20,64}+)",
    "hooks.zapier.com/hooks/": r"(?:catch|standard)/[0-9]{1,12}/(?P<token>[a-z0-9]{5,20}+)",
    "/with/key/": _LAST,
    "/hooks/": r"(?P<token>[a-z0-9]{24,64}+)(?![\w-])",
    "/bot/v2/hook/": _LAST,
    ".make.com/": r"(?P<token>[a-z0-9]{24,64}+)",
    "/integration/": r"(?P<token>[0-9a-f]{32}+)(?=/)",
}
# Links that let whoever has them in: the path's last part, if it looks drawn by lot.
_LINK = LazyPattern(
    r"(?:reset|reset[-_]password|activate|activation|confirm|confirmation|invite|invitation|magic|magic[-_]link"
    r"|verify|verify[-_]email|verification)/(?=[A-Za-z_-]{0,60}[0-9])(?P<token>[\w-]{10,400}+)"
)
_LONG = 20
_DOUBTFUL = ("confirm", "verify/", "verification")
"""What stands behind these, and is short, is as often the number of an order: `/confirm/ORD-2024-AB12C`."""
_CHANGES = LazyPattern(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
_HEX = LazyPattern(r"[0-9a-f]{10,}|[0-9A-F]{10,}")
_LINKS = ("reset/", "password/", "activat", "confirm", "invit", "magic", "verif")
WEBHOOK_ANCHORS = (
    *(Anchor(literal) for literal in _HOOKS),
    *(Anchor(word, r"[a-z_-]{0,12}/?(?=[a-z_-]{0,60}[0-9])[\w-]{10}") for word in _LINKS),
)
_PATTERNS = tuple(
    (literal, LazyPattern(re.escape(literal) + tail, re.IGNORECASE))
    for literal, tail in _HOOKS.items()
)


def _is_short_link(match: re.Match[str]) -> bool:
    """Say whether a path's last part is drawn by lot, though it is short: no name with a number behind it.

    Letters and digits change places every third character or more, which those of names do not: 9 times in
    `8sKd93hXq2LmN0pZ`, 4 times in `OrderConfirm2024`. Without small or without capital letters three changes will do.
    """
    word, start, token = match[0], match.start(), match["token"]
    if word.startswith(_DOUBTFUL) or (start and match.string[start - 1].isalpha()):
        return False
    joined = token.replace("-", "").replace("_", "")
    changes = len(_CHANGES.findall(joined))
    if joined.islower() or joined.isupper():
        return changes > 2 or _HEX.fullmatch(joined) is not None  # noqa: PLR2004 - as said
    return changes * 3 >= len(joined)


class WebhookRule:
    """Replaces the secret part of webhook addresses and keeps host and service."""

    def __init__(self, found: Callable[[str], None]) -> None:
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` with the secret part of each webhook address replaced."""
        lowered = text.lower()
        for literal, pattern in _PATTERNS:
            if literal in lowered:
                text = pattern.sub(self._replace, text)
        if any(word in text for word in _LINKS):
            text = _LINK.sub(self._link, text)
        return text

    def _link(self, match: re.Match[str]) -> str:
        token = match["token"]
        secret = is_opaque(token, 1) and (len(token) >= _LONG or _is_short_link(match))
        return self._replace(match, "token") if secret else match[0]

    def _replace(self, match: re.Match[str], kind: str = "webhook") -> str:
        self._found(kind)
        return match[0][: match.start("token") - match.start()] + mark(kind)
