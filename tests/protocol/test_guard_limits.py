"""How large a body and how late an answer may be, and whom a proxy may speak for, from outside."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI, Request
from guarded import problem, refused, shop

from fastapi_spine import Guard
from fastapi_spine.testing import capture

# --- sizes and time ----------------------------------------------------------------------------------


def test_a_declared_body_beyond_the_limit_is_not_read(drive: Any) -> None:
    """413 at once, and the connection ends: what would follow is no request."""
    found = refused(
        drive,
        Guard(body=10),
        "/upload",
        method="POST",
        body=b"x" * 11,
        headers=[(b"content-length", b"11")],
    )
    detail = "The body is larger than 10 bytes."
    status, said, told = found
    assert (status, said["title"], said["detail"], told) == (
        413, "Content Too Large", detail, ("INFO", "body", "declared_too_large"),
    )  # fmt: skip


@pytest.mark.parametrize(("sizes", "status"), [((5, 5), 200), ((5, 6), 413), ((11,), 413)])
def test_a_growing_body_is_cut_off_at_the_limit(
    drive: Any, sizes: tuple[int, ...], status: int
) -> None:
    """The application reads as much as is allowed; the answer is one, and ours."""
    app = shop()
    last = len(sizes) - 1
    events = [
        {"type": "http.request", "body": b"x" * size, "more_body": place < last}
        for place, size in enumerate(sizes)
    ]
    headers = [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    with capture(app, guard=Guard(body=10)):
        answer = drive(app, "/upload", method="POST", events=events, headers=headers)
    assert (answer.status, answer.raised) == (status, None)
    assert [one["type"] for one in answer.sent] == ["http.response.start", "http.response.body"]


def test_chunks_are_counted_whatever_length_was_declared(drive: Any) -> None:
    """Servers that take both read the chunks (RFC 9112 section 6.3); a small length opens no door."""
    app = shop()
    events = [
        {"type": "http.request", "body": b"x" * 8, "more_body": True},
        {"type": "http.request", "body": b"x" * 8, "more_body": False},
    ]
    both = [(b"host", b"x"), (b"content-length", b"1"), (b"transfer-encoding", b"chunked")]
    with capture(app, guard=Guard(body=10)):
        answer = drive(app, "/upload", method="POST", events=events, headers=both)
    assert (answer.status, answer.raised) == (413, None)


def test_a_body_without_a_length_is_counted_over_http_2(drive: Any) -> None:
    """There are no chunks there, and a length is no must."""
    app = shop()
    with capture(app, guard=Guard(body=10)):
        answers = [
            drive(app, "/upload", method="POST", body=b"x" * size, headers=[(b"host", b"x")], http_version="2")
            for size in (10, 11)
        ]  # fmt: skip
    assert [one.status for one in answers] == [200, 413]


def test_an_application_with_a_limit_of_its_own_keeps_it(drive: Any) -> None:
    """Ours stands down."""
    app = shop(max_body_size=20)
    with capture(app, guard=Guard(body=10)):
        headers = [(b"host", b"x"), (b"content-length", b"15")]
        answer = drive(app, "/upload", method="POST", body=b"x" * 15, headers=headers)
    assert answer.status == 200


def test_an_answer_that_does_not_begin_in_time_is_a_503(drive: Any) -> None:
    """The endpoint is cancelled; the line is a WARNING with the guard's name, never an ERROR."""
    found = refused(drive, Guard(deadline=0.01), "/never")
    detail = "The answer did not begin within 0.01 s."
    assert found == (
        503, problem(503, "Service Unavailable", detail), ("WARNING", "deadline", "no_answer_in_time"),
    )  # fmt: skip


def test_somebody_elses_cancellation_is_not_ours(drive: Any) -> None:
    """A task that its server cancels ends cancelled, and no answer is made up."""
    app = shop()

    async def cancelled() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http", "method": "GET", "path": "/never", "headers": [], "query_string": b"",
            "http_version": "1.1", "scheme": "http", "root_path": "", "state": {},
        }  # fmt: skip
        task = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sent

    with capture(app, guard=Guard(deadline=60)):
        assert asyncio.run(cancelled()) == []


# --- proxies -----------------------------------------------------------------------------------------


def clients(drive: Any, proxies: list[str], peer: str, *headers: tuple[bytes, bytes]) -> Any:
    """Send one request through a proxy; return whom the application sees, and by which scheme."""
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> str:
        return f"{request.client.host if request.client else None} {request.url.scheme}"

    with capture(app, guard=Guard(proxies=proxies)):
        answer = drive(app, "/", client=(peer, 1), headers=[(b"host", b"x"), *headers])
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("peer", "headers", "seen"),
    [
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"1.2.3.4, 198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9, 10.0.0.2")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"198.51.100.9")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9:4711")], "198.51.100.9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"[2001:db8::9]:4711")], "2001:db8::9 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"<script>")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"fe80::1%")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9%<script>")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"fe80::9%<script>")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-for", b"198.51.100.9, unknown")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"x-forwarded-proto", b"https")], "10.0.0.1 https"),
        ("10.0.0.1", [(b"x-forwarded-proto", b"gopher")], "10.0.0.1 http"),
        ("10.0.0.1", [(b"forwarded", b'for="[2001:db8::9]:47";proto=https, for=10.0.0.2')], "2001:db8::9 https"),
        ("10.0.0.1", [(b"forwarded", b"for=198.51.100.9;proto=https"), (b"x-forwarded-for", b"1.1.1.1")], "198.51.100.9 https"),
        ("203.0.113.5", [(b"x-forwarded-for", b"198.51.100.9")], "203.0.113.5 http"),
        ("203.0.113.5", [(b"x-forwarded-proto", b"https")], "203.0.113.5 http"),
    ],
)  # fmt: skip
def test_forwarded_headers_are_believed_from_known_proxies_only(
    drive: Any, peer: str, headers: list[tuple[bytes, bytes]], seen: str
) -> None:
    """From right to left; the nearest address that is no proxy of ours is the caller."""
    assert clients(drive, ["10.0.0.0/8"], peer, *headers) == seen


def test_what_a_proxy_said_is_remembered_and_no_other_word_taken_for_it(drive: Any) -> None:
    """The same chain twice, then one that differs in its scheme or came in two parts."""
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> str:
        return f"{request.client.host if request.client else None} {request.url.scheme}"

    chains: list[list[tuple[bytes, bytes]]] = [
        [(b"x-forwarded-for", b"198.51.100.9")],
        [(b"x-forwarded-for", b"198.51.100.9")],
        [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-proto", b"https")],
        [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"198.51.100.9")],
        [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-for", b"10.0.0.3")],
        [(b"x-forwarded-for", b"10.0.0.3")],
        [],
    ]
    with capture(app, guard=Guard(proxies=["10.0.0.0/8"])):
        seen = [
            json.loads(drive(app, "/", client=("10.0.0.1", 1), headers=[(b"host", b"x"), *chain]).body)
            for chain in chains
        ]  # fmt: skip
    assert seen == [
        "198.51.100.9 http", "198.51.100.9 http", "198.51.100.9 https", "198.51.100.9 http",
        "198.51.100.9 http", "10.0.0.3 http", "10.0.0.1 http",
    ]  # fmt: skip
