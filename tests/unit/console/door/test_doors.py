"""Who may come in, cell by cell: hosts, origins, fetch metadata, methods, and everything that can be asked."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest
from asgi_calls import Reply, call, calling

from fastapi_spine.console.door.ingest import IngestDoor
from fastapi_spine.console.door.names import Names
from fastapi_spine.console.door.refusals import Refusals
from fastapi_spine.console.door.replies import CSP
from fastapi_spine.console.door.sessions import Sessions
from fastapi_spine.console.door.web import WebDoor
from fastapi_spine.console.otlp.answer import word
from fastapi_spine.testing.clock import FrozenClock

HOST = "127.0.0.1:4319"
TOKEN = "c" * 64
KEY = "k" * 32
FRIEND = "http://localhost:5173"


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """What is behind the door."""
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"inside"})


class Web:
    """A web door, somebody who has logged in, and what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.clock = FrozenClock()
        self.sessions = Sessions(4319, self.clock)
        refusals = Refusals(self.said.append, self.clock)
        self.door = WebDoor(inside, Names(["box.example"]), self.sessions, TOKEN, refusals)
        session = self.sessions.log_in(self.sessions.login_token())
        self.cookie = f"{self.sessions.cookie}={session}"

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
        """Ask, under the usual name unless told otherwise."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.door, method, target, {"host": HOST, **given}, body)


def ingest(**options: Any) -> tuple[IngestDoor, list[str]]:
    """A receiver's door, and what was said."""
    said: list[str] = []
    given: dict[str, Any] = {"origins": [], "key": "", **options}
    refusals = Refusals(said.append, FrozenClock())
    door = IngestDoor(
        inside, Names(["box.example"]), given["origins"], given["key"], refusals, word
    )
    return door, said


HOSTS = (HOST, "localhost", "[::1]:4319", "BOX.example.", "evil.example", "0.0.0.0:4319", "")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
SITES = (None, "none", "same-origin", "same-site", "cross-site")
OUR_HOSTS = HOSTS[:4]


@pytest.mark.parametrize(
    "target", ["/", "/requests/1", "/static/app.js", "/api/v1/requests", "/api/v1/requests/tail"]
)
def test_the_web_matrix(target: str) -> None:
    """Only one's own name, no foreign origin or site, reading methods: these cells answer, no others.

    Each cell is asked by somebody who has logged in: what is refused is refused although the cookie came along.
    """
    web = Web()

    async def every_cell() -> None:
        for host, method, site in itertools.product(HOSTS, METHODS, SITES):
            origins = (
                None,
                f"http://{host.lower()}",
                "http://evil.example",
                "null",
                FRIEND,
                f"https://{host}",
            )
            for origin in origins:
                headers = {"host": host, "cookie": web.cookie}
                headers |= {"origin": origin} if origin is not None else {}
                headers |= {"sec-fetch-site": site} if site else {}
                reply = await calling(web.door, method, target, headers)
                known = host in OUR_HOSTS
                own = origin in (None, f"http://{host.lower()}")
                near = site in (None, "none", "same-origin")
                reading = method in ("GET", "HEAD")
                wanted = (
                    200
                    if known and own and near and reading
                    else 405
                    if known and own and near
                    else 403
                )
                assert reply.status == wanted, (host, method, site, origin)
                assert (reply.body == b"inside") is (wanted == 200)
                assert not [name for name in reply.headers if name.startswith("access-control")]

    asyncio.run(every_cell())


@pytest.mark.parametrize("target", ["/v1/traces", "/v1/logs", "/anything"])
def test_the_ingest_matrix(target: str) -> None:
    """Programs may send; pages may not, but for the origins of the setting."""
    door, _ = ingest(origins=[FRIEND])

    async def every_cell() -> None:
        for host, method, site in itertools.product(HOSTS, METHODS, SITES):
            for origin in (
                None,
                f"http://{host}",
                "http://evil.example",
                "null",
                FRIEND,
                FRIEND + ".evil",
            ):
                headers = {"host": host}
                headers |= {"origin": origin} if origin is not None else {}
                headers |= {"sec-fetch-site": site} if site else {}
                reply = await calling(door, method, target, headers)
                foreign = site in ("same-site", "cross-site")
                let_in = host in OUR_HOSTS and (
                    origin == FRIEND or (origin is None and not foreign)
                )
                preflight = let_in and origin == FRIEND and method == "OPTIONS"
                assert reply.status == (403 if not let_in else 204 if preflight else 200), (
                    host,
                    method,
                    site,
                    origin,
                )
                shared = reply.headers.get("access-control-allow-origin")
                assert shared == (FRIEND if let_in and origin == FRIEND else None)

    asyncio.run(every_cell())


