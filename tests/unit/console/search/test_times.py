"""Since when and until when."""

from __future__ import annotations

import pytest

from fastapi_spine.console.filter import Window
from fastapi_spine.console.search import SearchError, window

S = 1_000_000_000
NOW = 1_700_000_000 * S


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("", "", Window(NOW - 3600 * S, NOW + 60 * S)),
        ("15m", "5m", Window(NOW - 900 * S, NOW - 300 * S)),
        ("7d", "", Window(NOW - 604_800 * S, NOW + 60 * S)),
        ("1699999999000000", "1700000000000000", Window(NOW - S, NOW)),
        ("2023-11-14T22:13:19Z", "2023-11-14T23:13:20.5+01:00", Window(NOW - S, NOW + S // 2)),
        ("2023-11-14T22:13:19", "", Window(NOW - S, NOW + 60 * S)),
        ("1000000w", "", Window(0, NOW + 60 * S)),
    ],
)
def test_moments_are_read(since: str, until: str, expected: Window) -> None:
    """Ago, RFC 3339 (UTC without a zone), microseconds; a window that ends now is a minute longer."""
    assert window(since, until, NOW) == expected


@pytest.mark.parametrize(
    "since", ["yesterday", "5", "-5m", "2023-13-01", "0001-01-01T00:00:00+23:59", "5m\x00"]
)
def test_what_is_no_moment_is_said(since: str) -> None:
    """The text itself is what is wrong; a bare small number is microseconds, so 5 is in 1970."""
    if since == "5":
        assert window(since, "", NOW).start == 5_000
        return
    if since.startswith("0001"):
        assert window(since, "", NOW).start == 0
        return
    with pytest.raises(SearchError, match=r"This is no moment\. Write 15m") as caught:
        window(since, "", NOW)
    assert (caught.value.position, caught.value.length) == (0, len(since))


def test_time_runs_forward() -> None:
    """A stretch that ends before it begins is refused."""
    with pytest.raises(SearchError, match="ends before it begins"):
        window("5m", "15m", NOW)
