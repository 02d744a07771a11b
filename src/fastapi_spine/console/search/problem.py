"""What is wrong with a search: where, and what to write instead."""

from __future__ import annotations

from typing import Final

_SHOWN: Final = 100
_LEAD: Final = 60
_CUT: Final = "…"


class SearchError(ValueError):
    """A search cannot be read.

    Attributes:
        text: the whole search.
        message: what is wrong, one sentence.
        position: where it is, in characters (code points) from 0; the length of the text at its end.
        length: how many characters are wrong, at least 1.
        hint: what to write instead, or what to do; empty if nobody knows.
    """

    def __init__(self, text: str, message: str, position: int, length: int, hint: str) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.text = text
        self.message = message
        self.position = min(max(position, 0), len(text))
        self.length = max(length, 1)
        self.hint = hint

    def caret(self) -> str:
        """Return two lines for a terminal: the search, and carets below what is wrong.

        A long search is cut around the place. Characters that would move the terminal's cursor are shown as `·`.
        """
        begin = max(self.position - _LEAD, 0)
        end = begin + _SHOWN
        lead = _CUT if begin else ""
        shown = "".join(one if one.isprintable() else "·" for one in self.text[begin:end])
        tail = _CUT if end < len(self.text) else ""
        place = len(lead) + self.position - begin
        carets = "^" * max(min(self.length, len(lead) + len(shown) - place), 1)
        return f"{lead}{shown}{tail}\n{' ' * place}{carets}"


class WrongError(ValueError):
    """A part of a search is wrong; whoever knows the whole makes a `SearchError` of it.

    Attributes:
        position: from the beginning of the whole search.
    """

    def __init__(self, message: str, position: int, length: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.hint = hint
