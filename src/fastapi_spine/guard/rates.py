"""Rate limits: who asks, which rates hold for the path, and what the answer says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
from fastapi_spine.settings.guarding import Rate, shown_rate

_TOO_MANY: Final = 429
_LONGEST_KEY: Final = 256
"""Characters of what strangers choose and we remember; longer paths are looked at each time."""
_REMEMBERED: Final = 4_096
_NOBODY: Final = "unknown"

Pairs = list[tuple[bytes, bytes]]


class Limit(NamedTuple):
    """One rate with its name.

    Attributes:
        label: in the headers, quoted: `default` or the path's pattern, and the rate where there are several.
        rate: how many in how long.
        windows: its counts in memory; with a shared store they are not used.
    """

    label: str
    rate: Rate
    windows: Windows


class Plan(NamedTuple):
    """What holds for some paths.

    Attributes:
        limits: all of them hold.
        cost: how many requests one counts for.
        policy: the header that tells of the limits.
        steps: for each limit how it counts in memory, and how the header tells where a caller stands with it: words
            that want two numbers, requests left and seconds.
    """

    limits: tuple[Limit, ...]
    cost: int
    policy: tuple[bytes, bytes]
    steps: tuple[tuple[Callable[[str, int, int], Standing], bytes], ...]


class Rates:
    """Knows the limits of every path, and words what they say.

    Args:
        settings: rates, costs, what tells callers apart, probes.
    """

    __slots__ = (
        "_by", "_costs", "_default", "_everywhere", "_exempt", "_ipv6_bits", "_networks", "_paths", "_plans",
    )  # fmt: skip

    def __init__(self, settings: Guard) -> None:
        sliding = settings.rate_window == "sliding"
        self._by = (
            settings.rate_by.removeprefix("header:").encode() if ":" in settings.rate_by else b""
        )
        self._ipv6_bits = settings.rate_ipv6
        self._exempt = frozenset(settings.probes)
        self._default = _limits("default", settings.rate, sliding=sliding)
        self._paths = _compiled(
            {
                path: _limits(path, rates, sliding=sliding)
                for path, rates in settings.rate_paths.items()
            }
        )
        self._costs = _compiled(settings.rate_costs)
        self._everywhere = _plan(self._default, 1)
        self._plans: dict[str, Plan | None] = {}
        self._networks: dict[str, str] = {}

    def plan(self, path: str) -> Plan | None:
        """Return what holds for a path; None if nothing does."""
        if not self._paths and not self._costs:
            return None if path in self._exempt else self._everywhere
        if path in self._plans:
            return self._plans[path]
        plan = self._make_plan(path)
        if len(path) <= _LONGEST_KEY:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            self._plans[path] = plan
        return plan

    def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return who asks: the header's value if that is the rule and it came, else the address."""
        if self._by:
            value = headers.get(self._by)
            if value:
                return value[:_LONGEST_KEY].decode("latin-1")
        client = scope.get("client")
        address = str(client[0]) if client and client[0] else _NOBODY
        if ":" in address or len(address) > _LONGEST_KEY:  # a server may let strangers choose it
            return self._network(address)
        return address

    def judge(self, plan: Plan, caller: str, now_ns: int, said: Pairs) -> Answer | None:
        """Count a request in memory.

        Args:
            plan: what holds for its path.
            caller: who asks.
            now_ns: of a clock that only goes forward.
            said: takes the headers that the answer gets, whoever gives it.

        Returns:
            Why it is refused; None if it is not.
        """
        told, wait = b"", 0
        for hit, words in plan.steps:
            allowed, remaining, reset_s = hit(caller, plan.cost, now_ns)
            told += words % (remaining, reset_s)
            if not allowed and reset_s > wait:
                wait = reset_s
        said += (plan.policy, (HEADER_RATE_LIMIT, told))
        return _refused(wait) if wait else None

    def _make_plan(self, path: str) -> Plan | None:
        if path in self._exempt:
            return None
        limits = [*self._default]
        for pattern, some in self._paths:
            if pattern.match(path):
                limits += some
        cost = next((cost for pattern, cost in self._costs if pattern.match(path)), 1)
        return _plan(tuple(limits), cost)

    def _network(self, address: str) -> str:
        known = self._networks.get(address)
        if known is None:
            known = _network_of(address, self._ipv6_bits)
            if len(address) <= _LONGEST_KEY:
                if len(self._networks) >= _REMEMBERED:
                    self._networks.clear()
                self._networks[address] = known
        return known


def _plan(limits: tuple[Limit, ...], cost: int) -> Plan | None:
    """Make a plan; None if there is nothing to count."""
    if not limits or not cost:
        return None
    policy = ", ".join(f"{one.label};q={one.rate.amount};w={one.rate.seconds}" for one in limits)
    words = [(one.label.replace("%", "%%") + ";r=%d;t=%d").encode("ascii") for one in limits]
    words[1:] = [b", " + one for one in words[1:]]
    hits = [one.windows.hit for one in limits]
    header = (HEADER_RATE_LIMIT_POLICY, policy.encode("ascii"))
    return Plan(limits, cost, header, tuple(zip(hits, words, strict=True)))


def tell(plan: Plan, standings: Sequence[Standing], said: Pairs) -> Answer | None:
    """Word what the limits say.

    Args:
        plan: the limits.
        standings: where the caller stands with each limit.
        said: takes the headers.

    Returns:
        See `Rates.judge`.
    """
    told = [
        words % (one.remaining, one.reset_s)
        for (_, words), one in zip(plan.steps, standings, strict=True)
    ]
    said += (plan.policy, (HEADER_RATE_LIMIT, b"".join(told)))
    wait = max((one.reset_s for one in standings if not one.allowed), default=0)
    return _refused(wait) if wait else None


def _refused(wait_s: int) -> Answer:
    retry = (HEADER_RETRY_AFTER, str(wait_s).encode())
    detail = f"Too many requests; try again in {wait_s} s."
    return Answer(_TOO_MANY, detail, Refusal(GUARD_RATE, REFUSED_RATE), (retry,))


def _limits(name: str, rates: Sequence[Rate], *, sliding: bool) -> tuple[Limit, ...]:
    """Name each rate; of several by what it is, since a policy's name says which of the numbers are its own."""
    return tuple(
        Limit(
            _quoted(name if len(rates) == 1 else f"{name} {shown_rate(rate)}"),
            rate,
            Windows(rate, sliding=sliding),
        )
        for rate in rates
    )


_Value = TypeVar("_Value")


def _compiled(table: Mapping[str, _Value]) -> tuple[tuple[re.Pattern[str], _Value], ...]:
    return tuple((re.compile(translate(path)), value) for path, value in table.items())


def _quoted(name: str) -> str:
    """Write a structured field's string (RFC 9651 section 3.3.3)."""
    text = "".join(sign if " " <= sign <= "~" else "?" for sign in name)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _network_of(address: str, ipv6_bits: int) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST_KEY]
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, ipv6_bits), strict=False))
