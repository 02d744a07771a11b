"""The door as a browser sees it: pages of other origins, documentation pages under our content policy, and what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from collector import collector
from playwright.sync_api import Browser, Page, Route, sync_playwright
from programs import need
from servers import DEADLINE_S, Server, serving, wait_for

APP = """
from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse
from fastapi_spine import Guard, Spine, Traces

app = FastAPI(title="The shop")
Spine(app, guard=Guard(
    cors="ORIGIN", cors_credentials=True, hosts="127.0.0.1",
    rate_paths={"/scarce": "1/day"}, body=100,
), traces=Traces(response_headers=True))

@app.get("/enter")
async def enter(response: Response):
    response.set_cookie("visitor", "ann", httponly=True)

@app.put("/orders")
async def orders(request: Request):
    return request.cookies.get("visitor")

@app.get("/timed")
async def timed(response: Response):
    response.headers["timing-allow-origin"] = "ORIGIN"
    response.headers["server-timing"] = "db;dur=3"

@app.get("/scarce")
async def scarce():
    return 1

@app.get("/broken")
async def broken():
    raise RuntimeError

@app.get("/page")
async def page():
    return HTMLResponse('<p>hello</p><script src="https://cdn.jsdelivr.net/npm/x.js"></script>')
"""

CALM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

ASK = """
async ([url, init]) => {
  try {
    const answer = await fetch(url, {credentials: "include", ...init});
    const seen = {};
    for (const name of ["x-request-id", "ratelimit", "retry-after", "server"]) seen[name] = answer.headers.has(name);
    return [answer.status, await answer.json().catch(() => null), seen];
  } catch (error) { return error.name; }
}
"""
TIMINGS = "timings => timings.map(one => [one.name, one.description, one.duration])"
OF_THE_PAGE = f"({TIMINGS})(performance.getEntriesByType('navigation')[0].serverTiming)"
OF_A_CALL = f"""
async (url) => {{
  const answer = await fetch(url, {{credentials: "include"}});
  await answer.text();
  const [entry] = performance.getEntriesByName(url);
  return [answer.headers.get("traceresponse"), ({TIMINGS})(entry.serverTiming)];
}}
"""
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""
OFFLINE = files("fastapi_offline") / "static"
"""Swagger UI and Redoc themselves, as a package brings them for machines without a network."""


class Blank(BaseHTTPRequestHandler):
    """Answers with an empty page."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name is given
        """Say nothing."""


