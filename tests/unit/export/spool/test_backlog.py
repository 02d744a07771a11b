"""What becomes of one signal's batches: kept when the receiver is away, and at the end whatever a thread is waiting for."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from servers import wait_for
from spooled import RESOURCE, Process, WallClock, chunk, files, terms

from fastapi_spine.core.health import Balance
from fastapi_spine.export.delivery import Books, Delivery, Request
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.spool.backlog import Backlog
from fastapi_spine.export.spool.shipper import SpoolShipper

REFUSED, AWAY, TAKEN, PART = "refused", "away", "taken", "part"


class Plain:
    """Requests whose bytes nobody reads."""

    def request(self, batch: Iterable[Chunk]) -> bytes:
        """Write none."""
        return b""

    def resource(self) -> bytes:
        """Return who this is."""
        return RESOURCE

    def request_of(self, resource: bytes, batch: Iterable[Chunk]) -> bytes:
        """Write none."""
        return b""


class Played(Delivery):
    """Does with each batch what it is told to.

    Attributes:
        fate: of the next batches.
        sent: how many items each batch had that was tried.
        hangs: set while an attempt hangs; it goes on when `freed` is set.
        freed: see there.
        late: whether breaking it off brings its answer.
    """

    def __init__(self, endpoint: Endpoint, queue: Queue) -> None:
        super().__init__(endpoint, queue, lambda _: None)
        self.fate = TAKEN
        self.sent: list[int] = []
        self.late = False
        self.hangs, self.freed = threading.Event(), threading.Event()

    def halt(self) -> None:
        """Have the attempt that hangs end soon, with the answer that it was waiting for."""
        super().halt()
        if self.late:
            threading.Timer(0.05, self.freed.set).start()

    def send(
        self,
        batch: Sequence[Chunk],
        request: Request,
        books: Books | None = None,
        patience_s: float | None = None,
    ) -> None:
        """Do it."""
        assert books is not None
        count = sum(items for _, _, items in batch)
        self.sent.append(count)
        if self.fate == "hang":
            self.hangs.set()
            self.freed.wait(40)
            books.deliver(count)
        elif self.fate == AWAY:
            assert books.aside(batch) or patience_s
        elif self.fate == PART:  # halved: one half is taken, for the other nobody is there any more
            books.deliver(batch[0][2])
            assert books.aside(batch[1:])
        elif self.fate == REFUSED:
            books.lose("rejected", count)
        else:
            books.deliver(count)


def playing(process: Process) -> tuple[Backlog, Played, Queue]:
    """Make a backlog of spans whose receiver is played."""
    endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "traces")
    assert isinstance(endpoint, Endpoint)
    queue = process.queues["traces"]
    delivery = Played(endpoint, queue)
    return Backlog("traces", process.spool, queue, delivery, Plain()), delivery, queue


def send(backlog: Backlog, queue: Queue, *chunks: Chunk) -> None:
    """Have a fresh batch be sent."""
    queue.put_all(chunks)
    taken = queue.take(512, 1 << 20)
    backlog.send(taken.chunks)
    queue.release(taken.weight)


def test_a_receiver_that_is_away_is_asked_with_one_batch_only(tmp_path: Path) -> None:
    """What is fresh goes to disk untried, until the oldest was taken; then it is sent as ever."""
    process = Process(terms(tmp_path), WallClock())
    backlog, delivery, queue = playing(process)
    delivery.fate = AWAY
    for count in (1, 2, 3):
        send(backlog, queue, chunk(count))
    assert (backlog.away, delivery.sent) == (True, [1])
    backlog.hurry()
    assert not backlog.send_oldest()
    assert not backlog.send_oldest()
    assert (backlog.away, delivery.sent) == (True, [1, 1])
    delivery.fate = TAKEN
    backlog.hurry()
    assert backlog.send_oldest()
    assert not backlog.away
    send(backlog, queue, chunk(4))
    assert [backlog.send_oldest() for _ in range(3)] == [True, True, False]
    assert delivery.sent == [1, 1, 1, 4, 2, 3]
    assert queue.account.balance() == Balance(10, 10, {}, 0)


def test_what_a_slow_receiver_leaves_waiting_goes_to_disk(tmp_path: Path) -> None:
    """Untried while it fills more than a quarter of the room, so that nothing has to be dropped; the receiver is not away."""
    process = Process(terms(tmp_path), WallClock(), room=10_000)
    backlog, delivery, queue = playing(process)
    queue.put_all([chunk(count, 1000) for count in range(1, 6)])
    for _ in range(5):
        taken = queue.take(1, 1)
        backlog.send(taken.chunks)
        queue.release(taken.weight)
    assert (backlog.away, delivery.sent) == (False, [3, 4, 5])
    assert queue.account.spooled == 1 + 2
    assert [backlog.send_oldest() for _ in range(3)] == [True, True, False]
    assert queue.account.balance() == Balance(15, 15, {}, 0)


def test_pauses_grow_and_end_with_an_answer(tmp_path: Path) -> None:
    """About 1, 2, 4 … 30 seconds between two questions, give or take half."""
    process = Process(terms(tmp_path), WallClock())
    backlog, delivery, queue = playing(process)
    delivery.fate = AWAY
    send(backlog, queue, chunk(1))
    for expected in (1, 2, 4, 8, 16, 30, 30):
        assert expected * 0.4 < backlog.due_in() <= expected * 1.5
        backlog.hurry()
        backlog.send_oldest()
    delivery.fate = REFUSED
    backlog.hurry()
    assert backlog.send_oldest()
    delivery.fate = AWAY
    send(backlog, queue, chunk(1))
    assert backlog.due_in() <= 1.5
    assert queue.account.balance() == Balance(2, 0, {"rejected": 1}, 1)


def test_a_batch_of_which_a_part_was_taken_keeps_the_rest(tmp_path: Path) -> None:
    """In a file of its own, fresh or from disk: nothing is booked twice."""
    process = Process(terms(tmp_path), WallClock())
    backlog, delivery, queue = playing(process)
    delivery.fate = PART
    send(backlog, queue, chunk(3), chunk(4), chunk(5))
    assert queue.account.balance() == Balance(12, 3, {}, 9)
    backlog.hurry()
    assert not backlog.send_oldest()
    assert queue.account.balance() == Balance(12, 7, {}, 5)
    delivery.fate = TAKEN
    backlog.hurry()
    assert backlog.send_oldest()
    assert queue.account.balance() == Balance(12, 12, {}, 0)
    assert process.take("traces") is None


def test_without_a_disk_a_receiver_that_is_away_is_tried_on(tmp_path: Path) -> None:
    """Each batch itself, and the first that is taken ends it."""
    (tmp_path / "spool").write_text("")
    process = Process(terms(tmp_path / "spool"), WallClock())
    backlog, delivery, queue = playing(process)
    delivery.fate = AWAY
    send(backlog, queue, chunk(1))
    delivery.fate = TAKEN
    send(backlog, queue, chunk(2))
    assert (backlog.away, delivery.sent) == (False, [1, 2])


def test_an_end_waits_for_a_batch_from_disk_that_is_under_way(tmp_path: Path) -> None:
    """Its answer comes just then: it is delivered, its file is removed, and nobody sends it again."""
    process = Process(terms(tmp_path), WallClock())
    backlog, delivery, queue = playing(process)
    shipper = SpoolShipper(
        queue, Plain(), delivery, backlog, health=process.health, tick=lambda: None
    )
    process.put("traces", chunk(5))
    delivery.fate, delivery.late = "hang", True
    shipper.start()
    wait_for(delivery.hangs.is_set, "an attempt that hangs")
    shipper.halt()
    shipper.stow(20)
    process.spool.close()
    shipper.close()
    assert queue.account.balance() == Balance(5, 5, {}, 0)
    assert files(tmp_path) == []


@pytest.mark.parametrize("writable", [True, False])
def test_an_end_waits_for_no_thread_that_hangs(tmp_path: Path, writable: bool) -> None:
    """Its batch, untouched so far, and all that waits is put on disk for it; what it finds out later is not booked."""
    (tmp_path / "file").write_text("")
    process = Process(terms(tmp_path if writable else tmp_path / "file"), WallClock())
    backlog, delivery, queue = playing(process)
    shipper = SpoolShipper(
        queue, Plain(), delivery, backlog, health=process.health, tick=lambda: None
    )
    delivery.fate = "hang"
    shipper.put_all([chunk(512)])
    wait_for(delivery.hangs.is_set, "an attempt that hangs")
    shipper.put_all([chunk(7)])
    shipper.halt()
    shipper.stow(0.05)
    at_end = queue.account.balance(), queue.account.spooled, len(queue)
    process.spool.close()
    shipper.close()
    delivery.freed.set()
    wait_for(lambda: queue.settled >= 512, "the thread")
    if writable:
        assert at_end == (Balance(519, 0, {}, 519), 519, 0)
        assert queue.account.balance() == Balance(519, 0, {}, 519)
        assert Process(terms(tmp_path), WallClock()).found == [{"traces": 519}]
    else:
        assert at_end == (Balance(519, 0, {}, 519), 0, 7)
        assert queue.account.balance() == Balance(519, 0, {"shutdown": 519}, 0)
