"""A stack on the pages: the application's own frames are seen at once, those of libraries on demand."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from msgspec import structs
from pages import Open
from playwright.sync_api import expect

from fastapi_spine.console.views import ErrorPage, TraceView

PACKAGES = "/srv/venv/lib/python3.11/site-packages"
LIBRARY = [
    f'  File "{PACKAGES}/{package}/part.py", line {number}, in __call__\n    await self.app(scope, {number})'
    for number in range(10)
    for package in ("fastapi_spine", "starlette")
]
STACK = "\n".join(
    [
        "Traceback (most recent call last):",
        *LIBRARY,
        "  [12 frames left out]",
        '  File "/srv/shop/orders.py", line 7, in pay',
        "    return total // parts",
        f'  File "{PACKAGES}/math/part.py", line 3, in divide',
        "    raise ZeroDivisionError",
        "ZeroDivisionError: by <b>zero</b>",
        "",
    ]
)
FOLDED = """\
Traceback (most recent call last):
  … 32 frames in fastapi_spine, starlette
  File "/srv/shop/orders.py", line 7, in pay
    return total // parts
  File "/srv/venv/lib/python3.11/site-packages/math/part.py", line 3, in divide
    raise ZeroDivisionError
ZeroDivisionError: by <b>zero</b>
"""


def with_stack(view: TraceView, stack: str) -> TraceView:
    """The same request, every exception of which has this stack."""
    spans = [
        structs.replace(
            span,
            events=[
                structs.replace(
                    event, attributes={**event.attributes, "exception.stacktrace": stack}
                )
                for event in span.events
            ],
        )
        for span in view.spans
    ]
    return structs.replace(view, spans=spans)


def test_a_stack_shows_the_application_s_own_frames(open_page: Open, samples: Samples) -> None:
    """Library frames are one line that says how many and whose; it opens, and closes again."""
    view = with_stack(samples.traces["0199-failed"], STACK)
    with serving_sample(Sample(samples, pages={"/api/v1/traces/0199-failed": view})) as origin:
        page = open_page("/requests/0199-failed", origin=origin)
        page.get_by_role("button", name="Stack").click()
        stack = page.locator(".cause .stack")
        expect(stack).to_be_visible()
        assert stack.text_content() == FOLDED
        fold = stack.get_by_role("button", name="32 frames in fastapi_spine, starlette")
        fold.click()
        expect(fold).to_have_attribute("aria-expanded", "true")
        told = f"{FOLDED.splitlines()[1]}\n"
        assert (stack.text_content() or "").replace(told, "") == STACK
        fold.click()
        assert stack.text_content() == FOLDED
        page.close()


def test_a_failed_background_task_is_told_by_its_exception(
    open_page: Open, samples: Samples
) -> None:
    """Type and message are the exception's, not the line's; the search of the Errors page is the console's."""
    view = samples.traces["0199-slow"]
    told = {"exception.type": "KeyError", "exception.message": "'bg failed'", "route": "/bg"}
    line = structs.replace(
        view.logs[0], severity=17, level="ERROR", message="background task failed", attributes=told, stack=STACK
    )  # fmt: skip
    group = structs.replace(samples.errors().errors[0], search="exception.type:KeyError")
    pages = {
        "/api/v1/traces/0199-slow": structs.replace(view, logs=[line]),
        "/api/v1/errors": ErrorPage(0, 1, 1, [group]),
    }
    with serving_sample(Sample(samples, pages=pages)) as origin:
        page = open_page("/requests/0199-slow", origin=origin)
        expect(page.get_by_label("What went wrong")).to_contain_text("KeyError: 'bg failed'")
        page.goto(f"{origin}/errors")
        href = page.get_by_role("link", name="all", exact=True).get_attribute("href") or ""
        assert parse_qs(urlsplit(href).query)["q"] == ["exception.type:KeyError"]
        page.close()


def test_a_long_stack_begins_where_it_was_raised(open_page: Open, samples: Samples) -> None:
    """The last lines are in view without scrolling; sixty calls of the application are not folded."""
    own = [
        f'  File "/srv/shop/deep.py", line {number}, in deep\n    deep()' for number in range(60)
    ]
    text = "\n".join(["Traceback (most recent call last):", *own, "RecursionError: too deep"])
    view = with_stack(samples.traces["0199-failed"], text)
    with serving_sample(Sample(samples, pages={"/api/v1/traces/0199-failed": view})) as origin:
        page = open_page("/requests/0199-failed", origin=origin)
        page.get_by_role("button", name="Stack").click()
        stack = page.locator(".cause .stack")
        expect(stack.get_by_text("RecursionError: too deep")).to_be_in_viewport()
        box, last = (one.bounding_box() for one in (stack, stack.locator("span").last))
        assert box is not None
        assert last is not None
        assert last["y"] + last["height"] <= box["y"] + box["height"]
        page.close()
