"""With the keyboard alone, in a narrow window, with very much of everything, and from nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from msgspec import structs
from pages import Open
from playwright.sync_api import Page, expect

from fastapi_spine.console.views import ErrorPage, LogPage, Overview, RequestPage

PAGES = [
    "/",
    "/requests?live=off",
    "/requests/0199-failed",
    "/logs?live=off",
    "/errors",
    "/alerts",
    "/health",
    "/open",
]
READY = {
    "/": ".routes tbody tr", "/requests?live=off": ".list-row", "/requests/0199-failed": ".fall-row",
    "/logs?live=off": ".list-row", "/errors": ".errors tbody tr", "/alerts": ".objectives tbody tr", "/health": ".health-top", "/open": ".empty",
}  # fmt: skip
MOST_ELEMENTS = 2_500


def elements(page: Page) -> int:
    """How many elements the page has."""
    return int(page.evaluate("document.querySelectorAll('*').length"))


def test_everything_is_reached_with_the_keyboard(open_page: Open) -> None:
    """Pages by `g` and a letter, rows by `j` and `k`, opening by Enter, back by Escape, search by `/`, help by `?`."""
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for key, path in {
        "l": "/logs",
        "e": "/errors",
        "a": "/alerts",
        "h": "/health",
        "o": "/",
        "r": "/requests",
    }.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(rf":\d+{path}$"))
    expect(page.locator(".list-row").first).to_be_visible()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("live=off"))
    expect(page.locator(".list-row").first).to_be_visible()
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator(".list-row.chosen")).to_have_attribute("aria-rowindex", "2")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("id:0199-slow")
    page.keyboard.press("Enter")
    expect(page.locator(".list-row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="POST /orders")).to_be_visible()
    expect(page.locator(".fall-row").first).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(".fall-row.chosen")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".fall-row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("q=id%3A0199-slow"))
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_theme_follows_the_system_until_somebody_chooses(open_page: Open) -> None:
    """Dark systems get dark pages; a choice is remembered by the browser."""
    page = open_page("/open", theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.keyboard.press("t")
    light = page.evaluate(ground)
    page.reload()
    assert (dark, light, page.evaluate(ground)) == ("rgb(15, 15, 19)", "rgb(247, 247, 248)", light)


def test_no_page_is_wider_than_a_telephone(open_page: Open) -> None:
    """At 360 pixels no page scrolls sideways, and the way to every page is in sight."""
    page = open_page("/open", width=360, height=740)
    for path in PAGES:
        page.goto(re.sub(r"(://[^/]+).*", r"\1", page.url) + path)
        expect(page.locator(READY[path]).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
        expect(
            page.get_by_role("navigation").get_by_role("link", name="Errors")
        ).to_be_in_viewport()


def test_ten_thousand_spans_are_few_elements(open_page: Open) -> None:
    """Only rows in sight exist; unfolded whole and scrolled to its end, the trace shows its last call."""
    page = open_page("/requests/0199-huge")
    group = page.get_by_role("row", name=re.compile("^chunk 0"))
    expect(group).to_contain_text("×1000")  # noqa: RUF001 - the sign that the page shows
    group.get_by_role("button", name="Unfold").click()
    expect(page.locator(".fall")).to_have_attribute("aria-rowcount", "3003")
    page.locator(".fall-body").evaluate("element => { element.scrollTop = element.scrollHeight; }")
    expect(page.get_by_role("row", name=re.compile("^chunk 999"))).to_be_visible()
    assert elements(page) < MOST_ELEMENTS


@pytest.fixture
def busy(samples: Samples) -> Iterator[str]:
    """A console whose tail brings five hundred requests a second."""
    with serving_sample(Sample(samples, per_second=500)) as origin:
        yield origin


def test_a_fast_tail_leaves_the_page_usable(open_page: Open, busy: str) -> None:
    """Rows are capped, only those in sight exist, and a pointer over them stops their moving."""
    page = open_page("/requests", origin=busy)
    table = page.get_by_role("table", name="Requests, newest first")
    expect(table).to_have_attribute("aria-rowcount", "2001")
    assert elements(page) < MOST_ELEMENTS
    page.locator(".list-row").nth(3).hover()
    expect(page.locator(".pill")).to_be_visible()
    held = page.locator(".list-row").first.inner_text()
    expect(page.locator(".pill")).to_contain_text(re.compile(r"\d{3,} new"))
    assert page.locator(".list-row").first.inner_text() == held
    page.locator(".pill").click()
    page.mouse.move(2, 2)
    expect(page.locator(".list-row").first).not_to_have_text(held, use_inner_text=True)
    page.close()


def test_an_empty_console_teaches(open_page: Open, samples: Samples) -> None:
    """With nothing stored, the pages say what to set, as commands to copy."""
    nothing = {
        "/api/v1/overview": Overview(0, 1, 1, [], [], []),
        "/api/v1/requests": RequestPage([]),
        "/api/v1/logs": LogPage([]),
        "/api/v1/errors": ErrorPage(0, 1, 1, []),
        "/api/v1/health": structs.replace(
            samples.health(), senders=[], receiver="http://127.0.0.1:5318"
        ),
    }
    told = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:5318 spine run shop:app"
    with serving_sample(Sample(samples, pages=nothing)) as origin:
        page = open_page("/", origin=origin)
        for path in ("/", "/requests?live=off", "/logs?live=off", "/health"):
            page.goto(origin + path)
            expect(page.get_by_text("spine dev shop:app")).to_be_visible()
            expect(page.get_by_text(told)).to_be_visible()
        page.goto(f"{origin}/errors")
        expect(page.get_by_role("heading", name="No failure in this window")).to_be_visible()
        page.close()


def test_a_console_that_ended_is_named(open_page: Open) -> None:
    """When nobody answers any more, the page says so and how to start it again."""
    page = open_page("/open")
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("alert")).to_contain_text("spine console")


def test_a_line_says_what_happened(open_page: Open, samples: Samples) -> None:
    """An access line is the request that it sums up, as in a terminal; any other its message, with its fields behind."""
    request = {
        "http.request.method": "GET", "url.path": "/orders/7", "http.response.status_code": 200,
        "spine.elapsed_ms": 12.34, "spine.outcome": "client_disconnected",
    }  # fmt: skip
    access = structs.replace(
        samples.logs[0], logger="spine.access", message="request completed", attributes=request, stack="", held=False
    )  # fmt: skip
    other = structs.replace(
        access, cursor="1", logger="shop", message="paid", attributes={"user_id": 7, "spine.request_id": "r", "of": ["a"]}
    )  # fmt: skip
    page_of = LogPage([access, other], "", "", whole=True)
    with serving_sample(Sample(samples, pages={"/api/v1/logs": page_of})) as origin:
        page = open_page("/logs?live=off", origin=origin)
        messages = page.locator(".list-row .message")
        expect(messages).to_have_text(
            ["GET /orders/7 → 200 12.3 ms client disconnected", 'paid user_id=7 of=["a"]']
        )
        page.close()
