"""OTLP over HTTP against a whole console: statuses, answers, limits, and what an acknowledgement is worth."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_program import Answer, Running, console
from console_store import MemoryStore
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from otlp_bodies import field, logs, metrics, traces
from otlp_expected import as_json, expected, got
from servers import wait_for

from fastapi_spine.console.ports import StoreError, StoreFullError
from fastapi_spine.console.rows import Batch

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A console with an empty store."""
    with console(tmp_path) as made:
        yield made


def message(answer: Answer) -> str:
    """The sentence of a refusal, in whichever encoding it came."""
    if answer.headers["content-type"] == JSON:
        return str(json.loads(answer.body)["message"])
    return str(Status.FromString(answer.body).message)


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)],
    ids=["plain", "gzip", "deflate"],
)
def test_what_is_sent_is_kept_and_acknowledged(
    running: Running, kind: str, encoding: str, compress: Any
) -> None:
    """All three signals, both encodings, every compression; the answer is empty and of the same type."""
    sent: list[tuple[str, Any]] = [
        ("traces", traces({"name": "a"}, {"name": "b"})),
        ("logs", logs("hello", level="INFO")),
        ("metrics", metrics()),
    ]
    for signal, request in sent:
        body = compress(request.SerializeToString() if kind == PROTOBUF else as_json(request))
        headers = {"content_encoding": encoding} if encoding else {}
        answer = running.send(signal, body, kind, **headers)
        empty = b"" if kind == PROTOBUF else b"{}"
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, kind, empty)
    kept = Batch(running.store.spans, running.store.lines, running.store.points)
    assert got(kept) == [row for _, request in sent for row in expected(request)]


def test_a_content_type_may_have_parameters_and_any_case(running: Running) -> None:
    """As HTTP has it."""
    assert running.send("logs", b"{}", "Application/JSON; charset=utf-8").status == 200


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status", "told"),
    [
        ("GET", "/v1/traces", PROTOBUF, None, 405, "by POST"),
        ("PUT", "/v1/logs", JSON, b"{}", 405, "by POST"),
        ("POST", "/v1/profiles", PROTOBUF, b"", 404, "/v1/traces"),
        ("POST", "/", JSON, b"{}", 404, "/v1/traces"),
        ("POST", "/v1/traces/", PROTOBUF, b"", 404, "/v1/traces"),
        ("POST", "/v1/traces", "text/plain", b"x", 415, "application/x-protobuf"),
        ("POST", "/v1/traces", "application/x-www-form-urlencoded", b"x", 415, "application/json"),
        ("POST", "/v1/traces", "multipart/form-data; boundary=x", b"x", 415, "content type"),
        ("POST", "/v1/traces", "", b"x", 415, "content type"),
        ("POST", "/v1/traces", PROTOBUF, b"\xff\xff", 400, "ends in the middle"),
        ("POST", "/v1/traces", JSON, b"{", 400, "not OTLP's JSON"),
    ],
)
def test_what_cannot_be_taken_is_answered_by_the_contract(
    running: Running, method: str, path: str, kind: str, body: bytes | None, status: int, told: str
) -> None:
    """A status of HTTP's, a `google.rpc.Status` in the request's own encoding, and a sentence that helps."""
    answer = running.ask(running.otlp, method, path, body, {"content-type": kind} if kind else {})
    assert answer.status == status
    assert told in message(answer)
    assert answer.headers["content-type"] == (kind if kind == JSON else PROTOBUF)
    assert ("allow" in answer.headers) is (status == 405)
    assert running.store.spans == []


def test_an_unknown_encoding_or_a_damaged_one_is_told(running: Running) -> None:
    """415 and 400."""
    assert running.send("logs", b"", content_encoding="zstd").status == 415
    assert running.send("logs", gzip.compress(b"x")[:-3], content_encoding="gzip").status == 400


