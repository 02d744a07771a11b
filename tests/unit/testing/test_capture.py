"""`fastapi_spine.testing.capture`, as users' tests use it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI

from fastapi_spine import Logs, SettingsError, Spine
from fastapi_spine.testing import CountedIds, FrozenClock, capture


def test_an_application_with_a_spine_keeps_it(drive: Any) -> None:
    """Only its output is turned, as JSON, and turned back afterwards."""
    app = FastAPI()
    elsewhere: list[bytes] = []
    spine = Spine(app, logs=Logs(output=elsewhere.append, format="human"))
    with capture(app) as lines:
        drive(app)
        logging.getLogger("shop").warning("hello")
    assert lines.spine is spine
    assert [line["msg"] for line in lines.lines] == ["request completed", "hello"]
    drive(app)
    spine.close()
    assert b"".join(elsewhere).count(b"spine.access") == 1


def test_an_application_without_one_gets_one_for_the_time_being(drive: Any) -> None:
    """Also after it has served, and as often as tests like."""
    app = FastAPI()
    for _ in range(2):
        with capture(app, clock=FrozenClock(), id_source=CountedIds()) as lines:
            drive(app)
        assert lines.access[0]["request_id"].endswith("1")
    assert type(app) is FastAPI


def test_what_comes_too_late_is_refused() -> None:
    """A clock cannot be given to a layer that exists."""
    app = FastAPI()
    spine = Spine(app, logs=False)
    with (
        pytest.raises(SettingsError, match="has a Spine already"),
        capture(app, clock=FrozenClock()),
    ):
        pass
    spine.close()


def test_lines_can_be_taken_apart_and_forgotten(drive: Any) -> None:
    """By logger, as text, and cleared between two parts of a test."""
    app = FastAPI()
    with capture(app) as lines:
        logging.getLogger("shop").info("one")
        assert [line["msg"] for line in lines.of("shop")] == ["one"]
        assert lines.text.endswith("\n")
        lines.clear()
        assert lines.lines == []
