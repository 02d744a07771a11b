"""Webhook addresses: whoever knows the path may post, so the last part of the path is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark

_TOKEN = r"(?P<token>[A-Za-z0-9_-]{16,400}+)"
# A literal, and from there what to keep and what to take.
_HOOKS: dict[str, str] = {
    "hooks.slack": r"(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<token>[A-Za-z0-9/_-]{10,400}+)",
    "/webhooks/": rf"[0-9]{{5,25}}/{_TOKEN}",
    "/incomingwebhook/": r"(?P<token>[0-9a-fA-F]{20,64}+)",
    "hooks.zapier.com/hooks/": r"(?:catch|standard)/[0-9]{1,12}/(?P<token>[a-z0-9]{5,20}+)",
    "/with/key/": _TOKEN,
    "/hooks/": r"(?P<token>[a-z0-9]{24,64}+)(?![\w-])",
    "/bot/v2/hook/": _TOKEN,
    ".make.com/": r"(?P<token>[a-z0-9]{24,64}+)",
    "/integration/": r"(?P<token>[0-9a-f]{32}+)(?=/)",
}
WEBHOOK_ANCHORS = tuple(Anchor(literal) for literal in _HOOKS)
_PATTERNS = tuple(
    (literal, LazyPattern(re.escape(literal) + tail, re.IGNORECASE))
    for literal, tail in _HOOKS.items()
)


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
        return text

    def _replace(self, match: re.Match[str]) -> str:
        self._found("webhook")
        return match[0][: match.start("token") - match.start()] + mark("webhook")
