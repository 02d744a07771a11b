"""How a promise is declared, and what a mistake is told."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.objective import OBJECTIVES, Objective, objective_of

MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"target": "GET /x"}, "promises nothing", 'availability=0.999, latency=("300ms", 0.99)'),
    ({"availabilty": 0.9}, "availabilty", "did you mean availability?"),
    ({"target": "GTE /x", "availability": 0.9}, "target", "no method"),
    ({"target": "orders", "availability": 0.9}, "target", "GET /orders/{order_id}"),
    ({"availability": 99.9}, "availability", "write 0.999"),
    ({"availability": 1}, "availability", "0.9999 is strict"),
    ({"availability": True}, "availability", "above 0 and below 1"),
    ({"latency": ("3x", 0.9)}, "latency", "duration"),
    ({"latency": ("300ms", 99)}, "latency", "write 0.99"),
    ({"latency": "300ms"}, "latency", '("300ms", 0.99)'),
    ({"availability": 0.9, "window": "1h"}, "window", "from 3d to 90d"),
    ({"availability": 0.9, "bad": ["6xx"]}, "bad", "status codes and classes"),
    ({"availability": 0.9, "bad": "5xx"}, "bad", "one string is not a list"),
    ({"availability": 0.9, "minimum_bad": 0}, "minimum_bad", "1 or more"),
]


def test_a_promise_is_read_as_it_is_written() -> None:
    """Blanks, cases and units do not matter; what was left out has its default."""
    found = Objective("get  /orders/{order_id}", availability=0.999, latency=("300ms", 0.99))

    assert found.target == ("GET /orders/{order_id}",)
    assert found.availability == 0.999
    assert found.latency == (0.3, 0.99)
    assert found.window == 30 * 86_400
    assert found.bad == ("5xx", "exception")
    assert found.minimum_bad == 5


@pytest.mark.parametrize(("given", "field", "fix"), MISTAKES, ids=[str(one[0]) for one in MISTAKES])
def test_a_mistake_names_the_field_and_the_fix(given: dict[str, Any], field: str, fix: str) -> None:
    """An error says which field it is, and what to write instead."""
    with pytest.raises(SettingsError) as caught:
        Objective(**given)

    assert field in str(caught.value)
    assert fix in str(caught.value)


def test_an_unknown_field_of_a_table_names_the_nearest() -> None:
    """A misspelt key in TOML is found, and which entry has it."""
    with pytest.raises(Malformed, match=r"entry 2: .*'availabilty'; did you mean availability\?"):
        OBJECTIVES.parse(
            [{"target": "/a", "availability": 0.9}, {"target": "/b", "availabilty": 0.9}]
        )


def test_a_promise_survives_its_table() -> None:
    """What goes over the wire comes out as it went in."""
    given = Objective(
        ["GET /a", "/b/*"], availability=0.99, latency=(0.25, 0.9), bad=["5xx", "429"], exclude="/healthz",
        window="7d", name="checkout", service="shop", minimum_bad=3,
    )  # fmt: skip

    assert objective_of(given.table()) == given


def test_a_route_gives_a_promise_its_target() -> None:
    """An objective without a target speaks of the route below its decorator; one with a target keeps it."""
    bare, own = Objective(availability=0.9), Objective("/own", availability=0.9)

    assert bare.at(target=("GET /here",)).target == ("GET /here",)
    assert own.at(target=("GET /here",), service="shop").table() == {
        "target": ["/own"],
        "availability": 0.9,
        "service": "shop",
    }
