"""An exception as text, bounded."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from raised import caught

from fastapi_spine.logs.lines.exceptions import render

CARETS = re.compile(r"^[ |]*[~^]+$\n?", re.MULTILINE)


class OrderError(Exception):
    """An error of the application's."""


def sink(depth: int) -> None:
    """Raise from some way down."""
    if depth:
        return sink(depth - 1)
    raise ValueError("bottom")


def plain() -> None:
    """Raise through three frames."""
    sink(2)


def caused() -> None:
    """Raise with a cause."""
    try:
        sink(1)
    except ValueError as error:
        raise OrderError("no stock") from error


def within() -> None:
    """Raise while handling."""
    try:
        sink(1)
    except ValueError:
        raise KeyError("id")  # noqa: B904


def silenced() -> None:
    """Raise while handling, from None."""
    try:
        sink(1)
    except ValueError:
        raise KeyError("id") from None


def noted() -> None:
    """Raise with notes."""
    error = ValueError("bottom")
    error.add_note("while reading row 7\nof orders.csv")
    error.add_note("second note")
    raise error


def wordless() -> None:
    """Raise without a message."""
    raise OrderError


def grouped() -> None:
    """Raise a group with everything in it."""
    inner = ExceptionGroup("inner", [ValueError("a"), TypeError("b\nc")])
    raise ExceptionGroup("outer", [caught(caused), inner, caught(plain)])


def group_last() -> None:
    """Raise a group that ends with a group, caused by one."""
    try:
        grouped()
    except ExceptionGroup as error:
        raise ExceptionGroup("last", [KeyError(1), caught(grouped)]) from error


@pytest.mark.parametrize(
    "action", [plain, caused, within, silenced, noted, wordless, grouped, group_last]
)
def test_the_text_is_pythons_own(action: Callable[[], None]) -> None:
    """Tools that read Python tracebacks read ours: the standard text, without carets."""
    error = caught(action)
    standard = CARETS.sub("", "".join(traceback.format_exception(error)))
    assert render(error)["stack"] + "\n" == standard


def test_type_and_message_are_apart_from_the_stack() -> None:
    """Built-in classes go by their name, others with their module."""
    assert {key: value for key, value in render(caught(plain)).items() if key != "stack"} == {
        "type": "ValueError",
        "message": "bottom",
    }
    rendered = render(caught(caused))
    assert (rendered["type"], rendered["message"]) == (f"{__name__}.OrderError", "no stock")
    assert list(rendered) == ["type", "message", "stack"]


def test_an_exception_never_raised_has_no_frames() -> None:
    """`logger.error(exc_info=ValueError("x"))` shows what there is."""
    assert render(ValueError("x")) == {
        "type": "ValueError",
        "message": "x",
        "stack": "ValueError: x",
    }


def test_another_traceback_may_be_given() -> None:
    """The traceback kept at the time wins over the one the exception carries now."""
    error = caught(plain)
    kept = error.__traceback__
    assert kept is not None
    shorter = kept.tb_next
    whole = render(error)["stack"]
    assert render(error, shorter)["stack"].count("File ") == whole.count("File ") - 1


def run_as(module: str, source: str, names: dict[str, Any]) -> Exception:
    """Run source as if it stood in a module, and return what it raises."""
    names = {"__name__": module, **names}
    code = compile(source, f"<{module}>", "exec")
    return caught(lambda: exec(code, names))  # noqa: S102


def test_frames_of_this_layer_are_left_out() -> None:
    """A user sees the way through the application, not through us."""
    error = run_as("fastapi_spine.request.spine", "action()", {"action": plain})
    assert "fastapi_spine.request" not in render(error)["stack"]
    assert render(error)["stack"].count("File ") == 6


def test_frames_of_this_layer_stay_when_there_are_no_others() -> None:
    """A fault of ours is not hidden."""
    error = run_as("fastapi_spine.request.spine", "1 / 0", {})
    assert error.__traceback__ is not None
    stack = render(error, error.__traceback__.tb_next.tb_next)["stack"]  # type: ignore[union-attr]
    assert stack == (
        "Traceback (most recent call last):\n"
        '  File "<fastapi_spine.request.spine>", line 1, in <module>\n'
        "ZeroDivisionError: division by zero"
    )


def test_endless_recursion_shows_its_beginning_and_its_end() -> None:
    """Ten frames, a count, thirty frames, and what was raised."""

    def forever() -> None:
        forever()

    stack = render(caught(forever))["stack"]
    assert stack.count("File ") == 40
    lines = stack.splitlines()
    frames = sum(1 for _ in traceback.walk_tb(caught(forever).__traceback__))
    assert f"  [{frames - 40} frames left out]" in lines
    assert lines[-1].startswith("RecursionError: maximum recursion depth exceeded")


