"""The tour shows what the lines say, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastapi_spine.demo.capture import Capture
from fastapi_spine.demo.look import Look, visible
from fastapi_spine.demo.tour import (
    complete,
    excerpt,
    failed_request,
    failure_part,
    from_the_log,
    human_part,
    json_part,
    longest_wait,
    repeating_request,
    secrets_part,
)

Line = dict[str, Any]


def captured(lines: list[Line]) -> Capture:
    """A capture that took the lines as bytes, the way it does from a service."""
    capture = Capture()
    for line in lines:
        capture.take(line["service"], json.dumps(line).encode() + b"\n")
    return capture


def statuses(lines: list[Line]) -> list[Any]:
    """What the access lines among the lines answered."""
    return [line.get("status") for line in lines]


def test_the_excerpt_has_one_line_of_each_kind_in_the_order_of_time(lines: list[Line]) -> None:
    """An application's line, a good order, a slow one, and each kind of refusal."""
    assert statuses(excerpt(lines)) == [None, 201, 201, 401, 404, 422]


def test_the_json_is_of_the_same_lines_as_the_human_excerpt(lines: list[Line], plain: Look) -> None:
    """Part 2 parses to exactly the lines that part 1 rendered; piped output is not cut."""
    shown = [json.loads(text) for text in json_part(lines, plain)[2:]]
    assert shown == excerpt(lines)
    assert len(human_part(lines, plain)[2:]) == len(shown)


def test_the_tour_shows_the_order_that_waited_longest(lines: list[Line]) -> None:
    """Among those that went through all three services."""
    assert longest_wait(lines) == "0199aa00-0000-7000-8000-00000000000b"


def test_the_tour_shows_the_last_list_that_was_asked_for(lines: list[Line]) -> None:
    """The one that was answered; the route of a single order is another."""
    assert repeating_request(lines) == "0199aa00-0000-7000-8000-000000000115"
    assert repeating_request([line for line in lines if line.get("method") != "GET"]) is None


def test_an_order_that_did_not_cross_all_services_is_not_followed(lines: list[Line]) -> None:
    """Without payments' lines there is no order to follow."""
    assert longest_wait([line for line in lines if line["service"] != "payments"]) is None


def test_the_failed_request_shows_its_held_back_lines(lines: list[Line], plain: Look) -> None:
    """The failing services' lines come in order, the held-back one marked, the stack shortened."""
    text = failure_part(lines, plain)
    held = [row for row in text[2:] if "┆" in row]
    assert len(held) == 1
    assert "splitting 4200 cents" in held[0]
    assert any("lines of the stack not shown here" in row for row in text)
    assert text[-2].strip() == "Boom: by zero"
    assert "/reservations" not in "\n".join(text)


@pytest.mark.parametrize("leaks", [0, 3])
def test_the_search_for_secrets_says_what_it_found(
    leaks: int, lines: list[Line], plain: Look
) -> None:
    """The count that is shown is the count of the search."""
    capture = captured(lines)
    capture.leaks = leaks
    text = secrets_part(lines, capture, plain)
    assert f"Searched all {len(lines)} lines" in text[-1]
    assert f"found {leaks} times" in text[-1]
    assert "[REDACTED:password]" in text[2]


def test_every_part_says_when_it_has_nothing_to_show(plain: Look) -> None:
    """A shop that wrote nothing yet gets a tour without inventions."""
    text = "\n".join(from_the_log(Capture(), plain))
    assert "No request has failed yet." in text
    assert "Searched all 0 lines" in text


def test_the_tour_waits_until_every_part_has_something(lines: list[Line]) -> None:
    """A tour is complete with all lines, and not without the failure."""
    assert complete(lines)
    assert not complete([line for line in lines if not line.get("exc")])
    assert not complete([line for line in lines if line.get("status") != 422])
    assert not complete([line for line in lines if line.get("method") != "GET"])
    assert not complete([line for line in lines if line["service"] != "inventory"])
    assert not complete([line for line in lines if line["logger"] != "spine.runtime"])


def test_a_failure_with_held_back_lines_is_the_better_example(lines: list[Line]) -> None:
    """A later failure without them is shown only when there is no other."""
    later = [{**line, "request_id": "later"} for line in lines if line.get("status") in {500, 502}]
    assert failed_request(lines) == failed_request([*lines, *later]) != "later"
    unheld = [line for line in lines if not line.get("held")]
    assert failed_request([*unheld, *later]) == "later"


def test_a_failure_whose_cause_is_still_on_its_way_has_to_wait(lines: list[Line]) -> None:
    """The first service tells of a failure before the failing one's lines come in: not shown yet."""
    cause = [line for line in lines if line["service"] == "payments"]
    later = [{**line, "request_id": "later"} for line in lines if line.get("status") == 502]
    early = [{**line, "request_id": "later"} for line in cause if line.get("held")]
    assert failed_request([*lines, *later, *early]) != "later"
    own = {"request_id": "own", "service": "orders", "exc": {"type": "Late"}}
    orders = [{**line, **own, "held": held} for line in later for held in (True, False)]
    assert failed_request([*lines, *orders]) == failed_request(lines)
    assert failed_request(orders) == "own"


def test_the_tour_fits_a_terminal(lines: list[Line], terminal: Look) -> None:
    """On a terminal only the lines of which every character matters are wider."""
    text = from_the_log(captured(lines), terminal)
    too_wide = [row for row in text if len(visible(row)) > terminal.width]
    assert [row for row in too_wide if row[0] != "{" and "REDACTED" not in row] == []
    assert len(text) <= 70


def test_colours_say_nothing_that_the_text_does_not(
    lines: list[Line], plain: Look, terminal: Look
) -> None:
    """Without its colours, the failure on a terminal is the piped one."""
    wide = Look(colour=True, live=True, width=plain.width)
    assert [visible(row) for row in failure_part(lines, wide)] == failure_part(lines, plain)
    assert any("\x1b[" in row for row in failure_part(lines, terminal))
