"""The verbs on a store in files, as a user types them: what is printed, and the exit code that a script sees."""

# ruff: noqa: RUF001 - the sign that people read as "times" is what is printed

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from stored_shop import FAILED, FAILED_TRACE, HOSTILE, LISTED, WITHIN, fill

from fastapi_spine.cli import main
from fastapi_spine.cli.tail import taken_for_a_word

SHOWN = f"""\
POST /orders → 502  100 ms  orders
error            ZeroDivisionError: integer division or modulo by zero in POST /payments of payments
time went to     POST /orders 47 ms · POST /payments 40 ms (payments) · http: POST /payments 10 ms
started          2026-09-21 14:13:20.000 UTC
request id       {FAILED}
trace id         {FAILED_TRACE}
holds            2 services, 4 spans, 3 log lines, 3 failed
                 instance o-1

    at ms                            0                                              100 ms      took
      0.0 POST /orders             ✗ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    100 ms  orders
      1.0 ├╌╌ INFO basket received  articles=5
      2.0 ├── auth: decode_jwt        ━━                                                      3.0 ms
     40.0 ├── http: POST /payments ✗                      ━━━━━━━━━━━━━━━━━━━━━━━━━━         50.0 ms
     45.0 │   └── POST /payments   ✗                        ━━━━━━━━━━━━━━━━━━━━━            40.0 ms  payments
     60.0 │       ├╌╌ ┆DEBUG bill is 4200 cents
     80.0 │       └╌╌ ✗ ZeroDivisionError: integer division or modulo by zero
     99.0 └╌╌ WARN the order is kept as unpaid  user_id=42

payments · POST /payments
    Traceback (most recent call last):
      File "/srv/shop/payments.py", line 88, in instalment_cents
        return bill.amount_cents // bill.instalments
    ZeroDivisionError: integer division or modulo by zero
"""

REQUESTS = f"""\
── 2026-09-21 UTC ──
14:13:20.000 502    100 ms  orders  POST /orders  {FAILED}
14:13:21.000 200   90.0 ms  orders  GET /orders  {LISTED}
"""

LOGS = """\
── 2026-09-21 UTC ──
orders     14:13:42.005 INFO           shop.orders          order 20 shown  user_id=20
"""

ROUTES = """\
service  route                     rate  errors      p50      p95      p99                        against before
orders   POST /orders             1.0/h   100 %  96.9 ms   100 ms   100 ms      █                 new
orders   GET /orders              1.0/h     0 %  88.8 ms  90.0 ms  90.0 ms      █                 new
orders   GET /orders/{order_id}  30.0/h     0 %  24.2 ms  38.4 ms  39.0 ms      █                 new

What changed
  502, once.  spine requests failed:yes status:502 service:orders route:/orders

From the spans that came in: what was not sampled is not counted.
"""

ERRORS = f"""\
×1  ZeroDivisionError  new  integer division or modulo by zero
    payments  /payments  at shop/payments.py:88 instalment_cents
    2026-09-21 14:13:20 UTC  █
    spine show {FAILED}
"""


class Ran(NamedTuple):
    """What a verb did."""

    code: int
    out: str
    err: str


Spine = Callable[..., Ran]


def texts(value: object) -> list[object]:
    """The texts that a value from JSON holds at its top, or in the objects there."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in texts(part)]
    return [value]


@pytest.fixture(scope="module", name="kept")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the shop's telemetry."""
    folder = tmp_path_factory.mktemp("console")
    fill(folder)
    return folder


@pytest.fixture(name="spine")
def _spine(kept: Path, capsys: pytest.CaptureFixture[str]) -> Spine:
    """Run a verb on the store, its output a pipe."""

    def spine(*arguments: str, data: Path = kept) -> Ran:
        code = main([*arguments, "--data", str(data)])
        return Ran(code, *capsys.readouterr())

    return spine


@pytest.mark.parametrize("key", [FAILED, FAILED[-8:], FAILED_TRACE, FAILED_TRACE.upper()])
def test_one_request_is_shown_whole(spine: Spine, key: str) -> None:
    """Where the time went, what was said at its place, what failed and where in the code; by either id, or its end."""
    assert spine("show", key) == Ran(0, SHOWN, "")


def test_a_query_for_each_row_is_one_row(spine: Spine) -> None:
    """Forty alike are folded, counted and added up; `--all` shows each."""
    ran = spine("show", LISTED)
    assert "repeated         db: SELECT items, 12 times, 60 ms in all\n" in ran.out
    assert ran.out.count("SELECT") == 3
    assert re.search(r"db: SELECT items ×12 +━+ +60\.0 ms$", ran.out, re.MULTILINE)
    assert spine("show", LISTED, "--all").out.count("── db: SELECT items ") == 12


