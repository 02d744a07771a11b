"""Why one item was not taken: words for counters, sentences for the sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BAD_ID: Final = "bad_id"
BAD_TIME: Final = "bad_time"
BAD_NUMBER: Final = "bad_number"
BAD_HISTOGRAM: Final = "bad_histogram"
TOO_DEEP: Final = "too_deep"
TOO_MANY_ATTRIBUTES: Final = "too_many_attributes"
UNSUPPORTED: Final = "unsupported"

_SENTENCES: Final[Mapping[str, str]] = {
    BAD_ID: "a trace id is 16 bytes and a span id 8, not all zero",
    BAD_TIME: "a time is missing or lies after the year 2262",
    BAD_NUMBER: "a point's value is not a finite number",
    BAD_HISTOGRAM: "a histogram's buckets do not fit its bounds, or are more than 1000",
    TOO_DEEP: "values are nested deeper than 32",
    TOO_MANY_ATTRIBUTES: "an item has more than 128 attributes",
    UNSUPPORTED: "exponential histograms and summaries are not kept; send explicit buckets",
}


def explain(rejected: Mapping[str, int]) -> str:
    """Say what was not taken and why, for the sender's log."""
    return "; ".join(
        f"{count} rejected ({reason}: {_SENTENCES[reason]})" for reason, count in rejected.items()
    )
