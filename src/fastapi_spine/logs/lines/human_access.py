"""The access line for a person: `GET /orders/7 → 200  12.3 ms  (/orders/{order_id})  312 B`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi_spine.core.conventions import (
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_CLOSE_CODE,
    KEY_ELAPSED_MS,
    KEY_ERRORS,
    KEY_LEVEL,
    KEY_MESSAGES_IN,
    KEY_MESSAGES_OUT,
    KEY_METHOD,
    KEY_MSG,
    KEY_OUTCOME,
    KEY_PATH,
    KEY_ROUTE,
    KEY_STATUS,
    KEY_TTFB_MS,
    KEY_TYPE,
    MSG_COMPLETED,
    MSG_FAILED,
    ROUTE_UNMATCHED,
    TYPE_WEBSOCKET,
    Outcome,
)
from fastapi_spine.core.exchange import WEBSOCKET_INTERNAL_ERROR
from fastapi_spine.logs.lines.paint import Paint, one_line

SHOWN: Final = frozenset(
    {
        KEY_TYPE, KEY_METHOD, KEY_PATH, KEY_ROUTE, KEY_STATUS, KEY_ELAPSED_MS, KEY_TTFB_MS,
        KEY_BYTES_IN, KEY_BYTES_OUT, KEY_MESSAGES_IN, KEY_MESSAGES_OUT, KEY_CLOSE_CODE, KEY_OUTCOME,
    }
)  # fmt: skip
"""Keys that `access_text` writes in words; the others are written as fields."""

_LOOPBACK: Final = ("127.0.0.", "::1", "::/48")
_CLASSES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_GOOD_CLOSES: Final = (1000, 1001, 1005)
"""RFC 6455 section 7.4.1: normal closure, going away, no code given."""
_KILO: Final = 1000
_SLOW_LEVEL: Final = "WARNING"

Fields = dict[str, object]


def access_text(line: Fields, paint: Paint) -> tuple[str, Fields]:
    """Return the access line's text and the fields it does not tell.

    Args:
        line: a plain line in the default keys, from the access logger.
        paint: colours.
    """
    websocket = line.get(KEY_TYPE) == TYPE_WEBSOCKET
    method = "WS" if websocket else _word(line.get(KEY_METHOD))
    status = _close(line, paint) if websocket else _status(line.get(KEY_STATUS), paint)
    target = f"{paint('bold', method)} {_word(line.get(KEY_PATH))} {paint('dim', '→')} {status}"
    text = "  ".join([target, *_details(line, paint)])
    left = {key: value for key, value in line.items() if key not in SHOWN}
    if left.get(KEY_MSG) in (MSG_COMPLETED, MSG_FAILED):
        del left[KEY_MSG]
    if str(left.get(KEY_CLIENT, "")).startswith(_LOOPBACK):
        del left[KEY_CLIENT]
    if _mistakes(left.get(KEY_ERRORS)):
        del left[KEY_ERRORS]
    return text, left


def _details(line: Fields, paint: Paint) -> Iterator[str]:
    slow = line.get(KEY_LEVEL) == _SLOW_LEVEL
    yield paint("yellow" if slow else "", _duration(line.get(KEY_ELAPSED_MS)))
    if KEY_TTFB_MS in line:
        yield paint("dim", f"first byte {_duration(line[KEY_TTFB_MS])}")
    outcome = line.get(KEY_OUTCOME)
    if outcome not in (Outcome.COMPLETED.value, None):
        yield paint("red" if "fail" in str(outcome) else "yellow", _word(outcome).replace("_", " "))
    yield from (paint("yellow", mistake) for mistake in _mistakes(line.get(KEY_ERRORS)))
    yield from (paint("dim", detail) for detail in _quiet(line))


def _quiet(line: Fields) -> Iterator[str]:
    """Yield what is worth knowing but not worth a colour."""
    route = line.get(KEY_ROUTE)
    if route == ROUTE_UNMATCHED:
        yield "(no route)"
    elif route != line.get(KEY_PATH) and route is not None:
        yield f"({_word(route)})"
    if line.get(KEY_BYTES_IN):
        yield f"{_size(line[KEY_BYTES_IN])} in"
    if line.get(KEY_BYTES_OUT):
        yield f"{_size(line[KEY_BYTES_OUT])}{' out' if line.get(KEY_BYTES_IN) else ''}"
    if KEY_MESSAGES_IN in line or KEY_MESSAGES_OUT in line:
        received, sent = line.get(KEY_MESSAGES_IN), line.get(KEY_MESSAGES_OUT)
        yield f"{_word(received)} received, {_word(sent)} sent"


def _mistakes(errors: object) -> list[str]:
    """Return what a 422 found wrong, `body.name missing`; nothing if it is told in another form."""
    if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
        return []
    pairs = [(error.get("loc"), error.get("type")) for error in errors]
    return [f"{_word(place)} {_word(kind)}" for place, kind in pairs]


def _status(status: object, paint: Paint) -> str:
    if not isinstance(status, int):
        return paint("red", "no response") if status is None else _word(status)
    return paint(_CLASSES.get(status // 100, ""), str(status))


def _close(line: Fields, paint: Paint) -> str:
    code = line.get(KEY_CLOSE_CODE)
    if not isinstance(code, int):
        return _status(line.get(KEY_STATUS), paint)
    if code in _GOOD_CLOSES:
        return paint("green", str(code))
    return paint("red" if code == WEBSOCKET_INTERNAL_ERROR else "yellow", str(code))


def _duration(milliseconds: object) -> str:
    if not isinstance(milliseconds, (int, float)):
        return _word(milliseconds)
    if milliseconds < 1:
        return f"{milliseconds:.2f} ms"
    if milliseconds < _KILO:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds / _KILO:.2f} s"


def _size(size: object) -> str:
    """Return `312 B`, `4.2 kB`, `1.3 MB`: thousands, as `kB` says."""
    if not isinstance(size, int):
        return _word(size)
    if size < _KILO:
        return f"{size} B"
    amount, unit = size / _KILO, "kB"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007 - the last unit is the answer
        if amount < _KILO:
            break
        amount /= _KILO
    return f"{amount:.1f} {unit}"


def _word(value: object) -> str:
    return "-" if value is None else one_line(str(value))
