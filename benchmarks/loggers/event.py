"""The line that every logger writes: a message, five fields of its own, and the request's id."""

from __future__ import annotations

from itertools import count

LOGGER = "shop.orders"
MESSAGE = "order placed"
REQUEST_ID = "0199f3a2-7c41-7bb2-9d0e-5f1c2a904f1c"


_numbers = count()


def fields() -> dict[str, str | int | float | bool]:
    """Make the five fields of one line; no two lines are alike, so that nothing is known by heart."""
    number = next(_numbers)
    return {
        "order_id": number,
        "customer": f"c-{number:06d}",
        "total": 129.95,
        "currency": "EUR",
        "express": True,
    }
