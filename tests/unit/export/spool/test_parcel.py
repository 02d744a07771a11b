"""A batch as a file: what was written is read again, and anything else is told from it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.export.request import Chunk
from fastapi_spine.export.spool.parcel import MOST_BYTES, Parcel, Unreadable, pack, unpack

GROUP = st.lists(st.text(st.characters(), max_size=8), max_size=4).map(tuple)
CHUNKS = st.lists(st.tuples(GROUP, st.binary(max_size=60), st.integers(1, 128)), max_size=5)
BATCH: list[Chunk] = [(("scope", "1"), b"abc\n{}", 2), (("other", ""), b"", 1)]
WRITTEN = pack(b"resource\n", BATCH)
HEAD: dict[str, Any] = {"version": 1, "resource": 1, "chunks": [[["s"], 2, 3]]}


def file_of(head: object, rest: bytes = b"rab") -> bytes:
    """Write a file with a head of one's own."""
    return gzip.compress(json.dumps(head).encode() + b"\n" + rest)


@given(st.binary(max_size=80), CHUNKS)
def test_what_was_kept_is_what_comes_back(resource: bytes, chunks: list[Chunk]) -> None:
    """Names with line ends and lone surrogates too."""
    count = sum(items for _, _, items in chunks)
    assert unpack(pack(resource, chunks), count) == Parcel(resource, chunks)


@given(st.integers(0, len(WRITTEN) - 1))
def test_a_file_that_ends_early_is_none(length: int) -> None:
    """Wherever it ends."""
    with pytest.raises(Unreadable):
        unpack(WRITTEN[:length], 3)


@given(st.binary(max_size=300))
def test_any_other_file_is_none(data: bytes) -> None:
    """Whatever is in it, as it is or packed."""
    for one in (data, gzip.compress(data), WRITTEN + data + b"x"):
        with pytest.raises(Unreadable):
            unpack(one, 3)


@pytest.mark.parametrize(
    "head",
    [
        *([], None, 1, {}),
        *({**HEAD, "version": 2}, {**HEAD, "resource": -1}, {**HEAD, "resource": True}),
        *({**HEAD, "chunks": [[["s"], 2, 4]]}, {**HEAD, "chunks": [[["s"], 1, 3]]}),
        *({**HEAD, "chunks": [[[1], 2, 3]]}, {**HEAD, "chunks": [[["s"], 2]]}),
        *({**HEAD, "chunks": [[["s"], 3, 4], [["s"], -1, -1]]}, {**HEAD, "chunks": 3}),
    ],
)
def test_a_head_that_does_not_fit_is_none(head: object) -> None:
    """Right by itself, wrong in one place."""
    assert unpack(file_of(HEAD), 3) == Parcel(b"r", [(("s",), b"ab", 3)])
    with pytest.raises(Unreadable):
        unpack(file_of(head), 3)


def test_a_file_that_would_fill_the_memory_is_none() -> None:
    """It is read as far as a batch may go, and no batch is written that is longer."""
    with pytest.raises(Unreadable):
        unpack(gzip.compress(bytes(MOST_BYTES + 1)), 3)
    with pytest.raises(ValueError, match="longer than a file may be"):
        pack(b"", [(("s",), bytes(MOST_BYTES), 1)])


def test_a_head_that_would_fill_the_memory_is_none() -> None:
    """Two bytes of it may be a chunk, and a chunk is some hundred bytes when it is read; and no such head is written."""
    many: list[Any] = [[[], 0, 0]] * 100_000
    with pytest.raises(Unreadable, match="head is too long"):
        unpack(file_of({**HEAD, "chunks": [*many, *HEAD["chunks"]]}), 3)
    with pytest.raises(ValueError, match="longer than a file may be"):
        pack(b"", [(("s" * (MOST_BYTES // 32),), b"", 1)])
