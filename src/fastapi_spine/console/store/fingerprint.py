"""Which failures are one failure: the same type of exception from the same place of the code.

A fingerprint is made of the exception's type and, for each frame of the application, file and function: no line numbers,
which change with every edit, and no message, which often holds an id. Frames of the language and of installed packages
are left out unless nothing else remains. Of a path the last two parts count, because folders differ from machine to
machine and from deploy to deploy. Tracebacks of Python are read, and those of the `at …` form (JavaScript, Java, C#).
"""

from __future__ import annotations

from hashlib import blake2b
from re import MULTILINE
from re import compile as pattern
from typing import Final, NamedTuple

_PYTHON: Final = pattern(
    r'^[ \t|]*File "([^"\n]{1,400})", line (\d{1,9})(?:, in ([^\n]{1,200}))?', MULTILINE
)
_AT: Final = pattern(
    r"^[ \t]*at (?:(?:async )?([^\n()]{1,200}?) \(|([^\n() ]{1,200})\()?([^\n()]{1,400}?):(\d{1,9})(?::\d{1,9})?\)?[ \t\r]*$",
    MULTILINE,
)
_NEXT: Final = pattern(
    r"\n\n(?:During handling of the above exception, another exception occurred|"
    r"The above exception was the direct cause of the following exception):\n\n"
)
_FOREIGN: Final = (
    "site-packages/", "dist-packages/", "/lib/python3", "/lib64/python3", "\\lib\\", "<frozen ", "<string>",
    "node_modules/", "node:internal", "internal/modules/",
)  # fmt: skip
_LAYER: Final = pattern(r"[/\\]fastapi_spine[/\\](?!demo[/\\])")
"""The layer itself, also where it is no installed package: in its own checkout, whose demo shop is an application."""
_FOREIGN_FUNCTIONS: Final = ("java.", "javax.", "jdk.", "sun.", "System.", "Microsoft.")
_LONGEST: Final = 65_536
_MOST_FRAMES: Final = 100


class Frame(NamedTuple):
    """One level of a traceback."""

    file: str
    line: str
    function: str


class Place(NamedTuple):
    """What tells one failure from another, and where it happened.

    Attributes:
        fingerprint: 16 hex digits.
        where: `file:line function` of the innermost frame of the application; empty without a traceback.
    """

    fingerprint: str
    where: str


def place_of(kind: str, stack: str) -> Place:
    """Return what identifies an exception.

    Args:
        kind: its type.
        stack: its traceback as text; may be empty.
    """
    frames = _own(_frames(stack[-_LONGEST:]))
    parts = [kind, *(f"{_short(frame.file)} {frame.function}" for frame in _folded(frames))]
    last = frames[-1] if frames else None
    where = f"{_short(last.file)}:{last.line} {last.function}".rstrip() if last else ""
    return Place(_digest(parts), where)


def place_of_status(error: str, route: str) -> Place:
    """Return what identifies a failure that brought no exception: its error or status, and the route."""
    return Place(_digest(["", error, route]), "")


def _digest(parts: list[str]) -> str:
    text = "\n".join(parts).encode("utf-8", "replace")
    return blake2b(text, digest_size=8).hexdigest()


def _frames(stack: str) -> list[Frame]:
    """Return the frames of the exception that was raised last, outermost first."""
    final = _NEXT.split(stack)[-1]
    found = [Frame(file, line, name or "") for file, line, name in _PYTHON.findall(final)]
    if not found:
        found = [Frame(file, line, name or other) for name, other, file, line in _AT.findall(stack)]
        found.reverse()  # these say the innermost first
    return found[-_MOST_FRAMES:]


def _own(frames: list[Frame]) -> list[Frame]:
    """Return the application's frames; all of them if none is its own."""
    return [frame for frame in frames if not _is_foreign(frame)] or frames


def _is_foreign(frame: Frame) -> bool:
    return (
        any(part in frame.file for part in _FOREIGN)
        or frame.function.startswith(_FOREIGN_FUNCTIONS)
        or _LAYER.search(frame.file) is not None
    )


def _folded(frames: list[Frame]) -> list[Frame]:
    """Leave out a frame that repeats the one before: recursion differs in depth only."""
    return [
        frame
        for before, frame in zip([None, *frames], frames, strict=False)
        if before is None or (before.file, before.function) != (frame.file, frame.function)
    ]


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").split("/")[-2:])
