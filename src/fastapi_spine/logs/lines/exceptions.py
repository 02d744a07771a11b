"""An exception as text: Python's own layout, bounded, and without running anybody's code.

The standard library's `traceback` looks for suggestions with `dir()` on the user's objects, walks chains
without end, and writes what it finds at any length. Here the only foreign code that runs is a guarded
`str(error)`; locals are never looked at; attributes are read through BaseException's own descriptors, so a
property named `__cause__` is not asked.

Left out of the standard text: the `^^^^` under source lines (they need a parse of each line).
Source lines come from `linecache`: a dictionary look-up, but the first traceback through a file reads that
file (0.1 to 1 ms, on whichever thread logs). A file edited since the process started shows its new lines.
"""

from __future__ import annotations

import linecache
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, NamedTuple

from fastapi_spine.core.conventions import EXC_MESSAGE, EXC_STACK, EXC_TYPE
from fastapi_spine.logs.lines.fit import water_level
from fastapi_spine.logs.lines.plain import mark, text_of

LIMIT: Final = 16 * 1024
MAX_MESSAGE: Final = 4096
"""Characters of one exception's message; pydantic and SQLAlchemy write long ones."""

_FIRST_FRAMES: Final = 10
_LAST_FRAMES: Final = 30
_MAX_LINKS: Final = 8
_MAX_WALK: Final = 200
_MAX_MEMBERS: Final = 8
_MAX_GROUP_DEPTH: Final = 3
_MAX_ERRORS: Final = 40
_MAX_NOTES: Final = 8
_MAX_NOTE: Final = 1024
_BAR: Final = "| "
_OUR_MODULES: Final = "fastapi_spine.request"

_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"

# The descriptors of the built-in classes: they read the slots, whatever a subclass defines.
_cause_of: Final[Any] = BaseException.__dict__["__cause__"].__get__
_context_of: Final[Any] = BaseException.__dict__["__context__"].__get__
_suppressed: Final[Any] = BaseException.__dict__["__suppress_context__"].__get__
_traceback_of: Final[Any] = BaseException.__dict__["__traceback__"].__get__
_attributes_of: Final[Any] = BaseException.__dict__["__dict__"].__get__
_members_of: Final[Any] = BaseExceptionGroup.__dict__["exceptions"].__get__
_name_of: Final[Any] = type.__dict__["__qualname__"].__get__
_module_of: Final[Any] = type.__dict__["__module__"].__get__


def render(
    error: BaseException, traceback: TracebackType | None = None, limit: int = LIMIT
) -> dict[str, str]:
    """Return an exception's type, message and stack, the stack at most `limit` characters.

    Bounds: 40 frames an exception (the first 10, the last 30), 8 links of causes and contexts, groups of 8
    members and 3 levels, 40 exceptions in all, 4096 characters a message. When still too long, the longest
    parts lose their middle, so each keeps where it began and what it said. Frames of this layer are left
    out, unless nothing else would remain.

    Args:
        error: what was raised.
        traceback: the way it came, if not the one it carries.
        limit: most characters of the stack.

    Returns:
        `type` (`package.Class`, built-in classes without their module), `message`, `stack`.
    """
    return {
        EXC_TYPE: _type_of(error),
        EXC_MESSAGE: _message_of(error),
        EXC_STACK: _Stack(limit).text(error, traceback),
    }


class _Link(NamedTuple):
    """One exception of a chain and how it led to the next one."""

    error: BaseException
    joint: str


