"""How quick the pages feel, measured: figures for `make soak`, no promise that a busy machine could break."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from pages import Open
from playwright.sync_api import Page, expect
from real_console import real_console

Record = Callable[[str, object], None]

FIRST_ROW = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".routes, .empty, .fall-row")) return;
  observer.disconnect();
  requestAnimationFrame(() => { globalThis.firstRow = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
NEXT_FRAME = "() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(globalThis.firstRow)), 50))"
FRAMES = """
(seconds) => new Promise((resolve) => {
  const gaps = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    const scrolls = document.querySelector(".fall-body");
    if (scrolls) scrolls.scrollTop += 260;
    if (now < end) requestAnimationFrame(step);
    else resolve({ frames: gaps.length / seconds, longest: Math.max(...gaps) });
  };
  requestAnimationFrame(step);
})
"""


def first_row_ms(page: Page) -> float:
    """When the page showed its content and took keys, counted from the navigation."""
    expect(page.locator(".routes, .empty, .fall-row").first).to_be_visible()
    return float(page.evaluate(NEXT_FRAME))


@pytest.mark.soak
def test_first_page_is_soon_there(open_page: Open, tmp_path: Path, record_property: Record) -> None:
    """A real console's first page, with nothing in the browser's cache: five times, the median."""
    found = []
    for number in range(5):
        with real_console(tmp_path / str(number)) as console:
            page = open_page(
                "/health", origin=console.web
            )  # a page without a session: nothing of ours is cached
            page.add_init_script(FIRST_ROW)
            page.goto(console.web + console.login)
            found.append(first_row_ms(page))
            page.keyboard.press("?")
            expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
            page.close()
    record_property("first page interactive, ms", round(statistics.median(found)))
    record_property("slowest of 5, ms", round(max(found)))


@pytest.fixture
def busy(samples: Samples) -> Iterator[str]:
    """A console whose tail brings five hundred requests a second."""
    with serving_sample(Sample(samples, per_second=500)) as origin:
        yield origin


@pytest.mark.soak
def test_a_fast_tail_is_smooth(open_page: Open, busy: str, record_property: Record) -> None:
    """Five hundred requests a second for ten seconds: frames a second, and the longest that the page stood still."""
    page = open_page("/requests", origin=busy)
    expect(page.locator(".list-row").first).to_be_visible()
    found = page.evaluate(FRAMES, 10)
    record_property("requests a second", 500)
    record_property("frames a second", round(found["frames"], 1))
    record_property("longest without a frame, ms", round(found["longest"]))
    page.close()


@pytest.mark.soak
def test_ten_thousand_spans_scroll(open_page: Open, record_property: Record) -> None:
    """A trace of 10,001 spans, unfolded and scrolled for five seconds."""
    page = open_page("/open")
    page.add_init_script(FIRST_ROW)
    page.goto(page.url.replace("/open", "/requests/0199-huge"))
    opened = first_row_ms(page)
    page.get_by_role("row", name="chunk 0").get_by_role("button", name="Unfold").first.click()
    found = page.evaluate(FRAMES, 5)
    record_property("spans", 10_001)
    record_property("first row, ms", round(opened))
    record_property("frames a second while scrolling", round(found["frames"], 1))
    record_property("longest without a frame, ms", round(found["longest"]))
