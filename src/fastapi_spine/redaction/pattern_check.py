"""Refuses a user's regular expression that a stranger's text could make slow.

The check reads the parsed pattern and is deterministic: a stopwatch at start-up would refuse good
patterns on a busy machine. What it bounds is the number of ways in which the pattern can be tried
from one place of the text.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from fastapi_spine.core.errors import SettingsError

LONGEST_REPEAT = 4096
MOST_WAYS = 500

_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}


def check_pattern(kind: str, pattern: str) -> None:
    """Accept `pattern` or say what is wrong with it.

    Args:
        kind: the rule's name, for the message.
        pattern: a regular expression in Python's syntax.

    Raises:
        SettingsError: it does not compile, matches the empty text, repeats without an upper
            bound, repeats inside a repeat, refers back, or has too many ways to match.
    """
    where = f"redaction pattern {kind!r}"
    try:
        parsed = _parser.parse(pattern)
        empty = re.compile(pattern).match("")
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingsError(f"{where} is not a regular expression: {error}") from error
    if empty:
        raise SettingsError(f"{where} matches the empty text; every match must be a secret")
    ways = _ways(parsed, where, inside_repeat=False, last=True)
    if ways > MOST_WAYS:
        raise SettingsError(
            f"{where} can be tried in {ways} ways from one place (at most {MOST_WAYS});"
            " make repeats shorter or possessive, as in [a-z]{2,40}+"
        )


def _ways(parsed: Any, where: str, *, inside_repeat: bool, last: bool) -> int:
    ways = 1
    items = list(parsed)
    for place, (op, argument) in enumerate(items):
        final = last and place == len(items) - 1
        ways *= _item_ways(op, argument, where, inside_repeat=inside_repeat, last=final)
    return ways


def _item_ways(op: Any, argument: Any, where: str, *, inside_repeat: bool, last: bool) -> int:
    if op in _REPEATS:
        return _repeat_ways(op, argument, where, inside_repeat=inside_repeat, last=last)
    if op in {sre.GROUPREF, sre.GROUPREF_EXISTS}:
        raise SettingsError(f"{where} refers back to a group; that cannot be bounded")
    if op is sre.BRANCH:
        return sum(_ways(arm, where, inside_repeat=inside_repeat, last=last) for arm in argument[1])
    if op is sre.SUBPATTERN:
        return _ways(argument[-1], where, inside_repeat=inside_repeat, last=last)
    if op in {sre.ASSERT, sre.ASSERT_NOT}:
        return _ways(argument[1], where, inside_repeat=inside_repeat, last=False)
    if op is sre.ATOMIC_GROUP:
        return _ways(argument, where, inside_repeat=inside_repeat, last=False)
    return 1


def _repeat_ways(op: Any, argument: Any, where: str, *, inside_repeat: bool, last: bool) -> int:
    low, high, body = argument
    if high is sre.MAXREPEAT or high > LONGEST_REPEAT:
        raise SettingsError(
            f"{where} repeats without an upper bound; write {{1,200}} instead of + or *"
            f" (at most {LONGEST_REPEAT})"
        )
    variable = high > low
    if variable and inside_repeat:
        raise SettingsError(f"{where} has a repeat inside a repeat; that can take for ever")
    inner = _ways(body, where, inside_repeat=inside_repeat or high > 1, last=False)
    if op is sre.POSSESSIVE_REPEAT or (last and variable):
        return inner
    return inner * int(high - low + 1)
