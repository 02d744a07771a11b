"""What a span is called when people read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.core.title import title


@pytest.mark.parametrize(
    ("name", "kind", "attributes", "expected"),
    [
        ("SELECT", 3, {"db.system": "sqlite", "db.statement": "SELECT o.id FROM orders AS o"}, "db: SELECT orders"),
        ("x", 3, {"db.system.name": "postgresql", "db.query.text": 'select * from "public"."order"'}, "db: SELECT order"),
        ("x", 3, {"db.system": "p", "db.statement": "INSERT INTO order_items (a) VALUES (?)"}, "db: INSERT order_items"),
        ("x", 3, {"db.system": "p", "db.statement": "/* hint */ UPDATE users SET a=1"}, "db: UPDATE users"),
        ("x", 3, {"db.system": "p", "db.statement": "-- why\n DELETE FROM t"}, "db: DELETE t"),
        ("x", 3, {"db.system": "p", "db.statement": "BEGIN"}, "db: BEGIN"),
        ("x", 3, {"db.system": "redis", "db.statement": "GET ?"}, "db: GET"),
        ("connect", 3, {"db.system": "sqlite"}, "db: connect"),
        ("x", 3, {"db.system": "p", "db.query.summary": "SELECT a, b"}, "db: SELECT a, b"),
        ("GET", 3, {"http.method": "GET", "http.url": "http://inv/inventory/availability?sku=1"}, "http: GET /inventory/availability"),
        ("GET", 3, {"http.request.method": "POST", "url.full": "https://pay.example/"}, "http: POST pay.example"),
        ("fastapi.endpoint", 1, {"code.function.name": "shop.orders.create_order"}, "endpoint: create_order"),
        ("fastapi.serialization", 1, {"code.function.name": "shop.f"}, "render response"),
        ("fastapi.dependencies", 1, {"code.function.name": "shop.f"}, "dependencies"),
        ("auth: decode_jwt", 1, {}, "auth: decode_jwt"),
        ("GET /orders/{order_id}", 2, {"http.request.method": "GET"}, "GET /orders/{order_id}"),
    ],
)  # fmt: skip
def test_titles(name: str, kind: int, attributes: dict[str, Any], expected: str) -> None:
    """Verb and table, method and path, the operation, or the name."""
    assert title(name, kind, attributes) == expected


@given(
    st.text(),
    st.integers(1, 5),
    st.dictionaries(
        st.sampled_from(
            ["db.system", "db.statement", "http.method", "http.url", "code.function.name"]
        ),
        st.text(),
    ),
)
def test_any_span_has_a_short_title_on_one_line(
    name: str, kind: int, attributes: dict[str, str]
) -> None:
    """Whatever a span holds, its title fits."""
    text = title(name, kind, attributes)
    assert len(text) <= 120
    assert len(text.splitlines()) <= 1
