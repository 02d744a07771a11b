"""What an access line tells of the client and the path."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request

from fastapi_spine import Logs
from fastapi_spine.testing import capture


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/reset/abc123def456", "/reset/{token}"),
        ("/users/7/reset/abc123def456", "/users/7/reset/{token}"),
        ("/users/7", "/users/7"),
        ("/users/ghp_0123456789abcdefghijABCDEFGHIJ012345", "/users/[REDACTED:github]"),
    ],
)
def test_sensitive_parameters_appear_as_their_names(drive: Any, path: str, shown: str) -> None:
    """By the parameter's name, or by what the value is."""
    app = FastAPI()

    @app.get("/reset/{token}")  # noqa: FAST003 - its line is looked at, not its answer
    @app.get("/users/{user}/reset/{token}")
    @app.get("/users/{user}")
    def endpoint(request: Request) -> None: ...

    with capture(app) as lines:
        drive(app, path, query_string=b"password=hunter2hunter2")
    assert lines.access[0]["path"] == shown
    assert "hunter2" not in lines.text


@pytest.mark.parametrize("schema", ["default", "ecs", "gcp", "datadog"])
def test_the_line_has_the_same_truth_in_every_schema(drive: Any, schema: Any) -> None:
    """The id and the status are there, whatever they are called."""
    app = FastAPI()
    with capture(app, logs=Logs(schema=schema)) as lines:
        answer = drive(app, "/nowhere")
    assert answer.request_id in lines.text
    assert "404" in lines.text


def test_methods_are_what_the_client_sent_up_to_a_length(drive: Any) -> None:
    """A random method of 300 bytes is not 300 bytes of log."""
    app = FastAPI()
    with capture(app) as lines:
        drive(app, "/", method="X" * 300)
    assert lines.access[0]["method"] == "X" * 32


def test_a_text_that_redaction_cut_marks_its_line(drive: Any) -> None:
    """`truncated` says that something is missing, whoever cut it."""
    import logging  # noqa: PLC0415 - only here

    with capture(FastAPI()) as lines:
        logging.getLogger("shop").info("z" * 40_000)
        logging.getLogger("shop").info("short")
    assert [line.get("truncated") for line in lines.lines] == [True, None]
