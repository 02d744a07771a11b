"""The tour through the shop's own output: pure functions from captured lines to text.

Nothing here is canned. A part that finds nothing to show in the lines says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Final

from fastapi_spine.demo.capture import Capture, Line
from fastapi_spine.demo.look import Look
from fastapi_spine.demo.processes import NAMES
from fastapi_spine.testing import render_human

ACCESS_LOGGER: Final = "spine.access"
_NOTHING: Final = "Nothing has been written yet."
_STACK_TAIL: Final = 3

_EXCERPT: Final[tuple[Callable[[Line], bool], ...]] = (
    lambda line: line.get("msg") == "payment booked",
    lambda line: _succeeded(line) and line.get("level") == "INFO",
    lambda line: _succeeded(line) and line.get("level") == "WARNING",
    lambda line: _ended(line, HTTPStatus.UNAUTHORIZED),
    lambda line: _ended(line, HTTPStatus.NOT_FOUND),
    lambda line: _ended(line, HTTPStatus.UNPROCESSABLE_ENTITY),
)


def from_the_log(capture: Capture, look: Look) -> list[str]:
    """The parts that show what the services wrote."""
    lines = list(capture.lines)
    parts = (
        human_part(lines, look),
        json_part(lines, look),
        failure_part(lines, look),
        secrets_part(lines, capture, look),
        blocked_part(lines, look),
    )
    return [text for part in parts for text in ("", *part)]


def complete(lines: Sequence[Line]) -> bool:
    """Whether the lines hold something for every part of the tour."""
    return bool(
        len(excerpt(lines)) == len(_EXCERPT)
        and longest_wait(lines) is not None
        and _told_whole(lines)
        and repeating_request(lines) is not None
        and blocked_loop(lines) is not None
    )


def human_part(lines: Sequence[Line], look: Look) -> list[str]:
    """Part 1: one line of each kind, as a terminal shows them."""
    chosen = excerpt(lines)
    return [
        look.title(1, "The log, as a terminal shows it"),
        "One line of each kind out of the last seconds, three services side by side:"
        if chosen
        else _NOTHING,
        *(look.fit(text) for line in chosen for text in human(line, look)),
    ]


def json_part(lines: Sequence[Line], look: Look) -> list[str]:
    """Part 2: the same lines as they left the services."""
    texts = [json.dumps(line, ensure_ascii=False) for line in excerpt(lines)]
    return [
        look.title(2, "The same lines, as they leave a service whose output is not a terminal"),
        "One JSON object a line, the same keys in front; the first is shown whole:"
        if texts
        else _NOTHING,
        *texts[:1],
        *(look.fit(text) for text in texts[1:]),
    ]


def failure_part(lines: Sequence[Line], look: Look) -> list[str]:
    """Part 3: the last request that failed, with the DEBUG lines it had held back."""
    chosen = failed_request(lines)
    title = look.title(3, "A request that failed")
    if chosen is None:
        return [title, "No request has failed yet."]
    failed = {line["service"] for line in access_lines(lines, chosen) if _has_failed(line)}
    mine = [
        line for line in lines if line.get("request_id") == chosen and line["service"] in failed
    ]
    return [
        title,
        "Lines behind ┆ are DEBUG lines: held back in memory, and written because the request failed:",
        *(look.fit(text) for line in in_time(mine) for text in human(line, look)),
    ]


def secrets_part(lines: Sequence[Line], capture: Capture, look: Look) -> list[str]:
    """Part 4: two careless log lines, and the search for what they would have given away."""
    careless = [_last(lines, "sign-in with"), _last(lines, "order paid, receipt at")]
    found = look.paint("red" if capture.leaks else "green", f"found {capture.leaks} times")
    volume = f"{capture.seen_lines:,} lines ({capture.seen_bytes / 1024:,.0f} KiB)"
    sent = f"{capture.secrets_told} passwords and tokens that were sent"
    return [
        look.title(4, "Passwords and tokens"),
        "Two careless log calls pass on a whole login form and a link with a token; this came out:",
        # Whole, whatever the terminal's width: the marks stand at the end.
        *(text for line in careless if line for text in human(line, look)),
        f"Searched all {volume} for the {sent}: {found}.",
    ]


def blocked_part(lines: Sequence[Line], look: Look) -> list[str]:
    """Part 5: the warning that somebody held up the event loop, and who."""
    title = look.title(5, "An event loop that stood still")
    line = blocked_loop(lines)
    if line is None:
        return [title, "Nobody has blocked it yet."]
    return [
        title,
        "GET /sales sleeps in an async function; nobody else was served meanwhile, and here is who it was:",
        *(look.fit(text) for text in human(line, look)),
    ]


def blocked_loop(lines: Sequence[Line]) -> Line | None:
    """The last line that tells of a blocked event loop and knows the route."""
    return next(
        (
            line
            for line in reversed(lines)
            if line.get("logger") == "spine.runtime" and line.get("route")
        ),
        None,
    )


def excerpt(lines: Sequence[Line]) -> list[Line]:
    """The last line of each kind of the excerpt, in the order they were written."""
    newest = list(reversed(lines))
    found = (next((line for line in newest if wanted(line)), None) for wanted in _EXCERPT)
    return in_time(line for line in found if line)


def in_time(lines: Iterable[Line]) -> list[Line]:
    """The lines in the order they were written, whichever service wrote them."""
    return sorted(lines, key=lambda line: str(line["ts"]))


def longest_wait(lines: Sequence[Line]) -> str | None:
    """The request id that all three services answered, with the longest wait for one of the others."""
    services: dict[str, set[str]] = {}
    waited: dict[str, float] = {}
    for line in lines:
        key = line.get("request_id")
        if not is_access(line) or not isinstance(key, str):
            continue
        services.setdefault(key, set()).add(str(line["service"]))
        if line["service"] != NAMES[0]:
            waited[key] = max(waited.get(key, 0.0), elapsed_ms(line))
    crossing = [key for key, seen in services.items() if seen.issuperset(NAMES)]
    return max(crossing, key=lambda key: waited[key], default=None)


def failed_request(lines: Sequence[Line]) -> str | None:
    """The last failed request that is told whole, before all others one that failed behind the first service.

    Whole means: one service's lines of it have come in to the last, with the exception and with
    DEBUG lines that were held back. Services write to pipes of their own, so what the first one
    says of a failure may arrive before the lines of the one that failed.
    """
    told = _told_whole(lines)
    behind = {key for key, services in told.items() if services != {NAMES[0]}}
    wanted = (
        behind or set(told) or {str(line.get("request_id")) for line in lines if line.get("exc")}
    )
    for line in reversed(lines):
        key = line.get("request_id")
        if line.get("service") == NAMES[0] and is_access(line) and key in wanted:
            return str(key)
    return None


def repeating_request(lines: Sequence[Line]) -> str | None:
    """The last request id that listed a shopper's orders: it asks the database once for each of them."""
    for line in reversed(lines):
        listed = is_access(line) and (line.get("method"), line.get("route")) == ("GET", "/orders")
        if listed and line.get("status") == HTTPStatus.OK:
            return str(line.get("request_id"))
    return None