@pytest.mark.parametrize("verb", ["requests", "logs"])
def test_a_term_may_be_turned_round(spine: Spine, verb: str) -> None:
    """A minus by itself is no option, whether a key or a phrase follows it; one word or several to the shell are the same."""
    since = "--since=2000d"
    all_of_it = spine(verb, "service:orders", since)
    apart = spine(verb, "service:orders", "-route:/orders*", "-basket received", since)
    assert apart == spine(verb, 'service:orders -route:/orders* -"basket received"', since)
    assert (all_of_it.code, apart.code in {0, 1}) == (0, True)
    assert apart.out != all_of_it.out


def test_an_unknown_id_is_1_and_says_where_it_was_looked_for(spine: Spine, kept: Path) -> None:
    """A script can tell "there is none" from "it broke"."""
    assert spine("show", "nope") == Ran(
        1, "",
        f"spine: Nothing is known of 'nope' in {kept}. It takes a request id, or its last 8 characters or "
        "more, or a whole trace id; `spine requests` lists some. It may also be older than what is kept.\n",
    )  # fmt: skip


def test_json_of_a_request_is_opened_again(spine: Spine, tmp_path: Path) -> None:
    """What `--json` writes, `show` draws like the request itself, and writes again to the letter."""
    written = spine("show", FAILED, "--json")
    file = tmp_path / "request.json"
    file.write_text(written.out, "utf-8")
    assert json.loads(written.out)["format"] == "spine-trace-1"
    assert spine("show", str(file)) == Ran(0, SHOWN, "")
    assert spine("show", str(file), "--json") == written


def test_a_file_that_is_no_request_is_2(spine: Spine, tmp_path: Path) -> None:
    """The message names the file and how such a file is made."""
    file = tmp_path / "other.json"
    file.write_text('{"a": 1}')
    ran = spine("show", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"spine: {file} is no exported request (")
    assert "`spine show ID --json > FILE` writes one." in ran.err


def test_requests_are_found_as_on_the_pages(spine: Spine) -> None:
    """The newest last, next to the prompt."""
    assert spine("requests", "slower:80ms", *WITHIN) == Ran(0, REQUESTS, "")


def test_each_request_is_one_object_in_json(spine: Spine) -> None:
    """The API's own fields; a pipe into jq needs nothing else."""
    ran = spine("requests", "slower:80ms", *WITHIN, "--json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [(row["request_id"], row["status"], row["failed"]) for row in rows] == [
        (FAILED, 502, True),
        (LISTED, 200, False),
    ]
    assert (ran.code, ran.err) == (0, "")


def test_a_list_that_is_longer_says_so(spine: Spine) -> None:
    """On standard error: the list itself stays what was asked for."""
    ran = spine("requests", "service:orders", *WITHIN, "--limit", "3")
    assert len(ran.out.splitlines()) == 4
    assert ran.err == "spine: There are more: --limit 12 shows more of them.\n"


def test_lines_are_found_by_their_words(spine: Spine) -> None:
    """Words that the shell took the quotes from are one phrase again."""
    assert spine("logs", "order 20 shown", *WITHIN) == Ran(0, LOGS, "")
    assert spine("logs", "order 20 hidden", *WITHIN).code == 1


def test_each_line_is_one_object_in_json(spine: Spine) -> None:
    """With its fields."""
    ran = spine("logs", "level:warn", "user_id:42", *WITHIN, "--json")
    assert [(line["message"], line["attributes"]) for line in map(json.loads, ran.out.splitlines())] == [
        ("the order is kept as unpaid", {"user_id": 42})
    ]  # fmt: skip


def test_routes_have_their_numbers(spine: Spine) -> None:
    """Rate, errors and percentiles by route, what is new, and what the numbers come from."""
    assert spine("routes", "orders", *WITHIN) == Ran(0, ROUTES, "")


def test_each_route_is_one_object_in_json(spine: Spine) -> None:
    """Of one service, if it is named."""
    ran = spine("routes", "payments", *WITHIN, "--json")
    [row] = [json.loads(line) for line in ran.out.splitlines()]
    assert (row["route"], row["now"]["count"], row["now"]["errors"]) == ("/payments", 1, 1)


def test_failures_come_once(spine: Spine) -> None:
    """How often, where in the code, since when, and the command that shows the newest one."""
    assert spine("errors", "payments", *WITHIN) == Ran(0, ERRORS, "")
    [row] = map(json.loads, spine("errors", "payments", *WITHIN, "--json").out.splitlines())
    assert (row["type"], row["count"], row["request_id"]) == ("ZeroDivisionError", 1, FAILED)


