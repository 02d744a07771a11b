"""`spine alerts`, asked by a shell, of a real console on whose data an alert fires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from console_sample.alerts import objective
from msgspec import convert
from real_console import RealConsole
from receivers import Receiver
from servers import wait_for
from spine_command import run, spine
from watching import OBJECTIVE
from woken import woken_console

from fastapi_spine.cli.alert_lines import page_lines
from fastapi_spine.console.alert_views import AlertsPage, ObjectiveView

TOML = """
[[objectives]]
service = "orders"
target = "GET /orders/{order_id}"
availability = 0.999
"""
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: stock-quick}
spec:
  service: stock
  indicator: {spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: anything}}}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{op: lte, value: 0.5, target: 0.99}]
"""
TITLE = "orders  GET /orders/{order_id} · 99.9 % succeed"


class Shell(NamedTuple):
    """The command, asked of a console whose objective is at risk.

    Attributes:
        folder: its data.
        console: where it is.
        hook: whom it tells.
    """

    folder: Path
    console: RealConsole
    hook: Receiver

    def alerts(self, *arguments: str) -> tuple[int, str, str]:
        """Ask with the command."""
        return run("alerts", *arguments, "--data", str(self.folder))

    def page(self) -> Any:
        """Return everything, from the command's JSON."""
        return json.loads(self.alerts("list", "--json")[1])

    def fast(self) -> Any:
        """Return the alert of the fast tier."""
        return next(one for one in self.page()["alerts"] if one["tier"] == "fast")


@pytest.fixture(name="woken", scope="module")
def _woken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with woken_console(tmp_path_factory.mktemp("console") / "data") as running:
        yield Shell(*running)


def test_the_list_says_what_is_promised_and_what_fires(woken: Shell) -> None:
    """Exit code 1 while something fires; the objective, its tiers, and the requests to look at."""
    code, said, complaints = woken.alerts()
    lines = said.splitlines()

    assert (code, complaints) == (1, "")
    assert lines[0].startswith(f"firing   {TITLE}  budget spent ")
    assert lines[0].endswith(f"[{OBJECTIVE}]")
    assert f"firing   fast page  {TITLE}" in lines
    assert "         GET /orders/{order_id}: 15 of 170 bad" in lines
    assert sum(line.startswith("         spine show r-") for line in lines) >= 10
    assert f"sends    webhook http://127.0.0.1:{woken.hook.port}/…: 0 sent, 0 failed" in lines
    assert woken.alerts("list")[1].splitlines()[0] == lines[0]


@pytest.mark.parametrize("begin", [0, 6, 16])
def test_an_alert_is_shown_whole_with_links(woken: Shell, begin: int) -> None:
    """Without an id, by its beginning, or by all of it: how fast it burns, the evidence, a link for each request."""
    alert = woken.fast()
    code, said, complaints = woken.alerts("show", *([alert["id"][:begin]] if begin else []))
    lines = said.splitlines()
    links = [line for line in lines if line.startswith("request  500 ")]

    assert (code, complaints) == (0, "")
    assert lines[0] == f"firing   fast page  {TITLE}"
    assert lines[2].endswith(" times as fast as allowed; alerts at 14.4")
    assert len(links) == 10
    assert all(f"{woken.console.web}/requests/r-" in line for line in links)
    assert lines[-1] == f"         {woken.console.web}/alerts#{alert['id']}"
    assert json.loads(woken.alerts("show", alert["id"], "--json")[1]) == alert


def test_a_budget_that_is_spent_is_not_ok() -> None:
    """However slowly it burns now; one that is just used up still holds, and what fires goes on firing."""
    told = [
        objective("shop", "GET /x", "99 % succeed", left, 0.1, 0, state=state)
        for left, state in ((-428.0, "ok"), (0.0, "ok"), (-1.0, "firing"))
    ]
    page = AlertsPage(0, 15.0, "workbook", convert(told, list[ObjectiveView]), [], [], [], [])
    assert [line.partition("  shop")[0].rstrip() for line in page_lines(page)] == [
        "spent",
        "ok",
        "firing",
    ]


def test_a_silence_of_everything_says_so(woken: Shell) -> None:
    """Without an objective and a service nothing is sent at all: nobody shall learn that later."""
    code, said, _ = woken.alerts("silence")
    key = woken.page()["silences"][0]["id"]
    woken.alerts("silence", "--end", key)
    assert code == 0
    assert said.startswith(f"silence {key} keeps everything quiet until ")


def test_a_silence_is_made_named_and_ended(woken: Shell) -> None:
    """Its command says how to end it; the list shows it as long as it lasts."""
    code, said, _ = woken.alerts("silence", OBJECTIVE, "--for", "2h", "--note", "deploy")
    key = said.split()[1]
    listed = woken.alerts()[1]
    ended = woken.alerts("silence", "--end", key)

    assert code == 0
    assert said.endswith(f"; `spine alerts silence --end {key}` ends it\n")
    assert said.startswith(f"silence {key} keeps {OBJECTIVE} quiet until ")
    assert f"silence  {key}  {OBJECTIVE} until " in listed
    assert f"(quiet: {key})" in listed
    assert ended == (0, f"silence {key} has ended\n", "")
    assert woken.page()["silences"] == []