def chain(length: int) -> Exception:
    """Build a chain of causes; the outermost is the last."""
    error: Exception = ValueError("number 0")
    for number in range(1, length):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    return error


def test_a_long_chain_keeps_both_ends() -> None:
    """Of fifty causes the first four and the last four are shown."""
    stack = render(chain(50))["stack"]
    assert re.findall(r"number \d+|\[.*]", stack) == [
        "number 0", "number 1", "number 2", "number 3", "[42 exceptions left out]",
        "number 46", "number 47", "number 48", "number 49",
    ]  # fmt: skip
    assert re.findall(r"number \d+", render(chain(8))["stack"]) == [
        f"number {number}" for number in range(8)
    ]


def test_a_chain_that_meets_itself_ends() -> None:
    """A cycle of contexts is walked once."""
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first
    assert re.findall(r"first|second", render(first)["stack"]) == ["second", "first"]


def test_a_group_inside_itself_ends() -> None:
    """A group among its member's causes is not entered again."""
    member = ValueError("member")
    group = ExceptionGroup("group", [member])
    member.__cause__ = group
    assert render(group)["stack"].count("group (1 sub-exception)") == 1


def test_a_wide_group_shows_eight_members() -> None:
    """The rest is counted."""
    group = ExceptionGroup("many", [ValueError(f"number {number}") for number in range(100)])
    stack = render(group)["stack"]
    assert re.findall(r"number \d+", stack) == [f"number {number}" for number in range(8)]
    assert stack.endswith(
        "  +---------------- ... ----------------\n"
        "    | and 92 more exceptions\n"
        "    +------------------------------------"
    )


def test_a_deep_group_shows_three_levels() -> None:
    """A group inside a group inside a group inside the first one is named, its members are not."""
    group: Exception = ValueError("bottom")
    for level in range(6, 0, -1):
        group = ExceptionGroup(f"level {level}", [group])
    stack = render(group)["stack"]
    assert re.findall(r"level \d|bottom|\[.*]", stack) == [
        "level 1", "level 2", "level 3", "level 4", "[members left out: 3 levels shown]",
    ]  # fmt: skip


def test_the_number_of_exceptions_is_bounded() -> None:
    """Groups of groups do not multiply without end."""
    leaves = [ValueError("leaf") for _ in range(8)]
    middle = [ExceptionGroup("middle", [chain(8) for _ in leaves]) for _ in range(8)]
    stack = render(ExceptionGroup("top", middle), limit=1 << 20)["stack"]
    assert stack.count("ValueError: number") <= 40
    assert "[more exceptions left out]" in stack


@pytest.mark.parametrize("limit", [500, 2000, 16 * 1024])
def test_the_stack_fits_and_keeps_what_was_said(limit: int) -> None:
    """Each exception of a chain keeps its head and its message when the whole is too long."""

    def deep(depth: int, message: str, cause: BaseException | None) -> None:
        if depth:
            return deep(depth - 1, message, cause)
        raise OrderError(message) from cause

    first = caught(lambda: deep(200, "the first word", None))
    error = caught(lambda: deep(200, "the last word", first))
    stack = render(error, limit=limit)["stack"]
    assert len(stack) <= limit
    assert stack.startswith("Traceback (most recent call last):\n  File ")
    assert stack.endswith(f"{__name__}.OrderError: the last word")
    assert "the first word" in stack


def test_a_long_message_is_cut_and_says_so() -> None:
    """Four thousand characters of a message are enough."""
    rendered = render(ValueError("x" * 100_000))
    assert rendered["message"] == "x" * 4096 + "…[TRUNCATED:95904]"
    assert rendered["stack"] == f"ValueError: {rendered['message']}"


def test_values_of_locals_never_appear() -> None:
    """The stack holds source lines, not what variables held."""

    def action(word: str) -> None:
        password = word * 3
        raise ValueError(len(password))

    stack = render(caught(lambda: action("hunter2")))["stack"]
    assert "hunter2hunter2hunter2" not in stack
    assert "raise ValueError(len(password))" in stack


def test_source_that_is_gone_leaves_the_place() -> None:
    """Code without a file shows where, not what."""
    error = run_as("generated", "\n\nraise ValueError('x')", {})
    assert render(error)["stack"].splitlines()[-2:] == [
        '  File "<generated>", line 3, in <module>',
        "ValueError: x",
    ]


def test_rendering_holds_on_to_nothing() -> None:
    """An exception rendered is let go: no reference to it or its frames stays behind."""
    error = caught(caused)
    before = sys.getrefcount(error)
    render(error)
    assert sys.getrefcount(error) == before