@contextmanager
def blank_site() -> Iterator[str]:
    """Serve an empty page; yields its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module", name="friend")
def _friend() -> Iterator[str]:
    with blank_site() as origin:
        yield origin


@pytest.fixture(scope="module", name="receiver")
def _receiver() -> Iterator[Any]:
    with collector() as receiver:
        yield receiver


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory, friend: str, receiver: Any) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP.replace("ORIGIN", friend))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(folder, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
            yield server


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    program = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CALM)
        yield browser
        browser.close()


@pytest.fixture(name="page")
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(NOTE_VIOLATIONS)
    yield page
    context.close()


def at(shop: Server, path: str) -> str:
    """Return an address of the shop."""
    return f"http://127.0.0.1:{shop.port}{path}"


def test_a_page_of_a_known_origin_calls_with_credentials(
    page: Page, friend: str, shop: Server
) -> None:
    """Cookie and preflight included; it reads the id on an answer, an unhandled 500, a 413 and a 429."""
    page.goto(at(shop, "/enter"))
    page.goto(friend)
    put = {"method": "PUT", "headers": {"x-own": "1"}}
    answers = [
        page.evaluate(ASK, [at(shop, path), init])
        for path, init in (
            ("/orders", put),
            ("/orders", {**put, "body": "x" * 101}),
            ("/broken", {}),
            ("/scarce", {}),
            ("/scarce", {}),
        )
    ]
    assert [status for status, _, _ in answers] == [200, 413, 500, 200, 429]
    assert answers[0][1] == "ann"
    readable = {"x-request-id": True, "ratelimit": False, "retry-after": False, "server": False}
    assert [seen for _, _, seen in answers] == [
        readable, readable, readable, {**readable, "ratelimit": True},
        {**readable, "ratelimit": True, "retry-after": True},
    ]  # fmt: skip


def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(
    page: Page, shop: Server
) -> None:
    """Neither a plain answer nor, because its preflight is refused, anything that changes something."""
    with blank_site() as stranger:
        page.goto(at(shop, "/enter"))
        page.goto(stranger)
        got = page.evaluate(ASK, [at(shop, "/broken"), {}])
        put = page.evaluate(ASK, [at(shop, "/orders"), {"method": "PUT"}])
    assert (got, put) == ("TypeError", "TypeError")


@pytest.mark.parametrize(
    ("path", "shown", "hosts"),
    [
        ("/docs", "#swagger-ui .opblock", {"cdn.jsdelivr.net"}),
        ("/redoc", "redoc h1", {"cdn.jsdelivr.net", "fonts.googleapis.com", "fonts.gstatic.com"}),
    ],
)  # fmt: skip
def test_documentation_pages_work_under_our_policy(
    page: Page, shop: Server, path: str, shown: str, hosts: set[str]
) -> None:
    """The real Swagger UI and Redoc draw the schema; a stranger's script does not run beside them."""
    asked: set[str] = set()

    def content_network(route: Route) -> None:
        url = urlsplit(route.request.url)
        asked.add(url.hostname or "")
        font = (
            "@font-face { font-family: Roboto; src: url(https://fonts.gstatic.com/roboto.woff2) }"
        )
        own = OFFLINE / url.path.rpartition("/")[2]
        route.fulfill(
            body=own.read_bytes() if own.is_file() else font,
            content_type="text/javascript" if url.path.endswith(".js") else "text/css",
            headers={"access-control-allow-origin": "*"},
        )

    page.route(lambda url: urlsplit(url).hostname != "127.0.0.1", content_network)
    page.goto(at(shop, path))
    page.wait_for_selector(shown)
    page.evaluate("document.fonts.ready")
    assert "The shop" in page.inner_text("body")
    assert page.evaluate("window.violations") == []
    assert hosts <= asked <= {*hosts, "fastapi.tiangolo.com", "cdn.redoc.ly"}
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {src: 'https://evil.example/x.js'}))"
    )
    page.wait_for_function("window.violations.length > 0")
    assert page.evaluate("window.violations") == ["script-src-elem https://evil.example/x.js"]
    assert "evil.example" not in asked


def test_other_pages_load_nothing_from_the_content_network(page: Page, shop: Server) -> None:
    """What the documentation may, an endpoint's page may not."""
    page.goto(at(shop, "/page"))
    page.wait_for_function("window.violations.length > 0")
    assert page.evaluate("window.violations") == [
        "script-src-elem https://cdn.jsdelivr.net/npm/x.js"
    ]


def test_a_page_knows_the_trace_of_its_own_request(page: Page, shop: Server, receiver: Any) -> None:
    """A script on it reads trace and time where real-user monitoring looks, and the trace has arrived by that id."""
    answer = page.goto(at(shop, "/page"))
    assert answer is not None
    trace = answer.header_value("traceresponse") or ""
    (name, said, _), (total, _, took) = page.evaluate(OF_THE_PAGE)
    assert (name, said, total) == ("traceparent", trace, "total")
    assert 0 < took < DEADLINE_S * 1_000
    version, trace_id, span_id, flags = trace.split("-")
    assert (version, flags) == ("00", "01")
    wait_for(
        lambda: (trace_id, span_id) in [
            (span.trace_id.hex(), span.span_id.hex()) for call in receiver.calls for span in call.spans
        ],
        "the span to arrive",
    )  # fmt: skip


def test_a_page_of_another_origin_reads_times_where_it_is_allowed(
    page: Page, friend: str, shop: Server
) -> None:
    """Who may read an answer reads `traceresponse` by name; its timings need `Timing-Allow-Origin`, and add up."""
    page.goto(friend)
    closed, nothing = page.evaluate(OF_A_CALL, at(shop, "/enter"))
    trace, timings = page.evaluate(OF_A_CALL, at(shop, "/timed"))
    assert (len(closed), nothing) == (len(trace), [])
    assert [one[:2] for one in timings] == [["db", ""], ["traceparent", trace], ["total", ""]]
