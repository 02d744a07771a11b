"""Which traces an id names, in one slice."""

from __future__ import annotations

from fastapi_spine.console.store.numbers import key_of, name_key
from fastapi_spine.console.store.slice_reader import SliceReader


def trace_numbers(file: SliceReader, trace_id: str, request_id: str) -> list[int]:
    """Return the numbers of a trace, or of the traces behind a request id; of both, those that are both."""
    numbers = None
    if trace_id:
        numbers = traces_with_id(file, trace_id)
    if request_id:
        named = [number for _, number, _ in traces_named(file, request_id)]
        numbers = named if numbers is None else [one for one in named if one in numbers]
    return numbers or []


def traces_with_id(file: SliceReader, trace_id: str) -> list[int]:
    """Return the numbers of a trace id (hex); there is one, or none."""
    try:
        wanted = bytes.fromhex(trace_id)
    except ValueError:
        return []
    rows = file.rows("trace_numbers", (key_of(wanted),))
    return [number for number, stored in rows if stored == wanted]


def traces_named(file: SliceReader, request_id: str) -> list[tuple[int, int, bytes]]:
    """Return the traces behind a request id, newest first: place, number and id."""
    rows = file.rows("traces_named", {"key": name_key(request_id)})
    found = [
        (place, number, trace_id)
        for number, trace_id, stored, place in rows
        if stored == request_id
    ]
    return list({number: one for one in reversed(found) for number in one[1:2]}.values())[::-1]
