"""Which request id an answer carries, and which trace its lines belong to."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from fastapi_spine.testing import CountedIds, FrozenClock, capture

MADE = "00000000-0000-7000-8000-000000000001"
OURS_TRACE = f"{1:032x}"
PARENT = "0af7651916cd43dd8448eb211c80319c"


def app() -> FastAPI:
    application = FastAPI()

    @application.get("/")
    def index() -> dict[str, str]:
        return {}

    return application


def line_for(drive: Any, *headers: tuple[bytes, bytes]) -> tuple[str, dict[str, Any]]:
    """Send one request; return the id on the answer and the access line."""
    application = app()
    with capture(application, clock=FrozenClock(), id_source=CountedIds()) as lines:
        answer = drive(application, headers=[(b"host", b"x"), *headers])
    (line,) = lines.access
    return answer.request_id, line


@pytest.mark.parametrize(
    "value",
    [
        "0192f0c1-2a3b-7c4d-8e5f-0123456789ab",  # UUID
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",  # ULID
        PARENT,  # W3C trace id
        "req-42",
        "a",
        "A" * 128,
        "user@host/2026:11+x=1._-",
    ],
)
def test_an_id_that_callers_use_is_kept(drive: Any, value: str) -> None:
    """Whatever shape a caller's id has, within the rules it is echoed and logged."""
    echoed, line = line_for(drive, (b"x-request-id", value.encode()))
    assert (echoed, line["request_id"]) == (value, value)
    assert "request_id_refused" not in line


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ([b""], {"reason": "empty", "length": 0}),
        ([b"A" * 129], {"reason": "too_long", "length": 129}),
        ([b"x" * 10_000], {"reason": "too_long", "length": 10_000}),
        ([b"a b"], {"reason": "characters", "length": 3}),
        ([b"a\r\nx-evil: 1"], {"reason": "characters", "length": 12}),
        ([b"a\n"], {"reason": "characters", "length": 2}),
        ([b"\x1b[31mred"], {"reason": "characters", "length": 8}),
        ([b"caf\xc3\xa9"], {"reason": "characters", "length": 5}),
        ([b"\xff\xfe"], {"reason": "characters", "length": 2}),
        ([b"<script>"], {"reason": "characters", "length": 8}),
        ([b"one", b"two"], {"reason": "repeated", "length": 6}),
        ([b"same", b"same"], {"reason": "repeated", "length": 8}),
        ([b"ghp_0123456789abcdefghijABCDEFGHIJ012345"], {"reason": "looks_secret", "length": 40}),
    ],
)
def test_a_hostile_id_is_replaced_and_only_its_length_told(
    drive: Any, values: list[bytes], refused: dict[str, Any]
) -> None:
    """A new id is made; the line says why and how long the old one was, never what it was."""
    echoed, line = line_for(drive, *((b"x-request-id", value) for value in values))
    assert echoed == MADE
    assert line["request_id"] == MADE
    assert line["request_id_refused"] == refused


def test_without_an_id_a_new_one_is_made_silently(drive: Any) -> None:
    """No inbound id is no reason for a remark."""
    echoed, line = line_for(drive)
    assert echoed == MADE
    assert "request_id_refused" not in line


@pytest.mark.parametrize(
    ("value", "trace_id"),
    [
        (f"00-{PARENT}-b7ad6b7169203331-01", PARENT),
        (f"00-{PARENT}-b7ad6b7169203331-03", PARENT),
        (f"cc-{PARENT}-b7ad6b7169203331-01", PARENT),
        (f"cc-{PARENT}-b7ad6b7169203331-01-what-the-future-brings", PARENT),
        (f"cc-{PARENT}-b7ad6b7169203331-01.x", OURS_TRACE),
        (f"00-{PARENT}-b7ad6b7169203331-01-x", OURS_TRACE),
        (f"ff-{PARENT}-b7ad6b7169203331-01", OURS_TRACE),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", OURS_TRACE),
        (f"00-{PARENT}-{'0' * 16}-01", OURS_TRACE),
        (f"00-{PARENT.upper()}-b7ad6b7169203331-01", OURS_TRACE),
        (f"00-{PARENT[:-1]}-b7ad6b7169203331-01", OURS_TRACE),
        ("", OURS_TRACE),
        ("garbage", OURS_TRACE),
    ],
)
def test_a_trace_is_continued_by_the_w3c_rules(drive: Any, value: str, trace_id: str) -> None:
    """A valid parent's trace goes on; anything else begins a new one."""
    _, line = line_for(drive, (b"traceparent", value.encode()))
    assert line["trace_id"] == trace_id
    assert line["span_id"] == f"{1:016x}"


def test_two_parents_are_none(drive: Any) -> None:
    """Repeated traceparent headers begin a new trace."""
    value = f"00-{PARENT}-b7ad6b7169203331-01".encode()
    _, line = line_for(drive, (b"traceparent", value), (b"traceparent", value))
    assert line["trace_id"] == OURS_TRACE


def test_inbound_ids_can_be_switched_off(drive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service at the edge makes its own ids."""
    monkeypatch.setenv("SPINE_IDS_ACCEPT", "never")
    echoed, line = line_for(drive, (b"x-request-id", b"req-42"))
    assert echoed == MADE
    assert line["request_id_refused"] == {"reason": "not_accepted", "length": 6}


def test_an_id_that_the_application_sets_gives_way(drive: Any) -> None:
    """There is exactly one id on an answer, and it is the one that opens the logs."""
    application = FastAPI()

    @application.get("/")
    def index() -> Any:
        from fastapi.responses import PlainTextResponse  # noqa: PLC0415 - as an application might

        return PlainTextResponse("", headers={"X-Request-ID": "upstream"})

    with capture(application, id_source=CountedIds()):
        assert drive(application).request_id == MADE
