"""What a new user sees: one busy minute, few requests."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from msgspec import structs
from pages import Open
from playwright.sync_api import expect

from fastapi_spine.console.views import (
    LogPage,
    Numbers,
    Overview,
    RequestPage,
    RouteNumbers,
    ServiceNumbers,
    Spread,
)

COLOURED = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.slice(at, at + 4);
    if (alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) found += 1;
  }
  return found;
}"""
"""How many pixels are a line's or a point's; axes and grid are grey."""
NEVER = Numbers(0, 0, 0.0, None, None, None)


def test_one_busy_minute_is_seen(open_page: Open, samples: Samples) -> None:
    """A percentile that stands alone is a point, in the chart and in the tables."""
    counts, nothing = [0, 0, 12, 0, 0], [0, 0, 0, 0, 0]
    p95: list[float | None] = [None, None, 619_000.0, None, None]
    now = Numbers(12, 0, 0.04, 502_000.0, 619_000.0, 619_000.0)
    start = samples.now_us - 300_000_000
    answer = Overview(
        start, samples.now_us, 60_000_000,
        [ServiceNumbers("shop", "metrics", 1, [], now, NEVER, counts, nothing, p95)],
        [RouteNumbers("shop", "GET", "/slow", "metrics", now, NEVER, counts, nothing, p95)], [],
    )  # fmt: skip
    with serving_sample(Sample(samples, pages={"/api/v1/overview": answer})) as origin:
        page = open_page("/", origin=origin)
        canvas = page.get_by_label("95th percentile", exact=True).locator("canvas")
        expect(canvas).to_be_visible()
        assert canvas.evaluate(COLOURED) > 20
        dots = page.get_by_role("img", name="95th percentile over the window").locator(
            "path.spark-dots"
        )
        assert [dot.get_attribute("d") for dot in dots.all()] == ["M60.00 2.00h0"] * 2
        page.close()


def test_the_only_request_of_its_route_stands_in_its_own_bar(
    open_page: Open, samples: Samples
) -> None:
    """The mark is inside the bar, and nothing is said about being slower than others."""
    key = "0199-slow"
    view = samples.traces[key]
    assert view.request is not None
    few = Spread(
        "orders", "GET", "/fast", 0, 1, 1, 0, 1350.0, 1350.0, 1350.0, [5000.0, 10_000.0], [1, 0, 0], "metrics"
    )  # fmt: skip
    request = structs.replace(view.request, duration_us=1350.0)
    alone = structs.replace(view, request=request, peers=few, slower_than=None)
    with serving_sample(Sample(samples, pages={f"/api/v1/traces/{key}": alone})) as origin:
        page = open_page(f"/requests/{key}", origin=origin)
        among = page.locator(".among")
        expect(among.locator("figcaption")).to_have_text("1 of its route in the hour around it")
        bar, mark = (among.locator(one).bounding_box() for one in (".among-bars", ".among-mark"))
        assert bar is not None
        assert mark is not None
        assert bar["x"] < mark["x"] < bar["x"] + bar["width"]
        page.close()


def test_what_met_no_route_has_one_name(open_page: Open, samples: Samples) -> None:
    """Its path stands once in a list, and the Overview's row says that there is no route and leads to these alone."""
    row = structs.replace(samples.requests[0], method="GET", route="", path="/nope")
    socket = structs.replace(row, cursor="1", method="WS", route="/ws/{room}", path="/ws/7")
    now = Numbers(12, 0, 0.04, 2000.0, 3000.0, 4000.0)
    answer = Overview(
        0, samples.now_us, samples.now_us, [ServiceNumbers("shop", "metrics", 1, [], now, NEVER, [12], [0], [1.0])],
        [RouteNumbers("shop", "GET", "", "metrics", now, NEVER, [12], [0], [1.0])], [],
    )  # fmt: skip
    pages = {"/api/v1/overview": answer, "/api/v1/requests": RequestPage([row, socket])}
    with serving_sample(Sample(samples, pages=pages)) as origin:
        page = open_page("/requests?live=off", origin=origin)
        cells = page.locator(".list-row .path-cell")
        expect(cells).to_have_text(["GET/nope", "WS/ws/{room}/ws/7"])
        page.goto(f"{origin}/")
        link = page.get_by_role("link", name="GET no route")
        expect(link).to_be_visible()
        asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
        assert asked["q"] == ["service:shop method:GET -route:*"]
        page.close()


def test_a_websocket_ends_with_its_close_code(open_page: Open, samples: Samples) -> None:
    """As in a terminal; one that was refused has the status that refused it."""
    closed = {
        "network.protocol.name": "websocket", "url.path": "/ws/7", "http.response.status_code": 101,
        "websocket.close_code": 1000, "spine.outcome": "completed",
    }  # fmt: skip
    refused = closed | {"http.response.status_code": 403, "websocket.close_code": None}
    lines = [
        structs.replace(
            samples.logs[0], cursor=str(number), logger="spine.access", message="request completed",
            attributes=told, stack="", held=False,
        )
        for number, told in enumerate((closed, refused))
    ]  # fmt: skip
    with serving_sample(Sample(samples, pages={"/api/v1/logs": LogPage(lines)})) as origin:
        page = open_page("/logs?live=off", origin=origin)
        expect(page.locator(".list-row .message")).to_have_text(
            ["WS /ws/7 → 1000", "WS /ws/7 → 403"]
        )
        page.close()
