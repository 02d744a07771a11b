"""Whoever knows the token has one request kept in full; whoever does not changes nothing."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from traced import Traced, whole

from fastapi_spine import Logs, Metrics, SettingsError, Traces, outgoing_headers
from fastapi_spine.testing import assert_no_secrets, capture
from fastapi_spine.traces.asked import AskedFor

TOKEN = "look-at-this-one-0001"
KEEP = (b"x-spine-keep", TOKEN.encode())
CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"
B3 = b"463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312"
NOT_SAMPLED = (b"traceparent", CALLER % b"00")
log = logging.getLogger("asked.shop")
HOLD = Logs(recorder=["asked"])
SET = Traces(keep_token=TOKEN)


def make(traced: Traced | None = None) -> FastAPI:
    """An application that does something below its request, and says so."""
    app = FastAPI()

    @app.get("/work")
    async def work() -> dict[str, str]:
        log.debug("looked closely")
        if traced is not None:
            traced.tracer().start_span("below").end()
        return outgoing_headers()

    @app.get("/tell")
    async def tell(request: Request) -> None:
        log.info("headers: %s", dict(request.headers), extra={"sent": dict(request.headers)})
        if traced is not None:
            with traced.tracer().start_as_current_span("below") as span:
                span.set_attribute(
                    "http.request.header.x_spine_keep", request.headers["x-spine-keep"]
                )
                span.set_attribute("curl", f"curl -H 'x-spine-keep: {TOKEN}'")

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    return app


def traced_app(ratio: float = 0.0, **options: Any) -> tuple[Traced, Any]:
    """Return the room, which samples nothing by itself, and the application."""
    traced = Traced(operations=False, ratio=ratio, **options)
    return traced, traced.around(make(traced), first=[AskedFor(TOKEN)])


def kept(traced: Traced) -> list[tuple[str, int, Any]]:
    """Name, flags and reason of every span that was kept."""
    return [(span.name, span.flags, whole(span)["attributes"].get("spine.kept")) for span in traced.spans]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "flags"),
    [
        ([KEEP], 3),
        ([KEEP, NOT_SAMPLED], 1),
        ([KEEP, (b"traceparent", CALLER % b"01")], 1),
        ([KEEP, (b"traceparent", CALLER % b"02")], 3),
    ],
)
def test_a_request_with_the_token_is_sampled_from_its_head_on(
    headers: list[tuple[bytes, bytes]], flags: int, drive: Any
) -> None:
    """Whatever the ratio and the caller say; the services that are called are told to sample, too."""
    traced, app = traced_app()
    outgoing = json.loads(drive(app, "/work", headers=headers).body)
    assert kept(traced) == [("below", flags, None), ("GET /work", flags, "forced")]
    assert outgoing["traceparent"].endswith(f"-{flags:02x}")
    assert traced.health.internal_errors == {}


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b""],
        [TOKEN.encode()[:-1]],
        [TOKEN.encode() + b"2"],
        [TOKEN.upper().encode()],
        [b"\xff\xfe\x00"],
        [TOKEN.encode()] * 2,
        [b"something-else-000", TOKEN.encode()],
        [TOKEN.encode(), b"something-else-000"],
        [b"Bearer " + TOKEN.encode()],
    ],
)
def test_anything_else_is_as_good_as_nothing(sent: list[bytes], drive: Any) -> None:
    """Wrong, partial, malformed or repeated: the answer is the same, nothing is kept, nothing is counted as a fault."""
    traced, app = traced_app()
    answer = drive(app, "/work", headers=[NOT_SAMPLED, *((KEEP[0], value) for value in sent)])
    assert (answer.status, kept(traced)) == (200, [])
    assert json.loads(answer.body)["traceparent"].endswith("-00")
    assert traced.health.internal_errors == {}


def test_a_websocket_is_kept_too(drive: Any) -> None:
    """Its handshake carries the token."""
    traced, app = traced_app()
    drive.websocket(app, "/ws", [{"type": "websocket.connect"}], headers=[KEEP])
    assert kept(traced) == [("WS /ws", 3, "forced")]


def test_what_is_sampled_anyway_says_that_it_was_asked_for(drive: Any) -> None:
    """Whoever asked finds it by `spine.kept`; the next request says nothing."""
    traced, app = traced_app(ratio=1.0)
    drive(app, "/work", headers=[KEEP])
    drive(app, "/work")
    assert [reason for _, _, reason in kept(traced)] == [None, "forced", None, None]


def test_the_token_is_on_no_span(drive: Any) -> None:
    """Not under the header's name, which is that of a secret, and in no text that holds the header."""
    traced, app = traced_app()
    drive(app, "/tell", headers=[KEEP])
    below, _ = traced.spans
    assert whole(below)["attributes"] == {
        "http.request.header.x_spine_keep": "[REDACTED:token]",
        "curl": "curl -H 'x-spine-keep: [REDACTED:token]'",
    }