def _told_whole(lines: Sequence[Line]) -> dict[str, set[str]]:
    """Request ids, each with the services that have told why it failed there, and ended it."""
    marks: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        seen = marks.setdefault((str(line.get("request_id")), str(line["service"])), set())
        seen.update(mark for mark in ("exc", "held") if line.get(mark))
        if is_access(line) and _has_failed(line):
            seen.add("failed")
    told: dict[str, set[str]] = {}
    for (key, service), seen in marks.items():
        if seen == {"exc", "held", "failed"}:
            told.setdefault(key, set()).add(service)
    return told


def human(line: Line, look: Look) -> list[str]:
    """A line as the human renderer writes it, behind its service's name; a long stack is shortened."""
    first, *rest = render_human(line, color=look.colour).splitlines()
    return [f"{look.service(str(line.get('service')))} {first}", *_shortened(rest, look)]


def _shortened(stack: list[str], look: Look) -> list[str]:
    left_out = len(stack) - _STACK_TAIL
    if left_out <= 1:
        return stack
    note = look.paint("dim", f"    … {left_out} lines of the stack not shown here")
    return [note, *stack[-_STACK_TAIL:]]


def _ended(line: Line, status: HTTPStatus) -> bool:
    return is_access(line) and line["service"] == NAMES[0] and line.get("status") == status


def _succeeded(line: Line) -> bool:
    return _ended(line, HTTPStatus.OK) or _ended(line, HTTPStatus.CREATED)


def is_access(line: Line) -> bool:
    """Whether it is the one line that sums up a request."""
    return line.get("logger") == ACCESS_LOGGER and "elapsed_ms" in line


def access_lines(lines: Sequence[Line], key: str) -> list[Line]:
    """The access lines of one request id, one a service call."""
    return [line for line in lines if line.get("request_id") == key and is_access(line)]


def elapsed_ms(line: Line) -> float:
    """How long the request of an access line took, in ms."""
    return float(line["elapsed_ms"])


def _has_failed(line: Line) -> bool:
    status = line.get("status")
    return not isinstance(status, int) or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _last(lines: Sequence[Line], beginning: str) -> Line | None:
    return next(
        (line for line in reversed(lines) if str(line.get("msg")).startswith(beginning)), None
    )