@pytest.mark.parametrize("verb", ["requests", "logs", "routes", "errors"])
def test_nothing_found_is_1_and_says_how_to_look_further(spine: Spine, verb: str) -> None:
    """Nothing on standard output, so that `if spine errors` and `| wc -l` agree; the same with `--json`."""
    times = ("--since", "2026-09-21T10:00:00Z", "--until", "2026-09-21T11:00:00Z")
    ran = spine(verb, *times)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("spine: No ")
    assert ran.err.endswith(
        " from 2026-09-21T10:00:00Z until 2026-09-21T11:00:00Z. An earlier --since looks further back.\n"
    )
    assert spine(verb, *times, "--json")[:2] == (1, "")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], "in the last 1h. --since 7d"),
        (["--since", "90m"], "in the last 90m. --since 7d"),
        (["--since", "2h", "--until", "1h"], "from 2h ago until 1h ago. --since 7d"),
        (["--since", "7d"], "in the last 7d. An earlier --since"),
        (["--since", "2w"], "in the last 2w. An earlier --since"),
    ],
)
def test_the_time_that_was_looked_at_is_said_in_words(
    spine: Spine, times: list[str], said: str
) -> None:
    """The advice is never to look at what was looked at already."""
    ran = spine("errors", "nosuch", *times)
    assert ran == Ran(1, "", f"spine: No failure that fits {said} looks further back.\n")


@pytest.mark.parametrize("word", ["b4d73ccc", "id:b4d73ccc"])
def test_the_end_of_an_id_is_no_search_and_says_what_finds_it(spine: Spine, word: str) -> None:
    """Lists show that much of an id, so it is what people have."""
    ran = spine("requests", word)
    said = "No request that fits in the last 1h. `spine show b4d73ccc` finds a request by the end of its id."
    assert ran == Ran(1, "", f"spine: {said} --since 7d looks further back.\n")


def test_a_file_is_no_consoles_folder(spine: Spine, tmp_path: Path) -> None:
    """It is there, so nobody is told that it is not there yet."""
    file = tmp_path / "app.log"
    file.touch()
    said = f"spine: {file} is a file; --data names the folder of a console.\n"
    assert spine("requests", data=file) == Ran(2, "", said)


def test_a_log_that_is_not_there_is_said_to_be_taken_for_a_word() -> None:
    """Or somebody watches nothing, and thinks that nothing happens."""
    said = "spine tail: there is no file nosuch/app.log, so it is looked for as a word"
    assert taken_for_a_word(["nosuch/app.log", "status>=500"]) == said
    assert (taken_for_a_word(["timeout"]), taken_for_a_word([])) == ("", "")


def test_a_search_that_cannot_be_read_is_2_and_shows_the_place(spine: Spine) -> None:
    """What, where, and what to write instead."""
    assert spine("requests", "service:orders", "status>=5oo") == Ran(
        2, "",
        "spine: This is no status.\n"
        "  service:orders status>=5oo\n"
        "                         ^^^\n"
        "  Write a code, 404, or a class, 5xx.\n",
    )  # fmt: skip


def test_a_moment_that_cannot_be_read_is_2(spine: Spine) -> None:
    """The same for times."""
    ran = spine("requests", "--since", "yesterday")
    assert (ran.code, ran.out) == (2, "")
    assert "yesterday" in ran.err


def test_a_missing_folder_says_how_to_begin(spine: Spine, tmp_path: Path) -> None:
    """One line, code 2, and nothing is made."""
    missing = tmp_path / "none"
    ran = spine("requests", data=missing)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"There is no {missing} yet. `spine console` starts a console" in ran.err
    assert not missing.exists()


def test_without_a_console_there_is_no_page_to_open(spine: Spine) -> None:
    """The files can be read, but nobody serves pages."""
    ran = spine("open", FAILED)
    assert (ran.code, ran.out) == (1, "")
    assert "No console runs here; `spine console` starts one" in ran.err


def test_json_shows_a_terminal_nothing_that_it_would_obey(spine: Spine) -> None:
    """Telemetry that means harm comes as escapes, and means the same to whoever parses it."""
    for verb in ("requests", "logs", "errors", "routes"):
        ran = spine(verb, *WITHIN, "--json")
        assert ran.code == 0
        assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ran.out) is None
        assert any(HOSTILE in texts(json.loads(line)) for line in ran.out.splitlines())
