"""The terminal beside a running console: live tails, the API instead of files, pages opened, logs in files and pipes."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from otlp_bodies import logs, traces
from real_console import RealConsole, real_console
from servers import DEADLINE_S, get, wait_for
from spine_command import command, run, spine, surroundings

from fastapi_spine.cli import main
from fastapi_spine.console.client.from_api import ApiSource
from fastapi_spine.console.door.access import read_access
from fastapi_spine.core.clock import SystemClock

CLOCK = SystemClock()


class Shop:
    """A console with its folder, and services that send to it."""

    def __init__(self, console: RealConsole, folder: Path) -> None:
        self.console = console
        self.folder = folder
        self.data = ("--data", str(folder))
        self._number = 0

    def request(self, status: int = 200, path: str = "/orders/7", **attributes: Any) -> str:
        """Send a request that happened just now, with a line of its log; return its id."""
        self._number += 1
        number, now = self._number, CLOCK.wall_ns()
        request_id = f"req-{number}"
        told = {
            "http.request.method": "GET",
            "http.route": "/orders/{order_id}",
            "http.response.status_code": status,
            "url.path": path,
            "spine.request_id": request_id,
            **attributes,
        }
        trace_id, span_id = number.to_bytes(16, "big"), number.to_bytes(8, "big")
        body = traces({"trace_id": trace_id, "span_id": span_id, "start": now, "end": now + 7_000_000, "attributes": told})  # fmt: skip
        self.console.send("traces", body)
        line = logs(f"order {number} is read", at=now, trace_id=trace_id, span_id=span_id, attributes={"spine.request_id": request_id})  # fmt: skip
        self.console.send("logs", line)
        return request_id


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A running console with three requests in it."""
    folder = tmp_path_factory.mktemp("shop") / "console"
    with real_console(folder) as console:
        shop = Shop(console, folder)
        shop.request()
        shop.request(404, "/orders/8")
        shop.request(500, "/orders/9", **{"error.type": "ZeroDivisionError"})
        yield shop


def test_a_tail_shows_requests_as_they_come_in(shop: Shop) -> None:
    """First the last few that were there, then each new one at once; Ctrl-C ends it with 0."""
    with spine("tail", *shop.data, "--before", "1") as tail:
        tail.wait_for("watching")
        tail.wait_for("200" if shop._number > 3 else "ZeroDivisionError")  # noqa: SLF001 - of this file
        new = shop.request(path="/orders/live")
        tail.wait_for(f"GET /orders/live  (/orders/{{order_id}})  {new}\n")
        assert tail.interrupt() == 0
    assert tail.err == [f"watching {shop.folder}, Ctrl-C ends\n"]


def test_a_tail_in_json_is_one_object_a_line(shop: Shop) -> None:
    """What does not fit the search is passed over; `--limit` ends it."""
    with spine("tail", "status>=500", *shop.data, "--before", "0", "--limit", "2", "--json") as tail:  # fmt: skip
        wanted: list[str] = []
        while tail.process.poll() is None and len(wanted) < 400:
            shop.request()
            wanted.append(shop.request(503))
            time_to_end(tail.process)
        assert tail.ended() == 0
    rows = [json.loads(line) for line in tail.out]
    assert (len(rows), [row["status"] for row in rows], tail.err) == (2, [503, 503], [])
    assert [row["request_id"] for row in rows] == [one for one in wanted if one in tail.out[0] + tail.out[1]]  # fmt: skip


def time_to_end(process: subprocess.Popen[str]) -> None:
    """Give a verb a moment: it may have what it wants."""
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return


def test_a_tail_of_lines_follows_a_search(shop: Shop) -> None:
    """Log lines instead of requests, in the log's own form, the service before each."""
    with spine("tail", "--logs", "is read", *shop.data, "--before", "1") as tail:
        tail.wait_for("is read")
        new = shop.request()
        tail.wait_for(f"order {new.removeprefix('req-')} is read\n")
        assert tail.interrupt() == 0
    assert all(line.startswith(("shop ", "── ")) for line in tail.out)


def test_a_tail_is_told_by_the_console(shop: Shop) -> None:
    """It holds one of the console's live tails open, by files and by address alike, and asks for nothing meanwhile."""
    access = read_access(shop.folder)
    assert access is not None
    api = ApiSource(access.web, access.token)
    for place in (shop.data, (*shop.data, "--url", shop.console.web)):
        with spine("tail", *place, "--before", "0") as tail:
            wait_for(lambda: open_tails(api) == 1, "a tail to be open")
            new = shop.request()
            tail.wait_for(new)
            assert tail.interrupt() == 0
        wait_for(lambda: open_tails(api) == 0, "the tail to be closed")


def open_tails(api: ApiSource) -> int:
    """Return how many live tails a console has open."""
    with api._answer("/api/v1/health") as answer:  # noqa: SLF001 - no verb asks for this
        tails: int = json.loads(answer.read())["tails"]
        return tails


def test_a_tail_goes_on_with_the_files_when_the_console_ends(tmp_path: Path) -> None:
    """A tail of the data folder outlives the console; a tail of an address says that nobody is there any more."""
    folder = tmp_path / "console"
    with ExitStack() as tails:
        with real_console(folder) as console:
            shop = Shop(console, folder)
            shop.request()
            by_files = tails.enter_context(spine("tail", *shop.data))
            by_address = tails.enter_context(spine("tail", *shop.data, "--url", console.web))
            by_files.wait_for("req-1")
            by_address.wait_for("req-1")
        assert by_address.ended() == 2
        said = by_address.err[
            -1
        ]  # it asks once more, and may come while the console still says goodbye
        assert "does not answer" in said or "is shutting down" in said
        with real_console(folder) as console:
            shop.console = console
            by_files.wait_for(shop.request(path="/orders/later"))
        assert by_files.interrupt() == 0


