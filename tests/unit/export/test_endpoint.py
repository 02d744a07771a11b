"""Where spans go, by OpenTelemetry's own variables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fastapi_spine.export.endpoint import Endpoint, Nowhere, find_endpoint, interval_s
from fastapi_spine.export.resource import Resource
from fastapi_spine.settings.load import load

OTLP = "OTEL_EXPORTER_OTLP_"
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "export.md"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({f"{OTLP}ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({f"{OTLP}ENDPOINT": "http://c:4318/base/"}, "http://c:4318/base/v1/traces"),
        ({f"{OTLP}ENDPOINT": "https://c"}, "https://c:443/v1/traces"),
        ({f"{OTLP}TRACES_ENDPOINT": "http://c:9/own"}, "http://c:9/own"),
        (
            {f"{OTLP}TRACES_ENDPOINT": "http://own:1/x", f"{OTLP}ENDPOINT": "http://c:4318"},
            "http://own:1/x",
        ),
        ({f"{OTLP}ENDPOINT": "http://user:secret@c:4318?key=secret"}, "http://c:4318"),
    ],
)
def test_the_base_gets_a_path_and_an_own_one_is_used_as_it_is(
    environ: dict[str, str], url: str
) -> None:
    """And nothing secret is in what is told of it."""
    found = find_endpoint(environ, "traces")
    assert isinstance(found, Endpoint)
    assert str(found).startswith(url)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({f"{OTLP}ENDPOINT": "http://c:4318?key=a/b"}, "/v1/traces?key=a/b"),
        ({f"{OTLP}ENDPOINT": "http://c:4318/?key=a"}, "/v1/traces?key=a"),
        ({f"{OTLP}ENDPOINT": "http://c:4318/base/?key=a"}, "/base/v1/traces?key=a"),
        ({f"{OTLP}TRACES_ENDPOINT": "http://c:4318/own/?key=a"}, "/own/?key=a"),
        ({f"{OTLP}TRACES_ENDPOINT": "http://c:4318?key=a"}, "/?key=a"),
    ],
)
def test_a_query_stays_behind_the_path(environ: dict[str, str], path: str) -> None:
    """What is appended belongs to the path."""
    found = find_endpoint(environ, "traces")
    assert isinstance(found, Endpoint)
    assert found.path == path


@pytest.mark.parametrize(
    ("url", "headers", "sent"),
    [
        ("http://me:s%40cret@c", "", (("authorization", "Basic bWU6c0BjcmV0"),)),
        ("http://me@c", "", (("authorization", "Basic bWU6"),)),
        ("http://me:s@c", "Authorization=Bearer t", (("authorization", "Bearer t"),)),
        ("http://c", "a=1,b=2,A=3", (("a", "3"), ("b", "2"))),
    ],
)
def test_a_user_in_the_address_says_who_we_are(
    url: str, headers: str, sent: tuple[tuple[str, str], ...]
) -> None:
    """Unless a header does; no header is sent twice."""
    found = find_endpoint({f"{OTLP}ENDPOINT": url, f"{OTLP}HEADERS": headers}, "traces")
    assert isinstance(found, Endpoint)
    assert found.headers == sent


@pytest.mark.parametrize("variable", [f"{OTLP}HEADERS", f"{OTLP}TRACES_HEADERS"])
def test_a_header_that_would_break_every_request_is_refused(variable: str) -> None:
    """Named, with the variable that sets it and without what others hold."""
    environ = {f"{OTLP}ENDPOINT": "http://c", variable: "Host=x,x-key=secret,content-length=0"}
    assert find_endpoint(environ, "traces") == Nowhere(
        f"{variable} sets content-length and host, which every request has already; leave it out",
        wrong=True,
    )


def test_what_the_body_is_nobody_else_says() -> None:
    """A setting that was made for another exporter goes without the two headers that depend on ours."""
    given = "content-type=application/json,Content-Encoding=br,x-key=one"
    found = find_endpoint({f"{OTLP}ENDPOINT": "http://c", f"{OTLP}HEADERS": given}, "traces")
    assert isinstance(found, Endpoint)
    assert found.headers == (("x-key", "one"),)


def test_an_address_that_cannot_be_read_is_not_told() -> None:
    """A password with a slash in it looks like a port."""
    found = find_endpoint({f"{OTLP}ENDPOINT": "http://user:sec/ret@c:4318"}, "traces")
    assert isinstance(found, Nowhere)
    assert (found.wrong, "sec" in found.reason) == (True, False)


@pytest.mark.parametrize(
    ("environ", "wrong", "said"),
    [
        ({}, False, "OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
        ({f"{OTLP}ENDPOINT": ""}, False, "is not set"),
        ({f"{OTLP}ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False, "'none'"),
        ({f"{OTLP}ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False, "DISABLED"),
        ({f"{OTLP}ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "zipkin"}, True, "'zipkin'"),
        ({f"{OTLP}ENDPOINT": "http://c:4317"}, True, "speaks gRPC; use HTTP: port 4318"),
        ({f"{OTLP}ENDPOINT": "http://c:4318", f"{OTLP}PROTOCOL": "grpc"}, True, "http/protobuf"),
        ({f"{OTLP}ENDPOINT": "c:4318"}, True, "no http:// or https:// address"),
        ({f"{OTLP}ENDPOINT": "http://c:port"}, True, "cannot be read"),
    ],
)
def test_nowhere_says_why(environ: dict[str, str], wrong: bool, said: str) -> None:
    """Nothing asked for is no mistake; something that cannot be done is, with what to do."""
    found = find_endpoint(environ, "traces")
    assert isinstance(found, Nowhere)
    assert found.wrong is wrong
    assert said in found.reason


def test_headers_timeout_and_compression() -> None:
    """A signal's own win; a value that would forge a header is left out."""
    found = find_endpoint(
        {
            f"{OTLP}ENDPOINT": "http://c:4318",
            f"{OTLP}HEADERS": "x-key=abc%20def,bad=a%0d%0ab, =x,ok=1",
            f"{OTLP}TIMEOUT": "2500",
            f"{OTLP}TRACES_TIMEOUT": "1500",
            f"{OTLP}COMPRESSION": "none",
        },
        "traces",
    )
    assert isinstance(found, Endpoint)
    assert found.headers == (("x-key", "abc def"), ("ok", "1"))
    assert (found.timeout_s, found.gzip) == (1.5, False)


