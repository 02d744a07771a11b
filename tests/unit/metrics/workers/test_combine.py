"""Many workers' numbers as one: sums lose nothing, gauges mean what they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.metrics.family import Combine, Exemplar, Family, Kind, Point, Snapshot
from fastapi_spine.metrics.workers.combine import combine, fold

COUNTS = st.lists(st.integers(0, 1000), min_size=4, max_size=4)


def snapshot(pid: str, *families: Family) -> Snapshot:
    """Make one worker's numbers."""
    return Snapshot(pid, 1.0, list(families))


def one(
    name: str, value: float, *, kind: Kind = "counter", how: Combine = "sum", label: str = "x"
) -> Family:
    """Make a family with one series."""
    return Family(name, "Help.", kind, ("l",), [Point((label,), value)], how)


def seconds(counts: list[int], bounds: tuple[float, ...] = (0.1, 1.0, 5.0)) -> Family:
    """Make a histogram."""
    return Family(
        "s", "Help.", "histogram", (), [Point((), float(sum(counts)), tuple(counts), bounds)]
    )


def test_a_lone_worker_is_shown_as_it_is() -> None:
    """Without siblings nothing is added, no pid either."""
    families = [one("requests", 3), one("memory", 5, kind="gauge", how="worker")]
    assert combine([snapshot("1", *families)], None, series_limit=10) == families


def test_each_family_is_combined_in_its_way() -> None:
    """Sums with the ended, the living's gauges without them, workers' own by pid, facts once."""
    first = snapshot(
        "1",
        one("requests", 3),
        one("open", 2, kind="gauge", how="live"),
        one("memory", 5, kind="gauge", how="worker"),
        one("build", 1, kind="gauge", how="one"),
    )
    second = snapshot(
        "2",
        one("requests", 4),
        one("open", 1, kind="gauge", how="live"),
        one("memory", 6, kind="gauge", how="worker"),
        one("build", 1, kind="gauge", how="one"),
    )
    gone = snapshot("3", one("requests", 10), one("open", 7, kind="gauge", how="live"))
    ended = fold(None, gone, series_limit=10)
    assert combine([first, second], ended, series_limit=10) == [
        one("requests", 17),
        one("open", 3, kind="gauge", how="live"),
        Family(
            "memory",
            "Help.",
            "gauge",
            ("l", "pid"),
            [Point(("x", "1"), 5), Point(("x", "2"), 6)],
            "worker",
        ),
        one("build", 1, kind="gauge", how="one"),
    ]


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_histograms_add_up_bucket_by_bucket(parts: list[list[int]]) -> None:
    """The whole has in each bucket what the parts have."""
    workers = [snapshot(str(place), seconds(part)) for place, part in enumerate(parts)]
    (found,) = combine(workers, None, series_limit=10)
    assert found.points[0].counts == tuple(sum(column) for column in zip(*parts, strict=True))


@given(COUNTS, COUNTS)
def test_other_buckets_lose_no_request(ours: list[int], theirs: list[int]) -> None:
    """A worker of another version has other bounds: its counts go up to the next of ours."""
    other = seconds(theirs, (0.05, 0.5, 10.0))
    (found,) = combine([snapshot("1", seconds(ours)), snapshot("2", other)], None, series_limit=9)
    expected = list(ours)
    for place, bucket in enumerate((0, 1, 3, 3)):
        expected[bucket] += theirs[place]
    assert found.points[0].counts == tuple(expected)
    assert found.points[0].bounds == (0.1, 1.0, 5.0)


def test_the_newest_example_is_kept() -> None:
    """Of two workers' exemplars for a bucket the later one is shown."""
    early, late = (Exemplar("ab" * 16, "cd" * 8, 0.1, at) for at in (1.0, 2.0))
    families = [
        Family("r", "Help.", "counter", (), [Point((), 1.0, exemplars=(example,))])
        for example in (late, early)
    ]
    workers = [snapshot(str(place), family) for place, family in enumerate(families)]
    (found,) = combine(workers, None, series_limit=10)
    assert found.points == [Point((), 2.0, exemplars=(late,))]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=200))
def test_the_limit_of_series_holds_for_all_workers_together(labels: list[int]) -> None:
    """Ten series and one for the rest, and not one request lost."""
    workers = [
        snapshot(str(place), one("requests", 1, label=str(label)))
        for place, label in enumerate(labels)
    ]
    (found,) = combine(workers, None, series_limit=10)
    assert len(found.points) <= 11
    assert sum(point.value for point in found.points) == len(labels)


def test_folding_keeps_what_lasts() -> None:
    """Counters of one more ended worker are added, its gauges end with it."""
    first = snapshot("1", one("requests", 3), one("open", 2, kind="gauge", how="live"))
    second = snapshot("2", one("requests", 4))
    sums = fold(fold(None, first, series_limit=10), second, series_limit=10)
    assert sums.families == [one("requests", 7)]
