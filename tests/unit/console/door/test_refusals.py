"""Refusals are told, and not too often."""

from __future__ import annotations

from fastapi_spine.console.door.refusals import Refusals
from fastapi_spine.testing.clock import FrozenClock


def test_one_line_of_a_kind_in_ten_seconds_with_what_to_do() -> None:
    """The header, its value, the setting; then how many there were."""
    said: list[str] = []
    clock = FrozenClock()
    refusals = Refusals(said.append, clock)
    for host in ("a.example", "b.example"):
        refusals.tell("Host", host, "Set `hosts`.")
    refusals.tell("Origin", "null", "No.")
    clock.advance(10)
    answer = refusals.tell("Host", "c.example", "Set `hosts`.")
    assert said == [
        "refused: Host 'a.example'. Set `hosts`.",
        "refused: Origin 'null'. No.",
        "refused: Host 'c.example'. Set `hosts`. (3 so far)",
    ]
    assert answer == "refused: Host 'c.example'. Set `hosts`."
    assert refusals.notices() == [
        "refused: Host 'c.example'. Set `hosts`. (3 so far)",
        "refused: Origin 'null'. No. (1 so far)",
    ]


def test_a_strangers_value_does_nothing_in_a_terminal() -> None:
    """Control characters are escaped, long ones cut."""
    said: list[str] = []
    Refusals(said.append, FrozenClock()).tell("Host", "\x1b]8;;evil\x07\u202e" + "x" * 500, "No.")
    assert said[0].isascii()
    assert said[0].isprintable()
    assert len(said[0]) < 200
