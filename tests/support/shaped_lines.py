"""An access line and a failure, and the function that puts them into a vendor's words."""

from __future__ import annotations

from fastapi_spine.logs.lines.schemas import Shape, shape_for

HEAD: dict[str, object] = {
    "ts": "2026-11-23T09:14:03.120457Z",
    "level": "INFO",
    "logger": "spine.access",
    "msg": "request completed",
    "request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "service": "orders",
}
ACCESS: dict[str, object] = {
    **HEAD,
    "method": "GET",
    "path": "/orders/7",
    "route": "/orders/{order_id}",
    "status": 200,
    "elapsed_ms": 12.345,
    "bytes_in": 0,
    "bytes_out": 312,
    "client": "10.0.0.0/24",
    "outcome": "completed",
    "user_id": 7,
}
FAILURE: dict[str, object] = {
    **HEAD,
    "level": "ERROR",
    "logger": "shop.orders",
    "msg": "payment refused",
    "order.id": 9,
    "exc": {
        "type": "app.Refused",
        "message": "no funds",
        "stack": "Traceback …\napp.Refused: no funds",
    },
}


def shape(schema: str, service: str | None = "orders", project: str | None = None) -> Shape:
    """Return a schema's function."""
    made = shape_for(schema, service, project=project)
    assert made is not None
    return made