# --- as it is set ------------------------------------------------------------------------------------


@pytest.mark.parametrize("traces", [SET, Traces(enabled=False, keep_token=TOKEN)])
def test_its_held_back_lines_are_written(traces: Traces, drive: Any) -> None:
    """Without a receiver for spans and without traces, too; the services called are told to sample."""
    app = make()
    with capture(app, logs=HOLD, traces=traces) as lines:
        asked = drive(app, "/work", headers=[KEEP, NOT_SAMPLED])
        written = [(line["msg"], line.get("held"), line.get("keep")) for line in lines.lines]
        lines.clear()
        drive(app, "/work", headers=[(KEEP[0], b"another-token-0001")])
    assert written == [("looked closely", True, True), ("request completed", None, True)]
    assert json.loads(asked.body)["traceparent"].endswith("-01")
    assert [line["msg"] for line in lines.lines] == ["request completed"]
    assert "another" not in lines.text


@pytest.mark.parametrize("traces", [SET, Traces(enabled=False, keep_token=TOKEN)])
@pytest.mark.parametrize(
    ("sent", "state"),
    [(b"0", b"1"), (B3 + b"-0", b"1"), (B3, b"1"), (B3 + b"-1", b"1"), (B3 + b"-d", b"d")],
)
def test_services_that_speak_b3_are_told_to_sample_too(
    sent: bytes, state: bytes, traces: Traces, drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no span is made, and whatever the caller has decided, or left open."""
    monkeypatch.setenv("OTEL_PROPAGATORS", "b3,tracecontext")
    app = make()
    with capture(app, traces=traces):
        going = json.loads(drive(app, "/work", headers=[KEEP, (b"b3", sent)]).body)
    assert going["b3"].endswith(f"-{state.decode()}")
    assert int(going["traceparent"][-2:], 16) & 1


@pytest.mark.parametrize("value", [KEEP[1], b"mistyped-token-01"])
def test_no_token_is_on_any_line(value: bytes, drive: Any) -> None:
    """Neither the right one nor a wrong one, where the application writes what it was sent."""
    app = make()
    with capture(app, logs=HOLD, traces=SET) as lines:
        drive(app, "/tell", headers=[(KEEP[0], value)])
    assert_no_secrets(lines.text, planted=[value.decode()])
    assert len(lines.lines) == 2


def test_the_token_is_known_by_heart(drive: Any) -> None:
    """It is masked without its header's name, too."""
    app = FastAPI()

    @app.get("/")
    async def index() -> None:
        log.info("somebody knows %s", TOKEN)

    with capture(app, logs=HOLD, traces=SET) as lines:
        drive(app, "/")
    assert lines.lines[0]["msg"] == "somebody knows [REDACTED:known]"


def test_without_a_token_the_header_means_nothing(drive: Any) -> None:
    """Off is the default, and an empty header is not the empty token."""
    app = make()
    with capture(app, logs=HOLD, metrics=Metrics(enabled=False)) as lines:
        drive(app, "/work", headers=[KEEP])
        drive(app, "/work", headers=[(KEEP[0], b"")])
    assert [(line["msg"], line.get("keep")) for line in lines.lines] == [("request completed", None)] * 2  # fmt: skip


def test_a_short_token_is_refused_and_none_is_ever_shown() -> None:
    """Sixteen characters at least; the error does not repeat it, and neither does the setting's picture."""
    with pytest.raises(SettingsError, match=r"keep_token cannot be \[hidden\].*16") as caught:
        Traces(keep_token="only-fifteen-ch")
    assert "only-fifteen-ch" not in str(caught.value)
    assert repr(SET) == "Traces(keep_token=[hidden])"
