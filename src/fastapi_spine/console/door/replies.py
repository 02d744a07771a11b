"""Answers of the door itself, and the headers on every answer that goes through it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Final

from fastapi_spine.core.asgi import Message, Send

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFETY: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""On every answer of the web listener (issue 5; OWASP secure headers)."""

Headers = Iterable[tuple[bytes, bytes]]

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
{more}</head>
<body><h1>{title}</h1>{text}</body></html>
"""


def safe(send: Send) -> Send:
    """Return a `send` that puts the headers on; API answers are not to be kept by any cache unless they say so."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            known = {name.lower() for name, _ in headers}
            headers += [pair for pair in SAFETY if pair[0] not in known]
            if b"cache-control" not in known:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return sending


async def reply(send: Send, status: int, kind: str, body: bytes, headers: Headers = ()) -> None:
    """Send a short answer."""
    fixed = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def say(send: Send, status: int, text: str, headers: Headers = ()) -> None:
    """Answer with a sentence."""
    await reply(send, status, "text/plain; charset=utf-8", f"{text}\n".encode(), headers)


async def problem(send: Send, status: int, title: str, detail: str) -> None:
    """Answer a call of the API (RFC 9457)."""
    body = json.dumps({"title": title, "detail": detail, "status": status}).encode()
    await reply(send, status, "application/problem+json", body)


async def page(send: Send, status: int, title: str, *lines: str, more: str = "") -> None:
    """Answer a person."""
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    body = _PAGE.format(title=escape(title), text=text, more=more)
    await reply(send, status, "text/html; charset=utf-8", body.encode())
