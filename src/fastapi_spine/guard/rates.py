"""Rate limits: who asks, which rates hold for the path, and what the answer says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import translate
from ipaddress import IPv6Address, ip_network
from typing import Final, NamedTuple, TypeVar

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import (
    GUARD_RATE,
    HEADER_RATE_LIMIT,
    HEADER_RATE_LIMIT_POLICY,
    HEADER_RETRY_AFTER,
    REFUSED_RATE,
)
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.guard.reply import Answer
from fastapi_spine.guard.windows import Standing, Windows
from fastapi_spine.settings.guard_model import Guard
from fastapi_spine.settings.guarding import Rate

_TOO_MANY: Final = 429
_LONGEST_KEY: Final = 256
_IPV6_BITS: Final = 64
"""What one subscriber has (RFC 6177); a limit by single addresses would be none."""
_REMEMBERED: Final = 4_096
_NOBODY: Final = "unknown"


class Limit(NamedTuple):
    """One rate with its name.

    Attributes:
        name: in the headers: `default`, or the path's pattern.
        rate: how many in how long.
        windows: its counts in memory; with a shared store they are not used.
    """

    name: str
    rate: Rate
    windows: Windows


class Plan(NamedTuple):
    """What holds for some paths.

    Attributes:
        limits: all of them hold.
        cost: how many requests one counts for.
        policy: the header that tells of the limits.
    """

    limits: tuple[Limit, ...]
    cost: int
    policy: tuple[bytes, bytes]


class Rates:
    """Knows the limits of every path, and words what they say.

    Args:
        settings: rates, costs, what tells callers apart, probes.
        now_ns: a clock that only goes forward.
    """

    __slots__ = ("_by", "_costs", "_default", "_exempt", "_networks", "_now_ns", "_paths", "_plans")

    def __init__(self, settings: Guard, now_ns: Callable[[], int]) -> None:
        sliding = settings.rate_window == "sliding"
        self._now_ns = now_ns
        self._by = (
            settings.rate_by.removeprefix("header:").encode() if ":" in settings.rate_by else b""
        )
        self._exempt = frozenset(settings.probes)
        self._default = tuple(_limit("default", rate, sliding=sliding) for rate in settings.rate)
        self._paths = _compiled(
            {
                path: tuple(_limit(path, rate, sliding=sliding) for rate in rates)
                for path, rates in settings.rate_paths.items()
            }
        )
        self._costs = _compiled(settings.rate_costs)
        self._plans: dict[str, Plan | None] = {}
        self._networks: dict[str, str] = {}

    def plan(self, path: str) -> Plan | None:
        """Return what holds for a path; None if nothing does."""
        try:
            return self._plans[path]
        except KeyError:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = self._plans[path] = self._make_plan(path)
            return plan

    def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return who asks: the header's value if that is the rule and it came, else the address."""
        if self._by:
            value = headers.get(self._by)
            if value:
                return value[:_LONGEST_KEY].decode("latin-1")
        client = scope.get("client")
        address = str(client[0]) if client and client[0] else _NOBODY
        return self._network(address) if ":" in address else address

    def judge(self, plan: Plan, caller: str) -> tuple[Answer | None, list[tuple[bytes, bytes]]]:
        """Count a request in memory.

        Returns:
            Why it is refused, None if it is not; and the headers that every answer gets.
        """
        now = self._now_ns()
        cost = plan.cost
        if len(plan.limits) == 1:
            only = plan.limits[0]
            return answered(plan, ((only.name, only.windows.hit(caller, cost, now)),))
        return answered(
            plan, tuple((one.name, one.windows.hit(caller, cost, now)) for one in plan.limits)
        )

    def _make_plan(self, path: str) -> Plan | None:
        if path in self._exempt:
            return None
        limits = [*self._default]
        for pattern, some in self._paths:
            if pattern.match(path):
                limits += some
        cost = next((cost for pattern, cost in self._costs if pattern.match(path)), 1)
        if not limits or not cost:
            return None
        policy = ", ".join(
            f"{_quoted(one.name)};q={one.rate.amount};w={one.rate.seconds}" for one in limits
        )
        return Plan(tuple(limits), cost, (HEADER_RATE_LIMIT_POLICY, policy.encode("ascii")))

    def _network(self, address: str) -> str:
        known = self._networks.get(address)
        if known is None:
            if len(self._networks) >= _REMEMBERED:
                self._networks.clear()
            known = self._networks[address] = _network_of(address)
        return known


def answered(
    plan: Plan, standings: tuple[tuple[str, Standing], ...]
) -> tuple[Answer | None, list[tuple[bytes, bytes]]]:
    """Word what the limits say.

    Args:
        plan: the limits.
        standings: each limit's name, and where the caller stands with it.

    Returns:
        See `Rates.judge`.
    """
    said = ", ".join(
        f"{_quoted(name)};r={standing.remaining};t={standing.reset_s}"
        for name, standing in standings
    )
    headers = [plan.policy, (HEADER_RATE_LIMIT, said.encode("ascii"))]
    waits = [standing.reset_s for _, standing in standings if not standing.allowed]
    if not waits:
        return None, headers
    retry = (HEADER_RETRY_AFTER, str(max(waits)).encode())
    detail = f"Too many requests; try again in {max(waits)} s."
    return Answer(_TOO_MANY, detail, Refusal(GUARD_RATE, REFUSED_RATE), (retry,)), headers


def _limit(name: str, rate: Rate, *, sliding: bool) -> Limit:
    return Limit(name, rate, Windows(rate, sliding=sliding))


_Value = TypeVar("_Value")


def _compiled(table: Mapping[str, _Value]) -> tuple[tuple[re.Pattern[str], _Value], ...]:
    return tuple((re.compile(translate(path)), value) for path, value in table.items())


def _quoted(name: str) -> str:
    """Write a structured field's string (RFC 9651 section 3.3.3)."""
    text = "".join(sign if " " <= sign <= "~" else "?" for sign in name)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _network_of(address: str) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST_KEY]
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_BITS), strict=False))
