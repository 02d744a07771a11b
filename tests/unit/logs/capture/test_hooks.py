from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.logs.capture.conftest import Process

Shown = list[BaseException | None]


def test_a_warning_becomes_a_record(process: Process) -> None:
    """It is a line like any other, with its place in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        process.install()
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
        process.captures[0].remove()
    [(level, logger, msg)] = process.heard.lines
    assert (level, logger) == ("WARNING", "py.warnings")
    assert "DeprecationWarning: old thing" in msg


def test_warnings_that_were_captured_before_stay_captured(process: Process) -> None:
    """Who called `captureWarnings` before us finds it as it was."""
    with warnings.catch_warnings():
        logging.captureWarnings(True)
        before = warnings.showwarning
        process.install().remove()
        after = warnings.showwarning
        logging.captureWarnings(False)
    assert after is before


def test_warnings_are_taken_again_where_somebody_took_them_back(process: Process) -> None:
    """Set up inside `catch_warnings`, whose end puts the old function back behind logging's."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with warnings.catch_warnings():
            capture = process.install()
        capture.install()
        warnings.warn("still", UserWarning, stacklevel=1)
        capture.remove()
    assert [logger for _, logger, _ in process.heard.lines] == ["py.warnings"]


def test_an_uncaught_exception_is_one_critical_record(
    process: Process, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The interpreter's own print, which nobody redacts, is gone."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    process.install()
    error = ValueError("boom")
    sys.excepthook(ValueError, error, None)
    assert process.heard.lines == [("CRITICAL", "spine.uncaught", "uncaught exception")]
    assert process.heard.errors == [error]
    assert capsys.readouterr().err == ""


def test_a_hook_of_the_users_is_still_called(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error tracker that hooks in before us hears of everything it heard of."""
    shown: Shown = []
    monkeypatch.setattr(sys, "excepthook", _hook(shown))
    process.install()
    error = ValueError("boom")
    sys.excepthook(ValueError, error, None)
    assert (shown, process.heard.errors) == ([error], [error])


def test_a_hook_that_comes_later_and_calls_the_one_before_makes_no_loop(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set up again, the layer stays where it is in the chain."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    shown: Shown = []
    capture = process.install()
    ours = sys.excepthook

    def later(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        shown.append(error)
        ours(kind, error, trace)

    sys.excepthook = later
    capture.install()
    error = ValueError("boom")
    sys.excepthook(ValueError, error, None)
    assert (shown, process.heard.errors) == ([error], [error])
    capture.remove()
    assert sys.excepthook is later


def test_two_layers_in_a_process_tell_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds the first's hook there and leaves it at that."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    process.install()
    process.install()
    sys.excepthook(ValueError, ValueError("boom"), None)
    assert process.heard.lines == [("CRITICAL", "spine.uncaught", "uncaught exception")]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("after removal")])
def test_what_is_not_ours_to_tell_goes_to_the_hook_before(
    process: Process, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """A keyboard interrupt is no failure, and a layer that was removed has no say."""
    shown: Shown = []
    monkeypatch.setattr(sys, "excepthook", _hook(shown))
    capture = process.install()
    hook = sys.excepthook
    if not isinstance(error, KeyboardInterrupt):
        capture.remove()
    hook(type(error), error, None)
    assert (shown, process.heard.lines) == ([error], [])


@pytest.mark.parametrize("silence", ["disabled", "thrown out"])
def test_an_exception_that_no_record_would_tell_of_is_printed_as_ever(
    process: Process,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    silence: str,
) -> None:
    """Silence would be worse than text: our handler is gone, or logging is switched off."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    process.install()
    if silence == "disabled":
        logging.disable(logging.CRITICAL)
    else:
        logging.getLogger().handlers.clear()
    sys.excepthook(ValueError, ValueError("boom"), None)
    assert (capsys.readouterr().err, process.heard.lines) == ("ValueError: boom\n", [])


def test_an_exception_that_ends_a_thread_is_one_error_record(
    process: Process, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The thread's end is silent but for it; `SystemExit` ends a thread in silence altogether."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    process.install()
    error = ValueError("boom")
    for one in (error, SystemExit(3)):
        thread = threading.Thread(target=_throw, args=(one,))
        thread.start()
        thread.join()
    assert process.heard.lines == [("ERROR", "spine.uncaught", "uncaught exception")]
    assert process.heard.errors == [error]
    assert capsys.readouterr().err == ""


def test_a_thread_hook_of_the_users_is_still_called(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the main thread."""
    shown: Shown = []
    monkeypatch.setattr(threading, "excepthook", lambda args: shown.append(args.exc_value))
    process.install()
    error = ValueError("boom")
    thread = threading.Thread(target=_throw, args=(error,))
    thread.start()
    thread.join()
    assert (shown, process.heard.errors) == ([error], [error])


def test_a_script_that_fails_says_so_in_one_record(tmp_path: Path) -> None:
    """As a user would meet it: nothing of the interpreter's own traceback on stderr, exit code 1."""
    script = tmp_path / "fails.py"
    script.write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout == "CRITICAL spine.uncaught uncaught exception ValueError('boom')\n"


SCRIPT = """
from fastapi_spine.logs.capture.stdlib import LogCapture
def emit(record):
    print(record.levelname, record.name, record.getMessage(), repr(record.exc_info[1]))
LogCapture(
    emit=emit, emit_fields=print, hold=None, level=20, recorder=(),
    warnings=True, excepthook=True, structlog=True, loguru=True,
).install()
raise ValueError("boom")
"""


def _hook(shown: Shown) -> object:
    def hook(
        _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        shown.append(error)

    return hook


def _throw(error: BaseException) -> None:
    raise error
