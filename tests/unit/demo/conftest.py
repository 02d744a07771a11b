"""A few seconds of the shop's output, written by hand, and the ways the tour may look."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_spine.demo.look import Look

Line = dict[str, Any]

ORDER = "0199aa00-0000-7000-8000-00000000000a"
SLOW = "0199aa00-0000-7000-8000-00000000000b"
LISTED = "0199aa00-0000-7000-8000-000000000115"
BLOCKED = "0199aa00-0000-7000-8000-00000000b10c"
FAILED = "0199aa00-0000-7000-8000-00000000000c"

STACK = "Traceback (most recent call last):\n" + "".join(
    f'  File "{name}.py", line 1, in {name}\n    {name}()\n' for name in "abcdefgh"
)


class Writer:
    """Writes lines as the services would, one millisecond after the other."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def line(self, at_ms: int, service: str, key: str, msg: str, **more: Any) -> None:
        """Write one line `at_ms` after noon."""
        fixed = {
            "ts": f"2026-01-02T12:00:{at_ms // 1000:02d}.{at_ms % 1000:03d}000Z",
            "level": "INFO",
            "logger": f"shop.{service}",
            "msg": msg,
            "request_id": key,
            "trace_id": key.replace("-", ""),
            "span_id": "00f067aa0ba902b7",
            "service": service,
        }
        self.lines.append({**fixed, **more})

    def access(self, at_ms: int, service: str, key: str, status: int, **more: Any) -> None:
        """Write the access line of a request that ended `at_ms` after noon."""
        paths = {"orders": "/orders", "inventory": "/reservations", "payments": "/payments"}
        fixed = {
            "logger": "spine.access",
            "level": "ERROR" if status >= 500 else "INFO",
            "method": "POST",
            "path": paths[service],
            "route": paths[service],
            "status": status,
            "elapsed_ms": 5.0,
            "outcome": "failed" if status >= 500 else "completed",
        }
        msg = "request failed" if status >= 500 else "request completed"
        self.line(at_ms, service, key, msg, **{**fixed, **more})


@pytest.fixture
def lines() -> list[Line]:
    """A list of orders, a quick order, a slow one, a refused sign-in, a lost order, a bad basket, a failed payment."""
    shop = Writer()
    shop.access(5, "orders", LISTED, 200, method="GET", path="/orders", route="/orders")
    shop.line(0, "orders", ORDER, "sign-in with {'password': '[REDACTED:password]'}")
    shop.access(10, "inventory", ORDER, 200, elapsed_ms=4.0)
    shop.line(14, "payments", ORDER, "payment booked", payment_id=1)
    shop.access(16, "payments", ORDER, 201, elapsed_ms=3.0)
    shop.access(20, "orders", ORDER, 201, elapsed_ms=18.0)
    shop.line(100, "orders", SLOW, "basket received")
    shop.access(402, "inventory", SLOW, 200, level="WARNING", elapsed_ms=300.0)
    shop.access(410, "payments", SLOW, 201, elapsed_ms=3.0)
    shop.line(412, "orders", SLOW, "order paid, receipt at http://x/?token=[REDACTED:token]")
    shop.access(420, "orders", SLOW, 201, level="WARNING", elapsed_ms=320.0)
    for place, status in enumerate((401, 404, 422)):
        shop.access(500 + place, "orders", f"0199aa00-0000-7000-8000-0000000000f{place}", status)
    shop.access(601, "inventory", FAILED, 200)
    shop.line(602, "payments", FAILED, "splitting 4200 cents", level="DEBUG", held=True)
    shop.access(
        603,
        "payments",
        FAILED,
        500,
        exc={"type": "ZeroDivisionError", "message": "by zero", "stack": f"{STACK}Boom: by zero"},
    )
    shop.access(604, "orders", FAILED, 502)
    shop.line(
        700, "orders", BLOCKED, "the event loop stood still",
        logger="spine.runtime", level="WARNING", route="/sales", blocked_ms=260,
        stack='  File "orders.py", line 1, in sales\n    time.sleep(0.4)',
    )  # fmt: skip
    return shop.lines


@pytest.fixture
def plain() -> Look:
    """Output that is piped."""
    return Look()


@pytest.fixture
def terminal() -> Look:
    """A terminal with colour, 100 columns wide."""
    return Look(colour=True, live=True, width=100)
