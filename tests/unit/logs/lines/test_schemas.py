"""The same line in the words of Elastic, Google Cloud and Datadog."""

from __future__ import annotations

import pytest
from shaped_lines import ACCESS, FAILURE, HEAD, shape

from fastapi_spine.core.conventions import ACCESS_KEYS
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.logs.lines.schemas import SCHEMAS, shape_for


def test_the_default_schema_changes_nothing() -> None:
    """None says that the line may be written as it is."""
    assert shape_for("default", "orders") is None


def test_an_unknown_schema_is_refused_by_name() -> None:
    """The message says what there is to choose from."""
    with pytest.raises(SettingsError) as refusal:
        shape_for("splunk", None)
    assert str(refusal.value) == (
        "schema 'splunk' is not known; choose one of default, ecs, gcp, datadog"
    )


def test_an_access_line_in_ecs() -> None:
    """Elastic's names, the first three in the order ecs-logging asks for, the rest as labels."""
    shaped = shape("ecs")(ACCESS)
    assert shaped == {
        "@timestamp": "2026-11-23T09:14:03.120457Z",
        "log.level": "INFO",
        "message": "request completed",
        "ecs.version": "8.11.0",
        "log.logger": "spine.access",
        "service.name": "orders",
        "http.request.id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span.id": "00f067aa0ba902b7",
        "event.outcome": "success",
        "http.request.method": "GET",
        "url.path": "/orders/7",
        "http.response.status_code": 200,
        "event.duration": 12_345_000,
        "http.request.body.bytes": 0,
        "http.response.body.bytes": 312,
        "client.address": "10.0.0.0/24",
        "labels": {"route": "/orders/{order_id}", "outcome": "completed", "user_id": 7},
    }
    assert list(shaped)[:3] == ["@timestamp", "log.level", "message"]


def test_an_error_in_ecs() -> None:
    """The exception is Elastic's `error`, a dot in a label's name becomes an underscore."""
    assert shape("ecs")(FAILURE) == {
        "@timestamp": "2026-11-23T09:14:03.120457Z",
        "log.level": "ERROR",
        "message": "payment refused",
        "ecs.version": "8.11.0",
        "log.logger": "shop.orders",
        "service.name": "orders",
        "http.request.id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span.id": "00f067aa0ba902b7",
        "error.type": "app.Refused",
        "error.message": "no funds",
        "error.stack_trace": "Traceback …\napp.Refused: no funds",
        "labels": {"order_id": 9},
    }


@pytest.mark.parametrize(
    ("outcome", "status", "expected"),
    [
        ("completed", 200, "success"),
        ("completed", 404, "success"),
        ("completed", 503, "failure"),
        ("completed", None, "success"),
        ("failed", 500, "failure"),
        ("failed_after_start", 200, "failure"),
        ("incomplete", 200, "failure"),
        ("disconnected", 200, "unknown"),
        ("cancelled", None, "unknown"),
        ("interrupted", None, "unknown"),
    ],
)
def test_how_a_request_ended_in_ecs(outcome: str, status: int | None, expected: str) -> None:
    """ECS knows three outcomes; ours stays as a label beside it."""
    shaped = shape("ecs")({**ACCESS, "outcome": outcome, "status": status})
    labels = shaped["labels"]
    assert isinstance(labels, dict)
    assert (shaped["event.outcome"], labels["outcome"]) == (expected, outcome)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("192.0.2.7", {"client.address": "192.0.2.7", "client.ip": "192.0.2.7"}),
        ("2001:db8::7", {"client.address": "2001:db8::7", "client.ip": "2001:db8::7"}),
        ("2001:db8::/48", {"client.address": "2001:db8::/48"}),
        ("testclient", {"client.address": "testclient"}),
    ],
)
def test_only_an_address_is_an_ip_in_ecs(client: str, expected: dict[str, str]) -> None:
    """Elasticsearch refuses a document whose `ip` field holds anything else."""
    shaped = shape("ecs")({**ACCESS, "client": client})
    assert {key: value for key, value in shaped.items() if key.startswith("client")} == expected


def test_labels_are_flat_and_stay_apart() -> None:
    """A nested value is its JSON text; names that become alike are told apart."""
    line = {
        **HEAD,
        "a.b": 1,
        "a_b": 2,
        "a*b": 3,
        "nested": {"x": [1, None]},
        "errors": [{"loc": "q"}],
    }
    assert shape("ecs")(line)["labels"] == {
        "a_b": 1,
        "a_b_": 2,
        "a_b__": 3,
        "nested": '{"x":[1,null]}',
        "errors": '[{"loc":"q"}]',
    }


