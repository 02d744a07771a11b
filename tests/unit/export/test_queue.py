"""The queue of chunks: its books count items, and what leaves it is whole chunks."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.core.health import Balance
from fastapi_spine.export.queue import WEIGHT, Budget, Queue
from fastapi_spine.export.request import Chunk

SCOPE = ("scope", "1")
PLENTY = 1 << 30
CHUNK = st.builds(
    lambda size, count: chunk(count, size), size=st.integers(0, 400), count=st.integers(1, 128)
)


def chunk(count: int, size: int = 100) -> Chunk:
    """Make a chunk of so many items and bytes."""
    return SCOPE, bytes(size), count


def weight_of(*chunks: Chunk) -> int:
    """What chunks are counted as."""
    return sum(len(data) + WEIGHT for _, data, _ in chunks)


def test_a_queue_is_as_long_as_items_wait_in_it() -> None:
    """Not as chunks do, and what is under way waits no more."""
    queue = Queue(Budget(PLENTY))
    queue.put_all([chunk(3), chunk(100)])
    queue.put_all([chunk(1)])
    assert (len(queue), queue.account.balance()) == (104, Balance(104, 0, {}, 104))
    queue.take(103, PLENTY)
    assert (len(queue), queue.account.balance()) == (1, Balance(104, 0, {}, 104))


def test_a_full_queue_gives_its_oldest_chunks_whole() -> None:
    """Each item of them is counted as lost, and the room is there again."""
    budget = Budget(weight_of(chunk(1), chunk(1)))
    queue = Queue(budget)
    queue.put_all([chunk(5), chunk(7)])
    queue.put_all([chunk(11)])
    assert queue.account.balance() == Balance(23, 0, {"queue_full": 5}, 18)
    assert (len(queue), queue.weight, budget.used) == (18, budget.bound, budget.bound)
    assert queue.take(512, PLENTY).chunks == [chunk(7), chunk(11)]


def test_the_fullest_of_several_queues_gives_way() -> None:
    """Fullest in bytes: items that are many and small are not to blame."""
    budget = Budget(weight_of(chunk(1, 1000), chunk(1, 10)))
    large, small = Queue(budget), Queue(budget)
    large.put_all([chunk(1, 1000)])
    small.put_all([chunk(128, 10)])
    small.put_all([chunk(2, 10)])
    assert large.account.balance() == Balance(1, 0, {"queue_full": 1}, 0)
    assert small.account.balance() == Balance(130, 0, {}, 130)


def test_items_are_settled_the_oldest_first() -> None:
    """Not while they are under way, whatever becomes of newer ones meanwhile: refused at once, or dropped for want of room."""
    queue = Queue(Budget(weight_of(chunk(1), chunk(1))))
    queue.put_all([chunk(5)])
    taken = queue.take(512, PLENTY)
    queue.account.refuse("encode", 9)
    queue.put_all([chunk(7)])
    queue.put_all([chunk(11)])
    assert queue.account.balance() == Balance(32, 0, {"encode": 9, "queue_full": 7}, 16)
    assert (queue.account.entered, queue.settled) == (23, 0)
    queue.deliver(5)
    queue.release(taken.weight)
    assert (queue.account.entered, queue.settled) == (23, 12)
    queue.release(queue.take(512, PLENTY).weight)
    assert (queue.account.entered, queue.settled) == (23, 23)


def test_a_batch_ends_before_the_chunk_that_is_too_much() -> None:
    """Too many items, or too many bytes; the rest keeps its order."""
    queue = Queue(Budget(PLENTY))
    put = [chunk(200), chunk(300), chunk(13), chunk(1, 5000)]
    queue.put_all(put)
    assert queue.take(512, PLENTY) == (put[:2], weight_of(*put[:2]))
    assert queue.take(512, weight_of(put[2]) + 5000) == (put[2:3], weight_of(put[2]))
    assert queue.take(512, PLENTY) == (put[3:], weight_of(put[3]))
    assert queue.take(512, PLENTY) == ([], 0)


def test_a_chunk_that_is_too_much_by_itself_leaves_alone() -> None:
    """Chunks are not cut here, and none stays for ever."""
    queue = Queue(Budget(PLENTY))
    queue.put_all([chunk(600), chunk(1)])
    assert queue.take(512, 1).chunks == [chunk(600)]
    assert queue.take(512, 1).chunks == [chunk(1)]


def test_the_end_books_every_item_that_waits_is_under_way_or_still_comes() -> None:
    """And what becomes of those under way is not booked a second time."""
    budget = Budget(PLENTY)
    queue = Queue(budget)
    queue.put_all([chunk(3), chunk(4), chunk(5)])
    taken = queue.take(7, PLENTY)
    queue.deliver(3)
    queue.close()
    queue.deliver(4)
    queue.lose("rejected", 4)
    queue.put_all([chunk(6)])
    queue.release(taken.weight)
    assert queue.account.balance() == Balance(18, 3, {"shutdown": 15}, 0)
    assert (len(queue), queue.weight, budget.used) == (0, 0, 0)


def test_a_child_has_nothing_of_its_parents() -> None:
    """Each item is counted as left to the parent."""
    budget = Budget(PLENTY)
    queue = Queue(budget)
    queue.put_all([chunk(3), chunk(4)])
    queue.take(3, PLENTY)
    budget.forget()
    assert queue.account.balance() == Balance(7, 0, {"fork": 7}, 0)
    assert (len(queue), queue.weight, budget.used) == (0, 0, 0)


@given(
    st.integers(0, 3000),
    st.lists(st.one_of(st.lists(CHUNK, max_size=4), st.tuples(st.integers(1, 300), st.just(900)))),
)
def test_the_books_balance_after_every_step(bound: int, steps: list[Any]) -> None:
    """Chunks are put (a list) or taken and delivered (a tuple): the oldest leave first, each once."""
    budget = Budget(bound)
    queue = Queue(budget)
    put: list[Chunk] = []
    taken: list[Chunk] = []
    for step in steps:
        if isinstance(step, list):
            put += step
            queue.put_all(step)
        else:
            batch = queue.take(*step)
            count = sum(items for _, _, items in batch.chunks)
            assert len(batch.chunks) <= 1 or (count <= step[0] and batch.weight <= step[1])
            taken += batch.chunks
            queue.deliver(count)
            queue.release(batch.weight)
        assert budget.used == queue.weight <= bound
        assert queue.account.queued == len(queue)
    rest = queue.take(PLENTY, PLENTY)
    emitted, delivered, dropped, queued, _ = queue.account.balance()
    assert emitted == sum(items for _, _, items in put)
    assert delivered == sum(items for _, _, items in taken)
    assert queued == sum(items for _, _, items in rest.chunks)
    assert emitted == delivered + sum(dropped.values()) + queued
    assert rest.chunks == put[len(put) - len(rest.chunks) :]
