"""A signal's thread, and who does its work where there is none: one at a time, and what was there before a flush."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from servers import wait_for

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.export.delivery import Books, Delivery, Request
from fastapi_spine.export.endpoint import Endpoint, find_endpoint
from fastapi_spine.export.queue import Budget, Queue
from fastapi_spine.export.request import Chunk, ScopedForm
from fastapi_spine.export.shipper import BATCH_ITEMS, Shipper

BATCH: Chunk = (("scope", "1"), b"", BATCH_ITEMS)
"""As much as is sent at once."""


class Watched(Delivery):
    """Delivers whatever it is given, and sees who else does meanwhile.

    Attributes:
        most: how many were at it at once.
        sending: called in the middle of the first.
    """

    def __init__(self, endpoint: Endpoint, queue: Queue) -> None:
        super().__init__(endpoint, queue, lambda _: None)
        self.most = 0
        self.sending: Callable[[], object] | None = None
        self._at_it = 0
        self._books = queue

    def send(
        self,
        batch: Sequence[Chunk],
        request: Request,
        books: Books | None = None,
        patience_s: float | None = None,
    ) -> None:
        """Take a batch."""
        self._at_it += 1
        self.most = max(self.most, self._at_it)
        sending, self.sending = self.sending, None
        if sending is not None:
            sending()
        self._books.deliver(sum(count for _, _, count in batch))
        self._at_it -= 1


class Threadless(Shipper):
    """Has no thread, like one in an interpreter that is ending."""

    def start(self) -> None:
        """Start none."""


def shipping(kind: type[Shipper], bound: int = 1 << 20) -> tuple[Shipper, Watched]:
    """Make a shipper that is watched."""
    endpoint = find_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "traces")
    assert isinstance(endpoint, Endpoint)
    queue = Queue(Budget(bound))
    sent = Watched(endpoint, queue)
    health = Health(SystemClock())
    return kind(queue, ScopedForm(dict), sent, health=health, tick=lambda: None), sent


def flush(shipper: Shipper, timeout: float) -> bool:
    """Have everything sent."""
    return shipper.wait(shipper.hurry(), timeout)


def test_items_that_are_few_and_large_do_not_wait_for_more() -> None:
    """A hundred spans of 880 KB go as fast as they are taken, not a batch a second."""
    shipper, sent = shipping(Shipper, 1 << 30)
    large: Chunk = (("scope", "1"), bytes(880_000), 1)
    shipper.put_all([large] * 60)
    shipper.put_all([large] * 40)
    wait_for(lambda: shipper.queue.account.delivered >= 99, "all whole batches and one more")
    assert sent.most == 1
    shipper.close()


def test_a_flush_waits_for_what_was_there_and_not_for_what_comes() -> None:
    """With each batch that is sent another one comes: the flush ends with the last of its own."""
    shipper, sent = shipping(Shipper)

    def come() -> None:
        shipper.put_all([BATCH])
        sent.sending = come

    sent.sending = come
    shipper.put_all([BATCH, BATCH])
    assert flush(shipper, 2)
    assert shipper.queue.account.delivered >= 2 * BATCH_ITEMS
    shipper.close()


def test_two_that_flush_at_the_first_item_do_not_send_beside_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the thread is being started somebody else flushes: it waits for the thread, and does not send itself."""
    shipper, sent = shipping(Shipper)
    begin = threading.Thread.start
    begun, flushed = threading.Event(), threading.Event()

    def slow_start(thread: threading.Thread) -> None:
        begin(thread)
        begun.wait(10)
        if thread is not other:
            flushed.wait(10)

    def flush_too() -> None:
        flush(shipper, 0.1)
        flushed.set()

    def meanwhile() -> None:
        begun.set()
        other.start()
        flushed.wait(10)

    other = threading.Thread(target=flush_too)
    sent.sending = meanwhile
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", slow_start)
        shipper.put_all([BATCH, BATCH, BATCH])
        done = flush(shipper, 10)
    other.join()
    assert (done, sent.most) == (True, 1)
    shipper.close()


def test_two_that_flush_without_a_thread_take_turns() -> None:
    """The second waits for the first as long as it may, and loses nothing by it."""
    shipper, sent = shipping(Threadless)
    said: list[bool] = []

    def meanwhile() -> None:
        other.start()
        other.join()

    other = threading.Thread(target=lambda: said.append(flush(shipper, 0.1)))
    sent.sending = meanwhile
    shipper.put_all([BATCH, BATCH, BATCH])
    done = flush(shipper, 10)
    assert (said, done, sent.most) == ([False], True, 1)
    assert shipper.queue.account.balance() == Balance(3 * BATCH_ITEMS, 3 * BATCH_ITEMS, {}, 0)


def test_a_destructor_that_flushes_in_the_middle_of_a_flush_waits_for_nobody() -> None:
    """Run in the thread that sends: it is told that not all is done, and the flush around it goes on."""
    shipper, sent = shipping(Threadless)
    said: list[bool] = []
    sent.sending = lambda: said.append(flush(shipper, 1))
    shipper.put_all([BATCH, BATCH, BATCH])
    done = flush(shipper, 10)
    assert (said, done, sent.most) == ([False], True, 1)
    assert shipper.queue.account.balance() == Balance(3 * BATCH_ITEMS, 3 * BATCH_ITEMS, {}, 0)
