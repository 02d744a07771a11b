"""A file of numbers is read whole or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.metrics.family import Exemplar, Family, Point, Snapshot
from fastapi_spine.metrics.workers.packing import Leaf, Unreadable, pack, unpack

LEAF = Leaf(
    "a1",
    Snapshot(
        "42",
        1_700_000_000.5,
        [
            Family(
                "http_requests",
                "Requests.",
                "counter",
                ("method",),
                [Point(("GET",), 3.0, exemplars=(Exemplar("ab" * 16, "cd" * 8, 1.0, 2.5),))],
            ),
            Family(
                "seconds", "Time.", "histogram", (), [Point((), 1.5, (1, 0, 2), (0.1, 1.0), ())]
            ),
        ],
    ),
    ["b2"],
)


def test_what_was_written_is_read() -> None:
    """Numbers, exemplars and names come back as they were."""
    assert unpack(pack(LEAF)) == LEAF


def test_a_file_cut_at_any_byte_is_refused() -> None:
    """No beginning of a file is taken for a whole one, nor one with something behind it."""
    data = pack(LEAF)
    for length in range(len(data)):
        with pytest.raises(Unreadable):
            unpack(data[:length])
    with pytest.raises(Unreadable, match="damaged"):
        unpack(data + b"x")


def test_a_file_with_any_byte_changed_is_refused() -> None:
    """A flipped bit anywhere is noticed."""
    data = pack(LEAF)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x10
        with pytest.raises(Unreadable):
            unpack(bytes(changed))


@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    """Whatever else lies there is no file of ours."""
    with pytest.raises(Unreadable):
        unpack(data)
