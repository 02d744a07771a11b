"""What an objective promises, and which requests it speaks of."""

from __future__ import annotations

import pytest

from fastapi_spine.alerts.judging import Badness
from fastapi_spine.alerts.matching import Selection
from fastapi_spine.alerts.promise import promises_of
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.objective import Objective


def test_share_and_latency_are_two_promises_with_stable_names() -> None:
    """Ids and titles say what is promised; they are labels of alerts and addresses of pages."""
    declared = Objective("GET /orders/{order_id}", availability=0.999, latency=("300ms", 0.99))

    found = promises_of([declared, Objective(availability=0.9995)], "Orders")

    assert [(one.id, one.title, one.allowed) for one in found] == [
        (
            "orders-get-orders-order-id-availability",
            "GET /orders/{order_id} · 99.9 % succeed",
            0.001,
        ),
        ("orders-get-orders-order-id-latency", "GET /orders/{order_id} · 99 % within 300ms", 0.01),
        ("orders-all-availability", "every route · 99.95 % succeed", 0.0005),
    ]


def test_two_promises_of_one_name_are_refused_with_the_fix() -> None:
    """Alerts of one id would be mistaken for each other."""
    two = [Objective("/a-b", availability=0.9), Objective("/a/b", availability=0.99)]

    with pytest.raises(SettingsError, match=r"'shop-a-b-availability'.*name="):
        promises_of(two, "shop")


@pytest.mark.parametrize(
    ("targets", "excluded", "method", "route", "counts"),
    [
        (("GET /orders/{order_id}",), (), "GET", "/orders/{order_id}", True),
        (("GET /orders/{order_id}",), (), "POST", "/orders/{order_id}", False),
        (("/orders/{order_id}",), (), "DELETE", "/orders/{order_id}", True),
        (("/orders/*",), (), "GET", "/orders/{order_id}/items", True),
        (("/orders/*",), (), "GET", "/orders", False),
        (("POST *",), (), "POST", "/anything", True),
        (("*",), (), "GET", "/healthz", True),
        (("*",), ("/healthz",), "GET", "/healthz", False),
        (("*",), (), "GET", "__unmatched__", False),
        (("*",), (), "GET", "", False),
        (("/a.b",), (), "GET", "/axb", False),
    ],
)
def test_a_target_means_these_requests(
    targets: tuple[str, ...], excluded: tuple[str, ...], method: str, route: str, counts: bool
) -> None:
    """Method and template must fit; what no route answered is nobody's promise."""
    assert Selection(targets, excluded).fits(method, route) is counts


@pytest.mark.parametrize(
    ("words", "status", "failed", "bad"),
    [
        (("5xx", "exception"), 500, True, True),
        (("5xx", "exception"), 200, True, True),
        (("5xx", "exception"), 200, False, False),
        (("5xx", "exception"), 404, False, False),
        (("5xx", "exception"), 499, False, False),
        (("5xx", "exception"), 0, False, False),
        (("5xx", "exception"), 0, True, True),
        (("5xx",), 200, True, False),
        (("500", "exception"), 503, True, False),
        (("5xx", "429"), 429, False, True),
        (("4xx",), 404, False, True),
        (("499",), 0, False, True),
        (("499",), 499, False, True),
    ],
)
def test_a_request_is_bad_by_this_rule(
    words: tuple[str, ...], status: int, failed: bool, bad: bool
) -> None:
    """5xx and exceptions are bad, 4xx and clients that left are not; each can be said otherwise."""
    assert Badness(words).bad(status, failed=failed) is bad
