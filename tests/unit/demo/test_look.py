"""Output is coloured and cut for a terminal only."""

from __future__ import annotations

import io

import pytest

from fastapi_spine.demo.look import Look, clip, look_at, visible


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("environment", "colour", "live"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_a_terminal_has_colour_unless_told_otherwise(
    environment: dict[str, str], colour: bool, live: bool
) -> None:
    """NO_COLOR counts when it is not empty; a dumb terminal gets neither colour nor rewriting."""
    look = look_at(Terminal(), environment, 100)
    assert (look.colour, look.live) == (colour, live)


def test_a_pipe_gets_plain_text() -> None:
    """Piped output has no colour, and no line is cut."""
    look = look_at(io.StringIO(), {}, 80)
    assert (look.paint("red", "x"), look.fit("x" * 500)) == ("x", "x" * 500)


@pytest.mark.parametrize(("columns", "width"), [(20, 72), (100, 100), (400, 140)])
def test_the_width_stays_readable(columns: int, width: int) -> None:
    """Very narrow and very wide terminals get a width one can read."""
    assert look_at(Terminal(), {}, columns).width == width


def test_a_cut_is_marked_and_colours_do_not_run_on() -> None:
    """A coloured text is cut by what is seen of it, and ends uncoloured."""
    text = Look(colour=True).paint("red", "abcdefgh") + "ijkl"
    cut = clip(text, 5)
    assert (visible(cut), cut.count("\x1b[0m") > 0) == ("abcd…", True)
    assert clip(text, 12) == text


def test_a_title_reaches_the_right_edge() -> None:
    """Titles are ruled to the full width."""
    look = Look(colour=True, live=True, width=80)
    assert len(visible(look.title(1, "The log"))) == 80
