from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import ListHandler, Process


def test_a_debug_line_is_held_and_seen_by_nobody_else(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """Handlers on the logger, on a child, on the root, added before and after, keep their threshold."""
    handlers = [list_handler() for _ in range(5)]
    logging.getLogger("shop").addHandler(handlers[0])
    logging.getLogger("shop.db").addHandler(handlers[1])
    logging.getLogger().addHandler(handlers[2])
    process.install(recorder=("shop",))
    logging.getLogger("shop").addHandler(handlers[3])
    logging.getLogger().addHandler(handlers[4])
    logging.getLogger("shop.db").debug("select %d", 1)
    logging.getLogger("shop").info("fact")
    logging.getLogger("other").debug("not ours to hold")
    assert process.heard.held == [("DEBUG", "shop.db", "select 1")]
    assert process.heard.lines == [("INFO", "shop", "fact")]
    seen = [[msg for _, _, msg in handler.said] for handler in handlers]
    assert seen == [["fact"], [], ["fact"], ["fact"], ["fact"]]


def test_children_made_later_are_held_too(process: Process) -> None:
    """A module imported during a request logs like any other."""
    process.install(recorder=("shop",))
    adapter = logging.LoggerAdapter(logging.getLogger("shop.made.later"), {"a": 1})
    adapter.debug("late")
    assert process.heard.held == [("DEBUG", "shop.made.later", "late")]


def test_a_child_with_handlers_that_does_not_propagate_is_held(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """Its records never come up to the logger that is held."""
    child = logging.getLogger("shop.audit")
    file = list_handler()
    child.addHandler(file)
    child.propagate = False
    process.install(recorder=("shop",))
    child.debug("detail")
    child.info("fact")
    assert process.heard.held == [("DEBUG", "shop.audit", "detail")]
    assert file.said == [("INFO", "shop.audit", "fact")]


def test_a_child_with_a_level_of_its_own_is_left_alone(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """Who set it wants to see those lines, now and when set later."""
    file = list_handler()
    logging.getLogger().addHandler(file)
    logging.getLogger("shop.sql").setLevel(logging.DEBUG)
    process.install(recorder=("shop",))
    logging.getLogger("shop.sql").debug("early")
    logging.getLogger("shop.cache").setLevel(logging.DEBUG)
    logging.getLogger("shop.cache").debug("late")
    both = [("DEBUG", "shop.sql", "early"), ("DEBUG", "shop.cache", "late")]
    assert (process.heard.held, process.heard.lines, file.said) == ([], both, both)


def test_a_logger_with_a_higher_level_of_its_own_has_everything_below_held(
    process: Process,
) -> None:
    """Its INFO lines were not written before, and are not written now."""
    logging.getLogger("shop").setLevel(logging.WARNING)
    process.install(recorder=("shop",))
    logging.getLogger("shop").info("fact")
    logging.getLogger("shop").warning("look")
    assert process.heard.held == [("INFO", "shop", "fact")]
    assert process.heard.lines == [("WARNING", "shop", "look")]


def test_somebody_who_asks_for_debug_since_gets_it(process: Process) -> None:
    """`setLevel(DEBUG)` by hand ends the holding, though the number is the same."""
    process.install(recorder=("shop",))
    logging.getLogger("shop").setLevel(logging.DEBUG)
    logging.getLogger("shop").debug("asked for")
    assert process.heard.lines == [("DEBUG", "shop", "asked for")]
    assert process.heard.held == []


def test_logging_disabled_is_disabled(process: Process) -> None:
    """`logging.disable` stands above the recorder."""
    process.install(recorder=("shop",))
    logging.disable(logging.DEBUG)
    logging.getLogger("shop").debug("no")
    assert process.heard.held == []


def test_a_record_that_logs_debug_while_it_is_held_waits_its_turn(process: Process) -> None:
    """The waiting one is still a DEBUG record when its turn comes."""
    process.install(recorder=("shop",))
    logging.getLogger("shop").debug("outer %s", _Talking(times=1, level=logging.DEBUG))
    assert process.heard.held == [("DEBUG", "shop", "outer x"), ("DEBUG", "shop", "inner 1")]


def test_with_debug_as_the_level_nothing_is_held(process: Process) -> None:
    """What is written need not be held."""
    process.install(level=logging.DEBUG, recorder=("shop",))
    logging.getLogger("shop").debug("written")
    assert (process.heard.lines, process.heard.held) == ([("DEBUG", "shop", "written")], [])


def test_caplog_sees_info_and_not_what_is_held(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    """The application's tests see what its other handlers see."""
    process.capture(recorder=("shop",)).install()
    logging.getLogger("shop").debug("held")
    logging.getLogger("shop").info("seen")
    assert caplog.messages == ["seen"]
    assert [msg for _, _, msg in process.heard.held] == ["held"]


def test_caplog_that_asks_for_debug_gets_it(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    """Asked on the root or on a logger, before set-up or after; holding goes on when the test is over."""
    capture = process.capture(recorder=("shop",))
    with caplog.at_level(logging.DEBUG):
        capture.install()
        logging.getLogger("shop").debug("one")
    with caplog.at_level(logging.DEBUG, logger="shop"):
        capture.install()
        logging.getLogger("shop").debug("two")
    logging.getLogger("shop").debug("three")
    assert caplog.messages == ["one", "two"]
    assert [msg for _, _, msg in process.heard.held] == ["one", "three"]


class _Talking:
    def __init__(self, times: int, level: int = logging.INFO) -> None:
        self.times = times
        self.level = level

    def __str__(self) -> str:
        if self.times:
            logging.getLogger("shop").log(self.level, "inner %d", self.times)
            self.times -= 1
        return "x"
