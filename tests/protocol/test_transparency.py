"""A bare application and one with the spine answer the same, but for the request id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from fastapi_spine import Logs, Spine
from fastapi_spine.install.layer import Wrapped

Message = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]}
BODY: Message = {"type": "http.response.body", "body": b"hello"}


def sends(*messages: Message) -> Application:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return application


@pytest.fixture(name="wrap")
def _wrap() -> Iterator[Callable[[Application], Wrapped]]:
    wrapped: list[Wrapped] = []

    def wrap(application: Application) -> Wrapped:
        wrapped.append(Spine.wrap(application, logs=Logs(output=lambda _line: None)))
        return wrapped[-1]

    yield wrap
    for one in wrapped:
        one.close()


def without_id(messages: list[Message]) -> list[Message]:
    """Take the documented header off again."""
    plain = []
    for message in messages:
        if message["type"] in {
            "http.response.start",
            "websocket.accept",
            "websocket.http.response.start",
        }:
            pairs = [pair for pair in message["headers"] if pair[0] != b"x-request-id"]
            message = {**message, "headers": pairs}  # noqa: PLW2901 - the plain form of this one
        plain.append(message)
    return plain


SCRIPTS: dict[str, list[Message]] = {
    "one body": [START, BODY],
    "stream": [START, {**BODY, "more_body": True}, {"type": "http.response.body"}],
    "no body key": [START, {"type": "http.response.body"}],
    "nothing": [],
    "start only": [START],
    "pathsend": [START, {"type": "http.response.pathsend", "path": "/etc/hostname"}],
    "zerocopysend": [START, {"type": "http.response.zerocopysend", "file": 3, "count": 9}],
    "trailers": [
        {**START, "trailers": True},
        {**BODY, "more_body": False},
        {"type": "http.response.trailers", "headers": [(b"t", b"1")], "more_trailers": True},
        {"type": "http.response.trailers", "headers": [(b"u", b"1")]},
    ],
    "early hint": [{"type": "http.response.early_hint", "links": [b"</a.css>"]}, START, BODY],
    "push": [{"type": "http.response.push", "path": "/a", "headers": []}, START, BODY],
    "debug": [START, {"type": "http.response.debug", "info": {"template": object()}}, BODY],
    "an extension of the future": [START, {"type": "http.response.telepathy", "x": 1}, BODY],
    "unusual status": [{**START, "status": 599}, BODY],
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_messages_pass_untouched(drive: Any, wrap: Any, name: str) -> None:
    """Every message arrives as it was sent; only a starting one carries one header more."""
    bare = drive(sends(*SCRIPTS[name]))
    spined = drive(wrap(sends(*SCRIPTS[name])))
    assert without_id(spined.sent) == bare.sent
    assert spined.raised is bare.raised is None


def test_headers_may_be_a_generator_or_absent(drive: Any, wrap: Any) -> None:
    """ASGI asks for an iterable, and lets it be left out."""
    lazy = {**START, "headers": (pair for pair in [(b"a", b"1"), (b"b", b"2")])}
    answer = drive(wrap(sends(lazy, BODY)))
    assert [key for key, _ in answer.sent[0]["headers"]] == [b"a", b"b", b"x-request-id"]
    answer = drive(wrap(sends({"type": "http.response.start", "status": 200}, BODY)))
    assert [key for key, _ in answer.sent[0]["headers"]] == [b"x-request-id"]


def test_the_applications_own_messages_are_not_changed(drive: Any, wrap: Any) -> None:
    """An application may keep and reuse the objects it sends."""
    headers = [(b"a", b"1")]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    body = {"type": "http.response.body", "body": b"x"}
    drive(wrap(sends(start, body)))
    assert start == {"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]}
    assert start["headers"] is headers
    assert body == {"type": "http.response.body", "body": b"x"}


@pytest.mark.parametrize("message", [None, 7, {}, {"type": None}, {"type": "http.response.start"}])
def test_a_malformed_message_reaches_the_server_as_it_is(
    drive: Any, wrap: Any, message: Any
) -> None:
    """What is wrong with it is between application and server."""
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(message)

    async def receive() -> Message:
        raise AssertionError

    async def send(got: Any) -> None:
        sent.append(got)

    async def asgi(scope: Any, _receive: Any, _send: Any) -> None:
        await wrap(application)(scope, receive, send)

    assert drive(asgi).raised is None
    assert sent == [message]


def test_the_same_scope_goes_down_and_gains_two_marks(
    drive: Any, wrap: Any, http_scope: Any
) -> None:
    """The router below writes its route into the very dictionary that stands outside."""
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, set(scope), dict(scope["state"])))
        await send(START)
        await send(BODY)

    scope = http_scope("/")
    state = scope["state"]
    before = set(scope)
    answer = drive.scope(wrap(application), scope)
    ((inner, keys, inner_state),) = seen
    assert inner is scope
    assert inner["state"] is state
    assert keys - before == {"fastapi_spine"}
    assert set(scope) == before
    assert inner_state == {"request_id": answer.request_id}


@pytest.mark.parametrize(
    "key",
    ["headers", "client", "server", "scheme", "method", "root_path", "query_string", "state",
     "raw_path", "http_version", "asgi"],
)  # fmt: skip
def test_any_optional_key_may_be_missing(drive: Any, wrap: Any, key: str) -> None:
    """Servers differ in what they put into a scope."""
    wrapped = wrap(sends(START, BODY))
    answer = drive(wrapped, **{key: ...})
    assert answer.status == 200
    assert answer.request_id
    assert not wrapped.health.internal_errors


def test_one_shot_request_headers_are_left_for_the_application(drive: Any, wrap: Any) -> None:
    """Reading a generator would use it up."""
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])

    headers = (pair for pair in [(b"x-request-id", b"mine")])
    drive(wrap(application), headers=headers)
    assert seen == [(b"x-request-id", b"mine")]


def test_receive_is_called_only_by_the_application(drive: Any, wrap: Any) -> None:
    """A layer that receives would answer `Expect: 100-continue` in the application's name."""
    assert drive(wrap(sends(START, BODY)), body=b"unread").receives == 0

    async def reader(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send(START)
        await send(BODY)

    events = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b", "more_body": True},
        {"type": "http.request"},
    ]
    assert drive(wrap(reader), events=events).receives == 3


def test_received_messages_are_the_servers_own_objects(drive: Any, wrap: Any) -> None:
    """Uploads are neither copied nor kept."""
    event = {"type": "http.request", "body": b"x" * 100, "more_body": False}
    got: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        got.append(await receive())

    drive(wrap(application), events=[event])
    assert got[0] is event


@pytest.mark.parametrize("kind", ["lifespan.of.brian", "", "mqtt"])
def test_unknown_connections_pass_by_identity(drive: Any, wrap: Any, kind: str) -> None:
    """Scope types that we do not know get the server's own callables."""
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    wrapped = wrap(application)
    outer: list[Any] = []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        outer.append((scope, receive, send))
        await wrapped(scope, receive, send)

    drive.scope(asgi, {"type": kind})
    assert all(inner is own for inner, own in zip(seen[0], outer[0], strict=True))


def test_the_exception_is_the_same_object(drive: Any, wrap: Any) -> None:
    """Servers and test clients see what the application raised."""
    error = RuntimeError("mine")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise error

    assert drive(wrap(application)).raised is error


def test_an_application_without_lifespan_may_say_so(drive: Any, wrap: Any) -> None:
    """Servers take an exception on the lifespan scope for a no."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError(scope["type"])

    raised = drive.scope(wrap(application), {"type": "lifespan"}).raised
    assert isinstance(raised, NotImplementedError)
