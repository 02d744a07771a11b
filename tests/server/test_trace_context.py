"""W3C Trace Context level 2 on the wire: each class of case of the W3C's validation suite, past real servers.

The service answers with the headers that it would call others with, so each case is: what came in, what goes on.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from servers import Server, serving

APP = """
from fastapi import FastAPI
from fastapi_spine import Spine, outgoing_headers
app = FastAPI()
Spine(app, metrics=False)

@app.get("/")
async def onwards() -> dict[str, str]:
    return outgoing_headers()
"""
TRACE = "12345678901234567890123456789012"
SPAN = "1234567890123456"
PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-01")
KEY = "".join(map(chr, range(0x61, 0x7B))) + "0123456789_-*/"
VALUE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=")

Headers = list[tuple[str, str]]


@pytest.fixture(name="server", params=["h11", "httptools"], scope="module")
def _server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "app.py").write_text(APP)
    arguments = ("-m", "uvicorn", "app:app", "--port", "{port}", "--http", request.param)
    with serving(folder, *arguments) as server:
        yield server


def ask(server: Server, headers: Headers) -> tuple[str, str, str, str | None]:
    """Send headers as they stand; return trace id, span id, flags and state of the calls that would follow."""
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers)
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{sent}\r\n".encode("latin-1")
        )
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    version, trace, span, flags = told["traceparent"].split("-")
    assert (version, len(trace), len(span), len(flags)) == ("00", 32, 16, 2)
    assert int(trace, 16) > 0
    assert int(span, 16) > 0
    assert span != SPAN
    return trace, span, flags, told.get("tracestate")


@pytest.mark.parametrize(
    ("headers", "flags"),
    [
        ([PARENT], "01"),
        ([("TraceParent", PARENT[1])], "01"),
        ([("TRACEPARENT", PARENT[1])], "01"),
        ([("TrAcEpArEnT", PARENT[1])], "01"),
        ([("traceparent", f" {PARENT[1]}")], "01"),
        ([("traceparent", f"\t{PARENT[1]}")], "01"),
        ([("traceparent", f"{PARENT[1]} ")], "01"),
        ([("traceparent", f"{PARENT[1]}\t")], "01"),
        ([("traceparent", f"\t {PARENT[1]} \t")], "01"),
        ([("traceparent", f"00-{TRACE}-{SPAN}-00")], "00"),
        ([("traceparent", f"00-{TRACE}-{SPAN}-03")], "03"),
        ([("traceparent", f"00-{TRACE}-{SPAN}-ff")], "03"),
        ([("traceparent", f"cc-{TRACE}-{SPAN}-01")], "01"),
        ([("traceparent", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like")], "01"),
    ],
)
def test_a_valid_parent_is_continued(headers: Headers, flags: str, server: Server) -> None:
    """In any casing, with white space around it, of a future version; only known flags go on."""
    assert ask(server, headers)[::2] == (TRACE, flags)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [PARENT, PARENT],
        [PARENT, ("traceparent", f"00-{TRACE[::-1]}-{SPAN}-01")],
        [("trace-parent", PARENT[1])],
        [("trace.parent", PARENT[1])],
        *(
            [("traceparent", value)]
            for value in (
                "", "00", f"{PARENT[1]}.", f"{PARENT[1]}-what-the-future-will-be-like",
                f"cc-{TRACE}-{SPAN}-01.what-the-future-will-be-like", f"ff-{TRACE}-{SPAN}-01",
                f".0-{TRACE}-{SPAN}-01", f"0.-{TRACE}-{SPAN}-01", f"CC-{TRACE}-{SPAN}-01",
                f"000-{TRACE}-{SPAN}-01", f"0000-{TRACE}-{SPAN}-01", f"0-{TRACE}-{SPAN}-01",
                f"00-{'0' * 32}-{SPAN}-01", f"00-.{TRACE[1:]}-{SPAN}-01", f"00-{TRACE[:-1]}.-{SPAN}-01",
                f"00-{TRACE[:-1]}A-{SPAN}-01", f"00-{TRACE}3-{SPAN}-01", f"00-{TRACE[:-1]}-{SPAN}-01",
                f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-.{SPAN[1:]}-01", f"00-{TRACE}-{SPAN[:-1]}.-01",
                f"00-{TRACE}-{SPAN[:-1]}F-01", f"00-{TRACE}-{SPAN}7-01", f"00-{TRACE}-{SPAN[:-1]}-01",
                f"00-{TRACE}-{SPAN}-.0", f"00-{TRACE}-{SPAN}-0.", f"00-{TRACE}-{SPAN}-0A",
                f"00-{TRACE}-{SPAN}-001", f"00-{TRACE}-{SPAN}-1", f"{PARENT[1]},{PARENT[1]}",
            )
        ),
    ],
)  # fmt: skip
def test_anything_else_begins_a_new_trace(headers: Headers, server: Server) -> None:
    """Twice, misnamed, of another length, with other characters, all zero: the trace is new, and the state is not passed on."""
    trace, _, _, state = ask(server, [*headers, ("tracestate", "foo=1")])
    assert TRACE not in trace
    assert TRACE[::-1] not in trace
    assert state is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["foo=1,bar=2"], "foo=1,bar=2"),
        (["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3"),
        (["foo=1", ""], "foo=1"),
        (["", "foo=1"], "foo=1"),
        (["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
        ([" foo=1"], "foo=1"),
        (["\tfoo=1 \t"], "foo=1"),
        ([f"{KEY}={VALUE}"], f"{KEY}={VALUE}"),
        ([f"{KEY}@a-z0-9_-*/={VALUE}"], f"{KEY}@a-z0-9_-*/={VALUE}"),
        (["0foo=1"], "0foo=1"),
        ([f"{'z' * 256}=1"], f"{'z' * 256}=1"),
        ([f"{'t' * 241}@{'v' * 14}=1"], f"{'t' * 241}@{'v' * 14}=1"),
        ([f"foo={'v' * 256}"], f"foo={'v' * 256}"),
        ([",".join(f"k{n}=1" for n in range(32))], ",".join(f"k{n}=1" for n in range(32))),
    ],
)
def test_a_valid_state_goes_on_in_order(states: list[str], expected: str, server: Server) -> None:
    """Combined over headers, empty ones left out, up to every length limit, with every character that is allowed."""
    headers = [PARENT, *(("tracestate", state) for state in states)]
    assert ask(server, headers)[::3] == (TRACE, expected)


@pytest.mark.parametrize("name", ["TraceState", "TrAcEsTaTe", "TRACESTATE"])
def test_the_states_name_has_any_casing(name: str, server: Server) -> None:
    """Header names do not distinguish case."""
    assert ask(server, [PARENT, (name, "foo=1")])[3] == "foo=1"


@pytest.mark.parametrize(
    "states",
    [
        [""], ["foo"], ["foo="], ["=1"], ["foo=1,foo=1"], ["foo=1,foo=2"], ["foo=1", "foo=1"], ["foo=1", "foo=2"],
        ["foo =1"], ["FOO=1"], ["foo.bar=1"], ["foo@=1,bar=2"], ["@foo=1,bar=2"],
        ["foo@@bar=1,bar=2"], ["foo@bar@baz=1,bar=2"], [f"{'t' * 242}@v=1"], [f"t@{'v' * 15}=1"], ["foo@0bar=1"],
        ["foo=bar=baz"], ["foo=1,bar;2"], ["foo=\u00e9"],
        [f"{'z' * 257}=1"], [f"foo={'v' * 257}"], [",".join(f"k{n}=1" for n in range(33))],
    ],
)  # fmt: skip
def test_a_malformed_state_is_dropped_whole_and_the_parent_stays(
    states: list[str], server: Server
) -> None:
    """A repeated key, an illegal key or value, one too long or one too many: no state at all, the same trace."""
    headers = [PARENT, *(("tracestate", state) for state in states)]
    assert ask(server, headers)[::3] == (TRACE, None)


@pytest.mark.parametrize("name", ["trace-state", "trace.state"])
def test_a_misnamed_state_is_none(name: str, server: Server) -> None:
    """It is some header of the application's."""
    assert ask(server, [PARENT, (name, "foo=1")])[3] is None


def test_requests_of_one_caller_are_spans_of_one_trace(server: Server) -> None:
    """The same parent three times: the same trace, three spans of our own."""
    told = [ask(server, [PARENT]) for _ in range(3)]
    assert {trace for trace, _, _, _ in told} == {TRACE}
    assert len({span for _, span, _, _ in told}) == 3
