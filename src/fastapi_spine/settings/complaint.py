"""The words of every settings error: which value, from where, what to do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from fastapi_spine.core.errors import SettingsError

HIDDEN: Final = "[hidden]"
"""What stands for the value of a secret setting wherever settings are shown."""

_LONGEST_SHOWN: Final = 80
_CLOSE_ENOUGH: Final = 0.7
_MOST_LISTED: Final = 20


def clipped(value: object) -> str:
    """Show a wrong value in a message, at most 80 characters of it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def nearest(name: str, known: Collection[str]) -> str:
    """Find the known name that an unknown one was most likely meant to be.

    Args:
        name: The unknown name.
        known: Every name that would have been right.

    Returns:
        The nearest name, or an empty string when none is near.
    """
    import difflib  # noqa: PLC0415 - only for a mistake

    wanted = name.lower()
    # A setting written into the wrong table is found by its last part: `level` is `logs.level`.
    for spelt in ({one.lower(): one for one in known}, {_leaf(one): one for one in known}):
        if found := difflib.get_close_matches(wanted, spelt, n=1, cutoff=_CLOSE_ENOUGH):
            return spelt[found[0]]
    return ""


def _leaf(name: str) -> str:
    return name.lower().rpartition(".")[2]


def unknown(
    name: str, *, place: str, known: Collection[str], elsewhere: Collection[str] = ()
) -> SettingsError:
    """Word the error for a name that no setting has.

    Args:
        name: The name as it was written.
        place: Where it was written.
        known: Every name that would have been right there.
        elsewhere: Names that would have been right in another place.

    Returns:
        The error, to be raised.
    """
    near = nearest(name, known) or nearest(name, elsewhere)
    if near:
        hint = f"did you mean {near}?"
    elif len(known) <= _MOST_LISTED:
        hint = f"known are {', '.join(sorted(known))}."
    else:
        hint = "docs/reference/settings.md lists every one."
    return SettingsError(f"{place}: there is no setting {name}; {hint} Correct or remove it.")


def unfit(
    name: str, *, shown: str, place: str, expected: str, default: str, detail: str = ""
) -> SettingsError:
    """Word the error for a value that its setting does not take.

    Args:
        name: The setting.
        shown: What was written, `clipped`; HIDDEN for a secret.
        place: Where it was written.
        expected: What may be written.
        default: The default, as TOML writes it.
        detail: What exactly is wrong, when the kind of value knows.

    Returns:
        The error, to be raised.
    """
    because = f" ({detail})" if detail else ""
    known_default = f", {default}" if len(default) <= _LONGEST_SHOWN else ""
    return SettingsError(
        f"{place}: {name} cannot be {shown}{because}; expected {expected}. "
        f"Correct it, or remove it for the default{known_default}."
    )
