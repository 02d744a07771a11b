"""Whatever labels and numbers there are, other people's parsers read the page as it was meant."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from fastapi_spine.metrics.exposition.negotiate import choose_format, wants_gzip
from fastapi_spine.metrics.exposition.text import pieces
from fastapi_spine.metrics.family import Exemplar, Family, Point

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBER = st.floats(min_value=0, max_value=1e300, allow_nan=False)
EXAMPLE = st.builds(
    Exemplar,
    trace_id=st.just("0af7651916cd43dd8448eb211c80319c"),
    span_id=st.just("b7ad6b7169203331"),
    value=st.just(0.05),
    at=st.floats(1, 4e9),
)


def page(family: Family, *, openmetrics: bool) -> str:
    """Write a page with one family."""
    end = "# EOF\n" if openmetrics else ""
    return "".join(pieces([family], openmetrics=openmetrics)) + end


@given(st.dictionaries(st.tuples(TEXT, TEXT), NUMBER, min_size=1, max_size=5), TEXT)
def test_counters_are_read_back(values: dict[tuple[str, str], float], text: str) -> None:
    """Hostile labels and help come back letter by letter, numbers to the last digit."""
    points = [Point(labels, value) for labels, value in values.items()]
    family = Family("things", text, "counter", ("a", "b"), points)
    for read, openmetrics in ((read_text, False), (read_openmetrics, True)):
        (found,) = read(page(family, openmetrics=openmetrics))
        assert found.type == "counter"
        assert {(one.labels["a"], one.labels["b"]): one.value for one in found.samples} == values


@given(
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4), NUMBER, st.one_of(st.none(), EXAMPLE)
)
def test_histograms_are_read_back(
    counts: list[int], total: float, example: Exemplar | None
) -> None:
    """Buckets are cumulative, the last one is the count, an exemplar stands at its bucket."""
    point = Point(("x",), total, tuple(counts), (0.01, 0.1, 1.0), (None, example, None, None))
    family = Family("time_seconds", "Time.", "histogram", ("a",), [point], unit="seconds")
    for read, openmetrics in ((read_text, False), (read_openmetrics, True)):
        (found,) = read(page(family, openmetrics=openmetrics))
        buckets = [one for one in found.samples if one.name.endswith("_bucket")]
        assert [float(one.labels["le"]) for one in buckets] == [0.01, 0.1, 1.0, math.inf]
        assert [one.value for one in buckets] == [sum(counts[: n + 1]) for n in range(4)]
        others = {one.name: one.value for one in found.samples if one not in buckets}
        assert others == {"time_seconds_count": sum(counts), "time_seconds_sum": total}
        if openmetrics and example is not None:
            assert buckets[1].exemplar is not None
            assert buckets[1].exemplar.labels == {
                "trace_id": example.trace_id,
                "span_id": example.span_id,
            }


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_accept_header_gets_a_format(accept: str, encoding: str) -> None:
    """A hostile header is no error."""
    assert choose_format(accept).version in {"0.0.1", "0.0.4", "1.0.0"}
    assert wants_gzip(encoding) in {True, False}