def test_without_the_setting_no_page_at_all_may_send() -> None:
    """Not even one of the console itself, and no header of CORS is ever sent."""
    door, said = ingest()
    for origin in ("http://127.0.0.1:4319", "null", FRIEND):
        for method in ("OPTIONS", "POST"):
            reply = call(door, method, "/v1/traces", {"host": HOST, "origin": origin})
            assert reply.status == 403
            assert not [name for name in reply.headers if name.startswith("access-control")]
    assert said == [
        "refused: Origin 'http://127.0.0.1:4319'. To let pages of that origin send, add it to the console's `origins` setting."
    ]


def test_with_a_key_only_who_brings_it_may_send() -> None:
    """As a bearer token or in a header of its own; a wrong one is never repeated."""
    door, said = ingest(key=KEY)
    asked: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY} "}, 200),
        ({"x-otlp-api-key": KEY}, 200),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": KEY}, 401),
        ({"x-otlp-api-key": KEY[:-1]}, 401),
        ({"x-otlp-api-key": KEY + "x"}, 401),
        ({"x-otlp-api-key": "clé-secrète"}, 401),
        ({"x-otlp-api-key": ""}, 401),
    ]
    for headers, status in asked:
        assert call(door, "POST", "/v1/logs", {"host": HOST, **headers}).status == status, headers
    assert len(said) == 1
    assert "secr" not in said[0]
    assert KEY not in said[0]


@pytest.mark.parametrize("kind", ["application/json", "application/x-protobuf"])
def test_a_refused_sender_reads_what_to_set(kind: str) -> None:
    """A status in its own encoding, and the same sentence on the console."""
    door, said = ingest()
    reply = call(door, "POST", "/v1/traces", {"host": "app.internal:4318", "content-type": kind})
    assert (reply.status, reply.headers["content-type"]) == (403, kind)
    assert said == [
        "refused: Host 'app.internal:4318'. Send to localhost or 127.0.0.1, or add the name to the console's `hosts` setting."
    ]
    assert said[0].encode()[:30] in reply.body


def test_forwarded_headers_change_nothing() -> None:
    """They are anybody's to write."""
    web = Web()
    forwarded: dict[str, Any] = {
        "x_forwarded_host": HOST, "forwarded": f"host={HOST}", "x_forwarded_for": "127.0.0.1",
        "x_real_ip": "127.0.0.1", "x_original_url": "/",
    }  # fmt: skip
    assert web.ask("GET", "/", cookie=web.cookie, host="evil.example", **forwarded).status == 403
    fine = web.ask(
        "GET", "/", cookie=web.cookie, **{**forwarded, "x_forwarded_host": "evil.example"}
    )
    assert fine.status == 200
    door, _ = ingest()
    headers = {"host": "evil.example", "x-forwarded-host": HOST}
    assert call(door, "POST", "/v1/logs", headers).status == 403


def test_neither_the_user_agent_nor_an_overriding_header_decides_anything() -> None:
    """What they say is what strangers say."""
    web = Web()
    for agent in ("Mozilla/5.0", "curl/8", ""):
        refused = web.ask(
            "GET", "/", cookie=web.cookie, origin="http://evil.example", user_agent=agent
        )
        assert refused.status == 403
    overridden = web.ask("POST", "/api/v1/health", cookie=web.cookie, x_http_method_override="GET")
    assert overridden.status == 405


def test_without_a_session_nothing_is_shown() -> None:
    """Pages say how to log in; the API says it as a problem; files say it too."""
    web = Web()
    wrong: list[dict[str, Any]] = [{}, {"cookie": "spine_console_4319=x"}, {"cookie": web.cookie + "0"}, {"cookie": "\x01;;;="},
             {"cookie": web.cookie.replace("4319", "4318")}, {"authorization": "Bearer x"},
             {"authorization": f"Basic {TOKEN}"}, {"authorization": "Bearer é"}]  # fmt: skip
    for headers in wrong:
        for target in ("/", "/static/app.js", "/requests/1"):
            reply = web.ask("GET", target, **headers)
            assert (reply.status, b"spine open" in reply.body) == (401, True)
        problem = web.ask("GET", "/api/v1/health", **headers)
        assert (problem.status, problem.headers["content-type"]) == (
            401,
            "application/problem+json",
        )
        assert json.loads(problem.body)["title"] == "Not logged in"


def test_the_command_line_comes_in_by_its_token() -> None:
    """For pages and API alike."""
    web = Web()
    for target in ("/", "/api/v1/health"):
        assert web.ask("GET", target, authorization=f"Bearer {TOKEN}").status == 200


