"""Whatever a sender writes into any field, a browser shows it as text and does nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.hostile import PAYLOADS, Poison
from console_sample.serve import serving_sample
from pages import Open
from playwright.sync_api import expect

from fastapi_spine.console.views import LogPage, RequestPage


def poisoned(samples: Samples, start: int) -> Sample:
    """A console whose every answer is poisoned."""
    poison = Poison(start)
    trace = poison(samples.traces["0199-failed"])
    for number, span in enumerate(trace["spans"]):
        span["span_id"] += str(number)  # so that each has a row
    pages = {
        "/api/v1/requests": poison(RequestPage(samples.requests[:40])),
        "/api/v1/logs": poison(LogPage(samples.logs[:40])),
        "/api/v1/logs/around": poison(LogPage(samples.logs[:12])),
        "/api/v1/overview": poison(samples.overview(60)),
        "/api/v1/errors": poison(samples.errors()),
        "/api/v1/health": poison(samples.health()),
        "/api/v1/alerts": poison(samples.alerts()),
        "/api/v1/traces/x": trace,
    }
    return Sample(samples, pages=pages)


@pytest.fixture(params=[0, len(PAYLOADS) // 2], ids=["first", "second"])
def hostile(request: pytest.FixtureRequest, samples: Samples) -> Iterator[str]:
    """The origin of such a console; the two turns put other payloads into the fields."""
    with serving_sample(poisoned(samples, request.param)) as origin:
        yield origin


def test_stored_markup_never_runs(open_page: Open, hostile: str) -> None:
    """On every page, with a row opened, no dialog, no request elsewhere, no broken rule (`open_page` looks)."""
    page = open_page("/", origin=hostile)
    expect(page.locator(".routes tbody tr").first).to_be_visible()
    page.goto(f"{hostile}/logs?live=off")
    page.locator(".list-row").first.click()
    expect(page.locator(".panel .around li").first).to_be_visible()
    page.goto(f"{hostile}/errors")
    expect(page.locator(".errors tbody tr").first).to_be_visible()
    page.goto(f"{hostile}/health")
    expect(page.locator(".health-top")).to_be_visible()
    page.goto(f"{hostile}/alerts")
    page.get_by_role("button", name=re.compile("^Evidence")).first.click()
    expect(page.locator(".objectives tbody tr").first).to_be_visible()
    page.goto(f"{hostile}/requests?live=off")
    expect(page.locator(".list-row").first).to_be_visible()
    page.goto(f"{hostile}/requests/x")
    expect(page.locator(".fall-row").first).to_be_visible()
    for row in range(min(6, page.locator(".fall-row").count())):
        page.locator(".fall-row").nth(row).click()
    page.get_by_role("button", name="JSON").click()
    expect(page.locator(".json pre")).to_contain_text("onerror=alert(1)")
    page.get_by_role("button", name="Log lines", exact=False).first.click()
    assert page.locator("img:not(.brand img), script:not([src]), iframe, base, object").count() == 0


def test_markup_is_shown_letter_by_letter(open_page: Open, samples: Samples) -> None:
    """A message of markup stands there as it was written; escapes of terminals and turned text show themselves."""
    lines = Poison(0)(LogPage(samples.logs[:1]))
    lines["older"] = lines["logs"][0]["stack"] = ""
    lines["logs"][0]["message"] = f"{PAYLOADS[0]} {PAYLOADS[8]} {PAYLOADS[9]}"
    lines["logs"][0]["attributes"] = {PAYLOADS[0]: PAYLOADS[8], "request_id": "elsewhere"}
    with serving_sample(Sample(samples, pages={"/api/v1/logs": lines})) as origin:
        page = open_page("/logs?live=off", origin=origin)
        shown = page.locator(".list-row .message").inner_text()
        fields = "<img src=x onerror=alert(1)>=clickred"
        assert shown == f"<img src=x onerror=alert(1)> clickred ⟨U+202E⟩gnp.exe⟨U+2066⟩ {fields}"
        page.close()


def test_a_hostile_file_never_runs(open_page: Open, samples: Samples, tmp_path: Path) -> None:
    """A file is as little trusted as a sender: wrong kinds of values and markup are shown or left out."""
    trace = Poison(3)(samples.traces["0199-failed"])
    trace["spans"][0] |= {
        "duration_us": "<b>",
        "attributes": ["<img src=x onerror=alert(1)>"],
        "events": {},
    }
    trace["requests"] = [None, 7, {"service": {"a": 1}}]
    trace["peers"] = {"bounds_us": [1, "x"], "counts": "many"}
    trace["duration_us"] = None
    file = tmp_path / "hostile.json"
    file.write_text(json.dumps(trace), encoding="utf-8")
    page = open_page("/open")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".fall-row").first).to_be_visible()
    page.locator(".fall-row").first.click()
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()


def test_a_hostile_address_is_only_an_id(open_page: Open) -> None:
    """What stands in the address is asked for and shown, and nothing more."""
    page = open_page(
        "/requests/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E?q=%3Cscript%3Ealert(1)%3C/script%3E"
    )
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
