"""The security headers of every answer, from outside."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from guarded import security, shop
from starlette.responses import Response

from fastapi_spine import Guard
from fastapi_spine.testing import capture


def test_security_headers_stand_on_every_answer(drive: Any) -> None:
    """On a 200, a 404 and a 500 alike; over plain HTTP without HSTS."""
    app = shop()
    with capture(app, guard=True):
        found = [security(drive(app, path)) for path in ("/orders", "/nowhere", "/broken")]
    assert found[0] == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "content-security-policy": (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
    }
    assert found[1:] == [found[0], found[0]]


def test_hsts_is_said_over_tls_only(drive: Any) -> None:
    """RFC 6797 section 7.2."""
    app = shop()
    with capture(app, guard=True):
        answer = drive(app, "/orders", scheme="https")
    assert answer.headers(b"strict-transport-security") == [b"max-age=31536000; includeSubDomains"]


def test_documentation_pages_have_a_policy_of_their_own(drive: Any) -> None:
    """Wherever the application has put them; nobody else's page may load from the content network."""
    app = shop(docs_url="/internal/docs")
    with capture(app, guard=True):
        docs = security(drive(app, "/internal/docs"))["content-security-policy"]
        usual = security(drive(app, "/docs"))["content-security-policy"]
    assert "https://cdn.jsdelivr.net" in docs
    assert "jsdelivr" not in usual


def test_single_headers_can_be_changed_and_left_out(drive: Any) -> None:
    """What the application says itself wins over both."""
    app = FastAPI()

    @app.get("/")
    async def index() -> Any:
        return Response(headers={"Referrer-Policy": "no-referrer"})

    changes = {"X-Frame-Options": "SAMEORIGIN", "permissions-policy": "off", "x-extra": "1"}
    with capture(app, guard=Guard(headers=changes)):
        answer = drive(app, "/")
    found = security(answer)
    assert found["x-frame-options"] == "SAMEORIGIN"
    assert "permissions-policy" not in found
    assert (answer.headers(b"x-extra"), answer.headers(b"referrer-policy")) == (
        [b"1"],
        [b"no-referrer"],
    )


def test_headers_can_be_switched_off(drive: Any) -> None:
    """The other guards go on without them."""
    app = shop()
    with capture(app, guard=Guard(headers=False, hosts="testserver")):
        assert security(drive(app, "/orders")) == {}
