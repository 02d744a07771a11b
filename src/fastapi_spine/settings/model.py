"""Every setting there is: its name, its default, what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

from fastapi_spine.core.conventions import ENV_OTEL_SERVICE_NAME, PROBE_PATHS
from fastapi_spine.settings.lists import NAMES, PATTERNS, POLICIES, RECORDER, TEXTS, ExtraPattern
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
from fastapi_spine.settings.section import Section, Setting, section, setting, switchable

Format = Literal["auto", "json", "human"]
Schema = Literal["default", "ecs", "gcp", "datadog"]
Client = Literal["network", "full", "off"]
Accept = Literal["any-valid", "never"]

Strings = list[str] | tuple[str, ...] | set[str] | frozenset[str]
"""Several strings; a bare one is refused, because it would be read letter by letter."""
Patterns = list[ExtraPattern] | tuple[ExtraPattern, ...] | list[dict[str, str]]


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


class Redaction(Section):
    """What is taken out of everything that leaves the process."""

    enabled: Setting[bool, bool] = setting(
        default=True,
        doc="Whether secrets are taken out; `redaction=False` says the same.",
        kind=BOOLEAN,
    )
    pii: Setting[bool, bool] = setting(
        default=False,
        doc="Whether e-mail and IP addresses are taken out as well.",
        kind=BOOLEAN,
    )
    allow_keys: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Keys whose values stay although their names are sensitive: exact names or dotted paths.",
        kind=NAMES,
    )
    extra_keys: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Keys whose values are taken out although nobody else calls them sensitive.",
        kind=NAMES,
    )
    disable_kinds: Setting[Strings, frozenset[str]] = setting(
        default=[],
        doc="Kinds of secrets that are not looked for, by the word in their mark, such as `ssn`.",
        kind=NAMES,
    )
    extra_patterns: Setting[Patterns, tuple[ExtraPattern, ...]] = setting(
        default=[],
        doc="Secrets of your own, each with a literal that must be there before its pattern is tried.",
        kind=PATTERNS,
    )
    known_values: Setting[Strings, tuple[str, ...]] = setting(
        default=[],
        doc="Secrets that are known by heart and taken out wherever they appear.",
        kind=TEXTS,
        secret=True,
    )
    known_environment: Setting[bool, bool] = setting(
        default=True,
        doc="Whether the values of environment variables with sensitive names are such secrets.",
        kind=BOOLEAN,
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
    logs: Setting[Logs | bool, Logs] = switchable(
        default_factory=Logs, doc="The log lines of the application and one access line a request."
    )
    redaction: Setting[Redaction | bool, Redaction] = switchable(
        default_factory=Redaction, doc="What is taken out of everything that leaves the process."
    )
    ids: Setting[Ids, Ids] = section(default_factory=Ids, doc="The id of a request.")


class Keywords(TypedDict, total=False):
    """The keywords of `Spine(app, …)`, for `**keywords: Unpack[Keywords]`; None is "not given"."""

    service: str | None
    logs: Logs | bool | None
    redaction: Redaction | bool | None
    ids: Ids | None
