"""What somebody does whom an alert woke."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from console_sample.app import Sample
from console_sample.data import Samples
from console_sample.serve import serving_sample
from pages import Open
from playwright.sync_api import expect


def test_an_alert_leads_to_its_evidence(open_page: Open) -> None:
    """From any page a mark says that something fires; its card says how fast, and links an offending request and all like it."""
    page = open_page("/health")
    page.get_by_role("link", name="Alerts 1 firing").click()
    card = page.get_by_role("article", name="firing: POST /orders")
    expect(card).to_contain_text("spends its budget 18.7 × as fast as it may; it alerts at 14.4 ×")  # noqa: RUF001 - the sign that the page shows
    card.get_by_role("button", name="Evidence: 1 request, 2 failures, 3 changes").click()
    href = card.get_by_role("link", name="×").first.get_attribute("href") or ""  # noqa: RUF001 - as above
    assert parse_qs(urlsplit(href).query)["q"] == ["failed:yes error:ZeroDivisionError"]
    card.get_by_role("link", name="502").click()
    expect(page.get_by_label("What went wrong")).to_contain_text("ZeroDivisionError")


def test_an_alert_is_taken_and_silenced(open_page: Open, samples: Samples) -> None:
    """A note goes with who takes it; a silence names the objective and for how long, and can be ended."""
    sample = Sample(samples)
    with serving_sample(sample) as origin:
        page = open_page("/alerts", origin=origin)
        card = page.get_by_role("article", name="firing: POST /orders")
        card.get_by_role("button", name="Acknowledge").click()
        card.get_by_label("Note").fill("looking at it")
        page.keyboard.press("Enter")
        expect(card.get_by_label("Note")).to_have_count(0)
        card.get_by_role("button", name="Silence").click()
        card.get_by_role("button", name="4 hours").click()
        card.get_by_label("Note").fill("the bank is told")
        page.keyboard.press("Enter")
        expect(card.get_by_label("Note")).to_have_count(0)
        page.get_by_role("button", name="End it").click()
        expect(page.get_by_text("Silences")).to_be_visible()
        page.get_by_role("button", name="What would have fired").click()
        expect(page.locator(".replay .past li")).to_have_count(1)
        page.close()
    assert sample.changes == [
        ("/api/v1/alerts/a1/ack", {"note": "looking at it"}),
        (
            "/api/v1/alerts/silences",
            {
                "objective": "orders-POST /orders-99.9 % succeed",
                "service": "",
                "seconds": 14_400,
                "note": "the bank is told",
            },
        ),
        ("/api/v1/alerts/silences/s1/end", {}),
    ]


def test_without_a_promise_the_page_shows_how_to_make_one(
    open_page: Open, samples: Samples
) -> None:
    """No objectives: the page teaches with an example instead of an empty table."""
    nothing = samples.alerts() | {"objectives": [], "alerts": [], "silences": [], "senders": []}
    with serving_sample(Sample(samples, pages={"/api/v1/alerts": nothing})) as origin:
        page = open_page("/alerts", origin=origin)
        expect(page.get_by_text("availability=0.999")).to_be_visible()
        page.close()


def test_a_promise_whose_budget_is_spent_does_not_hold(open_page: Open, samples: Samples) -> None:
    """Nothing burns now, but what was promised is broken; one with a budget left holds."""
    told = samples.alerts()
    for one in told["objectives"]:
        one["state"] = "ok"
    with serving_sample(Sample(samples, pages={"/api/v1/alerts": told})) as origin:
        page = open_page("/alerts", origin=origin)
        for name, word in (("POST /payments", "✗ spent"), ("POST /orders", "✓ holds")):
            row = page.get_by_role("row").filter(has_text=f"{name} ·")
            expect(row.locator(".badge").first).to_have_text(word)
        page.close()
