"""The API's answers, over a store in memory."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import msgspec
import pytest
from console_api import BASE, client_of, filled
from console_memory import Memory

from fastapi_spine.console.api.alert_endpoints import DEEDS, QUESTIONS
from fastapi_spine.console.api.document import document
from fastapi_spine.console.api.endpoints import ENDPOINTS, HEALTH, PREFIX, TAILS
from fastapi_spine.console.api.page import example_path
from fastapi_spine.console.api.pool import Pool
from fastapi_spine.console.api.problem import KINDS, Problem
from fastapi_spine.console.ports import StoreError
from fastapi_spine.console.views import RequestPage, RequestRow

KNOWN = "r-7"


def problem(text: bytes) -> dict[str, Any]:
    """Return a problem that has the documented shape."""
    msgspec.json.decode(text, type=Problem)
    found: dict[str, Any] = json.loads(text)
    return found


def asked(path: str, store: Memory | None = None) -> dict[str, Any]:
    """Return status and problem of a question that is refused."""
    with client_of(store or filled()) as client:
        response = client.get(path)
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["cache-control"] == "no-store"
        found = problem(response.content)
        assert found.pop("status") == response.status_code
        return {"code": response.status_code, **found}


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, HEALTH], ids=lambda one: str(one.name))
def test_every_documented_example_answers_as_its_schema_says(endpoint: Any) -> None:
    """The example is asked as it stands, with ids that this console knows; the answer fits its type exactly."""
    target = example_path(endpoint.path, endpoint.example)
    target = target.replace("0197f3c2-5b7e-7d90-8a4e-3f1b2c4d5e6f", KNOWN).replace("…", "5")
    with client_of(filled()) as client:
        response = client.get(target)
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
        found = msgspec.json.decode(response.content, type=endpoint.kind)
        assert msgspec.json.encode(found) == response.content


def test_requests_are_listed() -> None:
    """The rows that fit, whole."""
    with client_of(filled()) as client:
        response = client.get(
            "/api/v1/requests", params={"q": "user_id:47 failed:yes", "since": "1h"}
        )
    assert msgspec.json.decode(response.content, type=RequestPage) == RequestPage(
        [
            RequestRow(
                cursor="22",
                request_id="r-7",
                trace_id=f"{8:032x}",
                span_id=f"{22:016x}",
                service="orders",
                method="GET",
                route="/orders/{order_id}",
                path="/orders/7",
                status=500,
                start_us=BASE // 1000 + 7_000_000,
                duration_us=100_000.0,
                failed=True,
            )
        ],
        older="",
        newer="22",
    )


def test_pages_lead_back_to_the_first_row() -> None:
    """Following `older` shows each row once."""
    seen: list[str] = []
    with client_of(filled()) as client:
        older = ""
        while True:
            params = {"q": "service:orders", "limit": "3", "older": older}
            page = client.get("/api/v1/requests", params=params).json()
            seen += [row["request_id"] for row in page["requests"]]
            older = page["older"]
            if not older:
                break
    assert seen == [f"r-{number}" for number in range(9, -1, -1)]


def test_a_wrong_search_says_where() -> None:
    """Position, length, and what to write instead; `detail` is the sentence."""
    assert asked("/api/v1/requests?q=a%20servce:x") == {
        "code": 400,
        "type": "/api#search",
        "title": "The search cannot be read",
        "detail": "There is no key servce.",
        "position": 2,
        "length": 6,
        "hint": "Write service, or @servce for an attribute of that name.",
    }


@pytest.mark.parametrize(
    ("target", "code", "kind", "detail"),
    [
        ("/requests?limit=0", 400, "parameter", "limit cannot be '0'; it is a whole number from 1 to 500."),
        ("/requests?limit=9999999999999999999999", 400, "parameter", "limit cannot be '9999999999999999999999'; it is a whole number from 1 to 500."),
        ("/requests?limit=²", 400, "parameter", "limit cannot be '²'; it is a whole number from 1 to 500."),
        ("/requests?since=soon", 400, "parameter", "This is no moment. ('soon') Write 15m, 2h or 7d ago, 2026-01-31T12:00:00Z, or microseconds since the epoch."),
        ("/requests?since=1m&until=5m", 400, "parameter", "The time ends before it begins. ('1m') Write since and until the other way round."),
        ("/requests?serch=a", 400, "parameter", "There is no parameter 'serch' here; known: q, since, until, older, newer, limit."),
        ("/requests?q=a&q=b", 400, "parameter", "q is given twice; give it once."),
        ("/requests?older=zzz", 400, "cursor", "'zzz' is no cursor. Cursors come from an earlier answer of the same console; begin again without one."),
        ("/requests?older=%00", 400, "parameter", "older holds characters that cannot be seen."),
        ("/requests?newer=" + "9" * 501, 400, "parameter", "newer is longer than 500 characters."),
        ("/logs/around", 400, "parameter", "cursor is missing; it names a line, see /api/v1/logs."),
        ("/health?x=1", 400, "parameter", "There is no parameter 'x' here; known: none."),
        ("/traces/nope", 404, "unknown-id", "There is no request and no trace with the id 'nope'. Kept is what came since 2023-11-14 22:13:20 UTC; the request may be older, not sampled, or younger than a few seconds."),
        ("/traces/" + "x" * 300, 404, "unknown-id", f"There is no request and no trace with the id '{'x' * 60}'. Kept is what came since 2023-11-14 22:13:20 UTC; the request may be older, not sampled, or younger than a few seconds."),
        ("/traces/%1b%5b31m/..%2f", 404, "unknown-id", "There is no request and no trace with the id '·[31m/../'. Kept is what came since 2023-11-14 22:13:20 UTC; the request may be older, not sampled, or younger than a few seconds."),
        ("/nothing", 404, "path", "'/api/v1/nothing' is no path of the API. /api lists every one."),
        ("/requests/", 404, "path", "'/api/v1/requests/' is no path of the API. /api lists every one."),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_explained(
    target: str, code: int, kind: str, detail: str
) -> None:
    """Which value, where from, and what to do."""
    found = asked(f"{PREFIX}{target}")
    assert (found["code"], found["type"], found["detail"]) == (code, f"/api#{kind}", detail)


def test_an_empty_console_says_so() -> None:
    """An id that is unknown because nothing came yet."""
    detail = asked("/api/v1/traces/r-7", Memory())["detail"]
    assert detail == "There is no request and no trace with the id 'r-7'. Nothing has come in yet."


def test_a_store_in_trouble_is_told() -> None:
    """Its own words, and when to come back; a fault of ours says no more than that it is logged."""
    store = filled()
    store.trouble = StoreError("The folder is gone; start the console again.")
    with client_of(store) as client:
        response = client.get("/api/v1/requests")
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert problem(response.content)["detail"] == "The folder is gone; start the console again."
        store.trouble = KeyError("secret")
        response = client.get("/api/v1/requests")
        assert response.status_code == 500
        assert "secret" not in response.text


def test_the_api_only_reads() -> None:
    """Every other method is refused, on every path; HEAD is GET without a body."""
    with client_of(filled()) as client:
        for path in (
            "/api",
            "/api/v1/requests",
            "/api/v1/requests/tail",
            "/api/v1/health",
            "/api/x",
        ):
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                response = client.request(method, path)
                assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
        response = client.head("/api/v1/requests")
        assert (response.status_code, response.content) == (200, b"")


def test_a_question_that_takes_too_long_is_given_up() -> None:
    """The client hears so; others are still answered, and too many at a time are refused."""
    release = threading.Event()
    store = filled()
    answer = store.errors

    def slow(*given: Any, **named: Any) -> Any:
        release.wait(30)
        return answer(*given, **named)

    store.errors = slow  # type: ignore[method-assign]  # a disk that stalls
    pool = Pool("test", threads=2, waiting=0, deadline=0.05)
    with client_of(store, pool=pool) as client:
        try:
            assert client.get("/api/v1/errors").status_code == 504
            assert client.get("/api/v1/requests").status_code == 200
            assert client.get("/api/v1/errors").status_code == 504
            busy = client.get("/api/v1/requests")
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
            assert problem(busy.content)["detail"] == "2 questions are open already; ask again."
        finally:
            release.set()


def test_a_question_that_meets_the_end_is_told_so() -> None:
    """503 with a sentence and when to ask again; nothing about a fault."""
    pool = Pool("test")
    with client_of(filled(), pool=pool) as client:
        assert client.get("/api/v1/requests").status_code == 200
        pool.close()
        closing = client.get("/api/v1/requests")
    assert (closing.status_code, closing.headers["retry-after"]) == (503, "1")
    assert problem(closing.content)["detail"] == "The console is shutting down."


def test_the_document_names_every_path_and_type() -> None:
    """OpenAPI 3.1; each reference leads somewhere, each path answers."""
    with client_of(filled()) as client:
        text = client.get("/api/openapi.json").text
        assert json.loads(text) == json.loads(msgspec.json.encode(document("1.2.3")))
    found = json.loads(text)
    assert found["openapi"] == "3.1.0"
    told = (*ENDPOINTS, HEALTH, *TAILS, *QUESTIONS)
    known = {(f"{PREFIX}{one.path}", "get") for one in told}
    known |= {(f"{PREFIX}{one.path}", "post") for one in DEEDS}
    assert {(path, method) for path, item in found["paths"].items() for method in item} == known
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named == set(found["components"]["schemas"])


def test_the_page_lists_every_path_with_an_example() -> None:
    """Plain HTML without script or style of its own, so that the strictest policy lets it be."""
    with client_of(filled()) as client:
        response = client.get("/api")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        page = response.text
        assert client.get("/api/page.css").headers["content-type"] == "text/css; charset=utf-8"
    for one in (*ENDPOINTS, HEALTH, *TAILS, *QUESTIONS):
        assert f"<code>{PREFIX}{one.path}</code>" in page
    for deed in DEEDS:
        assert f"<code>POST {PREFIX}{deed.path}</code>" in page
    for kind in KINDS:
        assert f'id="{kind.name}"' in page
    assert not re.search(r"<script|<style|style=|\son\w+=|https?:", page)
