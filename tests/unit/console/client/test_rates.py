"""A rate in a terminal is the rate on the page."""

from __future__ import annotations

import msgspec
import pytest
from console_api import NOW, client_of, filled

from fastapi_spine.console.client.from_store import StoreSource
from fastapi_spine.console.views import Overview


@pytest.mark.parametrize(
    ("since", "until"), [("15m", ""), ("1h", ""), ("7d", ""), ("2h", "5m"), ("0s", "")]
)
def test_files_and_api_say_the_same_of_a_stretch(since: str, until: str) -> None:
    """Both end now: a minute ahead, for clocks that are, is for lists and no time that requests could have come in."""
    from_files = StoreSource(filled(), "here", None, lambda: NOW).overview(since, until)
    with client_of(filled()) as client:
        answer = client.get("/api/v1/overview", params={"since": since, "until": until})
    assert from_files == msgspec.json.decode(answer.content, type=Overview)
