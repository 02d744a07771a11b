"""Alerts over HTTP: shown, silenced, acknowledged, replayed; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from watching import OBJECTIVE, Scene, scene

from fastapi_spine.console.api import Api
from fastapi_spine.console.api.alert_endpoints import DEEDS, QUESTIONS, Deed
from fastapi_spine.console.api.endpoints import PREFIX, Endpoint
from fastapi_spine.console.views import Health


class Asked(NamedTuple):
    """A console's API, and the shop it watches."""

    client: TestClient
    shop: Scene


def no_health() -> Health:
    """Return nothing: nobody asks here."""
    raise NotImplementedError


@pytest.fixture(name="asked", scope="module")
def _asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("console")
    with scene(folder / "data") as shop:
        for _ in range(6):
            shop.minute(20, 0)
        for _ in range(2):
            shop.minute(5, 5)
        api = Api(shop.reader, clock=shop.clock, health=no_health, version="1", watch=shop.watch)
        with TestClient(Starlette(routes=api.routes)) as client:
            yield Asked(client, shop)
        api.end()


def fast(page: Any) -> Any:
    """Return the fast tier's alert."""
    return next(one for one in page["alerts"] if one["tier"] == "fast")


def test_the_page_has_objectives_and_alerts_with_evidence(asked: Asked) -> None:
    """Everything that the page /alerts shows comes in one answer, and each alert by itself."""
    page = asked.client.get("/api/v1/alerts").json()
    (objective,) = page["objectives"]
    alert = fast(page)

    assert (objective["id"], objective["state"], objective["severity"]) == (
        OBJECTIVE,
        "firing",
        "page",
    )
    assert (page["every_s"], page["table"], page["trouble"]) == (15.0, "workbook", [])
    assert len(alert["evidence"]["requests"]) == 10
    assert asked.client.get(f"/api/v1/alerts/{alert['id']}").json() == alert


def test_a_silence_is_made_and_ended(asked: Asked) -> None:
    """201 with the silence; it quiets the alert until it is ended."""
    made = asked.client.post(
        "/api/v1/alerts/silences", json={"objective": OBJECTIVE, "seconds": 60, "note": "deploy"}
    )
    silence = made.json()
    quiet = fast(asked.client.get("/api/v1/alerts").json())["silenced_by"]
    ended = asked.client.post(f"/api/v1/alerts/silences/{silence['id']}/end", json={})

    assert (made.status_code, silence["by"], silence["note"]) == (201, "web", "deploy")
    assert silence["ends_us"] - silence["starts_us"] == 60_000_000
    assert quiet == silence["id"]
    assert ended.status_code == 200
    assert asked.client.get("/api/v1/alerts").json()["silences"] == []


def test_an_alert_is_acknowledged(asked: Asked) -> None:
    """The note stays on the alert, with who and when."""
    key = fast(asked.client.get("/api/v1/alerts").json())["id"]
    found = asked.client.post(
        f"/api/v1/alerts/{key}/ack", json={"note": "looking"}, headers={"authorization": "Bearer x"}
    ).json()

    assert (found["acked"]["by"], found["acked"]["note"]) == ("command line", "looking")


def test_a_replay_is_an_answer(asked: Asked) -> None:
    """What would have fired since then, and whether the numbers go back so far."""
    found = asked.client.get("/api/v1/alerts/replay?since=1h").json()

    assert [one["tier"] for one in found["alerts"]] == ["fast"]
    assert found["truncated"] is True


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("silences", {"seconds": 0}, 400, "seconds"),
        ("silences", {"seconds": 1e9}, 400, "30 days"),
        ("silences", {"seconds": 60, "objective": "nobody's"}, 404, "nobody's"),
        ("silences", {"seconds": 60, "tag": "x"}, 400, "tag"),
        ("silences", {}, 400, "seconds"),
        ("silences/x/end", {}, 404, "'x'"),
        ("unknown/ack", {}, 404, "unknown"),
        ("unknown/ack", {"note": "a\x00b"}, 400, "note"),
    ],
)
def test_a_mistake_is_told_as_a_problem(
    asked: Asked, path: str, body: Any, status: int, said: str
) -> None:
    """Whatever is wrong is named; nothing changes."""
    answer = asked.client.post(f"/api/v1/alerts/{path}", json=body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda one: str(one.name))
def test_every_change_of_the_document_is_there_and_only_by_post(asked: Asked, deed: Deed) -> None:
    """GET is refused with what is allowed; the example of a body is one, whoever it is about."""
    path = f"{PREFIX}{deed.path.replace('{key}', 'nobody')}"
    told = asked.client.get(path)
    done = asked.client.post(path, json=json.loads(deed.example))

    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert told.json()["type"] == "/api#method-post"
    assert done.status_code == (404 if "{key}" in deed.path else deed.status)
    for silence in asked.client.get("/api/v1/alerts").json()["silences"]:
        asked.client.post(f"/api/v1/alerts/silences/{silence['id']}/end", json={})


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: str(one.name))
def test_every_question_of_the_document_is_answered(asked: Asked, question: Endpoint) -> None:
    """In the shape that the document tells."""
    key = asked.client.get("/api/v1/alerts").json()["alerts"][0]["id"]
    answer = asked.client.get(f"{PREFIX}{question.path.replace('{key}', key)}")

    assert answer.status_code == 200
    msgspec.json.decode(answer.content, type=question.kind)


def test_only_json_changes_anything(asked: Asked) -> None:
    """A form of another site's page cannot be one; GET changes nothing; long bodies are refused."""
    form = asked.client.post("/api/v1/alerts/silences", data={"seconds": "60"})
    get = asked.client.get("/api/v1/alerts/silences")
    long = asked.client.post("/api/v1/alerts/test", json={"x": "y" * 20_000})

    assert (form.status_code, get.status_code, long.status_code) == (415, 405, 400)
