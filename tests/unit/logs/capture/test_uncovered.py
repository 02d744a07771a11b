from __future__ import annotations

import io
import logging
import logging.handlers
import queue
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi_spine.logs.capture.uncovered import uncovered

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import ListHandler, Process


def test_a_clean_process_has_nothing_uncovered(process: Process) -> None:
    """No finding without a reason."""
    process.printer()
    process.install(structlog=False, loguru=False)
    assert [one.where for one in uncovered() if one.where in {"root", "shop"}] == []
    assert [one for one in uncovered() if "logger 'root'" in one.where] == []


def test_before_set_up_it_says_so(process: Process) -> None:
    """An empty list would be a lie."""
    process.forget_pytest()
    assert [one.where for one in uncovered()] == ["root logger"]


def test_ways_around_are_named(process: Process, list_handler: Callable[..., ListHandler]) -> None:
    """A printing handler added later, one with code of its own, silenced loggers."""
    process.install(structlog=False, loguru=False)
    process.printer("late")
    logging.getLogger("own").addHandler(_OwnPrinter())
    logging.getLogger("queued").addHandler(logging.handlers.QueueHandler(queue.Queue()))
    both: Any = logging.handlers.QueueHandler(queue.Queue())
    both.listener = logging.handlers.QueueListener(
        both.queue, logging.StreamHandler(sys.stdout), list_handler()
    )
    logging.getLogger("both").addHandler(both)
    logging.getLogger("file.only").addHandler(list_handler())
    logging.getLogger("file.only").propagate = False
    logging.getLogger("dead").disabled = True
    found = {one.where: one.what for one in uncovered()}
    mine = {"late", "own", "queued", "both", "file.only", "dead"}
    assert {name: found[f"logger {name!r}"] for name in mine} == {
        "late": "StreamHandler was added after set-up and prints beside the layer.",
        "own": "_OwnPrinter seems to print from its own code.",
        "queued": "QueueHandler feeds a listener that cannot be looked into and may print.",
        "both": "QueueHandler feeds a listener that prints and does other things.",
        "file.only": "It does not propagate, so its records go to its own handlers only.",
        "dead": "It is disabled, as dictConfig and fileConfig do with loggers that they are not told of.",
    }


def test_printing_handlers_are_told_by_where_they_write(process: Process, tmp_path: Path) -> None:
    """By stream, by descriptor, by path, by what stands behind them."""
    target = logging.StreamHandler(sys.stdout)
    with open(1, "w", closefd=False) as same_descriptor, (tmp_path / "x").open("w") as file:
        handlers: list[tuple[logging.Handler, bool]] = [
            (logging.StreamHandler(sys.__stderr__), True),
            (logging.StreamHandler(same_descriptor), True),
            (logging.FileHandler("/dev/stdout", delay=True), True),
            (logging.handlers.MemoryHandler(10, target=target), True),
            (_RichLike(), True),
            (logging.StreamHandler(io.StringIO()), False),
            (logging.StreamHandler(file), False),
            (logging.FileHandler(tmp_path / "y", delay=True), False),
        ]
        for handler, _ in handlers:
            logging.getLogger().addHandler(handler)
        process.install()
        silent = [handler.level > logging.CRITICAL for handler, _ in handlers]
        assert silent == [expected for _, expected in handlers]


class _OwnPrinter(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(record.getMessage())


class _RichLike(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.console = self

    @property
    def file(self) -> object:
        return sys.stderr
