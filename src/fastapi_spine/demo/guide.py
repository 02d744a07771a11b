"""The part of the tour that the console tells: the `spine` command on what the services have just sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fastapi_spine.demo.capture import Line
from fastapi_spine.demo.console import Spine
from fastapi_spine.demo.look import Look
from fastapi_spine.demo.processes import NAMES
from fastapi_spine.demo.tour import failed_request, longest_wait, repeating_request

LAST: Final = 10
"""The number of the tour's last part, unless there is an incident before it."""
_MANY: Final = 8
"""Calls of one kind that the repeating request makes at least."""


class Examples(NamedTuple):
    """Request ids that are worth a look; empty as long as there is none.

    Attributes:
        slow: an order through all three services, the one that waited longest.
        failed: an order whose payment divided by zero.
        repeating: a list that asked the database once for each of its rows.
    """

    slow: str = ""
    failed: str = ""
    repeating: str = ""


async def examples_of(lines: Sequence[Line], spine: Spine, known: Examples) -> Examples:
    """Choose by the log lines what the console knows whole by now; what was chosen before stays."""
    return Examples(
        known.slow or await _whole(longest_wait(lines), spine, lambda view: len(view["services"]) == len(NAMES)),
        known.failed or await _whole(failed_request(lines), spine, lambda view: view["errors"] > 0),
        known.repeating or await _whole(repeating_request(lines), spine, lambda view: len(view["spans"]) >= _MANY),
    )  # fmt: skip


async def _whole(
    key: str | None, spine: Spine, is_whole: Callable[[Mapping[str, Any]], bool]
) -> str:
    view = await spine.trace(key) if key else {}
    return key if key and view and is_whole(view) else ""


async def console_tour(spine: Spine, examples: Examples, look: Look) -> None:
    """Parts 6 to 9, each the output of one command; nobody wrote a span by hand."""
    await _part(
        spine, look, 6, "Where the time went", "The order that waited longest, across three services:",
        "show", examples.slow,
    )  # fmt: skip
    await _part(
        spine, look, 7, "A query for each row", "What a list that was written in a hurry does, folded into one row:",
        "show", examples.repeating,
    )  # fmt: skip
    await _part(
        spine, look, 8, "The numbers", "How often, how many failed, how fast, and what is different:",
        "routes", "--since", "15m", "--limit", "12",
    )  # fmt: skip
    await _part(
        spine, look, 9, "The failures", "The same failure once, with an example to look at:",
        "errors", "--since", "15m", "--limit", "3",
    )  # fmt: skip


async def _part(
    spine: Spine, look: Look, number: int, title: str, sentence: str, *arguments: str
) -> None:
    command = look.paint("dim", f"$ spine {' '.join(arguments)}")
    print("", look.title(number, title), f"{sentence}  {command}", sep="\n", flush=True)
    if not all(arguments):
        print(
            "The console has none yet (its spans may have gone to a receiver of yours).", flush=True
        )
        return
    await spine.shown(*arguments)


def try_it(
    spine: Spine,
    examples: Examples,
    orders: str,
    seconds: float | None,
    look: Look,
    number: int = LAST,
) -> list[str]:
    """The last part: addresses, and commands to type; `number` is its own."""
    form = '{"email": "guest@shop.example", "password": "guest"}'
    json_header = "-H 'content-type: application/json'"
    comment = look.paint("dim", "# your id comes back, and is on the line below")
    ending = (
        "the shop stays open until Ctrl-C"
        if seconds is None
        else f"the shop closes after {seconds:g} s"
    )
    links = [
        f"  {text:<18} {spine.page(key)}"
        for text, key in zip(
            ("a slow request", "one that failed", "a query each row"), examples, strict=True
        )
        if key
    ]
    return [
        "",
        look.title(number, "Your turn"),
        "In the console, once its link above has let you in:",
        *links,
        f"The log lines of your own requests appear below; {ending}:",
        f"  curl -i {orders}/orders/1 -H 'x-request-id: hello-1'  {comment}",
        f"  curl -i {orders}/login {json_header} -d '{form}'",
        f"  curl {orders}/metrics  {look.paint('dim', '# what Prometheus scrapes')}",
        f"  spine tail --data {spine.folder}  {look.paint('dim', '# requests as they come in')}",
        f"  spine alerts --data {spine.folder}  {look.paint('dim', '# what is promised, and how it stands')}",
        f"  open {orders}/docs",
    ]