def test_an_access_line_in_gcp() -> None:
    """What HttpRequest has names for goes there, sizes as strings, the duration in seconds."""
    assert shape("gcp")(ACCESS) == {
        "severity": "INFO",
        "time": "2026-11-23T09:14:03.120457Z",
        "message": "request completed",
        "logger": "spine.access",
        "request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "logging.googleapis.com/trace": "4bf92f3577b34da6a3ce929d0e0e4736",
        "logging.googleapis.com/spanId": "00f067aa0ba902b7",
        "serviceContext": {"service": "orders"},
        "httpRequest": {
            "requestMethod": "GET",
            "requestUrl": "/orders/7",
            "status": 200,
            "requestSize": "0",
            "responseSize": "312",
            "latency": "0.012345s",
        },
        "route": "/orders/{order_id}",
        "client": "10.0.0.0/24",
        "outcome": "completed",
        "user_id": 7,
    }


def test_an_error_in_gcp() -> None:
    """Error Reporting finds the stack and is told that it is one."""
    assert shape("gcp")(FAILURE) == {
        "severity": "ERROR",
        "time": "2026-11-23T09:14:03.120457Z",
        "message": "payment refused",
        "logger": "shop.orders",
        "request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "logging.googleapis.com/trace": "4bf92f3577b34da6a3ce929d0e0e4736",
        "logging.googleapis.com/spanId": "00f067aa0ba902b7",
        "serviceContext": {"service": "orders"},
        "stack_trace": "Traceback …\napp.Refused: no funds",
        "exc": {"type": "app.Refused", "message": "no funds"},
        "@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
        "order.id": 9,
    }


def test_an_exception_on_a_mild_line_is_no_incident_in_gcp() -> None:
    """`logger.info(…, exc_info=True)` carries its stack but does not report an error."""
    shaped = shape("gcp")({**FAILURE, "level": "INFO"})
    assert (shaped["stack_trace"], "@type" in shaped) == (
        "Traceback …\napp.Refused: no funds",
        False,
    )


def test_a_known_project_makes_the_trace_a_link() -> None:
    """With the project the trace is the resource name that Cloud Trace knows."""
    shaped = shape("gcp", project="shop-prod")(HEAD)
    assert shaped["logging.googleapis.com/trace"] == (
        "projects/shop-prod/traces/4bf92f3577b34da6a3ce929d0e0e4736"
    )


def test_a_level_of_ones_own_is_kept_in_gcp() -> None:
    """Cloud Logging takes only its own severities; another word stays beside the default one."""
    shaped = shape("gcp")({**HEAD, "level": "SUCCESS"})
    assert (shaped["severity"], shaped["level"]) == ("DEFAULT", "SUCCESS")
    assert "level" not in shape("gcp")({**HEAD, "level": "CRITICAL"})


@pytest.mark.parametrize(
    ("milliseconds", "latency"),
    [(0.001, "0.000001s"), (0, "0s"), (1, "0.001s"), (1500.0, "1.5s"), (60_000.0, "60s")],
)
def test_latency_is_a_protobuf_duration(milliseconds: float, latency: str) -> None:
    """Seconds with an `s`, no exponent, no trailing zeros."""
    request = shape("gcp")({**ACCESS, "elapsed_ms": milliseconds})["httpRequest"]
    assert isinstance(request, dict)
    assert request["latency"] == latency


def test_an_access_line_in_datadog() -> None:
    """Datadog's standard attributes; the duration in nanoseconds, the span id in decimal."""
    assert shape("datadog")({**ACCESS, "client": "192.0.2.7"}) == {
        "timestamp": "2026-11-23T09:14:03.120457Z",
        "status": "info",
        "message": "request completed",
        "logger.name": "spine.access",
        "service": "orders",
        "dd.trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "dd.span_id": "67667974448284343",
        "http.request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "http.method": "GET",
        "http.url_details.path": "/orders/7",
        "http.route": "/orders/{order_id}",
        "http.status_code": 200,
        "duration": 12_345_000,
        "network.bytes_read": 0,
        "network.bytes_written": 312,
        "network.client.ip": "192.0.2.7",
        "outcome": "completed",
        "user_id": 7,
    }


