"""Kinds of values that an objective needs: which routes, how many of how many, how fast, what counts as bad."""

from __future__ import annotations

import re
from typing import Final, Literal

from fastapi_spine.core.conventions import KNOWN_METHODS
from fastapi_spine.settings.complaint import clipped, nearest
from fastapi_spine.settings.kind import Kind, Malformed, quoted
from fastapi_spine.settings.parse import DURATION, one_of

_DAY_S: Final = 86_400.0
_SHORTEST_DAYS: Final = 3
_LONGEST_DAYS: Final = 90
_LONGEST_TARGET: Final = 500
_LONGEST_NAME: Final = 80
_MOST_TARGETS: Final = 50
_MOST_LATENCY_S: Final = 3600.0
EXCEPTION: Final = "exception"
EVERYTHING: Final = "*"
"""The target that means every route of a service."""
_CODE: Final = re.compile(r"[1-5](?:xx|[0-9]{2})")


def _target(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    method, blank, path = text.rpartition(" ")
    if blank and method.upper() not in KNOWN_METHODS:
        near = nearest(method, KNOWN_METHODS)
        raise Malformed(f"{clipped(method)} is no method" + (near and f"; did you mean {near}?"))
    if not path.startswith(("/", "*")) or len(text) > _LONGEST_TARGET or not text.isprintable():
        raise Malformed(f'{clipped(value)} is no target such as "GET /orders/{{order_id}}"')
    return f"{method.upper()} {path}".strip()


def _targets(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_target(value),)
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        raise Malformed
    if len(value) > _MOST_TARGETS:
        raise Malformed(f"it names more than {_MOST_TARGETS} targets; a pattern with * names many")
    return tuple(dict.fromkeys(_target(one) for one in value))


TARGETS: Final[Kind[tuple[str, ...]]] = Kind(
    expected='"GET /orders/{order_id}", "/orders/*" for a group, "*" for the whole service, or a list of these',
    parse=_targets,
    text=None,
)


def _excluded(value: object) -> tuple[str, ...]:
    return () if value in ((), []) else _targets(value)


EXCLUDED: Final[Kind[tuple[str, ...]]] = Kind(
    expected='targets that do not count, such as ["/healthz"]', parse=_excluded, text=None
)


def _promised(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed
    if 1 < value < 100:  # noqa: PLR2004 - per cent
        share = f"{value / 100:.6f}".rstrip("0")
        raise Malformed(f"it is a share, not per cent: write {share}")
    if value == 1:
        raise Malformed(
            "it leaves no room for a single failure, so it would page for each; 0.9999 is strict"
        )
    if not 0 < value < 1:
        raise Malformed
    return float(value)


def _maybe(value: object) -> float | None:
    return None if value is None else _promised(value)


def _show_maybe(value: float | None) -> str:
    return "not set" if value is None else f"{value:g}"


SHARE_GOOD: Final[Kind[float | None]] = Kind(
    expected="a share above 0 and below 1, such as 0.999", parse=_maybe, show=_show_maybe, text=None
)

Latency = tuple[float, float]
"""Seconds, and the share of requests that are to be answered within them."""


def _latency(value: object) -> Latency | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != len(("300ms", 0.99)):
        raise Malformed
    try:
        seconds = DURATION.parse(value[0])
    except Malformed:
        raise Malformed(f"{clipped(value[0])} is not {DURATION.expected}") from None
    if not 0 < seconds <= _MOST_LATENCY_S:
        raise Malformed("its duration is not above 0 and at most an hour")
    return seconds, _promised(value[1])


def _show_latency(value: Latency | None) -> str:
    if value is None:
        return "not set"
    return f"[{DURATION.show(value[0])}, {value[1]:g}]"


LATENCY: Final[Kind[Latency | None]] = Kind(
    expected='a duration and a share: ("300ms", 0.99) means that 99 of 100 are answered within 300 ms',
    parse=_latency,
    show=_show_latency,
    text=None,
)


def _window(value: object) -> float:
    seconds = DURATION.parse(value)
    if not _SHORTEST_DAYS * _DAY_S <= seconds <= _LONGEST_DAYS * _DAY_S:
        raise Malformed("the slowest alert looks back three days, and nobody remembers a quarter")
    return seconds


WINDOW: Final[Kind[float]] = Kind(
    expected=f'a duration from {_SHORTEST_DAYS}d to {_LONGEST_DAYS}d, such as "30d"',
    parse=_window,
    show=DURATION.show,
    text=None,
)


def _bad(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        raise Malformed("one string is not a list" if isinstance(value, str) else "")
    found = []
    for one in value:
        word = str(one).strip().lower()
        if word != EXCEPTION and not _CODE.fullmatch(word):
            raise Malformed(f"{clipped(one)} is none of these")
        found.append(word)
    return tuple(dict.fromkeys(found))


BAD: Final[Kind[tuple[str, ...]]] = Kind(
    expected='a list of status codes and classes, and "exception": ["5xx", "exception", "429"]',
    parse=_bad,
    text=None,
)


Silence = Literal["info", "ticket", "page"]
NO_DATA: Final[Kind[Silence]] = one_of("info", "ticket", "page")
"""What becomes of a promise of whose routes no request comes: it is shown, or somebody is told."""


def _name(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if value != "" and (not text or len(text) > _LONGEST_NAME or not text.isprintable()):
        raise Malformed
    return text


OBJECTIVE_NAME: Final[Kind[str]] = Kind(
    expected=f"a name of at most {_LONGEST_NAME} printable characters",
    parse=_name,
    show=quoted,
    text=None,
)
