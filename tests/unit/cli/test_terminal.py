"""What a terminal can show, and what it is spared."""

from __future__ import annotations

import io
import re

import pytest

from fastapi_spine.cli.terminal import Terminal, terminal_of


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_each_service_has_a_colour_of_its_own_all_along() -> None:
    """Five differ; the sixth begins again; none is without."""
    terminal = Terminal(color=True, width=80)
    painted = [terminal.service(name) for name in "abcdefa"]
    codes = [found[1] for text in painted if (found := re.match("\x1b\\[(3[2-6])m", text))]
    assert len(codes) == len(painted)
    assert len(set(codes[:5])) == 5
    assert codes[5:] == [codes[0], codes[0]]


@pytest.mark.parametrize(
    ("environ", "color"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=["usual", "no color", "empty", "dumb"],
)
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], color: bool) -> None:
    """no-color.org; a dumb terminal has none; a pipe never."""
    assert terminal_of(Screen(), environ, 100).color is color
    assert terminal_of(io.StringIO(), environ, 100).color is False
