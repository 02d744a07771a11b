"""One attempt on one connection, against receivers that do with it what they may."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from collector import Call, collector
from exporting import arrived, exporting
from servers import wait_for

from fastapi_spine.core.conventions import THREAD_EXPORT
from fastapi_spine.core.health import Balance
from fastapi_spine.export.attempt import Line, Unreached
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.queue import Budget, Queue

MEGABYTE = 1_000_000
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"


def endpoint_of(url: str) -> Endpoint:
    """Where a receiver takes traces."""
    found = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, "traces")
    assert isinstance(found, Endpoint)
    return found


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a receiver that does with each connection what it is told, bytes by hand; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(line: socket.socket) -> None:
        with line, suppress(OSError):  # the exporter hangs up when it likes
            answer(line)

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:  # the test is over
                return
            threading.Thread(target=one, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def head_of(line: socket.socket) -> tuple[int, int]:
    """Read a request's head; return how long its body is, and how much of it came along."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = line.recv(1000)
        if not more:
            raise ConnectionResetError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0].partition(b":")[2]), len(body)


def delivered(url: str, *sizes: int) -> Balance:
    """Deliver one batch, an item of each size; read the books."""
    queue = Queue(Budget(1 << 30))
    queue.put_all([((), bytes(size), 1) for size in sizes])
    sent = Delivery(endpoint_of(url), queue, lambda _: None, expires_s=0.0)
    sent.send(
        queue.take(512, 1 << 30).chunks, lambda batch: b"".join([data for _, data, _ in batch])
    )
    sent.close()
    return queue.account.balance()


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_receiver_may_refuse_a_batch_before_it_has_read_it(hangs_up: bool) -> None:
    """It says that twelve megabytes are too many and reads no more of them: they come again in halves, and arrive."""
    over = threading.Event()
    came: list[int] = []

    def limited(line: socket.socket) -> None:
        length, came_along = head_of(line)
        came.append(length)
        if length > 8 * MEGABYTE:
            line.sendall(TOO_LARGE)
            assert hangs_up or over.wait(30)
            return
        while came_along < length:
            came_along += len(line.recv(MEGABYTE))
        line.sendall(OK)

    with serving(limited) as url:
        balance = delivered(url, 6 * MEGABYTE, 6 * MEGABYTE)
        over.set()
    assert balance == Balance(2, 2, {}, 0)
    assert came == [12 * MEGABYTE, 6 * MEGABYTE, 6 * MEGABYTE]


@pytest.mark.parametrize("with_it", [True, False])
def test_what_a_receiver_says_unasked_is_not_the_next_batch_s_answer(with_it: bool) -> None:
    """Behind its answer, or once the connection has rested for too long: the next batch goes by another connection."""
    lines: list[socket.socket] = []
    came: list[tuple[int, int]] = []
    last_word = threading.Event()
    said = threading.Event()

    def impatient(line: socket.socket) -> None:
        lines.append(line)
        while True:
            length, _ = head_of(line)
            came.append((lines.index(line), length))
            line.sendall(OK + TIMED_OUT if with_it else OK)
            assert last_word.wait(30)
            if not with_it:
                line.sendall(TIMED_OUT)
            said.set()

    with serving(impatient) as url:
        line = Line(endpoint_of(url))
        first = line.post(b"1", zipped=False, deadline=time.monotonic() + 30)
        last_word.set()
        assert said.wait(30)
        second = line.post(b"22", zipped=False, deadline=time.monotonic() + 30)
        line.close()
    assert (first.status, second.status) == (200, 200)
    assert came == [(0, 1), (1, 2)]


@contextmanager
def resolved(monkeypatch: pytest.MonkeyPatch, *ports: int) -> Iterator[None]:
    """Have every name stand for these ports on this machine, in their order."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
        for port in ports
    ]
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        yield


@contextmanager
def mute() -> Iterator[int]:
    """Give a port where nobody answers, not even with a refusal: as many wait there as may."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="platform: elsewhere a full backlog refuses")
