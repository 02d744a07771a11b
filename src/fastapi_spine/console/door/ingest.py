"""The door of the receiver: programs may send, web pages may not, unless their origin is allowed."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from fastapi_spine.console.door.names import Names
from fastapi_spine.console.door.refusals import Refusals
from fastapi_spine.console.door.replies import reply
from fastapi_spine.console.door.web import text_headers
from fastapi_spine.core.asgi import App, Message, Receive, Scope, Send
from fastapi_spine.core.console_names import HEADER_CONSOLE_KEY

Word = Callable[[int, str, bool], tuple[str, bytes]]
"""Words an answer for a sender: from status, sentence and whether it speaks JSON, its content type and body."""

_FOREIGN: Final = ("cross-site", "same-site")
_ALLOWED_HEADERS: Final = f"content-type, content-encoding, authorization, {HEADER_CONSOLE_KEY}"


class IngestDoor:
    """Lets requests through to the receiver, or answers them.

    Args:
        app: the receiver.
        names: the console's own names.
        origins: of web pages that may send, exactly.
        key: what senders must bring; empty if anybody on this machine may send.
        refusals: tells of them.
        word: words their answers.
    """

    def __init__(
        self,
        app: App,
        names: Names,
        origins: Iterable[str],
        key: str,
        refusals: Refusals,
        word: Word,
    ) -> None:
        self._app = app
        self._names = names
        self._origins = frozenset(one.strip().rstrip("/").lower() for one in origins)
        self._key = key.encode()
        self._refusals = refusals
        self._word = word

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = text_headers(scope)
        json = "json" in headers.get("content-type", "").lower()
        refusal = self._stranger(headers)
        if refusal:
            await self._refuse(send, 403, refusal, json=json)
            return
        origin = headers.get("origin")
        if origin is not None:
            send = _shared(send, origin)
        if origin is not None and scope["method"] == "OPTIONS":
            await _preflight(send)
        elif not self._keyed(headers):
            text = self._refusals.tell(
                "the key",
                "",
                f"Senders must bring the console's `key`, as `Authorization: Bearer` or `{HEADER_CONSOLE_KEY}`.",
            )
            await self._refuse(send, 401, text, json=json)
        else:
            await self._app(scope, receive, send)

    def _stranger(self, headers: Mapping[str, str]) -> str:
        host = headers.get("host", "")
        if not self._names.own(host):
            return self._refusals.tell(
                "Host",
                host,
                "Send to localhost or 127.0.0.1, or add the name to the console's `hosts` setting.",
            )
        origin = headers.get("origin")
        if origin is not None and origin.strip().lower() not in self._origins:
            return self._refusals.tell(
                "Origin",
                origin,
                "To let pages of that origin send, add it to the console's `origins` setting.",
            )
        site = headers.get("sec-fetch-site", "")
        if origin is None and site in _FOREIGN:
            return self._refusals.tell("Sec-Fetch-Site", site, "Web pages may not send here.")
        return ""

    def _keyed(self, headers: Mapping[str, str]) -> bool:
        if not self._key:
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        given = (bearer, headers.get(HEADER_CONSOLE_KEY, ""))
        return any(
            hmac.compare_digest(one.encode("utf-8", "backslashreplace"), self._key) for one in given
        )

    async def _refuse(self, send: Send, status: int, text: str, *, json: bool) -> None:
        kind, body = self._word(status, text, json)
        await reply(send, status, kind, body)


def _shared(send: Send, origin: str) -> Send:
    """Return a `send` that lets pages of an allowed origin read the answer."""
    extra = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending


async def _preflight(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                (b"access-control-allow-methods", b"POST"),
                (b"access-control-allow-headers", _ALLOWED_HEADERS.encode()),
                (b"access-control-max-age", b"600"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})
