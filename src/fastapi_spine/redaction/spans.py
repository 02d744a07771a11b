"""Pieces of a text to be replaced."""

from __future__ import annotations

# Where a piece begins, where it ends, and what to write instead.
Span = tuple[int, int, str]


def splice(text: str, spans: list[Span]) -> str:
    """Return `text` with each of `spans` put in; the same object without spans.

    Args:
        text: the text.
        spans: pieces in ascending order that do not overlap.
    """
    if not spans:
        return text
    parts: list[str] = []
    done = 0
    for start, end, instead in spans:
        parts += (text[done:start], instead)
        done = end
    return "".join(parts) + text[done:]