def test_an_error_in_datadog() -> None:
    """The exception is Datadog's `error`."""
    assert shape("datadog")(FAILURE) == {
        "timestamp": "2026-11-23T09:14:03.120457Z",
        "status": "error",
        "message": "payment refused",
        "logger.name": "shop.orders",
        "service": "orders",
        "dd.trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "dd.span_id": "67667974448284343",
        "http.request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
        "error.kind": "app.Refused",
        "error.message": "no funds",
        "error.stack": "Traceback …\napp.Refused: no funds",
        "order.id": 9,
    }


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("gcp", ["severity", "message", "time", "httpRequest", "serviceContext", "stack_trace",
                 "logging.googleapis.com/labels", "@type", "timestamp"]),
        ("datadog", ["status", "message", "host", "source", "ddtags", "dd.env", "http.useragent",
                     "error", "duration", "network.client.ip", "timestamp"]),
    ],
)  # fmt: skip
def test_a_users_field_cannot_pass_for_the_vendors(schema: str, names: list[str]) -> None:
    """A field named like one of the vendor's lands under `extra.`, its value whole."""
    head = {**HEAD, "logger": "shop.orders"}
    clean = shape(schema)(head)
    shaped = shape(schema)({**head, **{name: f"users {name}" for name in names}})
    assert shaped == clean | {f"extra.{name}": f"users {name}" for name in names}


@pytest.mark.parametrize("schema", ["gcp", "datadog"])
def test_fields_moved_aside_do_not_meet_each_other(schema: str) -> None:
    """`message` and a field that is already called `extra.message` both arrive."""
    for line in (
        {**HEAD, "message": 1, "extra.message": 2},
        {**HEAD, "extra.message": 2, "message": 1},
    ):
        shaped = shape(schema)(line)
        assert (shaped["extra.message"], shaped["extra.extra.message"]) == (2, 1)


@pytest.mark.parametrize("schema", ["ecs", "gcp", "datadog"])
def test_access_names_mean_something_else_on_other_lines(schema: str) -> None:
    """A user's own `status="paid"` is a field like any other, not an HTTP status."""
    line = {
        **HEAD,
        "logger": "shop",
        "state": "x",
        "path": 5,
        "elapsed_ms": "long",
        "bytes_in": "a",
    }
    shaped = shape(schema)(line)
    rest = shaped["labels"] if schema == "ecs" else shaped
    assert isinstance(rest, dict)
    assert {key: rest[key] for key in ("state", "path", "elapsed_ms", "bytes_in")} == {
        "state": "x", "path": 5, "elapsed_ms": "long", "bytes_in": "a",
    }  # fmt: skip


def values(value: object) -> list[object]:
    """List every leaf inside."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in values(inner)]
    return [value]


@pytest.mark.parametrize("schema", SCHEMAS[1:])
@pytest.mark.parametrize("logger", ["spine.access", "shop.orders"])
def test_no_value_is_lost(schema: str, logger: str) -> None:
    """Every value of a line with every key of ours is found again, some in another unit."""
    line: dict[str, object] = {key: f"value of {key}" for key in sorted(ACCESS_KEYS)}
    line |= {"logger": logger, "mine": "m"}
    line["exc"] = {"type": "T", "message": "M", "stack": "S"}
    found = values(shape(schema)(line))
    for value in values(line):
        assert value in found or str(value).lower() in found


@pytest.mark.parametrize("schema", SCHEMAS[1:])
def test_a_line_without_a_request_has_no_empty_keys(schema: str) -> None:
    """What is not known is left out; the service comes from the settings if the line has none."""
    line: dict[str, object] = {"ts": "t", "level": "INFO", "logger": "shop", "msg": "started"}
    expected: dict[str, dict[str, object]] = {
        "ecs": {
            "@timestamp": "t",
            "log.level": "INFO",
            "message": "started",
            "ecs.version": "8.11.0",
            "log.logger": "shop",
            "service.name": "orders",
        },
        "gcp": {
            "severity": "INFO",
            "time": "t",
            "message": "started",
            "logger": "shop",
            "serviceContext": {"service": "orders"},
        },
        "datadog": {
            "timestamp": "t",
            "status": "info",
            "message": "started",
            "logger.name": "shop",
            "service": "orders",
        },
    }
    assert shape(schema)(line) == expected[schema]
    assert line == {"ts": "t", "level": "INFO", "logger": "shop", "msg": "started"}