def test_a_dead_address_leaves_the_next_one_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two addresses the first is dead: the batch arrives by the second, in the same attempt."""
    with collector() as receiver, mute() as dead:
        alive = receiver.server.server_address[1]
        with resolved(monkeypatch, dead, alive):
            line = Line(Endpoint(secure=False, host="receiver", port=1, path="/v1/traces"))
            answer = line.post(b"", zipped=False, deadline=time.monotonic() + 4)
            line.close()
    assert (answer.status, len(receiver.calls)) == (200, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="platform: elsewhere a full backlog refuses")
def test_dead_addresses_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a name has, an attempt takes no longer than it may."""
    with mute() as dead, resolved(monkeypatch, *[dead] * 40):
        line = Line(Endpoint(secure=False, host="receiver", port=1, path="/v1/traces"))
        begun = time.monotonic()
        with pytest.raises(Unreached, match="TimeoutError"):
            line.post(b"", zipped=False, deadline=begun + 0.5)
        took = time.monotonic() - begun
    assert took < 10


@pytest.mark.parametrize(
    ("said", "connections"),
    [
        ("1.1 200 OK\r\ncontent-length: 0", 1),
        ("1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close", 2),
        ("1.1 204 No Content", 1),
        ("1.1 204 No Content\r\nconnection: close", 2),
        ("1.1 304 Not Modified\r\nconnection: close", 2),
        ("1.0 200 OK\r\ncontent-length: 0", 2),
        ("1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive", 1),
    ],
)
def test_a_connection_is_used_again_only_if_its_receiver_keeps_it(
    said: str, connections: int
) -> None:
    """By HTTP/1.1 unless it says otherwise, by HTTP/1.0 if it says so, with a body or without."""
    lines: list[socket.socket] = []

    def patient(line: socket.socket) -> None:
        lines.append(line)
        while True:
            head_of(line)
            line.sendall(f"HTTP/{said}\r\n\r\n".encode())

    with serving(patient) as url:
        line = Line(endpoint_of(url))
        for _ in range(2):
            line.post(b"x", zipped=False, deadline=time.monotonic() + 30)
        line.close()
    assert len(lines) == connections


@pytest.mark.parametrize(
    ("given", "agent"), [("", "fastapi-spine-otlp"), ("user-agent=edge/7", "edge/7")]
)
def test_a_header_is_said_once(given: str, agent: str) -> None:
    """Whoever names the program differently is believed, and not in a second header."""
    heads: list[str] = []

    def listening(line: socket.socket) -> None:
        heads.append(line.recv(10_000).decode())  # head and body come in one piece
        line.sendall(OK)

    with serving(listening) as url:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_HEADERS": given}
        endpoint = find_endpoint(environ, "traces")
        assert isinstance(endpoint, Endpoint)
        line = Line(endpoint)
        line.post(b"x", zipped=False, deadline=time.monotonic() + 30)
        line.close()
    names = [line.partition(":")[0] for line in heads[0].partition("\r\n\r\n")[0].splitlines()[1:]]
    assert sorted(names) == ["content-length", "content-type", "host", "user-agent"]
    assert f"\r\nuser-agent: {agent}" in heads[0]


def test_closing_ends_the_attempt_and_begins_no_other() -> None:
    """On a connection that has been used: the receiver has each body once, and none comes afterwards."""

    def silent(call: Call) -> None:
        if call.number:
            call.handler.rfile.read(1)  # until the exporter hangs up
        else:
            call.answer()

    with collector(silent) as receiver, exporting(receiver.url, "traces") as exporter:
        exporter.put("traces", 5)
        exporter.flush(10)
        exporter.put("traces", 5, 6)
        exporter.flush(0)
        wait_for(lambda: len(receiver.calls) == 2, "the attempt that is under way")
        exporter.close(0)
        for one in threading.enumerate():
            if one.name == THREAD_EXPORT:
                one.join(10)
    assert arrived(receiver.calls) == list(range(1, 11))


def test_a_line_that_was_closed_reaches_nobody() -> None:
    """An attempt that comes a moment too late ends before it has connected."""
    with collector() as receiver:
        line = Line(endpoint_of(receiver.url))
        line.close()
        with pytest.raises(Unreached, match="closed"):
            line.post(b"", zipped=False, deadline=time.monotonic() + 10)
    assert receiver.calls == []
