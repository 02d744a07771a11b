"""The console's benchmark: everything is asked and answered, and its part of the page is put in its place."""

from __future__ import annotations

import sys

import pytest
from benchmarks import console
from benchmarks.console import ConsolePlan


@pytest.mark.skipif(sys.platform != "linux", reason="platform: reads /proc")
def test_a_small_run_answers_every_question() -> None:
    """Figures for all; what must be found is found."""
    found = console.measure(ConsolePlan(requests=600, rounds=2, turns=1, seconds=0.2))
    assert all(one.rows for one in found.answered[:4])
    assert found.ingested.rows == 6_000
    assert all(len(one.times) == 2 for one in found.answered)
    assert min(found.received.wall) > 0
    assert console.section(found, "today").count("\n| ") == 2 + len(found.answered) + 2 + 4


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("# A\n\n## Targets\n\nt\n", "# A\n\n## The console\n\nnew\n\n## Targets\n\nt\n"),
        (
            "# A\n\n## The console\n\nold\n\n## Targets\n\nt\n",
            "# A\n\n## The console\n\nnew\n\n## Targets\n\nt\n",
        ),
        ("# A\n", "# A\n\n## The console\n\nnew\n"),
    ],
)
def test_the_section_has_one_place(page: str, expected: str) -> None:
    """Before the targets, or where it was."""
    assert console.put(page, "## The console\n\nnew\n") == expected


def test_another_page_keeps_the_consoles_section() -> None:
    """Whoever writes the page anew puts it back where it was."""
    page = "# A\n\n## The console\n\nold\n\n| a | b |\n\n## Targets\n\nt\n"
    known = console.taken_from(page)
    assert known == "## The console\n\nold\n\n| a | b |\n"
    assert console.put("# B\n\n## Targets\n\nu\n", known) == (
        "# B\n\n## The console\n\nold\n\n| a | b |\n\n## Targets\n\nu\n"
    )
    assert console.taken_from("# A\n") == ""
