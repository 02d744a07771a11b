"""A headless Chromium for the tests of the pages, and pages that note whatever they should not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from pages import Open
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from fastapi_spine.core.clock import SystemClock

DEADLINE_MS = 15_000
CALM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NOTE_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


class Watched:
    """What a page did that no page of ours may do."""

    def __init__(self, page: Page, origin: str) -> None:
        self.dialogs: list[str] = []
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._asked(request.url, origin))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._said(said.type, said.text))

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _asked(self, url: str, origin: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and f"{parts.scheme}://{parts.netloc}" != origin:
            self.outside.append(url)

    def _said(self, kind: str, text: str) -> None:
        # An answer of 4xx is a line of the browser's own; everything else it complains of is a fault.
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self.errors.append(text)

    def all(self) -> list[str]:
        """Everything noted."""
        return [*self.dialogs, *self.outside, *self.errors]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser, a module's own: while it is open its event loop runs, and other tests want loops of theirs."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=DEADLINE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CALM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def samples() -> Samples:
    """A made-up shop's last hour."""
    return Samples(SystemClock().wall_ns() // 1000)


@pytest.fixture(scope="session")
def shop(samples: Samples) -> Iterator[str]:
    """The origin of a console that shows the made-up shop."""
    with serving_sample(Sample(samples)) as origin:
        yield origin


@pytest.fixture
def open_page(browser: Browser, shop: str) -> Iterator[Open]:
    """Open pages; at the end none of them may have opened a dialog, asked elsewhere, or broken a rule."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def open_page(
        path: str, *, origin: str = shop, width: int = 1280, height: int = 800, theme: str = "light"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(DEADLINE_MS)
        page.add_init_script(NOTE_VIOLATIONS)
        watched.append(Watched(page, origin))
        page.goto(origin + path)
        page.get_by_role("navigation", name="Pages").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for page in watched for one in page.all()] == []
