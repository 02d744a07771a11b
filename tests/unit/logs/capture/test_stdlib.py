from __future__ import annotations

import gc
import logging
import logging.config
import logging.handlers
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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


def test_records_at_the_level_and_above_arrive_and_others_do_not(process: Process) -> None:
    """One setting decides for all loggers that have no level of their own."""
    process.install(level=logging.INFO)
    log = logging.getLogger("shop")
    log.debug("too fine")
    log.info("order %s", 7)
    log.error("lost")
    assert process.heard.lines == [("INFO", "shop", "order 7"), ("ERROR", "shop", "lost")]


def test_a_logger_with_a_level_of_its_own_keeps_it(process: Process) -> None:
    """Somebody asked for exactly these lines, below and above our level."""
    logging.getLogger("shop.sql").setLevel(logging.DEBUG)
    logging.getLogger("chatty").setLevel(logging.ERROR)
    process.install(level=logging.WARNING)
    logging.getLogger("shop.sql.pool").debug("select 1")
    logging.getLogger("chatty").warning("hm")
    assert process.heard.lines == [("DEBUG", "shop.sql.pool", "select 1")]


@pytest.mark.parametrize("logger", [None, "shop", "uvicorn"])
def test_a_handler_that_prints_is_silent_and_its_records_arrive_once(
    process: Process, logger: str | None
) -> None:
    """Nothing is said twice, once as JSON and once as text."""
    printed = process.printer(logger)
    process.install()
    logging.getLogger(logger).warning("once")
    assert printed.getvalue() == ""
    assert [msg for _, _, msg in process.heard.lines] == ["once"]


def test_records_of_a_printing_logger_that_does_not_propagate_arrive_once(process: Process) -> None:
    """Servers such as uvicorn set their loggers up so; other handlers on the root hear no more than before."""
    printed = process.printer("uvicorn")
    logging.getLogger("uvicorn").propagate = False
    process.install()
    logging.getLogger("uvicorn.error").warning("Started server process")
    assert printed.getvalue() == ""
    assert process.heard.lines == [("WARNING", "uvicorn.error", "Started server process")]
    assert logging.getLogger("uvicorn").propagate is False


