"""The door of the web listener: pages, their files, the API, live tails."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlencode

from fastapi_spine.console.door.names import Names, same_origin
from fastapi_spine.console.door.refusals import Refusals
from fastapi_spine.console.door.replies import page, problem, reply, safe, say
from fastapi_spine.console.door.sessions import Sessions
from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.console_names import PATH_ALERTS_API, PATH_CONSOLE_API, PATH_CONSOLE_LOGIN
from fastapi_spine.core.conventions import HEADER_ORIGIN

_ORIGIN: Final = HEADER_ORIGIN.decode()
_READING: Final = ("GET", "HEAD")
_FOREIGN: Final = ("cross-site", "same-site")
_ALERTS: Final = f"{PATH_ALERTS_API}/"
_LONGEST_BODY: Final = 4096
_HOW: Final = "Run `spine open`, or use the address that the console printed when it started."


def text_headers(scope: Scope) -> dict[str, str]:
    """Return headers as text; of several with one name, all, so that a second one hides nothing."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


class WebDoor:
    """Lets requests through to the application, or answers them.

    Nothing is decided by User-Agent, by the peer's address, or by any `X-Forwarded-…`; a method cannot be overridden.

    Args:
        app: what is behind.
        names: the console's own names.
        sessions: who has logged in.
        token: of the command line.
        refusals: tells of them.
    """

    def __init__(
        self, app: App, names: Names, sessions: Sessions, token: str, refusals: Refusals
    ) -> None:
        self._app = app
        self._names = names
        self._sessions = sessions
        self._token = token.encode()
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        send = safe(send)
        headers = text_headers(scope)
        refusal = self._stranger(scope, headers)
        if refusal:
            await say(send, 403, refusal)
        elif scope["path"] == PATH_CONSOLE_LOGIN:
            await self._login(scope, headers, receive, send)
        elif scope["method"] not in _READING and not _changes(scope):
            await say(send, 405, "There is nothing to change here.", [(b"allow", b"GET, HEAD")])
        elif self._bearer(headers) or self._sessions.known(self._cookie(headers)):
            await self._app(scope, receive, send)
        else:
            await self._turn_away(scope, headers, send)

    def _stranger(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Say why a request comes from where it should not; empty if it does not."""
        host = headers.get("host", "")
        if not self._names.own(host):
            return self._refusals.tell(
                "Host",
                host,
                "Ask by localhost or 127.0.0.1, or add the name to the console's `hosts` setting.",
            )
        origin = headers.get(_ORIGIN)
        if origin is not None and not same_origin(origin, host):
            return self._refusals.tell(
                "Origin", origin, "Pages of other origins may not ask the console."
            )
        site = headers.get("sec-fetch-site", "")
        if site in _FOREIGN and not _follows_link(scope, headers):
            return self._refusals.tell(
                "Sec-Fetch-Site", site, "Pages of other sites may not ask the console."
            )
        return ""

    def _bearer(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "backslashreplace")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._token)

    def _cookie(self, headers: Mapping[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._sessions.cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    async def _turn_away(self, scope: Scope, headers: Mapping[str, str], send: Send) -> None:
        """Answer somebody who has not logged in."""
        if _of_api(scope):
            await problem(send, 401, "Not logged in", _HOW)
        elif headers.get("sec-fetch-site") in _FOREIGN:
            # A strict cookie does not come along with a link from elsewhere; it does when the page asks again itself.
            again = '<meta http-equiv="refresh" content="0">'
            await page(send, 401, "One moment", "Opening the console …", more=again)
        else:
            await page(send, 401, "Log in to the console", _HOW)

    async def _login(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        if scope["method"] == "POST":
            await self._hand_out(headers, receive, send)
            return
        if scope["method"] != "GET":
            await say(send, 405, "Log in by GET.", [(b"allow", b"GET, POST")])
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        after = _landing(query.get("next", ["/"])[0])
        session = self._sessions.log_in(query.get("token", [""])[0])
        if session is not None:
            cookie = f"{self._sessions.cookie}={session}; Path=/; HttpOnly; SameSite=Strict"
            moved = [(b"location", after.encode()), (b"set-cookie", cookie.encode())]
            await reply(send, 303, "text/plain; charset=utf-8", b"", moved)
        elif self._sessions.known(self._cookie(headers)):
            await reply(send, 303, "text/plain", b"", [(b"location", after.encode())])
        else:
            self._refusals.tell("a login token", "", "It is unknown, too old, or was used before.")
            await page(
                send, 401, "This address was used before", "It opens the console once only.", _HOW
            )

    async def _hand_out(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Give the command line an address that opens one session."""
        if not self._bearer(headers) or _ORIGIN in headers:
            await problem(send, 401, "Not logged in", "Send the token of the console's own file.")
            return
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            await problem(send, 415, "Not JSON", "Send application/json.")
            return
        after = _landing(_wanted(await _body(receive)))
        query = urlencode({"token": self._sessions.login_token(), "next": after})
        url = f"http://{headers['host']}{PATH_CONSOLE_LOGIN}?{query}"
        await reply(send, 200, "application/json", json.dumps({"url": url}).encode())


def _changes(scope: Scope) -> bool:
    """Whether something may be changed here: alerts can be silenced and acknowledged.

    A page of another origin cannot: its `Origin` is refused above, the session's cookie is strict, and a body of JSON
    needs a preflight that nobody answers.
    """
    return scope["method"] == "POST" and str(scope["path"]).startswith(_ALERTS)


def _follows_link(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a person followed a link to a page: it shows to that person only, and asks nothing of the API."""
    return (
        scope["method"] == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and not _of_api(scope)
    )


def _of_api(scope: Scope) -> bool:
    return str(scope["path"]).startswith(PATH_CONSOLE_API)


def _landing(path: str) -> str:
    """Return a path of this console; anything that could lead elsewhere leads to the first page."""
    plain = path.startswith("/") and path.isascii() and path.isprintable()
    return path if plain and not path.startswith("//") and "\\" not in path else "/"


def _wanted(body: bytes) -> str:
    try:
        return str(json.loads(body)["next"])
    except (ValueError, KeyError, TypeError):
        return "/"


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= _LONGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body