def test_a_body_that_says_it_is_too_long_is_not_even_read(running: Running) -> None:
    """413 by its head alone."""
    connection = http.client.HTTPConnection("127.0.0.1", running.otlp, timeout=30)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("content-type", PROTOBUF)
    connection.putheader("content-length", str((20 << 20) + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(running: Running) -> None:
    """Chunks are counted as they come."""
    connection = socket.create_connection(("127.0.0.1", running.otlp), timeout=30)
    connection.sendall(
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    piece = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
    try:
        for _ in range(30):
            connection.sendall(piece)
    except OSError:
        pass  # it was hung up on, with the answer on the way
    assert connection.recv(100).startswith(b"HTTP/1.1 413")
    connection.close()


def test_items_that_cannot_be_kept_are_a_partial_success(running: Running) -> None:
    """200, how many, and why; the rest is kept; the health page counts both."""
    body = traces({}, {"trace_id": b"x"}, {"start": 0}, {}).SerializeToString()
    answer = running.send("traces", body)
    told = ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert (answer.status, told.rejected_spans) == (200, 2)
    assert "bad_id" in told.error_message
    running.send("traces", b"\xff")
    running.send("traces", b"", "text/plain")
    cookie = running.login()
    health = running.ask(running.web, "GET", "/api/v1/health", headers={"cookie": cookie})
    signals = json.loads(health.body)["signals"]
    assert signals[0] == {
        "signal": "traces", "bodies": 1, "bytes": len(body), "items": 2,
        "rejected": {"bad_id": 1, "bad_time": 1, "bad_body": 1, "content_type": 1},
    }  # fmt: skip


def in_background(*calls: Any) -> tuple[list[threading.Thread], list[Answer]]:
    """Make calls at once; their answers come in any order."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda c=c: answers.append(c())) for c in calls]
    for thread in threads:
        thread.start()
    return threads, answers


def test_nothing_is_acknowledged_before_it_is_committed(running: Running) -> None:
    """While a commit takes, its senders wait; bodies that came meanwhile share the next one."""
    store = running.store
    store.gate.clear()
    send = lambda: running.send("traces", traces({}, {}).SerializeToString())  # noqa: E731
    threads, answers = in_background(send)
    wait_for(lambda: len(store.waiting) == 1, "the first commit to begin")
    more, later = in_background(send, send, send)
    wait_for(lambda: running.program.committer.waiting == 3, "the others to wait")
    assert (answers, later, store.spans) == ([], [], [])
    store.gate.set()
    for thread in threads + more:
        thread.join(30)
    assert [one.status for one in answers + later] == [200] * 4
    assert store.commits == [2, 6]


def test_a_faulty_body_hinders_no_other(running: Running) -> None:
    """Bodies of one group are judged one by one."""
    store = running.store
    store.gate.clear()
    good = lambda: running.send("traces", traces({}).SerializeToString())  # noqa: E731
    bad = lambda: running.send("traces", b"\xff\xff\xff")  # noqa: E731
    first, answers = in_background(good)
    wait_for(lambda: len(store.waiting) == 1, "the first commit to begin")
    rest, later = in_background(good, bad, good)
    wait_for(lambda: running.program.committer.waiting == 3, "the others to wait")
    store.gate.set()
    for thread in first + rest:
        thread.join(30)
    assert sorted(one.status for one in answers + later) == [200, 200, 200, 400]
    assert len(store.spans) == 3


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(StoreFullError("the disk is full"), "5"), (StoreError("the file is locked"), "2")],
)
def test_while_the_store_takes_nothing_senders_are_told_to_come_back(
    running: Running, error: StoreError, seconds: str
) -> None:
    """503 with Retry-After and the reason, said once; when it takes again, that is said too."""
    running.store.failing = error
    body = traces({}).SerializeToString()
    for _ in range(3):
        answer = running.send("traces", body)
        assert (answer.status, answer.headers["retry-after"]) == (503, seconds)
        assert str(error) in message(answer)
    cookie = running.login()
    health = running.ask(running.web, "GET", "/api/v1/health", headers={"cookie": cookie})
    assert str(error) in json.loads(health.body)["notices"][0]
    running.store.failing = None
    assert running.send("traces", body).status == 200
    assert len(running.store.spans) == 1
    assert running.said == [
        f"the store cannot take anything: {error}. Senders are told to come back.",
        "the store takes telemetry again.",
    ]


def test_more_at_once_than_is_held_is_told_to_come_back(running: Running) -> None:
    """32 bodies; the next one gets 503 and Retry-After, and all 32 their acknowledgement."""
    store = running.store
    store.gate.clear()
    send = lambda: running.send("logs", logs("x").SerializeToString())  # noqa: E731
    threads, answers = in_background(send)
    wait_for(lambda: len(store.waiting) == 1, "the first commit to begin")
    more, later = in_background(*[send] * 31)
    wait_for(lambda: running.program.committer.waiting == 31, "the others to wait")
    refused = running.send("logs", b"")
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    store.gate.set()
    for thread in threads + more:
        thread.join(30)
    assert [one.status for one in answers + later] == [200] * 32
    assert running.send("logs", b"").status == 200


def test_a_sender_that_leaves_in_the_middle_leaves_nothing_behind(running: Running) -> None:
    """Half a body is not kept, and its place is free again."""
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", running.otlp), timeout=30)
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 100\r\n\r\nhalf"
        )
        connection.close()
    body = traces({}).SerializeToString()
    wait_for(lambda: running.send("traces", body).status == 200, "places to be free again")
    assert len(running.store.spans) == 1


def test_the_end_of_the_program_commits_what_it_was_given(tmp_path: Path) -> None:
    """Bodies that are on their way when it ends are acknowledged, and the store is closed."""
    store = MemoryStore()
    with console(tmp_path, store) as running:
        store.gate.clear()
        send = lambda: running.send("traces", traces({}).SerializeToString())  # noqa: E731
        threads, answers = in_background(send, send)
        wait_for(lambda: len(store.waiting) == 1, "a commit to begin")
        running.program.end()
        store.gate.set()
        for thread in threads:
            thread.join(30)
    assert [one.status for one in answers] == [200, 200]
    assert (len(store.spans), store.closed) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_store_is_tidied_though_nobody_sends(running: Running) -> None:
    """About once a second."""
    wait_for(lambda: running.store.tidied > 0, "the store to be tidied")


def test_its_own_traffic_leaves_no_telemetry(running: Running) -> None:
    """Whatever it is asked, nothing but what was sent is kept."""
    cookie = running.login()
    for path in ("/", "/api/v1/health", "/nothing"):
        running.ask(running.web, "GET", path, headers={"cookie": cookie})
    running.send("traces", traces({"name": "theirs"}).SerializeToString())
    assert [row.name for row in running.store.spans] == ["theirs"]
    assert (running.store.lines, running.store.points) == ([], [])


def test_a_hostile_body_costs_its_sender_only(running: Running) -> None:
    """Bombs, floods of nothing and endless nesting between good bodies: those are all kept."""
    hostile = [
        (gzip.compress(bytes(100 << 20)), "gzip"),
        (field(1, field(2, b"\x12\x00" * 4_000_000)), ""),
        (b"\x0a\x00" * 2_000_000, ""),
        (b"\x80" * 1_000_000, ""),
    ]
    for body, encoding in hostile:
        headers = {"content_encoding": encoding} if encoding else {}
        assert running.send("traces", body, **headers).status in (400, 413)
        assert running.send("traces", traces({}).SerializeToString()).status == 200
    assert len(running.store.spans) == len(hostile)
    assert running.said == []
