"""Every setting there is: its name, its default, what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

from fastapi_spine.core.conventions import ENV_OTEL_SERVICE_NAME, PATH_METRICS, PROBE_PATHS
from fastapi_spine.settings.console import Console, Strings
from fastapi_spine.settings.export_model import Export
from fastapi_spine.settings.guard_model import Guard
from fastapi_spine.settings.lists import NAMES, POLICIES, RECORDER, RESPONSE_HEADERS
from fastapi_spine.settings.measures import (
    BUCKETS,
    GROUP_NAME,
    HOST,
    NETWORKS,
    PAGE_PATH,
    PATH_BUCKETS,
    PORT,
    SHARE,
    TOKEN,
)
from fastapi_spine.settings.objective import OBJECTIVES, Objective, Objectives
from fastapi_spine.settings.parse import (
    BOOLEAN,
    COUNT,
    DURATION,
    DURATION_OR_OFF,
    LEVEL,
    OUTPUT,
    SERVICE_NAME,
    Output,
    one_of,
    size,
)
from fastapi_spine.settings.redaction_model import Redaction
from fastapi_spine.settings.section import Section, Setting, section, setting, switchable

Format = Literal["auto", "json", "human"]
Schema = Literal["default", "ecs", "gcp", "datadog"]
Client = Literal["network", "full", "off"]
Accept = Literal["any-valid", "never"]
MetricNames = Literal["prometheus", "otel", "both"]
Bounds = list[float] | tuple[float, ...]


class Logs(Section):
    """The log lines of the application and one access line a request."""

    enabled: Setting[bool, bool] = setting(
        default=True,
        doc="Whether the layer sets up logging at all; `logs=False` says the same.",
        kind=BOOLEAN,
    )
    level: Setting[str | int, int] = setting(
        default="INFO",
        doc="The lowest level that is written to the output.",
        kind=LEVEL,
    )
    format: Setting[Format, Format] = setting(
        default="auto",
        doc="How a line looks: `json`, `human`, or `auto`, which is human on a terminal only.",
        kind=one_of("auto", "json", "human"),
    )
    schema: Setting[Schema, Schema] = setting(
        default="default",
        doc="The names of the keys of a JSON line: ours, Elastic's, Google Cloud's or Datadog's.",
        kind=one_of("default", "ecs", "gcp", "datadog"),
    )
    output: Setting[Output, Output] = setting(
        default="stdout",
        doc="Where lines go; a callable gets the bytes of whole lines, on the writer's thread.",
        kind=OUTPUT,
    )
    client: Setting[Client, Client] = setting(
        default="network",
        doc="How much of a client's address an access line tells: its /24 or /48, all, nothing.",
        kind=one_of("network", "full", "off"),
    )
    slow: Setting[str | float, float] = setting(
        default="1s",
        doc="A request that takes longer is a WARNING and writes its held-back lines.",
        kind=DURATION_OR_OFF,
    )
    paths: Setting[Mapping[str, str], Mapping[str, str]] = setting(
        default=dict.fromkeys(PROBE_PATHS, "minute"),
        doc=(
            "Which access lines are written, by path or route; `*` stands for any characters. "
            "Entries are laid over those of lower layers. "
            "`minute` is one line a minute, and every failure and change of status."
        ),
        kind=POLICIES,
    )
    recorder: Setting[bool | Strings, bool | tuple[str, ...]] = setting(
        default=True,
        doc=(
            "Whether DEBUG lines are held back and written when their request fails or is slow; "
            "a list adds loggers to those of the application's own package."
        ),
        kind=RECORDER,
    )
    recorder_lines: Setting[int, int] = setting(
        default=200,
        doc="How many lines are held back for one request.",
        kind=COUNT,
    )
    recorder_bytes: Setting[str | int, int] = setting(
        default="64KiB",
        doc="How much is held back for one request.",
        kind=size(),
    )
    recorder_total: Setting[str | int, int] = setting(
        default="8MiB",
        doc="How much is held back for all open requests of one process.",
        kind=size(),
    )
    export: Setting[bool, bool] = setting(
        default=True,
        doc="Whether lines are sent as well when there is a receiver for them.",
        kind=BOOLEAN,
    )
    line_limit: Setting[str | int, int] = setting(
        default="32KiB",
        doc="The longest line; what is longer is cut and marked `truncated`.",
        kind=size(at_least=1024),
    )
    queue: Setting[str | int, int] = setting(
        default="8MiB",
        doc="How much may wait to be written in one process; beyond it lines are dropped and counted.",
        kind=size(),
    )
    flush_timeout: Setting[str | float, float] = setting(
        default="5s",
        doc="How long shutting down waits for the output to take what is queued.",
        kind=DURATION,
    )
    capture_warnings: Setting[bool, bool] = setting(
        default=True,
        doc="Whether Python's `warnings` become log lines.",
        kind=BOOLEAN,
    )
    excepthook: Setting[bool, bool] = setting(
        default=True,
        doc="Whether an exception that ends the process or a thread becomes a log line.",
        kind=BOOLEAN,
    )
    structlog: Setting[bool, bool] = setting(
        default=True,
        doc="Whether structlog's lines take the same way, where it would print them.",
        kind=BOOLEAN,
    )
    loguru: Setting[bool, bool] = setting(
        default=True,
        doc="Whether loguru's lines take the same way, where it would print them.",
        kind=BOOLEAN,
    )


class Metrics(Section):
    """The numbers: how often, how fast, how many."""

    enabled: Setting[bool, bool] = setting(
        default=True,
        doc="Whether requests and jobs are counted at all; `metrics=False` says the same.",
        kind=BOOLEAN,
    )
    export: Setting[bool, bool] = setting(
        default=True,
        doc="Whether numbers are sent as well when there is a receiver for them.",
        kind=BOOLEAN,
    )
    names: Setting[MetricNames, MetricNames] = setting(
        default="prometheus",
        doc=(
            "The names of metrics of requests and jobs: `prometheus` is what everybody charts (`http_requests_total`), `otel` "
            "OpenTelemetry's semantic conventions, `both` for the time of a migration."
        ),
        kind=one_of("prometheus", "otel", "both"),
    )
    buckets: Setting[Bounds, tuple[float, ...]] = setting(
        default=[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        doc="Upper bounds of the duration buckets, in seconds, ascending.",
        kind=BUCKETS,
    )
    path_buckets: Setting[Mapping[str, Bounds], Mapping[str, tuple[float, ...]]] = setting(
        default={},
        doc="Other buckets for some routes, by route template; `*` stands for any characters.",
        kind=PATH_BUCKETS,
    )
    job_buckets: Setting[Bounds, tuple[float, ...]] = setting(
        default=[
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
            30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
        ],
        doc="Upper bounds of the duration buckets of background jobs, in seconds, ascending.",
        kind=BUCKETS,
    )  # fmt: skip
    response_size: Setting[bool, bool] = setting(
        default=False,
        doc="Whether the size of response bodies is counted as well.",
        kind=BOOLEAN,
    )
    exemplars: Setting[bool, bool] = setting(
        default=True,
        doc="Whether counters and buckets name one request each as an example, by trace and span id.",
        kind=BOOLEAN,
    )
    series_limit: Setting[int, int] = setting(
        default=2000,
        doc="How many series one metric may have; what comes after is counted in one series, `__overflow__`.",
        kind=COUNT,
    )
    runtime: Setting[bool, bool] = setting(
        default=True,
        doc="Whether event loop, thread pool, garbage collector and process are measured.",
        kind=BOOLEAN,
    )
    blocked: Setting[str | float, float] = setting(
        default="250ms",
        doc="How long the event loop may stand still before a WARNING names the route and the stack that holds it.",
        kind=DURATION_OR_OFF,
    )
    path: Setting[str, str] = setting(
        default=PATH_METRICS,
        doc='Where the page is on the application itself, or "off".',
        kind=PAGE_PATH,
    )
    token: Setting[str, str] = setting(
        default="",
        doc="Whoever sends `Authorization: Bearer` and this may read the page, from anywhere.",
        kind=TOKEN,
        secret=True,
    )
    allow: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Networks, such as `10.0.0.0/8`, whose direct peers may read the page.",
        kind=NETWORKS,
    )
    port: Setting[int, int] = setting(
        default=0,
        doc="A port of its own for the page, the usual way in Kubernetes; 0 for none.",
        kind=PORT,
    )
    host: Setting[str, str] = setting(
        default="0.0.0.0",  # noqa: S104 - a port that was asked for is there to be reached from other machines
        doc="The address that `port` is opened on.",
        kind=HOST,
    )
    workers: Setting[str, str] = setting(
        default="auto",
        doc=(
            "How the workers of one server find each other: `auto` by the listening socket they share, `off` not at "
            "all, anything else is a name that all of them are given."
        ),
        kind=GROUP_NAME,
    )


class Traces(Section):
    """Where the time went: spans, sent to the receiver that `OTEL_EXPORTER_OTLP_ENDPOINT` names."""

    enabled: Setting[bool, bool] = setting(
        default=True,
        doc="Whether spans are made when there is a receiver for them; `traces=False` says never.",
        kind=BOOLEAN,
    )
    sample: Setting[float, float] = setting(
        default=1.0,
        doc="The share of traces beginning here that are sampled; failed and slow requests are kept anyway.",
        kind=SHARE,
    )
    operations: Setting[bool, bool] = setting(
        default=True,
        doc="Whether dependencies, endpoint, serialization and background tasks are spans of their own.",
        kind=BOOLEAN,
    )
    instrument: Setting[bool, bool] = setting(
        default=True,
        doc="Whether every installed OpenTelemetry instrumentation is switched on, for databases, HTTP clients and more.",
        kind=BOOLEAN,
    )
    instrument_off: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Instrumentations that stay off, by their entry point's name, such as `redis`.",
        kind=NAMES,
    )
    sql_comments: Setting[bool, bool] = setting(
        default=False,
        doc="Whether instrumentations of databases write the trace into a comment behind each query, for the database's own logs.",
        kind=BOOLEAN,
    )
    propagate_to: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Hosts that are told the request id, beside private addresses and siblings of `hosts`; `.shop.example` means all below.",
        kind=NAMES,
    )
    hosts: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Names under which this service is reached, such as `api.shop.example`: all of `shop.example` is told the request id.",
        kind=NAMES,
    )
    response_headers: Setting[bool | Strings, tuple[str, ...]] = setting(
        default=False,
        doc=(
            "Which headers tell a caller its request's trace and time: `traceresponse`, `server-timing`, or `true` for "
            "both; on in `spine dev`."
        ),
        kind=RESPONSE_HEADERS,
    )
    keep_token: Setting[str, str] = setting(
        default="",
        doc="Whoever sends `x-spine-keep` and this has the request kept in full, whatever the sampling.",
        kind=TOKEN,
        secret=True,
    )


class Ids(Section):
    """The id of a request."""

    accept: Setting[Accept, Accept] = setting(
        default="any-valid",
        doc="Whether an inbound `x-request-id` is kept when it is valid, or never.",
        kind=one_of("any-valid", "never"),
    )


class Settings(Section):
    """Everything that can be set."""

    service: Setting[str | None, str | None] = setting(
        default=None,
        doc=(
            "The name of the service on every line; by default the application's title or package. "
            "`service.name` in OTEL_RESOURCE_ATTRIBUTES is read when no other variable names it."
        ),
        kind=SERVICE_NAME,
        also=(ENV_OTEL_SERVICE_NAME,),
    )
    objectives: Setting[Objectives, tuple[Objective, ...]] = setting(
        default=[], doc="What is promised of routes; layers add up.", kind=OBJECTIVES
    )
    logs: Setting[Logs | bool, Logs] = switchable(
        default_factory=Logs, doc="The log lines of the application and one access line a request."
    )
    metrics: Setting[Metrics | bool, Metrics] = switchable(
        default_factory=Metrics, doc="The numbers: how often, how fast, how many."
    )
    traces: Setting[Traces | bool, Traces] = switchable(
        default_factory=Traces, doc="Where the time went: spans, sent to a receiver."
    )
    export: Setting[Export, Export] = section(
        default_factory=Export,
        doc="Spans, log lines and numbers on their way to the receivers that `OTEL_EXPORTER_OTLP_*` names.",
    )
    guard: Setting[Guard | bool, Guard] = switchable(
        default_factory=Guard,
        doc="The door: cross-origin pages, host names, security headers, rates, sizes, time; off unless asked for.",
    )
    redaction: Setting[Redaction | bool, Redaction] = switchable(
        default_factory=Redaction, doc="What is taken out of everything that leaves the process."
    )
    ids: Setting[Ids, Ids] = section(default_factory=Ids, doc="The id of a request.")
    console: Setting[Console, Console] = section(
        default_factory=Console, doc="Receives telemetry, keeps it and shows it: `spine console`."
    )


class Keywords(TypedDict, total=False):
    """The keywords of `Spine(app, …)`, for `**keywords: Unpack[Keywords]`; None is "not given"."""

    service: str | None
    objectives: Objectives | None
    logs: Logs | bool | None
    metrics: Metrics | bool | None
    traces: Traces | bool | None
    export: Export | None
    guard: Guard | bool | None
    redaction: Redaction | bool | None
    ids: Ids | None