@pytest.mark.parametrize(
    ("host", "said", "gzip"),
    [
        ("collector", "", True),
        ("10.0.0.7", "", True),
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("[::1]", "", False),
        ("localhost", "gzip", True),
        ("collector", "none", False),
    ],
)
def test_bodies_are_compressed_unless_they_stay_on_this_machine(
    host: str, said: str, gzip: bool
) -> None:
    """Whoever says which, gets it."""
    environ = {f"{OTLP}ENDPOINT": f"http://{host}:4318", f"{OTLP}COMPRESSION": said}
    found = find_endpoint(environ, "traces")
    assert isinstance(found, Endpoint)
    assert found.gzip is gzip


def test_one_of_several_exporters_may_be_ours() -> None:
    """`OTEL_TRACES_EXPORTER` is a list: the console that another SDK prints to switches nothing off."""
    environ = {f"{OTLP}ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "console, otlp"}
    found = find_endpoint(environ, "traces")
    assert isinstance(found, Endpoint)
    assert (found.host, found.port, found.path) == ("c", 4318, "/v1/traces")


def test_every_variable_of_the_guide_is_read() -> None:
    """What the guide names changes where a signal goes, or how."""
    told = set(re.findall(r"`(OTEL_[A-Z_]+)`", GUIDE.read_text()))
    asked: set[str] = set()

    class Environ(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

    environ = Environ({f"{OTLP}ENDPOINT": "https://c"})
    for signal in ("traces", "logs", "metrics"):
        found = find_endpoint(environ, signal)
        assert isinstance(found, Endpoint)
        interval_s(environ, found)
    named = load(keywords={}, environ={"OTEL_SERVICE_NAME": "shop"}).settings.service
    attributes = Resource(str(named), environ, lambda: "i").attributes
    assert attributes["service.name"] == "shop"
    assert told <= asked | {"OTEL_SERVICE_NAME"}