def test_a_tail_that_nothing_came_to_is_1(shop: Shop) -> None:
    """A script sees that there was nothing."""
    with spine("tail", "user_id:nobody", *shop.data) as tail:
        tail.wait_for("watching")
        assert (tail.interrupt(), tail.out) == (1, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "req-3"),
        ("requests", "status:404"),
        ("requests", "failed:yes", "--json"),
        ("logs", "order", "--limit", "2"),
        ("logs", "order", "--json"),
        ("errors",),
        ("show", "nope"),
        ("requests", "status>=5oo"),
    ],
    ids=" ".join,
)
def test_the_api_answers_as_the_files_do(
    shop: Shop, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same output and the same exit code, whoever is asked: over SSH, or from another machine."""
    answers = []
    for place in (shop.data, (*shop.data, "--url", shop.console.web)):
        code = main([*arguments, *place])
        out, err = capsys.readouterr()
        answers.append((code, out, err.replace(str(shop.folder), "X").replace(shop.console.web, "X")))  # fmt: skip
    assert answers[0] == answers[1]
    assert answers[0][1] or answers[0][2]


def test_another_console_wants_its_token(shop: Shop, tmp_path: Path) -> None:
    """Without it the message says so, code 2; with it in the environment it answers."""
    asked = ("requests", "--url", shop.console.web, "--data", str(tmp_path))
    code, out, err = run(*asked)
    assert (code, out) == (2, "")
    assert "does not let us in" in err
    assert "SPINE_CONSOLE_TOKEN" in err
    access = read_access(shop.folder)
    assert access is not None
    code, out, _ = run(*asked, SPINE_CONSOLE_TOKEN=access.token)
    assert (code, "req-1" in out) == (0, True)


def test_open_prints_an_address_that_lets_in(shop: Shop) -> None:
    """Once, and to the request's page; nothing is opened where output is no terminal."""
    code, out, err = run("open", "req-2", *shop.data)
    assert (code, err) == (0, "")
    parts = urlsplit(out.strip())
    connection = http.client.HTTPConnection(parts.netloc, timeout=DEADLINE_S)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    assert (answer.status, answer.getheader("location")) == (303, "/requests/req-2")
    cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
    connection.close()
    assert get(parts.port or 0, "/requests/req-2", cookie=cookie) == 200
    assert run("open", "nope", *shop.data)[:2] == (1, "")


def test_whoever_has_enough_of_a_list_ends_it(shop: Shop) -> None:
    """`spine logs | head -1`: code 0, and no word about the pipe."""
    process = subprocess.Popen(
        command("logs", *shop.data, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, err) == (0, b"")


LINE = '{"ts": "2026-09-21T14:13:20.000000Z", "level": "%s", "logger": "shop", "msg": "%s", "request_id": "r", "user_id": %d}\n'  # fmt: skip


def test_a_log_in_a_pipe_is_read_to_its_end() -> None:
    """Lines of ours as the terminal shows them, others as they are, control characters as escapes; then 0."""
    given = LINE % ("INFO", "paid", 42) + "plain \x1b[2J text\n" + LINE % ("ERROR", "late", 7)
    code, out, err = run("tail", "-", stdin=given.encode())
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "14:13:20.000 INFO  r        shop                 paid  user_id=42",
        "plain \\x1b[2J text",
        "14:13:20.000 ERROR r        shop                 late  user_id=7",
    ]


def test_a_log_in_a_pipe_can_be_searched() -> None:
    """The same words as for the store; `--json` passes on the lines that fit, and only objects."""
    given = LINE % ("INFO", "paid", 42) + "plain text\n" + LINE % ("ERROR", "late", 7)
    assert run("tail", "-", "user_id:7", "--json", stdin=given.encode()) == (
        0,
        LINE % ("ERROR", "late", 7),
        "",
    )
    assert run("tail", "-", "level:warn", "paid", stdin=given.encode()) == (1, "", "")
    assert run("tail", "-", "--json", stdin=given.encode())[1].count("\n") == 2
    code, _, err = run("tail", "-", "status>=x", stdin=given.encode())
    assert (code, err.splitlines()[1:3]) == (2, ["  status>=x", "          ^"])


def test_a_log_in_a_file_is_followed_over_its_rotation(tmp_path: Path) -> None:
    """The last lines, then what is written; a file that is put in its place is read from its beginning."""
    file = tmp_path / "app.log"
    file.write_text("".join(LINE % ("INFO", f"line {n}", n) for n in range(50)))
    with spine("tail", str(file), "--before", "2") as tail:
        tail.wait_for("line 49")
        with file.open("a") as stream:
            stream.write(LINE % ("INFO", "appended", 1))
        tail.wait_for("appended")
        file.rename(tmp_path / "app.log.1")
        file.write_text(LINE % ("INFO", "rotated", 1))
        tail.wait_for("rotated")
        file.write_text("")
        with file.open("a") as stream:
            stream.write(LINE % ("INFO", "cut", 1))
        tail.wait_for("cut")
        assert tail.interrupt() == 0
    assert [line.split()[4:6] for line in tail.out[:2]] == [["line", "48"], ["line", "49"]]
    assert len(tail.out) == 5


def test_a_missing_file_is_a_search_that_finds_nothing(tmp_path: Path, shop: Shop) -> None:
    """`spine tail app.log` with a typing error does not wait for ever without a word: it says what it watches."""
    with spine("tail", str(tmp_path / "no.log"), *shop.data) as tail:
        tail.wait_for("watching")
        assert tail.interrupt() == 1
