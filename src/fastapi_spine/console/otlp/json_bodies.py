"""JSON bodies of the three signals, read into rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from fastapi_spine.console.otlp import json_shapes as shapes
from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject, TooLargeError
from fastapi_spine.console.otlp.json_values import attributes, raw_id, real, signed, value, whole
from fastapi_spine.console.otlp.limits import Limits, cut
from fastapi_spine.console.otlp.made import event_row, link_row, log_row, point_row, span_row
from fastapi_spine.console.otlp.reasons import BAD_HISTOGRAM, UNSUPPORTED
from fastapi_spine.console.otlp.sources import Sources
from fastapi_spine.console.rows import LogRow, PointRow, Source, SpanRow

Item = TypeVar("Item")
Row = TypeVar("Row")

_NO_VALUE: Final = 1
_encode: Final = msgspec.json.Encoder().encode


class JsonReader:
    """Reads bodies. Not for several threads at once.

    Args:
        limits: of one body.
        sources: makes sources.
    """

    def __init__(self, limits: Limits, sources: Sources) -> None:
        self._limits = limits
        self._sources = sources
        self._traces = msgspec.json.Decoder(shapes.TracesBody, strict=True)
        self._logs = msgspec.json.Decoder(shapes.LogsBody, strict=True)
        self._metrics = msgspec.json.Decoder(shapes.MetricsBody, strict=True)

    def spans(self, body: bytes, budget: Budget) -> list[SpanRow]:
        """Read an `ExportTraceServiceRequest`."""
        rows: list[SpanRow] = []
        for one in _all(self._parse(self._traces, body).resource_spans, budget):
            source = self._source(one.resource, budget)
            for scope in _all(one.scope_spans, budget):
                name = self._scope(scope.scope)
                for span in _all(scope.spans, budget):
                    _take(rows, budget, self._span, span, name, source, budget)
        return rows

    def logs(self, body: bytes, now_ns: int, budget: Budget) -> list[LogRow]:
        """Read an `ExportLogsServiceRequest`."""
        rows: list[LogRow] = []
        for one in _all(self._parse(self._logs, body).resource_logs, budget):
            source = self._source(one.resource, budget)
            for scope in _all(one.scope_logs, budget):
                name = self._scope(scope.scope)
                for record in _all(scope.log_records, budget):
                    _take(rows, budget, self._log, record, name, source, now_ns, budget)
        return rows

    def points(self, body: bytes, budget: Budget) -> list[PointRow]:
        """Read an `ExportMetricsServiceRequest`."""
        rows: list[PointRow] = []
        for one in _all(self._parse(self._metrics, body).resource_metrics, budget):
            source = self._source(one.resource, budget)
            for scope in _all(one.scope_metrics, budget):
                for metric in _all(scope.metrics, budget):
                    self._metric(rows, metric, source, budget)
        return rows

    def _parse(self, decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
        # Counted before they are built: an empty object costs two bytes here and a hundred there.
        if (
            body.count(b"{") > self._limits.json_objects
            or body.count(b",") > self._limits.json_commas
        ):
            raise TooLargeError("the body holds too many values; send smaller batches")
        try:
            return decoder.decode(body)
        except RecursionError:
            raise BadBodyError("the body is nested too deeply") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadBodyError(f"the body is not OTLP's JSON: {error}") from None

    def _source(self, resource: shapes.Resource | None, budget: Budget) -> Source:
        resource = resource or shapes.Resource()
        content = _encode(resource)
        return self._sources.known(content) or self._sources.make(
            content, attributes(resource.attributes, budget, self._limits)
        )

    def _scope(self, scope: shapes.Scope | None) -> str:
        return self._name(scope.name) if scope else ""

    def _name(self, text: str | None) -> str:
        return cut(text or "", self._limits.key)

    def _span(self, span: shapes.Span, scope: str, source: Source, budget: Budget) -> SpanRow:
        status = span.status or shapes.Status()
        return span_row(
            raw_id(span.trace_id),
            raw_id(span.span_id),
            raw_id(span.parent_span_id),
            self._name(span.name),
            span.kind or 0,
            whole(span.start_time_unix_nano),
            whole(span.end_time_unix_nano),
            (status.code or 0, cut(status.message or "", self._limits.text)),
            attributes(span.attributes, budget, self._limits),
            [
                event_row(
                    whole(event.time_unix_nano),
                    self._name(event.name),
                    attributes(event.attributes, budget, self._limits),
                )
                for event in _all(span.events, budget)
            ],
            [
                link_row(
                    raw_id(link.trace_id),
                    raw_id(link.span_id),
                    attributes(link.attributes, budget, self._limits),
                )
                for link in _all(span.links, budget)
            ],
            scope,
            source,
        )

    def _log(
        self, record: shapes.Record, scope: str, source: Source, now_ns: int, budget: Budget
    ) -> LogRow:
        observed = whole(record.observed_time_unix_nano)
        return log_row(
            whole(record.time_unix_nano) or observed or now_ns,
            record.severity_number or 0,
            self._name(record.severity_text),
            value(record.body, budget, self._limits),
            attributes(record.attributes, budget, self._limits),
            raw_id(record.trace_id),
            raw_id(record.span_id),
            self._name(record.event_name),
            scope,
            source,
            self._limits,
        )

    def _metric(
        self, rows: list[PointRow], metric: shapes.Metric, source: Source, budget: Budget
    ) -> None:
        for other in (metric.exponential_histogram, metric.summary):
            points = len(other.data_points or ()) if other else 0
            if points:
                budget.item(points)
                budget.rejected[UNSUPPORTED] += points
        kinds = (("gauge", metric.gauge), ("sum", metric.sum), ("histogram", metric.histogram))
        for kind, data in kinds:
            for point in _all(data.data_points if data else None, budget):
                if data and not (point.flags or 0) & _NO_VALUE:
                    _take(rows, budget, self._point, metric, kind, data, point, source, budget)

    def _point(
        self,
        metric: shapes.Metric,
        kind: str,
        data: shapes.Data,
        point: shapes.Point,
        source: Source,
        budget: Budget,
    ) -> PointRow:
        histogram = kind == "histogram"
        if max(len(point.bucket_counts or ()), len(point.explicit_bounds or ())) > (
            self._limits.buckets
        ):
            raise Reject(BAD_HISTOGRAM)
        number = real(point.sum) if histogram else _number(point)
        return point_row(
            self._name(metric.name),
            self._name(metric.unit),
            kind,
            temporality=data.aggregation_temporality or 0,
            monotonic=histogram or bool(data.is_monotonic),
            attributes=attributes(point.attributes, budget, self._limits),
            start_ns=whole(point.start_time_unix_nano),
            at_ns=whole(point.time_unix_nano),
            value=number,
            source=source,
            observed=whole(point.count) if histogram else 0,
            bounds=tuple(map(real, point.explicit_bounds or ())) if histogram else (),
            buckets=tuple(map(whole, point.bucket_counts or ())) if histogram else (),
            limits=self._limits,
        )


def _number(point: shapes.Point) -> float:
    return signed(point.as_int) if point.as_int is not None else real(point.as_double)


def _all(items: Sequence[Item] | None, budget: Budget) -> Iterable[Item]:
    if not items:
        return ()
    budget.item(len(items))
    return items


def _take(rows: list[Row], budget: Budget, make: Callable[..., Row], *given: object) -> None:
    try:
        rows.append(make(*given))
    except Reject as reject:
        budget.rejected[reject.reason] += 1
