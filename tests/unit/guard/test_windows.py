"""How requests are counted in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.guard.windows import Standing, Windows
from fastapi_spine.settings.guarding import Rate

SECOND = 1_000_000_000


def test_a_fixed_window_starts_anew() -> None:
    """What is left, and when there is more."""
    windows = Windows(Rate(2, 10), sliding=False)
    moments = [0, 1, 9, 10]
    assert [windows.hit("a", 1, at * SECOND) for at in moments] == [
        Standing(True, 1, 10), Standing(True, 0, 9), Standing(False, 0, 1), Standing(True, 1, 10),
    ]  # fmt: skip


def test_a_sliding_window_remembers_the_one_before() -> None:
    """Ten at the end of a window leave none at the beginning of the next, half of them in its middle."""
    windows = Windows(Rate(10, 10), sliding=True)
    for _ in range(10):
        assert windows.hit("a", 1, 9 * SECOND).allowed
    assert windows.hit("a", 1, 10 * SECOND) == Standing(False, 0, 1)
    assert windows.hit("a", 1, 15 * SECOND) == Standing(True, 4, 5)
    assert windows.hit("a", 1, 40 * SECOND) == Standing(True, 9, 10)


def test_a_refused_request_is_not_counted() -> None:
    """Whoever keeps asking is let in as soon as anybody else would be."""
    windows = Windows(Rate(1, 10), sliding=False)
    windows.hit("a", 1, 0)
    for _ in range(100):
        assert not windows.hit("a", 1, SECOND).allowed
    assert windows.hit("a", 1, 10 * SECOND).allowed


def test_memory_is_bounded() -> None:
    """Callers of past windows go first; among those of this window, who was met first."""
    windows = Windows(Rate(1, 1), sliding=False, most=10)
    for caller in range(1_000):
        windows.hit(str(caller), 1, caller * SECOND // 100)
        assert len(windows._counts) <= 10  # noqa: SLF001 - there is no other way to see it


@given(
    st.integers(1, 20),
    st.integers(1, 30),
    st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=200),
)
def test_no_window_ever_lets_more_through(amount: int, seconds: int, gaps: list[int]) -> None:
    """In no fixed window are there more than `amount`, sliding or not; what is said to remain is not negative."""
    for sliding in (False, True):
        windows = Windows(Rate(amount, seconds), sliding=sliding)
        through: dict[int, int] = {}
        at = 0
        for gap in gaps:
            at += gap
            standing = windows.hit("a", 1, at)
            assert standing.remaining >= 0
            assert 1 <= standing.reset_s <= seconds
            if standing.allowed:
                window = at // (seconds * SECOND)
                through[window] = through.get(window, 0) + 1
        assert all(many <= amount for many in through.values())
