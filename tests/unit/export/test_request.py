"""Chunks: a request is the same however its items are chunked, and what is too large comes apart again."""

from __future__ import annotations

from contextlib import suppress

import pytest
from collector import collector
from exporting import spans
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.core.health import Balance
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.queue import Budget, Queue
from fastapi_spine.export.request import CHUNK_ITEMS, Chunk, ScopedForm, halves, joined, request_of
from fastapi_spine.export.spans import SpanEncoder
from fastapi_spine.export.wire import Truncated, blob

SCOPE, OTHER = ("scope", "1"), ("other", "")
ITEMS = st.lists(st.binary(max_size=300).map(lambda content: blob(2, content)), min_size=1)

MANY = st.integers(1, 400).map(lambda count: [blob(2, bytes(3))] * count)


def written(count: int, start: int = 1) -> bytes:
    """The bytes of spans, joined."""
    return b"".join(map(SpanEncoder(), spans(count, start)))


def singles(chunk: Chunk) -> list[bytes]:
    """Halve a chunk down to its items."""
    group, data, count = chunk
    if count == 1:
        return [data]
    parts = halves([chunk])
    assert [part[0][0] for part in parts] == [group, group]
    assert [part[0][2] for part in parts] == [count // 2, count - count // 2]
    assert b"".join(part[0][1] for part in parts) == data
    return [item for part in parts for item in singles(part[0])]


@given(ITEMS)
def test_a_chunk_comes_apart_into_the_items_that_it_was_joined_of(items: list[bytes]) -> None:
    """Also empty ones, and those whose bytes look like several; at each step nothing is lost and counts add up."""
    assert singles((SCOPE, b"".join(items), len(items))) == items


@given(ITEMS, ITEMS)
def test_a_request_is_the_same_however_its_items_are_chunked(
    ours: list[bytes], others: list[bytes]
) -> None:
    """Byte for byte: one item a chunk and in turns, or all of a scope in one."""
    chunked = [(SCOPE, b"".join(ours), len(ours)), (OTHER, b"".join(others), len(others))]
    single = [(SCOPE, ours[0], 1), *((OTHER, item, 1) for item in others)]
    single += [(SCOPE, item, 1) for item in ours[1:]]
    assert request_of(b"\x0a\x00", chunked) == request_of(b"\x0a\x00", single)


@given(
    st.dictionaries(st.sampled_from([SCOPE, OTHER]), ITEMS | MANY),
    st.integers(0, 2000),
)
def test_items_are_joined_to_chunks_within_bounds(
    groups: dict[tuple[str, ...], list[bytes]], size: int
) -> None:
    """Not too many, not too large unless one is so by itself; those of a group in their order, none twice."""
    chunks = joined(groups, size)
    for group, data, count in chunks:
        assert 1 <= count <= CHUNK_ITEMS
        assert count == 1 or len(data) <= size
        assert singles((group, data, count))
    assert {
        group: [item for chunk in chunks if chunk[0] == group for item in singles(chunk)]
        for group, _, _ in chunks
    } == groups


def test_no_more_chunks_are_made_than_must_be() -> None:
    """One of a scope if everything fits, else full ones and a rest."""
    items = [written(1, number) for number in range(1, 301)]
    found = joined({SCOPE: items, OTHER: items[:5]}, 1 << 16)
    assert [(group, count) for group, _, count in found] == [
        (SCOPE, 128),
        (SCOPE, 128),
        (SCOPE, 44),
        (OTHER, 5),
    ]


def test_several_chunks_are_divided_between_them() -> None:
    """None of them is cut."""
    batch = [(SCOPE, written(count), count) for count in (3, 2, 1)]
    assert halves(batch) == (batch[:1], batch[1:])


@given(st.binary(max_size=60), st.integers(2, 9))
def test_bytes_that_are_no_items_end_in_an_error_or_in_parts(data: bytes, count: int) -> None:
    """Whatever they are, halving comes to an end."""
    with suppress(Truncated):
        assert b"".join(singles((SCOPE, data, count))) == data


@pytest.mark.parametrize(
    "data", [b"", b"\x12", b"\x12\x05abc", b"\x13", b"\x12" + b"\xff" * 20, blob(2, b"only one")]
)
def test_a_chunk_of_fewer_items_than_it_says_is_an_error(data: bytes) -> None:
    """It is not taken for a smaller one."""
    with pytest.raises(Truncated):
        halves([(SCOPE, data, 2)])


def test_a_chunk_that_cannot_be_divided_is_lost_by_itself_and_booked() -> None:
    """Beside a good one that is too large as well: nothing of both stays queued."""
    with collector(lambda call: call.answer(413)) as receiver:
        endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, "traces")
        assert isinstance(endpoint, Endpoint)
        queue = Queue(Budget(1 << 20))
        batch = [(SCOPE, written(2), 4), (SCOPE, written(3), 3)]
        queue.put_all(batch)
        sent = Delivery(endpoint, queue, lambda _: None)
        with pytest.raises(Truncated):
            sent.send(queue.take(512, 1 << 20).chunks, ScopedForm(dict).request)
        sent.close()
    assert queue.account.balance() == Balance(7, 0, {"encode": 4, "too_large": 3}, 0)