def test_an_alert_is_acknowledged(woken: Shell) -> None:
    """The note and who it came from are on the alert."""
    code, said, _ = woken.alerts("ack", woken.fast()["id"][:8], "--note", "looking")

    assert (code, said) == (0, f"seen: {TITLE}\n")
    assert woken.fast()["acked"] == {
        "at_us": woken.fast()["acked"]["at_us"],
        "by": "command line",
        "note": "looking",
    }
    assert "(seen: looking)" in woken.alerts()[1]


def test_a_trial_is_sent_and_its_answer_shown(woken: Shell) -> None:
    """Whoever is told gets a trial and its end; what he answers is what is shown, and a refusal is code 1."""
    woken.hook.bodies.clear()
    taken = woken.alerts("test")
    bodies = list(woken.hook.bodies)
    woken.hook.answers.append((403, {}, b'{"message": "who are you?"}'))
    refused = woken.alerts("test")

    assert taken == (0, f"ok      webhook http://127.0.0.1:{woken.hook.port}/…: HTTP 200\n", "")
    assert [body["status"] for body in bodies] == ["firing", "resolved"]
    assert refused[:2] == (
        1,
        f"failed  webhook http://127.0.0.1:{woken.hook.port}/…: HTTP 403: who are you?\n",
    )


def test_a_replay_says_what_would_have_fired(woken: Shell) -> None:
    """The page and its time; that the numbers do not go back seven days is said, too."""
    code, said, _ = woken.alerts("replay", "--since", "7d")
    lines = said.splitlines()

    assert code == 0
    assert any(f"  fast page  {TITLE}  and still would" in line for line in lines)
    assert any(line.endswith("  and still would (quiet: fast)") for line in lines)
    assert lines[-2].startswith("1 pages and 0 tickets would have come since ")
    assert lines[-1] == "The numbers that are kept do not go back so far."
    told = json.loads(woken.alerts("replay", "--json")[1])
    assert {one["tier"] for one in told["alerts"]} >= {"fast"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["silence", "--for", "soon"], "--for 'soon' is not "),
        (["silence", "nobody's"], 'There is no objective "nobody\'s"'),
        (["silence", "--end", "x"], "There is no silence 'x' that has not ended."),
        (["ack", "zzz"], "There is no alert 'zzz'"),
        (["show", "zzz"], "There is no alert 'zzz'"),
        (["replay", "--since", "yesterdayish"], "yesterdayish"),
        (["--url", "ftp://x"], "--url 'ftp://x' is no http address"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(woken: Shell, arguments: list[str], said: str) -> None:
    """What was wrong, and what to write."""
    code, out, complaints = woken.alerts(*arguments)

    assert (code, out) == (2, "")
    assert said in complaints
    assert complaints.count("\n") == 1


def test_https_is_spoken_where_the_address_says_so(woken: Shell) -> None:
    """A console behind https is asked in TLS, and never in the clear."""
    secure = woken.console.web.replace("http://", "https://")
    code, _, complaints = run("alerts", "--url", secure, "--data", str(woken.folder))

    assert code == 2
    assert f"the console at {secure} does not answer: [SSL" in complaints


def test_another_console_is_asked_by_its_address_and_token(woken: Shell, tmp_path: Path) -> None:
    """Without a token it says which file holds it; with it, it answers."""
    token = json.loads((woken.folder / "console.json").read_text())["token"]
    at = ("--url", woken.console.web, "--data", str(tmp_path))
    shut = run("alerts", *at)
    opened = run("alerts", *at, SPINE_CONSOLE_TOKEN=token)

    assert shut[0] == 2
    assert "SPINE_CONSOLE_TOKEN" in shut[2]
    assert (opened[0], opened[1].splitlines()[0][:8]) == (1, "firing  ")


def test_files_of_objectives_are_watched_each_by_a_flag_of_its_own(tmp_path: Path) -> None:
    """TOML and OpenSLO side by side; before anybody has sent anything, nothing is known, which is no alarm."""
    (tmp_path / "orders.toml").write_text(TOML)
    (tmp_path / "stock.yaml").write_text(OPENSLO)
    data = ("--data", str(tmp_path / "data"))
    files = ("--objectives", "orders.toml", "--objectives", "stock.yaml")
    with spine(
        "console", *data, *files, "--web-port", "0", "--otlp-port", "0", folder=tmp_path
    ) as console:
        wait_for(lambda: run("alerts", *data)[1].startswith("no_data"), "the first evaluation")
        code, said, _ = run("alerts", *data)
        assert console.interrupt() == 0

    assert code == 0
    assert said.splitlines() == [
        "no_data  orders  GET /orders/{order_id} · 99.9 % succeed  no data  [orders-get-orders-order-id-availability]",
        "no_data  stock  stock-quick · 99 % within 500ms  no data  [stock-stock-quick-latency]",
    ]


def test_without_a_console_it_says_how_to_start_one(tmp_path: Path) -> None:
    """One line, code 2."""
    code, _, complaints = run("alerts", "--data", str(tmp_path))

    assert code == 2
    assert "`spine console` starts one" in complaints
