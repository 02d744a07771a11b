from __future__ import annotations

import gc
import io
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

from fastapi_spine.core.conventions import REPORTED_ATTRIBUTE
from fastapi_spine.logs.uncovered import uncovered

if TYPE_CHECKING:
    from tests.unit.logs.conftest import ListHandler, Process

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


def test_a_destructor_that_logs_blocks_nobody(process: Process) -> None:
    """Garbage may be collected in the middle of writing a record, in any thread."""
    process.install()
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
    assert (said.count("made"), said.count("gone")) == (800, 800)


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


class TestRecorder:
    """DEBUG lines are held for the flight recorder and stay invisible to everybody else."""

    def test_a_debug_line_is_held_and_seen_by_nobody_else(
        self, process: Process, list_handler: Callable[..., ListHandler]
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

    def test_children_made_later_are_held_too(self, process: Process) -> None:
        """A module imported during a request logs like any other."""
        process.install(recorder=("shop",))
        adapter = logging.LoggerAdapter(logging.getLogger("shop.made.later"), {"a": 1})
        adapter.debug("late")
        assert process.heard.held == [("DEBUG", "shop.made.later", "late")]

    def test_a_child_with_handlers_that_does_not_propagate_is_held(
        self, process: Process, list_handler: Callable[..., ListHandler]
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
        self, process: Process, list_handler: Callable[..., ListHandler]
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
        self, process: Process
    ) -> None:
        """Its INFO lines were not written before, and are not written now."""
        logging.getLogger("shop").setLevel(logging.WARNING)
        process.install(recorder=("shop",))
        logging.getLogger("shop").info("fact")
        logging.getLogger("shop").warning("look")
        assert process.heard.held == [("INFO", "shop", "fact")]
        assert process.heard.lines == [("WARNING", "shop", "look")]

    def test_somebody_who_asks_for_debug_since_gets_it(self, process: Process) -> None:
        """`setLevel(DEBUG)` by hand ends the holding, though the number is the same."""
        process.install(recorder=("shop",))
        logging.getLogger("shop").setLevel(logging.DEBUG)
        logging.getLogger("shop").debug("asked for")
        assert process.heard.lines == [("DEBUG", "shop", "asked for")]
        assert process.heard.held == []

    def test_logging_disabled_is_disabled(self, process: Process) -> None:
        """`logging.disable` stands above the recorder."""
        process.install(recorder=("shop",))
        logging.disable(logging.DEBUG)
        logging.getLogger("shop").debug("no")
        assert process.heard.held == []

    def test_a_record_that_logs_debug_while_it_is_held_waits_its_turn(
        self, process: Process
    ) -> None:
        """The waiting one is still a DEBUG record when its turn comes."""
        process.install(recorder=("shop",))
        logging.getLogger("shop").debug("outer %s", _Talking(times=1, level=logging.DEBUG))
        assert process.heard.held == [("DEBUG", "shop", "outer x"), ("DEBUG", "shop", "inner 1")]

    def test_with_debug_as_the_level_nothing_is_held(self, process: Process) -> None:
        """What is written need not be held."""
        process.install(level=logging.DEBUG, recorder=("shop",))
        logging.getLogger("shop").debug("written")
        assert (process.heard.lines, process.heard.held) == ([("DEBUG", "shop", "written")], [])


class TestCaplog:
    """A user's tests read log lines with pytest's `caplog`."""

    def test_caplog_sees_info_and_not_what_is_held(
        self, process: Process, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The application's tests see what its other handlers see."""
        process.capture(recorder=("shop",)).install()
        logging.getLogger("shop").debug("held")
        logging.getLogger("shop").info("seen")
        assert caplog.messages == ["seen"]
        assert [msg for _, _, msg in process.heard.held] == ["held"]

    def test_caplog_that_asks_for_debug_gets_it(
        self, process: Process, caplog: pytest.LogCaptureFixture
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


class TestUncovered:
    """`spine doctor` names what goes past the layer."""

    def test_a_clean_process_has_nothing_uncovered(self, process: Process) -> None:
        """No finding without a reason."""
        process.printer()
        process.install(structlog=False, loguru=False)
        assert [one.where for one in uncovered() if one.where in {"root", "shop"}] == []
        assert [one for one in uncovered() if "logger 'root'" in one.where] == []

    def test_before_set_up_it_says_so(self, process: Process) -> None:
        """An empty list would be a lie."""
        process.forget_pytest()
        assert [one.where for one in uncovered()] == ["root logger"]

    def test_ways_around_are_named(
        self, process: Process, list_handler: Callable[..., ListHandler]
    ) -> None:
        """A printing handler added later, one with code of its own, silenced loggers."""
        process.install(structlog=False, loguru=False)
        process.printer("late")
        logging.getLogger("own").addHandler(_OwnPrinter())
        logging.getLogger("queued").addHandler(logging.handlers.QueueHandler(queue.Queue()))
        logging.getLogger("file.only").addHandler(list_handler())
        logging.getLogger("file.only").propagate = False
        logging.getLogger("dead").disabled = True
        found = {one.where: one.what for one in uncovered()}
        mine = {"late", "own", "queued", "file.only", "dead"}
        assert {name: found[f"logger {name!r}"] for name in mine} == {
            "late": "StreamHandler was added after set-up and prints beside the layer.",
            "own": "_OwnPrinter seems to print from its own code.",
            "queued": "QueueHandler feeds a listener that cannot be looked into and may print.",
            "file.only": "It does not propagate, so its records go to its own handlers only.",
            "dead": "It is disabled, as dictConfig and fileConfig do with loggers that they are not told of.",
        }


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
from fastapi_spine.logs.stdlib import LogCapture
LogCapture(
    emit=late.emit, emit_fields=print, hold=None, level=20, recorder=(),
    warnings=True, excepthook=True, structlog=True, loguru=True,
).install()
last = late.Last()
late.log.warning("main")
"""


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


class _Endless:
    def __str__(self) -> str:
        logging.getLogger("shop").info("inner %s", self)
        return "x"


class _Cycle:
    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        logging.getLogger("shop").info("gone")


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
