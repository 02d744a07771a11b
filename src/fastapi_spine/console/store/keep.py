"""How much is kept, and how big a slice becomes."""

from __future__ import annotations

from typing import Final, NamedTuple

_DAY_S: Final = 86_400


class Keep(NamedTuple):
    """Limits.

    Attributes:
        seconds: how long requests, spans and lines are kept.
        bytes: how much disk they may take; the oldest slice goes first.
        numbers_seconds: how long rates, percentiles and failures by fingerprint are kept.
        slice_seconds: a slice is closed when it is that old …
        slice_bytes: … or that big: smaller slices are quicker to write, more of them slower to search.
        group_rows: as many rows at most wait in memory for the transaction that takes them.
    """

    seconds: int = 7 * _DAY_S
    bytes: int = 4 * 2**30
    numbers_seconds: int = 30 * _DAY_S
    slice_seconds: int = 3_600
    slice_bytes: int = 128 * 2**20
    group_rows: int = 5_000
