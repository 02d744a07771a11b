"""What the door may be told: the settings of the guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastapi_spine.core.conventions import PROBE_PATHS
from fastapi_spine.settings.guarding import (
    HEADER_VALUES,
    HOSTS,
    IPV6_BITS,
    ORIGINS,
    PATH_COSTS,
    PATH_RATES,
    RATE_KEY,
    RATES,
    STORE,
    Rate,
)
from fastapi_spine.settings.lists import TEXTS
from fastapi_spine.settings.measures import NETWORKS
from fastapi_spine.settings.parse import BOOLEAN, DURATION, DURATION_OR_OFF, one_of, size
from fastapi_spine.settings.section import Section, Setting, setting

Names = str | list[str] | tuple[str, ...]
Rates = str | list[str] | tuple[str, ...] | tuple[Rate, ...]
RateWindow = Literal["sliding", "fixed"]
RateFailure = Literal["open", "closed"]

UNLIMITED = 1 << 40


class Guard(Section):
    """Who may come in: cross-origin pages, host names, security headers, rates, sizes, time."""

    enabled: Setting[bool, bool] = setting(
        default=False,
        doc="Whether the door is guarded; any `Guard(…)` says yes. Security headers are on by that alone.",
        kind=BOOLEAN,
    )
    cors: Setting[Names, tuple[str, ...]] = setting(
        default=[],
        doc="Origins whose pages may call; `*` is any, without credentials.",
        kind=ORIGINS,
    )
    cors_credentials: Setting[bool, bool] = setting(
        default=False,
        doc="Whether pages may send cookies and authorization along; not together with `*`.",
        kind=BOOLEAN,
    )
    cors_methods: Setting[Names, tuple[str, ...]] = setting(
        default=["*"], doc="Methods that pages may use.", kind=TEXTS
    )
    cors_headers: Setting[Names, tuple[str, ...]] = setting(
        default=["*"], doc="Request headers that pages may send.", kind=TEXTS
    )
    cors_expose: Setting[Names, tuple[str, ...]] = setting(
        default=[],
        doc="Answer headers that pages may read, beside `x-request-id`, those of the rate limits and of `traces.response_headers`.",
        kind=TEXTS,
    )
    cors_max_age: Setting[str | float, float] = setting(
        default="10m", doc="How long a browser may remember a preflight's answer.", kind=DURATION
    )
    hosts: Setting[Names, tuple[str, ...]] = setting(
        default=[],
        doc="Names the service answers to, such as `api.shop.example` or `*.shop.example`; none: to any.",
        kind=HOSTS,
    )
    probes: Setting[Names, tuple[str, ...]] = setting(
        default=list(PROBE_PATHS),
        doc="Paths that machines ask by address: no host name needed there if it is an address, and no rate.",
        kind=TEXTS,
    )
    headers: Setting[bool | Mapping[str, str], Mapping[str, str]] = setting(
        default=True,
        doc='Security headers; a table changes single ones, `"off"` leaves one out, false leaves out all.',
        kind=HEADER_VALUES,
    )
    rate: Setting[Rates, tuple[Rate, ...]] = setting(
        default=[],
        doc="How often one caller may ask, such as `100/minute`; several rates hold together.",
        kind=RATES,
    )
    rate_by: Setting[str, str] = setting(
        default="client",
        doc="What tells callers apart: the address, or a header's value such as `header:x-api-key`.",
        kind=RATE_KEY,
    )
    rate_ipv6: Setting[int, int] = setting(
        default=64,
        doc=(
            "How long the prefix of an IPv6 network is that is one caller: single addresses would be no limit, and a "
            "subscriber may have more than one /64 (RFC 6177), such as a /56."
        ),
        kind=IPV6_BITS,
    )
    rate_paths: Setting[Mapping[str, Rates], Mapping[str, tuple[Rate, ...]]] = setting(
        default={},
        doc="Further rates by path, such as `/login`; `*` stands for any characters.",
        kind=PATH_RATES,
    )
    rate_costs: Setting[Mapping[str, int], Mapping[str, int]] = setting(
        default={},
        doc="How many requests one counts for, by path; 0 is free.",
        kind=PATH_COSTS,
    )
    rate_window: Setting[RateWindow, RateWindow] = setting(
        default="sliding",
        doc="`sliding` looks back over a whole window at any moment, `fixed` starts anew with each.",
        kind=one_of("sliding", "fixed"),
    )
    rate_store: Setting[str, str] = setting(
        default="",
        doc=(
            "A Redis that several machines share, such as `redis://cache:6379/0` (needs the extra `[redis]`); empty: "
            "each process counts by itself."
        ),
        kind=STORE,
        secret=True,
    )
    rate_timeout: Setting[str | float, float] = setting(
        default="50ms", doc="How long a shared store may take to answer.", kind=DURATION
    )
    rate_failure: Setting[RateFailure, RateFailure] = setting(
        default="open",
        doc="What happens when a shared store does not answer: requests pass (`open`) or get a 503 (`closed`).",
        kind=one_of("open", "closed"),
    )
    body: Setting[str | int, int] = setting(
        default=UNLIMITED,
        doc="The largest body that is taken; an application with a `max_body_size` of its own keeps that.",
        kind=size(),
    )
    deadline: Setting[str | float, float] = setting(
        default="off",
        doc="How long an answer may take to begin; then the endpoint is cancelled and the answer is 503.",
        kind=DURATION_OR_OFF,
    )
    proxies: Setting[Names, tuple[str, ...]] = setting(
        default=[],
        doc="Networks of proxies whose `Forwarded` and `X-Forwarded-*` are believed, from right to left.",
        kind=NETWORKS,
    )
