"""What can be wrong with a body, or with one item of it."""

from __future__ import annotations

from collections import Counter


class BodyError(Exception):
    """A whole body cannot be taken; the message says why, for the sender to read.

    Attributes:
        status: what HTTP answers.
    """

    status = 400


class BadBodyError(BodyError):
    """It is not what its content type says, or is cut off."""


class TooLargeError(BodyError):
    """It is larger, or holds more, than is taken."""

    status = 413


class Reject(Exception):  # noqa: N818 - it is an outcome of one item, not a fault of ours
    """One item is not taken; the others of its body are.

    Attributes:
        reason: a word, for counting.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Budget:
    """How much of a body may still come.

    Attributes:
        rejected: items not taken, by reason.
    """

    __slots__ = ("_items", "_items_limit", "_values", "_values_limit", "rejected")

    def __init__(self, items: int, values: int) -> None:
        self.rejected: Counter[str] = Counter()
        self._items = self._items_limit = items
        self._values = self._values_limit = values

    def item(self, count: int = 1) -> None:
        """Take items.

        Raises:
            TooLargeError: there are too many.
        """
        self._items -= count
        if self._items < 0:
            raise TooLargeError(
                f"the body holds more than {self._items_limit} items (spans, events, links, log records, points and "
                "what they are grouped in); send smaller batches"
            )

    def values(self, count: int = 1) -> None:
        """Take attributes, elements of lists, or fields that nobody knows.

        Raises:
            TooLargeError: there are too many.
        """
        self._values -= count
        if self._values < 0:
            raise TooLargeError(
                f"the body holds more than {self._values_limit} attributes and values; send smaller batches"
            )
