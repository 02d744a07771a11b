"""What a sort of value is: how it is written, read, shown and laid over a lower layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Malformed(ValueError):  # noqa: N818 - it reads as a sentence where it is raised
    """A value is not of its kind; users only ever see the SettingsError made from it."""


def as_written(text: str) -> object:
    """Hand the text of an environment variable to `parse` as it is."""
    return text


def upper_wins(lower: Any, upper: Any) -> Any:  # noqa: ARG001 - the signature of every merge
    """Let the value of the higher layer replace the lower one."""
    return upper


def quoted(value: object) -> str:
    """Show a string, number, boolean or list of them as TOML writes it."""
    # TOML has JSON's escapes, and asks for one more.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class Kind(Generic[Value]):
    """One sort of value, for instance a duration.

    Attributes:
        expected: What may be written, as the end of the sentence "expected …".
        parse: From what a keyword, a TOML file or `text` gives to the plain immutable value. It
            raises Malformed, with a detail or empty, for anything else, and takes its own result
            unchanged, so that resolved settings can be read once more.
        show: The value as TOML writes it, so that what is printed can be pasted into a file.
        text: From the text of an environment variable to what `parse` takes; None when the value
            has no form that fits a variable.
        merge: Lays the value of a higher layer over that of a lower one.
    """

    __slots__ = ("expected", "merge", "parse", "show", "text")

    def __init__(
        self,
        *,
        expected: str,
        parse: Callable[[object], Value],
        show: Callable[[Value], str] = quoted,
        text: Callable[[str], object] | None = as_written,
        merge: Callable[[Value, Value], Value] = upper_wins,
    ) -> None:
        self.expected = expected
        self.parse = parse
        self.show = show
        self.text = text
        self.merge = merge

    @property
    def merges(self) -> bool:
        """Whether a higher layer adds to a lower one and does not replace it."""
        return self.merge is not upper_wins
