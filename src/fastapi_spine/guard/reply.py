"""How a guard answers: problem+json (RFC 9457) with the request id, never the application's own error pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from fastapi_spine.core.asgi import Message, Scope, Send
from fastapi_spine.core.conventions import KEY_REQUEST_ID
from fastapi_spine.core.exchange import Exchange, Refusal

_SOCKET_RESPONSE: Final = "websocket.http.response"
_TITLES: Final = {413: "Content Too Large"}
"""Phrases of RFC 9110 that Python before 3.13 has in their older form; RFC 9457 section 4.2.1 wants the recommended one."""
_POLICY_VIOLATION: Final = 1008
"""RFC 6455 section 7.4.1; servers answer a close before the accept with 403."""

Headers = tuple[tuple[bytes, bytes], ...]


class Answer(NamedTuple):
    """A refusal, as the caller gets it.

    Attributes:
        status: HTTP status.
        detail: one sentence for whoever reads the answer.
        refusal: guard and reason, for our own telemetry.
        headers: beside content type and length.
    """

    status: int
    detail: str
    refusal: Refusal
    headers: Headers = ()


async def refuse(answer: Answer, exchange: Exchange, scope: Scope, send: Send) -> None:
    """Answer in the application's place.

    Args:
        answer: what to say.
        exchange: takes note of it; its `send` wrapper adds id and guard headers.
        scope: of the connection.
        send: the way out.
    """
    exchange.refusal = answer.refusal
    if scope["type"] == "websocket" and _SOCKET_RESPONSE not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
        return
    prefix = "http.response" if scope["type"] == "http" else _SOCKET_RESPONSE
    body = _body(answer, exchange.request_id)
    for message in _messages(prefix, answer, body, head=scope.get("method") == "HEAD"):
        await send(message)


def _body(answer: Answer, request_id: str) -> bytes:
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": _TITLES.get(answer.status) or HTTPStatus(answer.status).phrase,
            "status": answer.status,
            "detail": answer.detail,
            KEY_REQUEST_ID: request_id,
        }
    )


def _messages(prefix: str, answer: Answer, body: bytes, *, head: bool) -> tuple[Message, Message]:
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *answer.headers,
    ]
    return (
        {"type": f"{prefix}.start", "status": answer.status, "headers": headers},
        {"type": f"{prefix}.body", "body": b"" if head else body},
    )
