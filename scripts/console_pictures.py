"""Pictures of the console's pages for docs/console, light and dark, with the demo shop's traffic behind them.

`python scripts/console_pictures.py --minutes 6` starts the demo in a folder of its own, lets it run so long, and takes
every page in a headless Chromium; then it starts it again with an incident, for the page of alerts (`--incident`: only
that one). Needs the demo's and the tests' packages, and Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WIDE = {"width": 1440, "height": 820}
NARROW = {"width": 360, "height": 740}
MOST_BYTES = 250_000
START_S = 120
LOGIN = re.compile(r"http://\S+/login\?token=\S+")
LINKS = {
    "request": r"a slow request\s+(\S+)",
    "request-failed": r"one that failed\s+(\S+)",
    "request-repeated": r"a query each row\s+(\S+)",
}
PAGES = {
    "overview": "/",
    "requests": "/requests?live=off",
    "logs": "/logs?live=off",
    "errors": "/errors?since=15m",
    "health": "/health",
}
INCIDENT = {"alerts": "/alerts"}
CALM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip


class Said:
    """What the demo has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._text = ""
        self._more = threading.Condition()
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._more:
                self._text += line
                self._more.notify_all()

    def find(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """Wait until it has said something that fits."""
        with self._more:
            found = self._more.wait_for(lambda: re.search(pattern, self._text), START_S)
        if found is None:
            sys.exit(f"the demo did not say {pattern!r}; it said:\n{self._text[-2000:]}")
        return found


@contextmanager
def demo(seconds: int, *more: str) -> Iterator[Said]:
    """Run the demo shop until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-u",
            "-m",
            "fastapi_spine.demo",
            "--seconds",
            str(seconds),
            *more,
        ]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own demo
            try:
                yield Said(process)
            finally:
                process.terminate()
                process.wait(START_S)


def pages_of(said: Said, origin: str) -> dict[str, str]:
    """The path of every page to take, by the picture's name."""
    told = {name: said.find(link)[1].removeprefix(origin) for name, link in LINKS.items()}
    return {**PAGES, **told}


def ready(page: Page, name: str) -> None:
    """Wait until a page is drawn whole, and open what its picture should show."""
    page.wait_for_load_state("networkidle")
    if name == "logs":
        page.locator(".list-row").nth(3).click()
        page.locator(".around li").first.wait_for()
    if name == "alerts":
        page.locator(".alert").first.get_by_role("button", name="Evidence").click()
    if name == "request-failed":
        page.locator(".fall-span.failed").last.click()
    page.mouse.move(2, 2)
    page.wait_for_timeout(600)  # fonts, charts and the first tips have settled


def take(context: BrowserContext, origin: str, pages: dict[str, str], out: Path, tail: str) -> None:
    """Take every page of `pages` in one theme."""
    page = context.new_page()
    for name, path in pages.items():
        page.goto(origin + path)
        ready(page, name)
        file = out / f"{name}-{tail}.png"
        page.screenshot(path=file, full_page=name in INCIDENT and not tail.startswith("narrow"))
        size = file.stat().st_size
        print(f"{file}  {size // 1000} kB")
        if size > MOST_BYTES:
            sys.exit(f"{file} is larger than {MOST_BYTES // 1000} kB")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0, help="how long traffic comes first")
    parser.add_argument("--out", type=Path, default=Path("docs/console"))
    parser.add_argument("--incident", action="store_true", help="only the page of alerts")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CALM)
        if not given.incident:
            usual(browser, given.minutes, given.out)
        with demo(600, "--incident") as said:
            login = said.find(LOGIN)[0]
            said.find("The webhook has brought")
            photograph(browser, login, login.partition("/login")[0], INCIDENT, given.out)


def usual(browser: Browser, minutes: float, out: Path) -> None:
    """Take the pages of a shop that has been open for some minutes."""
    with demo(int(minutes * 60) + 600) as said:
        login = said.find(LOGIN)[0]
        origin = login.partition("/login")[0]
        pages = pages_of(said, origin)
        print(f"{origin}: traffic for {minutes:g} minutes")
        threading.Event().wait(minutes * 60)
        photograph(browser, login, origin, pages, out)


def photograph(browser: Browser, login: str, origin: str, pages: dict[str, str], out: Path) -> None:
    """Both themes on a wide screen, and two pages as a telephone shows them."""
    first = browser.new_context()
    first.new_page().goto(login)
    state = first.storage_state()
    wanted = ("overview", "request-failed", "alerts")
    few: dict[str, str] = {name: path for name, path in pages.items() if name in wanted}
    for theme in ("light", "dark"):
        for size, chosen, tail in ((WIDE, pages, theme), (NARROW, few, f"narrow-{theme}")):
            context = browser.new_context(
                viewport={"width": size["width"], "height": size["height"]},
                color_scheme="dark" if theme == "dark" else "light",
                storage_state=state,
                reduced_motion="reduce",
            )
            take(context, origin, chosen, out, tail)
            context.close()


if __name__ == "__main__":
    main()
