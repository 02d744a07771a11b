"""Numbers as OTLP metrics: what protobuf reads is what was counted."""

from __future__ import annotations

from typing import Any

from collector import attributes
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from fastapi_spine.core.telemetry import MetricData, Numbers, PointData
from fastapi_spine.export.numbers import NumberForm

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECOND = 1_000_000_000
NOW = 2_000 * SECOND


def sent(*metrics: MetricData) -> dict[str, Any]:
    """Write metrics and have protobuf read them."""
    form = NumberForm(lambda: {"service.name": "orders"}, "1.2")
    points = form.points(Numbers(1_000.0, metrics), NOW)
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