def test_logging_in_gives_a_strict_cookie_once() -> None:
    """Host-only, HttpOnly, SameSite=Strict; the address is then used up."""
    web = Web()
    token = web.sessions.login_token()
    reply = web.ask("GET", f"/login?token={token}&next=/requests/7")
    assert (reply.status, reply.headers["location"]) == (303, "/requests/7")
    cookie, *flags = reply.headers["set-cookie"].split("; ")
    assert flags == ["Path=/", "HttpOnly", "SameSite=Strict"]
    assert web.ask("GET", "/", cookie=f"other=1; {cookie}").status == 200
    again = web.ask("GET", f"/login?token={token}")
    assert (again.status, "set-cookie" in again.headers) == (401, False)
    assert web.ask("GET", f"/login?token={token}", cookie=cookie).status == 303
    assert web.ask("GET", "/login").status == 401
    assert web.ask("PUT", "/login").status == 405
    assert token not in "".join(web.said)


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "http://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/x%0d%0aset-cookie:a=b",
        "/é",
    ],
)
def test_logging_in_never_leads_elsewhere(after: str) -> None:
    """What is no path of the console leads to its first page."""
    web = Web()
    reply = web.ask("GET", f"/login?token={web.sessions.login_token()}&next={after}")
    assert reply.headers["location"] == "/"


def test_the_command_line_gets_an_address_that_opens_one_session() -> None:
    """Only with its token, only as JSON, and from no page."""
    web = Web()
    json_type: dict[str, Any] = {"content_type": "application/json"}
    bearer: dict[str, Any] = {"authorization": f"Bearer {TOKEN}"}
    body = b'{"next": "/requests/7"}'
    refused = [
        web.ask("POST", "/login", body, **json_type).status,
        web.ask("POST", "/login", body, **json_type, cookie=web.cookie).status,
        web.ask("POST", "/login", body, **bearer, content_type="text/plain").status,
        web.ask("POST", "/login", body, **bearer, **json_type, origin=f"http://{HOST}").status,
    ]
    assert refused == [401, 401, 415, 401]
    url = json.loads(web.ask("POST", "/login", body, **bearer, **json_type).body)["url"]
    assert url.startswith(f"http://{HOST}/login?token=")
    reply = web.ask("GET", url.removeprefix(f"http://{HOST}"))
    assert (reply.status, reply.headers["location"]) == (303, "/requests/7")
    for strange in (b"", b"[]", b"x" * 10_000):
        assert web.ask("POST", "/login", strange, **bearer, **json_type).status == 200


def test_a_link_from_elsewhere_opens_a_page_but_asks_nothing_of_the_api() -> None:
    """A strict cookie stays behind at first, so the page asks once more by itself; frames and scripts get nothing."""
    web = Web()
    followed: dict[str, Any] = {
        "sec_fetch_site": "cross-site",
        "sec_fetch_mode": "navigate",
        "sec_fetch_dest": "document",
    }
    first = web.ask("GET", "/requests/7", **followed)
    assert (first.status, b'http-equiv="refresh" content="0"' in first.body) == (401, True)
    second = web.ask("GET", "/requests/7", **{**followed, "sec_fetch_site": "same-origin"})
    assert (second.status, b"refresh" in second.body) == (401, False)
    assert web.ask("GET", "/requests/7", **followed, cookie=web.cookie).status == 200
    changes: tuple[dict[str, Any], ...] = (
        {"sec_fetch_dest": "iframe"},
        {"sec_fetch_mode": "no-cors", "sec_fetch_dest": "script"},
    )
    for change in changes:
        assert (
            web.ask("GET", "/requests/7", cookie=web.cookie, **{**followed, **change}).status == 403
        )
    assert web.ask("GET", "/api/v1/health", cookie=web.cookie, **followed).status == 403
    assert web.ask("POST", "/", cookie=web.cookie, **followed).status == 403


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/", {"authorization": f"Bearer {TOKEN}"}),
        ("GET", "/", {}),
        ("GET", "/api/v1/health", {}),
        ("POST", "/", {}),
        ("GET", "/login?token=x", {}),
        ("GET", "/", {"host": "evil.example"}),
    ],
)
def test_every_answer_has_the_safety_headers(method: str, target: str, headers: Any) -> None:
    """Pages, problems, refusals, logins: no script but its own, no frame, no sniffing, no referrer, no cache."""
    reply = Web().ask(method, target, **headers)
    wanted = {
        "content-security-policy": CSP, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin", "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-store",
    }  # fmt: skip
    assert {name: reply.headers.get(name) for name in wanted} == wanted
    assert "unsafe" not in CSP


def test_two_headers_of_one_name_are_not_one_good_one() -> None:
    """A second `Host` or `Origin` does not hide behind the first."""
    web = Web()
    scope_headers = [
        (b"host", HOST.encode()),
        (b"host", b"evil.example"),
        (b"cookie", web.cookie.encode()),
    ]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": scope_headers,
    }
    asyncio.run(web.door(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 403
