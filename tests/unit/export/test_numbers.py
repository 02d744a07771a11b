"""Numbers as OTLP metrics: what protobuf reads is what was counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collector import attributes
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from fastapi_spine.core.telemetry import MetricData, Numbers, PointData
from fastapi_spine.export.numbers import NumberForm
from fastapi_spine.export.request import Chunk

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECOND = 1_000_000_000
NOW = 2_000 * SECOND


def unforeseen(error: Exception) -> None:
    """Fail a test in which every point can be written."""
    raise error


def sent(*metrics: MetricData, lose: Callable[[Exception], None] = unforeseen) -> dict[str, Any]:
    """Write metrics and have protobuf read them."""
    form = NumberForm(lambda: {"service.name": "orders"}, "1.2")
    points = form.points(Numbers(1_000.0, metrics), NOW, lose)
    request = ExportMetricsServiceRequest()
    request.ParseFromString(form.request(points))
    (resource,) = request.resource_metrics
    (scope,) = resource.scope_metrics
    assert attributes(resource.resource) == {"service.name": "orders"}
    assert (scope.scope.name, scope.scope.version) == ("fastapi-spine", "1.2")
    return {metric.name: metric for metric in scope.metrics}


def times(point: Any) -> tuple[int, int]:
    """When counting began, and when it was read."""
    return point.start_time_unix_nano, point.time_unix_nano


def test_sums_and_gauges() -> None:
    """A counter is monotonic and cumulative, a gauge neither; the example names its request."""
    counted = PointData({"method": "GET"}, 3.0, examples=[(TRACE, SPAN, 1.0, 1_500.0)])
    found = sent(
        MetricData("sold", "Things sold.", "", "counter", [counted]),
        MetricData("open", "Open now.", "", "updown", [PointData({}, 2.0)]),
        MetricData("heat", "Degrees.", "Cel", "gauge", [PointData({}, -1.5)]),
    )
    sold, opened, heat = found["sold"], found["open"], found["heat"]
    (point,) = sold.sum.data_points
    assert (sold.description, sold.unit, sold.sum.is_monotonic) == ("Things sold.", "", True)
    assert (sold.sum.aggregation_temporality, opened.sum.aggregation_temporality) == (2, 2)
    assert (point.as_double, attributes(point)) == (3.0, {"method": "GET"})
    assert times(point) == (1_000 * SECOND, NOW)
    (example,) = point.exemplars
    assert (example.trace_id.hex(), example.span_id.hex(), example.as_double) == (TRACE, SPAN, 1.0)
    assert example.time_unix_nano == 1_500 * SECOND
    assert not opened.sum.is_monotonic
    assert (heat.unit, heat.gauge.data_points[0].as_double) == ("Cel", -1.5)


def test_a_histogram_has_its_bounds_and_an_example_of_each_bucket() -> None:
    """Counts a bucket, their sum, bounds without infinity."""
    point = PointData(
        {"http.route": "/x", "http.response.status_code": 200},
        6.5,
        counts=[1, 0, 2],
        bounds=[0.5, 1.0],
        examples=[(TRACE, SPAN, 0.4, 1_500.0), (TRACE, "", 3.0, 1_600.0)],
    )
    metric = sent(MetricData("d", "How long.", "s", "histogram", [point]))["d"]
    (found,) = metric.histogram.data_points
    assert (metric.unit, metric.histogram.aggregation_temporality) == ("s", 2)
    assert (found.count, found.sum, list(found.bucket_counts)) == (3, 6.5, [1, 0, 2])
    assert list(found.explicit_bounds) == [0.5, 1.0]
    assert attributes(found) == {"http.route": "/x", "http.response.status_code": 200}
    assert times(found) == (1_000 * SECOND, NOW)
    assert [one.as_double for one in found.exemplars] == [0.4, 3.0]


def test_a_summary_keeps_count_and_sum() -> None:
    """No quantiles: the client library has none either."""
    metric = sent(MetricData("s", "", "", "summary", [PointData({}, 9.0, counts=[4])]))["s"]
    (found,) = metric.summary.data_points
    assert (found.count, found.sum) == (4, 9.0)


def test_an_example_that_names_no_trace_is_written_without_one() -> None:
    """A user's exemplar may hold whatever it likes."""
    point = PointData({}, 1.0, examples=[("not hex", "zz", 1.0, float("nan"))])
    (found,) = sent(MetricData("c", "", "", "counter", [point]))["c"].sum.data_points
    assert (found.exemplars[0].trace_id, found.exemplars[0].time_unix_nano) == (b"", 0)


def test_a_point_that_cannot_be_written_loses_only_itself() -> None:
    """A bucket with half a count: the metric's other point is there, and so are other metrics."""
    lost: list[Exception] = []
    half: Any = [0.5, 1]
    good = PointData({}, 1.0, counts=[1, 0], bounds=[1.0])
    bad = PointData({"n": 1}, 1.0, counts=half, bounds=[1.0])
    found = sent(
        MetricData("d", "", "s", "histogram", [bad, good]),
        MetricData("c", "", "", "counter", [PointData({}, 2.0)]),
        lose=lost.append,
    )
    (point,) = found["d"].histogram.data_points
    assert (point.count, list(point.bucket_counts)) == (1, [1, 0])
    assert found["c"].sum.data_points[0].as_double == 2.0
    assert len(lost) == 1


def test_a_point_keeps_what_its_metric_was_when_it_was_read() -> None:
    """While it waits, a metric of its name may become another one."""
    form = NumberForm(dict)

    def read(metric: MetricData) -> list[Chunk]:
        return form.points(Numbers(1_000.0, [metric]), NOW, unforeseen)

    was = read(MetricData("m", "Was.", "s", "counter", [PointData({}, 1.0)]))
    now = read(MetricData("m", "Is.", "By", "gauge", [PointData({}, 2.0)]))
    request = ExportMetricsServiceRequest()
    request.ParseFromString(form.request(was + now))
    first, second = request.resource_metrics[0].scope_metrics[0].metrics
    assert (first.description, first.unit, first.WhichOneof("data")) == ("Was.", "s", "sum")
    assert (second.description, second.unit, second.WhichOneof("data")) == ("Is.", "By", "gauge")
