from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from loguru import logger

from fastapi_spine.logs.capture.uncovered import uncovered

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import Process

Numbers = list[int]


@pytest.fixture(autouse=True)
def _like_new() -> Iterator[None]:
    core: Any = logger._core  # type: ignore[attr-defined]  # noqa: SLF001 - as after `from loguru import logger`
    before = core.handlers
    number = logger.add(_stderr())
    core.handlers = {0: core.handlers[number]}
    yield
    logger.remove()
    core.handlers = before
    core.min_level = min((handler.levelno for handler in before.values()), default=float("inf"))


@pytest.fixture
def printing() -> int:
    """The number of a handler of the user's that prints."""
    return logger.add(_stderr(), level="DEBUG")


def test_records_arrive_with_their_fields_and_are_not_printed(
    process: Process, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bound values and keyword arguments are fields; the logger is the module."""
    process.install()
    logger.bind(order=7).info("paid {amount}", amount=3)
    assert process.heard.lines == [("INFO", __name__, "paid 3")]
    assert process.heard.fields == [{"order": 7, "amount": 3}]
    assert capfd.readouterr().err == ""


def test_an_exception_arrives_as_an_exception(process: Process) -> None:
    """loguru's own rendering, which shows local variables, has no part in it."""  # noqa: D403 - a name
    process.install()
    error = ValueError("boom")
    secret = _Unreadable()
    try:
        raise error
    except ValueError:
        logger.exception("failed")
    assert process.heard.lines == [("ERROR", __name__, "failed")]
    assert process.heard.errors == [error]
    assert secret.read == 0


def test_the_level_is_ours_and_below_it_the_flight_recorders(process: Process) -> None:
    """As for records; loguru prints DEBUG by default."""
    process.install(recorder=(__name__,))
    logger.debug("detail")
    logger.success("fact")
    assert process.heard.held == [("DEBUG", __name__, "detail")]
    assert [msg for _, _, msg in process.heard.lines] == ["fact"]


def test_a_stricter_handler_stays_strict_and_filters_count(process: Process) -> None:
    """What would have been printed arrives, and what would not does not."""
    logger.remove()
    logger.add(sys.stdout, level="WARNING", filter=lambda record: "noise" not in record["message"])
    process.install()
    logger.info("quiet")
    logger.warning("noise")
    logger.warning("look")
    assert [msg for _, _, msg in process.heard.lines] == ["look"]


@pytest.mark.usefixtures("printing")
def test_several_printing_handlers_make_one_line(process: Process) -> None:
    """Printed twice before, said once now."""
    logger.add(sys.stdout, level="ERROR")
    process.install()
    logger.error("once")
    assert [msg for _, _, msg in process.heard.lines] == ["once"]


def test_other_sinks_keep_working(process: Process) -> None:
    """A file is not ours to touch."""
    file = io.StringIO()
    logger.add(file, format="{message}")
    process.install()
    logger.info("both")
    assert file.getvalue() == "both\n"
    assert [msg for _, _, msg in process.heard.lines] == ["both"]


def test_without_a_printing_handler_we_hear_nothing(process: Process) -> None:
    """Who took loguru off the terminal does not get it back through us."""
    logger.remove()
    logger.add(io.StringIO())
    process.install()
    logger.error("for the file only")
    assert process.heard.lines == []


def test_the_applications_own_set_up_afterwards_works_and_is_taken_again(process: Process) -> None:
    """`logger.remove(0)` finds what it removes; what is added in its place is led to us at start-up."""
    capture = process.install()
    logger.remove(0)
    number = logger.add(sys.stderr, format="{message}")
    assert [one.what for one in uncovered() if one.where == "loguru"] == [
        f"Handler {number} was added after set-up and prints beside the layer."
    ]
    capture.install()
    logger.info("once")
    assert [msg for _, _, msg in process.heard.lines] == ["once"]
    assert [one for one in uncovered() if one.where == "loguru"] == []


def test_after_a_remove_of_everything_we_are_back_at_the_next_set_up(process: Process) -> None:
    """`logger.remove()` throws us out, too."""
    capture = process.install()
    logger.remove()
    logger.add(sys.stdout)
    capture.install()
    logger.info("back")
    assert [msg for _, _, msg in process.heard.lines] == ["back"]


def test_removing_gives_handlers_back(process: Process, printing: int) -> None:
    """The same handlers, numbers and levels."""
    before = _handlers()
    process.install().remove()
    assert _handlers() == before
    assert printing in before


def test_a_record_of_logging_that_goes_through_loguru_is_said_once(process: Process) -> None:
    """The usual `InterceptHandler` hands every record of `logging` to loguru, and we hear both."""
    logging.getLogger().addHandler(_InterceptHandler())
    file = io.StringIO()
    logger.add(file, format="{message}")
    process.install()
    logging.getLogger("shop").warning("once")
    logger.warning("directly")
    assert process.heard.lines == [("WARNING", "shop", "once"), ("WARNING", __name__, "directly")]
    assert file.getvalue() == "once\ndirectly\n"


def test_a_loguru_that_looks_different_inside_loses_its_default_handler(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its documented number is left to go by; it is back afterwards."""
    calls: list[Any] = []
    monkeypatch.setattr(sys.modules["loguru"], "logger", _Stranger(calls))
    process.install().remove()
    assert [name for name, _ in calls] == ["remove 0", "add", "remove 5", "add"]
    assert calls[-1] == ("add", sys.stderr)


def test_a_repr_that_logs_does_not_lock(process: Process) -> None:
    """loguru refuses a record about a record while it writes; we take ours before it gets there."""  # noqa: D403 - a name
    process.install()
    logger.info("outer {}", _Talking())
    assert sorted(msg for _, _, msg in process.heard.lines) == ["inner", "outer x"]


def _stderr() -> TextIO:
    """Standard error as the process got it: pytest replaces `sys.stderr` between fixture and test."""
    stream = sys.__stderr__
    assert stream is not None
    return stream


def _handlers() -> dict[int, tuple[int, int]]:
    core: Any = logger._core  # type: ignore[attr-defined]  # noqa: SLF001 - loguru has no public view
    return {number: (id(one), one.levelno) for number, one in core.handlers.items()}


class _InterceptHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(depth=6, exception=record.exc_info).log(record.levelname, record.getMessage())


class _Unreadable:
    def __init__(self) -> None:
        self.read = 0

    def __repr__(self) -> str:
        self.read += 1
        return "local"


class _Talking:
    def __str__(self) -> str:
        logger.info("inner")
        return "x"


class _Stranger:
    def __init__(self, calls: list[Any]) -> None:
        self._calls = calls

    def add(self, sink: object, **_options: object) -> int:
        self._calls.append(("add", sink))
        return 5

    def remove(self, number: int) -> None:
        self._calls.append((f"remove {number}", number))
