"""Numbers on a command line: how many, and which port."""

from __future__ import annotations

import argparse
from typing import Final

_MOST: Final = 999_999_999
_LAST_PORT: Final = 65_535


def natural(text: str) -> int:
    """Read how many, 0 or more.

    Raises:
        argparse.ArgumentTypeError: it is no such number.
    """
    return _within(text, 0, _MOST)


def positive(text: str) -> int:
    """Read how many, 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is no such number.
    """
    return _within(text, 1, _MOST)


def port(text: str) -> int:
    """Read a port; 0 is any free one.

    Raises:
        argparse.ArgumentTypeError: there is no such port.
    """
    return _within(text, 0, _LAST_PORT)


def _within(text: str, least: int, most: int) -> int:
    # Python reads more than these digits: underscores, signs, those of other scripts.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST)) else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} does not fit here; give a number from {least} to {most}"
        )
    return number
