"""What an answer means for the batch that was sent (OTLP spec, "OTLP/HTTP Response")."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, NamedTuple

from fastapi_spine.core.conventions import HEADER_RETRY_AFTER
from fastapi_spine.export.answer import Answer
from fastapi_spine.export.wire import Truncated, fields

_RETRY_AFTER: Final = HEADER_RETRY_AFTER.decode("ascii")
RETRYABLE: Final = frozenset({429, 502, 503, 504})
TOO_LARGE: Final = 413
_LONGEST_WAIT_S: Final = 300.0
_SUCCESS: Final = range(200, 300)
_LONGEST_MESSAGE: Final = 200

Kind = Literal["taken", "retry", "split", "refused"]


class Verdict(NamedTuple):
    """What to do now.

    Attributes:
        kind: `taken`, `retry` later, `split` into halves, or `refused` for good.
        rejected: of a taken batch, how many items the receiver refused.
        wait_s: how long the receiver wants to be left alone; None if it did not say.
        message: what it said, shortened.
    """

    kind: Kind
    rejected: int = 0
    wait_s: float | None = None
    message: str = ""


def judge(answer: Answer, count: int, now: float) -> Verdict:
    """Judge an answer.

    Args:
        answer: of the receiver.
        count: how many items were sent; a receiver that claims to have refused more is not believed.
        now: seconds since the epoch, for a `Retry-After` that is a date.
    """
    if answer.status in _SUCCESS:
        rejected, message = _partial(answer.body)
        return Verdict("taken", min(max(rejected, 0), count), message=message)
    if answer.status in RETRYABLE:
        wait_s = retry_after(answer.headers.get(_RETRY_AFTER, ""), now)
        return Verdict("retry", wait_s=wait_s, message=f"HTTP {answer.status}")
    if answer.status == TOO_LARGE:
        return Verdict("split")
    return Verdict("refused", message=f"HTTP {answer.status}")


def retry_after(value: str, now: float) -> float | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3): seconds or a date; at most five minutes, None for none."""
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (
        TypeError,
        ValueError,
        OverflowError,
    ):  # the last: an offset of more years than there are
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT_S)


def _partial(body: bytes) -> tuple[int, str]:
    """Read how many items of a batch were refused, and why; nothing from an answer that cannot be read."""
    try:
        partial = fields(body).get(1, b"")
        inner = fields(partial) if isinstance(partial, bytes) else {}
    except Truncated:
        return 0, ""
    rejected, message = inner.get(1, 0), inner.get(2, b"")
    if not isinstance(rejected, int) or rejected >= 1 << 63:
        rejected = 0
    shown = message.decode("utf-8", "replace") if isinstance(message, bytes) else ""
    return rejected, shown[:_LONGEST_MESSAGE]
