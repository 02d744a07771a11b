"""What somebody looks for: the shapes between reading a search (`search`) and answering it (`store`).

Every condition must hold. A store answers all of them; which one it uses an index for is its own affair.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """Words, in this order if there are several, in a log line's message; case does not matter."""

    text: str
    negated: bool = False


class Match(NamedTuple):
    """A field with one of these values, compared as text; a value that ends in `*` is a beginning.

    Attributes:
        key: `service`, `route`, `method`, `path`, `outcome`, `logger`, `name`, `error` (the exception's or error type),
            or an attribute's own name (`user_id`, `http.route`); also `status`, where several are asked for: `404`,
            `5*`.
        values: one of them must be there.
        negated: none of them may be.
    """

    key: str
    values: tuple[str, ...]
    negated: bool = False


class Between(NamedTuple):
    """A number from `low` to `high`, both included; None is open.

    Attributes:
        key: `status`, `duration` (nanoseconds), `severity`, or an attribute's own name.
    """

    key: str
    low: float | None
    high: float | None
    negated: bool = False


class Filter(NamedTuple):
    """A whole search.

    Attributes:
        words: texts in log lines; a request fits if one of its own trace's lines does.
        matches: fields by value.
        sizes: fields by size.
        failed: only what failed (5xx, an exception, a span with status error; a line of severity ERROR), or only what
            did not; None for both.
        request_id: exact.
        trace_id: exact, lower-case hex.
    """

    words: tuple[Words, ...] = ()
    matches: tuple[Match, ...] = ()
    sizes: tuple[Between, ...] = ()
    failed: bool | None = None
    request_id: str = ""
    trace_id: str = ""


EVERYTHING = Filter()


class Window(NamedTuple):
    """A stretch of time, nanoseconds since the epoch: from `start` to before `end`."""

    start: int
    end: int
