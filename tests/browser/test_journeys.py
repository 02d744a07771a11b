"""The five ways into the console that it is made for, walked in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from pages import Open
from playwright.sync_api import Page, expect


def rows(page: Page) -> list[str]:
    """The texts of the rows that a list shows now."""
    return page.locator(".list-row").all_inner_texts()


def test_a_request_is_found_by_its_id(open_page: Open) -> None:
    """Whoever pastes a request id sees that request: its facts, its waterfall, its lines inside."""
    page = open_page("/")
    page.get_by_label("Request id or trace id").fill("0199-failed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="POST /orders")).to_be_visible()
    fall = page.get_by_role("treegrid", name="Waterfall")
    expect(fall.get_by_role("row", name="endpoint: place_order")).to_be_visible()
    expect(fall.get_by_role("row", name="INFO basket received")).to_be_visible()
    expect(page.get_by_text("slower than 70 %")).to_be_visible()
    assert page.url.endswith("/requests/0199-failed")


def test_why_a_request_was_slow_is_found(open_page: Open) -> None:
    """From the list of slow ones to the call that the end waited for, with its own time."""
    page = open_page("/requests?live=off&q=service:orders")
    page.get_by_role("button", name="Slower than 500 ms").click()
    expect(page).to_have_url(re.compile(r"slower%3A500ms"))
    page.locator(".list-row", has_text="1.24 s").first.click()
    page.get_by_role("button", name="Critical path").click()
    page.get_by_role("row", name="bank: authorise").click()
    details = page.get_by_label("Details")
    expect(details.get_by_text("self, 100 %")).to_be_visible()
    expect(details.get_by_text("bank is slow, waited 940 ms")).to_be_visible()


def test_repeated_queries_are_one_row(open_page: Open) -> None:
    """Forty queries of one kind are one row that says so, and can be opened."""
    page = open_page("/requests/0199-many")
    group = page.get_by_role("row", name="db: SELECT articles")
    expect(group).to_contain_text("×40")  # noqa: RUF001 - the sign that the page shows
    group.click()
    expect(page.get_by_label("Details")).to_contain_text("40 calls one after another")
    page.keyboard.press("f")
    expect(page.get_by_role("row", name="db: SELECT articles")).not_to_have_count(1)


def test_the_tail_is_followed_and_filtered(open_page: Open) -> None:
    """New requests come by themselves, a search thins them out and stands in the address, a chosen row stops the moving."""
    page = open_page("/requests")
    first = page.locator(".list-row").first
    before = first.inner_text()
    expect(first).not_to_have_text(before, use_inner_text=True)
    page.keyboard.press("/")
    page.keyboard.type("service:payments")
    expect(page).to_have_url(re.compile(r"q=service%3Apayments"))
    expect(page.locator(".list-row", has_text="inventory")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".pill")).to_contain_text("new")
    assert all("payments" in row for row in rows(page))
    page.keyboard.press("Escape")
    expect(page.locator(".pill")).to_have_count(0)


def test_a_mistake_in_a_search_is_shown_where_it_is(open_page: Open) -> None:
    """The caret stands under the word, and what was probably meant beside it."""
    page = open_page("/requests?live=off&q=service:orders slowr:300ms")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Did you mean 'slower'?")
    assert alert.locator(".caret").inner_text() == " " * 15 + "^" * 5


def test_an_error_is_followed_to_where_it_began(open_page: Open) -> None:
    """From the group of failures to the newest request, its stack, its held-back lines and the span that failed."""
    page = open_page("/errors", height=1100)
    row = page.get_by_role("row", name="ZeroDivisionError")
    expect(row).to_contain_text("new")
    expect(row).to_contain_text("×41")  # noqa: RUF001 - the sign that the page shows
    row.click()
    cause = page.get_by_label("What went wrong")
    expect(cause).to_contain_text("ZeroDivisionError: integer division or modulo by zero")
    cause.get_by_role("button", name="Stack").click()
    expect(cause).to_contain_text('File "shop/payments.py", line 88, in split')
    expect(page.get_by_role("row", name="DEBUG asking payments")).to_contain_text("held")
    cause.get_by_role("button", name="Show in waterfall").click()
    expect(page.get_by_role("row", name="split amount")).to_have_attribute("aria-selected", "true")


def test_a_saved_request_is_opened_where_nobody_knows_it(open_page: Open, tmp_path: Path) -> None:
    """The file of one browser shows the same request in another one, without asking the console for it."""
    page = open_page("/requests/0199-failed", height=1600)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name == "spine-0199-failed.json"
    stranger = open_page("/open", height=1600)
    stranger.route("**/api/**", lambda route: route.abort())
    stranger.locator("input[type=file]").set_input_files(saved)
    expect(stranger.get_by_role("heading", name="POST /orders")).to_be_visible()
    shown = [one.locator(".fall-row").all_inner_texts() for one in (page, stranger)]
    assert shown[0] == shown[1]
    assert len(shown[0]) > 10


def test_a_file_that_is_no_request_is_refused(open_page: Open, tmp_path: Path) -> None:
    """Somebody else's JSON is not shown, and the page says what it wants."""
    other = tmp_path / "other.json"
    other.write_text('{"format": "har", "log": {}}', encoding="utf-8")
    page = open_page("/open")
    page.locator("input[type=file]").set_input_files(other)
    expect(page.get_by_role("alert")).to_contain_text("not a saved request")


def test_a_line_is_shown_with_its_neighbours(open_page: Open) -> None:
    """A chosen log line shows its fields, what stood before and after it, and the way to its request."""
    page = open_page("/logs?live=off&q=level:error")
    page.locator(".list-row").first.click()
    panel = page.get_by_role("complementary", name="Log line")
    expect(panel.locator(".around [aria-current]")).to_contain_text("request failed")
    expect(panel.get_by_role("link", name="Open its request")).to_be_visible()
    expect(panel).to_contain_text("ZeroDivisionError")