def test_a_child_that_prints_below_a_parent_that_does_not_propagate_is_heard_once(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """The parent's own handler keeps hearing it too."""
    kept = list_handler()
    parent = logging.getLogger("shop")
    parent.addHandler(kept)
    parent.propagate = False
    process.printer("shop.db")
    process.printer("shop.db.pool")
    process.install()
    logging.getLogger("shop.db.pool").warning("slow")
    assert process.heard.lines == kept.said == [("WARNING", "shop.db.pool", "slow")]


def test_two_loggers_that_share_one_list_of_handlers_are_both_heard(process: Process) -> None:
    """The uvicorn worker of gunicorn gives uvicorn's loggers gunicorn's very lists."""
    process.printer("gunicorn.error")
    first, second = logging.getLogger("gunicorn.error"), logging.getLogger("uvicorn.error")
    first.propagate = second.propagate = False
    second.handlers = first.handlers
    before = list(first.handlers)
    capture = process.install()
    first.warning("one")
    second.warning("two")
    assert [msg for _, _, msg in process.heard.lines] == ["one", "two"]
    capture.remove()
    assert first.handlers == before
    assert second.handlers is first.handlers


def test_handlers_on_other_targets_keep_working(
    process: Process, list_handler: Callable[..., ListHandler], tmp_path: Path
) -> None:
    """A file, an error tracker, a test's own handler: none of them is ours to touch."""
    file = logging.FileHandler(tmp_path / "app.log")
    tracker = list_handler(logging.ERROR)
    logging.getLogger().addHandler(file)
    logging.getLogger("shop").addHandler(tracker)
    process.install()
    logging.getLogger("shop").info("hello")
    logging.getLogger("shop").error("broken")
    file.close()
    assert (tmp_path / "app.log").read_text() == "hello\nbroken\n"
    assert tracker.said == [("ERROR", "shop", "broken")]


def test_a_file_that_wants_debug_keeps_getting_it(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """A root level below ours stays while somebody else reads there; our own lines are sifted."""
    file = list_handler(logging.DEBUG)
    process.forget_pytest()
    logging.getLogger().addHandler(file)
    logging.getLogger().setLevel(logging.DEBUG)
    process.install(level=logging.INFO)
    logging.getLogger("shop").debug("detail")
    logging.getLogger("shop").info("fact")
    assert [msg for _, _, msg in file.said] == ["detail", "fact"]
    assert [msg for _, _, msg in process.heard.lines] == ["fact"]


def test_removing_gives_everything_back_exactly(
    process: Process, snapshot: Callable[[], dict[str, object]]
) -> None:
    """Handlers in their order, levels, propagation, disabled loggers, hooks."""
    process.forget_pytest()
    process.printer()
    process.printer("shop")
    logging.config.dictConfig(UVICORN)
    logging.getLogger().addHandler(logging.NullHandler())
    capture = process.capture(recorder=("shop",))
    for name in ("gunicorn.access", "hypercorn.access", "granian.access", "py.warnings"):
        logging.getLogger(name)
    before = snapshot()
    capture.install()
    capture.install()
    during = snapshot()
    capture.remove()
    assert during != before
    assert snapshot() == before


def test_what_others_changed_meanwhile_stays_changed(process: Process) -> None:
    """Giving back is no reason to undo somebody else's work."""
    capture = process.install(recorder=("shop",))
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("shop").setLevel(logging.WARNING)
    capture.remove()
    assert logging.getLogger().level == logging.ERROR
    assert logging.getLogger("shop").level == logging.WARNING


def test_set_up_twice_says_everything_once(process: Process) -> None:
    """The layer sets up several times on purpose: servers put their own handlers back in between."""
    capture = process.install(recorder=("shop",))
    capture.install()
    logging.getLogger("shop").info("once")
    logging.getLogger("shop").debug("held once")
    assert process.heard.lines == [("INFO", "shop", "once")]
    assert process.heard.held == [("DEBUG", "shop", "held once")]


def test_two_layers_in_a_process_say_everything_once(process: Process) -> None:
    """A mounted application may bring its own: the one set up last writes, and the other is back when it goes."""
    first = process.install()
    one, process.heard = process.heard, type(process.heard)()
    second = process.install()
    two = process.heard
    logging.getLogger("shop").warning("for the second")
    assert (first.covers_access_alone(), second.covers_access_alone()) == (True, True)
    second.remove()
    logging.getLogger("shop").warning("for the first")
    assert first.covers_access_alone() is True
    first.remove()
    logging.getLogger("shop").warning("for nobody")
    assert one.lines == [("WARNING", "shop", "for the first")]
    assert two.lines == [("WARNING", "shop", "for the second")]


def test_only_an_undisturbed_access_logger_counts_as_covered_alone(
    process: Process, list_handler: Callable[..., ListHandler]
) -> None:
    """Whoever else could see an access record, or the lack of one, makes the answer no."""
    capture = process.install()
    access, root = logging.getLogger("spine.access"), logging.getLogger()
    other = list_handler()
    assert capture.covers_access_alone() is True
    root.addHandler(other)
    assert capture.covers_access_alone() is False
    root.removeHandler(other)
    assert capture.covers_access_alone() is True
    access.addHandler(other)
    assert capture.covers_access_alone() is False
    access.removeHandler(other)
    access.addFilter(_pass)
    assert capture.covers_access_alone() is False
    access.removeFilter(_pass)
    logging.getLogger("spine")
    assert capture.covers_access_alone() is False


def test_a_filter_on_our_handler_is_honoured(process: Process) -> None:
    """It is a handler like any other to whoever finds it on the root."""
    capture = process.install()
    capture.root.handler.addFilter(_no_secrets)
    logging.getLogger("shop").info("a secret")
    logging.getLogger("shop").info("news")
    assert process.heard.lines == [("INFO", "shop", "news")]


def test_a_record_that_logs_while_it_is_written_waits_its_turn(process: Process) -> None:
    """As many come out as went in, none inside another."""
    process.install()
    logging.getLogger("shop").info("outer %s", _Talking(times=1))
    assert process.heard.lines == [("INFO", "shop", "outer x"), ("INFO", "shop", "inner 1")]


def test_a_repr_that_logs_itself_for_ever_comes_to_an_end(process: Process) -> None:
    """The caller gets its turn back, and what was given up is counted."""
    capture = process.install()
    logging.getLogger("shop").info("outer %s", _Endless())
    assert len(process.heard.lines) == 65
    assert capture.gate.dropped == 1


def test_an_interrupt_in_the_middle_of_a_record_does_not_close_the_gate(process: Process) -> None:
    """Ctrl-C may come at any moment; the next record arrives."""
    process.install()
    log = logging.getLogger("shop")
    for times in (0, 1):
        with pytest.raises(KeyboardInterrupt):
            log.info("outer %s", _Interrupting(times))
    log.info("next")
    assert process.heard.lines == [("INFO", "shop", "next")]


def test_a_destructor_that_logs_blocks_nobody(process: Process) -> None:
    """Garbage may be collected in the middle of writing a record, in any thread.

    One thread may find the garbage of all, and so more than one record may bring about; what it gives up is counted.
    """
    capture = process.install()
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        threads = [threading.Thread(target=_litter, args=(200,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        alive = [thread for thread in threads if thread.is_alive()]
    finally:
        gc.set_threshold(*threshold)
        gc.collect()
    said = [msg for _, _, msg in process.heard.lines]
    assert alive == []
    gone = said.count("gone") + capture.gate.dropped
    assert (said.count("made"), gone) == (800, 800)


def test_a_queue_whose_listener_only_prints_is_a_handler_that_prints(process: Process) -> None:
    """The listener's thread would print the same line a moment later."""
    handler: Any = logging.handlers.QueueHandler(queue.Queue())
    handler.listener = logging.handlers.QueueListener(
        handler.queue, logging.StreamHandler(sys.stdout)
    )
    logging.getLogger().addHandler(handler)
    process.install()
    logging.getLogger("shop").warning("once")
    assert handler.queue.empty()
    assert process.heard.lines == [("WARNING", "shop", "once")]


def test_logging_at_the_very_end_of_the_process_raises_nothing(tmp_path: Path) -> None:
    """Exit hooks and destructors log after `logging.shutdown`, and the interpreter says nothing on stderr."""
    (tmp_path / "late.py").write_text(LATE)
    (tmp_path / "main.py").write_text(MAIN)
    run = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split() == ["main", "atexit", "destructor"]


LATE = """
import atexit, os
def late(): log.warning("atexit")
atexit.register(late)
import logging  # its own exit hook runs before ours
log = logging.getLogger("shop")
def emit(record, write=os.write): write(1, record.msg.encode() + b"\\n")
class Last:
    def __del__(self): log.warning("destructor")
"""

MAIN = """
import late
from fastapi_spine.logs.capture.stdlib import LogCapture
LogCapture(
    emit=late.emit, emit_fields=print, hold=None, level=20, recorder=(),
    warnings=True, excepthook=True, structlog=True, loguru=True,
).install()
last = late.Last()
late.log.warning("main")
"""


def _pass(_record: logging.LogRecord) -> bool:
    return True


def _no_secrets(record: logging.LogRecord) -> bool:
    return "secret" not in record.getMessage()


def _litter(count: int) -> None:
    log = logging.getLogger("shop")
    for _ in range(count):
        _Cycle()
        log.info("made")


class _Talking:
    def __init__(self, times: int, level: int = logging.INFO) -> None:
        self.times = times
        self.level = level

    def __str__(self) -> str:
        if self.times:
            logging.getLogger("shop").log(self.level, "inner %d", self.times)
            self.times -= 1
        return "x"


class _Interrupting:
    def __init__(self, times: int) -> None:
        self.times = times

    def __str__(self) -> str:
        if self.times:
            self.times -= 1
            logging.getLogger("shop").info("inner %s", self)
        raise KeyboardInterrupt


class _Endless:
    def __str__(self) -> str:
        logging.getLogger("shop").info("inner %s", self)
        return "x"


class _Cycle:
    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        logging.getLogger("shop").info("gone")
