"""Log lines on their way to a receiver: written as bytes at once, where what they are made of is at hand."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final

from fastapi_spine.core.conventions import KEY_LOGGER, LOGGER_ACCESS
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.log_records import RecordEncoder
from fastapi_spine.export.request import joined
from fastapi_spine.export.shipper import Shipper

BATCH: Final = 32
"""Lines that are queued together: those of a logger are joined, and the queue's lock is taken once for all."""


class LineOutlet:
    """Takes lines from the logs room (`core.telemetry.LinePort`), and queues some at a time.

    Args:
        shipper: ships them, and comes for the last few.
    """

    def __init__(self, shipper: Shipper) -> None:
        self._shipper = shipper
        self._encoder = RecordEncoder()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._requests: deque[Exchange] = deque()

    def take(
        self, at_ns: int, levelno: int, line: Mapping[str, AttributeValue], flags: int
    ) -> None:
        """Take a line; see the port."""
        try:
            data = self._encoder.line(at_ns, levelno, line, flags)
            logger = str(line.get(KEY_LOGGER, ""))
        except Exception as error:  # noqa: BLE001 - a line that cannot be written loses itself only
            self._shipper.lose(error)
            return
        self._waiting.append((logger, data))
        self._look()

    def take_access(self, exchange: Exchange) -> None:
        """Take a plain access line; see the port. It is written with some others, because by then the code is warm."""
        self._requests.append(exchange)
        if len(self._requests) >= BATCH:
            self._write_requests()
            self._look()
        elif self._shipper.attentive:
            self._shipper.expect()

    def _write_requests(self) -> None:
        write, requests, waiting = self._encoder.access, self._requests, self._waiting
        try:
            while requests:
                exchange = requests.popleft()
                try:
                    waiting.append((LOGGER_ACCESS, write(exchange)))
                except Exception as error:  # noqa: BLE001 - as above
                    self._shipper.lose(error)
        except IndexError:  # another thread took the last one
            pass

    def settle(self) -> None:
        """Queue what waits; called by whichever thread wants it."""
        self._write_requests()
        loggers: defaultdict[str, list[bytes]] = defaultdict(list)
        waiting = self._waiting
        try:
            while waiting:
                logger, data = waiting.popleft()
                loggers[logger].append(data)
        except IndexError:  # another thread took the last one
            pass
        if loggers:
            scopes: dict[tuple[str, ...], list[bytes]]
            scopes = {(logger, ""): items for logger, items in loggers.items()}
            self._shipper.put_all(joined(scopes, self._shipper.queue.chunk_bytes))

    def forget(self) -> int:
        """Leave to the parent what is the parent's, in a child after a fork; return how much that was."""
        left = len(self._waiting) + len(self._requests)
        self._waiting.clear()
        self._requests.clear()
        return left

    def _look(self) -> None:
        """Queue what waits if it is much, else have somebody come for it."""
        if len(self._waiting) >= BATCH:
            self.settle()
        elif self._shipper.attentive:
            self._shipper.expect()