class _Stack:
    """One rendering, with its budget and what it has seen."""

    __slots__ = ("_left", "_limit", "_seen")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = _MAX_ERRORS
        self._seen: set[int] = set()

    def text(self, error: BaseException, traceback: TracebackType | None) -> str:
        parts = list(self._chain(error, traceback, 0))
        total = sum(map(len, parts))
        if total > self._limit:
            level = water_level(map(len, parts), self._limit)
            parts = [_without_middle(part, level) for part in parts]
        return "".join(parts).rstrip("\n")[-self._limit :]

    def _chain(
        self, error: BaseException, traceback: TracebackType | None, depth: int
    ) -> Iterator[str]:
        """Yield the parts of a chain, the first cause first, as Python prints it."""
        links = self._links(error)
        if len(links) > _MAX_LINKS:
            half, left_out = _MAX_LINKS // 2, len(links) - _MAX_LINKS
            links = links[:half] + links[-half:]
        else:
            half, left_out = 0, 0
        for place in range(len(links) - 1, -1, -1):
            link = links[place]
            own = traceback if link.error is error and traceback is not None else None
            yield from self._one(link.error, own or _traceback_of(link.error), depth)
            if left_out and place == half:
                yield _inside(f"\n[{left_out} exceptions left out]\n", depth)
            yield _inside(link.joint, depth)

    def _links(self, error: BaseException) -> list[_Link]:
        """List the chain, the last exception first; a chain that meets itself ends there."""
        links = [_Link(error, "")]
        self._seen.add(id(error))
        while len(links) < _MAX_WALK:
            cause, context = _cause_of(error), _context_of(error)
            following = cause if cause is not None else context
            if following is None or id(following) in self._seen:
                break
            if cause is None and _suppressed(error):
                break
            error = following
            self._seen.add(id(error))
            links.append(_Link(error, _CAUSE if cause is not None else _CONTEXT))
        return links

    def _one(
        self, error: BaseException, traceback: TracebackType | None, depth: int
    ) -> Iterator[str]:
        """Yield one exception: its frames, its last lines, the members of a group."""
        self._left -= 1
        if self._left < 0:
            yield _inside("[more exceptions left out]\n", depth)
            return
        if _is_group(error):
            yield from self._group(error, traceback, depth)
            return
        frames = _frames(traceback)
        head = "Traceback (most recent call last):\n" if frames else ""
        yield _inside(head + frames + _last_lines(error), depth)

    def _group(
        self, group: BaseException, traceback: TracebackType | None, depth: int
    ) -> Iterator[str]:
        """Yield a group in Python's layout: a margin of bars, members numbered."""
        frames, own = _frames(traceback), _last_lines(group)
        pad = "" if depth else "  "
        if frames:
            corner = "|" if depth else "+"
            yield f"{pad}{corner} Exception Group Traceback (most recent call last):\n"
        yield _indented(frames + own, pad + _BAR)
        if depth >= _MAX_GROUP_DEPTH:
            yield f"{pad}{_BAR}[members left out: {_MAX_GROUP_DEPTH} levels shown]\n"
            yield f"{pad}+------------------------------------\n"
            return
        yield from self._members(_members_of(group), pad, depth)

    def _members(self, members: tuple[BaseException, ...], pad: str, depth: int) -> Iterator[str]:
        shown, rest = members[:_MAX_MEMBERS], len(members) - _MAX_MEMBERS
        for number, member in enumerate(shown, 1):
            corner = "+-+" if number == 1 else "  +"
            yield f"{pad}{corner}---------------- {number} ----------------\n"
            yield _indented("".join(self._chain(member, None, depth + 1)), f"{pad}  ")
        if rest > 0:
            yield f"{pad}  +---------------- ... ----------------\n"
            yield f"{pad}  {_BAR}and {rest} more exceptions\n"
        if rest > 0 or not _is_group(shown[-1]):
            # A group at the end has closed the frame already.
            yield f"{pad}  +------------------------------------\n"


def _is_group(error: BaseException) -> bool:
    return issubclass(type(error), BaseExceptionGroup)


def _inside(text: str, depth: int) -> str:
    """Give text inside a group its bar."""
    return _indented(text, _BAR) if depth and text else text


def _frames(traceback: TracebackType | None) -> str:
    """Write the frames of a traceback, those of this layer left out."""
    return _walk(traceback, skip_ours=True) or _walk(traceback, skip_ours=False)


def _walk(traceback: TracebackType | None, *, skip_ours: bool) -> str:
    """Write the first and the last frames; a RecursionError's thousand cost a step each, no more."""
    first: list[tuple[str, int, str]] = []
    last: deque[tuple[str, int, str]] = deque(maxlen=_LAST_FRAMES)
    count = 0
    while traceback is not None:
        frame = traceback.tb_frame
        if not (skip_ours and _is_ours(frame.f_globals)):
            code = frame.f_code
            count += 1
            place = (code.co_filename, traceback.tb_lineno, code.co_name)
            if len(first) < _FIRST_FRAMES:
                first.append(place)
            else:
                last.append(place)
        traceback = traceback.tb_next
    left_out = count - len(first) - len(last)
    middle = [f"  [{left_out} frames left out]\n"] if left_out else []
    return "".join([*map(_frame, first), *middle, *map(_frame, last)])


def _is_ours(names: dict[str, Any]) -> bool:
    name = dict.get(names, "__name__")
    return type(name) is str and name.startswith(_OUR_MODULES)


def _frame(place: tuple[str, int, str]) -> str:
    filename, number, name = place
    source = linecache.getline(filename, number).strip()
    shown = f"    {source[:_MAX_NOTE]}\n" if source else ""
    return f'  File "{filename}", line {number}, in {name}\n{shown}'


def _last_lines(error: BaseException) -> str:
    """Write what Python writes last: the type, the message, the notes."""
    message = _message_of(error)
    kind = _type_of(error)
    lines = [f"{kind}: {message}\n" if message else f"{kind}\n"]
    notes = _attributes_of(error).get("__notes__")
    if type(notes) is list:
        lines.extend(f"{_bounded(text_of(note), _MAX_NOTE)}\n" for note in notes[:_MAX_NOTES])
        if len(notes) > _MAX_NOTES:
            lines.append(f"[{len(notes) - _MAX_NOTES} notes left out]\n")
    return "".join(lines)


def _type_of(error: BaseException) -> str:
    kind = type(error)
    name, module = _name_of(kind), _module_of(kind)
    if type(module) is not str or module in ("builtins", "__main__"):
        return str(name)
    return f"{module}.{name}"


def _message_of(error: BaseException) -> str:
    return _bounded(text_of(error), MAX_MESSAGE)


def _bounded(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + mark(len(text) - length)


def _indented(text: str, margin: str) -> str:
    return "".join(f"{margin}{line}\n" for line in text.removesuffix("\n").split("\n"))


def _without_middle(part: str, length: int) -> str:
    """Cut a part down to `length` characters: its first quarter and its end stay."""
    if len(part) <= length:
        return part
    note = f"\n[{len(part)} characters, the middle left out]\n"
    room = max(length - len(note), 0)
    head = room // 4
    return part[:head] + note + part[len(part) - (room - head) :]
