from __future__ import annotations

import logging
import logging.config
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi_spine.core.conventions import REPORTED_ATTRIBUTE

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import ListHandler, Process

UVICORN: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {
        "default": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"},
        "access": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
    },
    "loggers": {
        "uvicorn": {"handlers": ["default"], "level": "INFO", "propagate": False},
        "uvicorn.error": {"level": "INFO"},
        "uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    },
}
"""What uvicorn does by itself."""


def test_dict_config_after_set_up_changes_nothing_for_us(process: Process) -> None:
    """A server calls it after the application was built, and logs before the application hears of it."""
    process.install()
    printed = process.printer("uvicorn")
    logging.config.dictConfig(UVICORN)
    logging.getLogger("uvicorn.error").info("Waiting for application startup.")
    assert printed.getvalue() == ""
    assert process.heard.lines == [
        ("INFO", "uvicorn.error", "Waiting for application startup."),
    ]


def test_dict_config_that_replaces_the_root_leaves_us_there(process: Process) -> None:
    """A configuration with a root section throws every handler out, ours included, for a moment."""
    process.install(level=logging.INFO)
    console = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    logging.config.dictConfig(
        {
            "version": 1,
            "handlers": {"console": console},
            "root": {"handlers": ["console"], "level": "ERROR"},
        }
    )
    logging.getLogger("new").info("still here")
    assert process.heard.lines == [("INFO", "new", "still here")]


def test_existing_loggers_that_dict_config_disables_are_not_ours(process: Process) -> None:
    """The application's loggers are its business, the layer's own lines are ours."""
    process.install()
    ours, theirs = logging.getLogger("spine.access"), logging.getLogger("shop")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    ours.info("request completed")
    theirs.error("silenced by the application itself")
    assert process.heard.lines == [("INFO", "spine.access", "request completed")]


def test_basic_config_by_force_is_noticed_at_the_next_request(process: Process) -> None:
    """Thrown out by hand, the layer comes back when it is asked about its access line."""
    capture = process.install()
    logging.basicConfig(force=True)
    assert capture.covers_access_alone() is True
    logging.getLogger("shop").warning("back")
    assert process.heard.lines == [("WARNING", "shop", "back")]


def test_the_servers_access_line_is_gone_and_comes_back(process: Process) -> None:
    """Our own line says it; after the layer has gone the server's is as it was."""
    process.forget_pytest()
    logging.config.dictConfig(UVICORN)
    access = logging.getLogger("uvicorn.access")
    capture = process.install()
    access.info('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/", "1.1", 200)
    assert (access.disabled, process.heard.lines) == (True, [])
    capture.remove()
    assert access.disabled is False


def test_an_access_log_that_goes_to_a_file_keeps_going_there(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """Only what is printed is replaced; what the user's own handler reads is not."""
    file = list_handler()
    logging.getLogger("uvicorn.access").addHandler(file)
    process.install()
    logging.getLogger("uvicorn.access").warning("GET / 200")
    assert [msg for _, _, msg in file.said] == ["GET / 200"]
    assert process.heard.lines == []


def test_a_stack_that_the_access_line_has_shown_is_not_shown_again(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """The server's line is dropped by us alone, and only from the server's own logger."""
    tracker = list_handler()
    error = ValueError("boom")
    process.install()
    logging.getLogger().addHandler(tracker)
    server = logging.getLogger("uvicorn.error")
    server.error("Exception in ASGI application", exc_info=error)
    setattr(error, REPORTED_ATTRIBUTE, True)
    server.error("Exception in ASGI application", exc_info=error)
    logging.getLogger("shop").error("mine", exc_info=error)
    assert process.heard.lines == [
        ("ERROR", "uvicorn.error", "Exception in ASGI application"),
        ("ERROR", "shop", "mine"),
    ]
    assert len(tracker.said) == 3
