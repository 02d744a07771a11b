"""Rate limits that several machines share: the `limits` library and a Redis, under a deadline.

A store that does not answer is asked again a second later and not before, so that an outage does not cost every
request the deadline. What happens meanwhile is the setting `rate_failure`.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, Final

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import GUARD_RATE, HEADER_RETRY_AFTER, REFUSED_RATE_UNKNOWN
from fastapi_spine.core.errors import MissingExtraError, SettingsError
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.core.health import Health
from fastapi_spine.guard.rates import Pairs, Plan, tell
from fastapi_spine.guard.reply import Answer
from fastapi_spine.guard.windows import Standing
from fastapi_spine.settings.guard_model import Guard
from fastapi_spine.settings.guarding import Rate

_SECOND_NS: Final = 1_000_000_000
_REST_NS: Final = _SECOND_NS
_UNAVAILABLE: Final = 503
_PREFIX: Final = "async+"
_NAMESPACE: Final = "spine"


class SharedRates:
    """Asks the shared store.

    Args:
        settings: where it is, how long it may take, what happens if it does not answer.
        health: counts a store that does not answer, as step `rate_store`.
        clock: tells time.

    Raises:
        MissingExtraError: `limits` or the Redis client is not installed.
        SettingsError: the store's address cannot be read.
    """

    def __init__(self, settings: Guard, health: Health, clock: Clock) -> None:
        self._limiter = _limiter(settings)
        self._items: dict[Rate, Any] = {}
        self._timeout = settings.rate_timeout
        self._closed = settings.rate_failure == "closed"
        self._health = health
        self._now_ns = clock.monotonic_ns
        self._wall_ns = clock.wall_ns
        self._rests_until = 0

    async def judge(self, plan: Plan, caller: str, said: Pairs) -> Answer | None:
        """Count a request in the store; see `Rates.judge`."""
        if self._now_ns() < self._rests_until:
            return self._unanswered()
        try:
            async with asyncio.timeout(self._timeout):
                standings = [
                    await self._hit(one.label, one.rate, caller, plan.cost) for one in plan.limits
                ]
        except Exception as error:  # noqa: BLE001 - whatever the store's client raises
            self._rests_until = self._now_ns() + _REST_NS
            self._health.fault("rate_store", error)
            return self._unanswered()
        return tell(plan, standings, said)

    async def _hit(self, label: str, rate: Rate, caller: str, cost: int) -> Standing:
        item = self._items.get(rate)
        if item is None:
            item = self._items[rate] = _item(rate)
        allowed = await self._limiter.hit(item, label, caller, cost=cost)
        reset, remaining = await self._limiter.get_window_stats(item, label, caller)
        left = int(reset - self._wall_ns() / _SECOND_NS)
        return Standing(bool(allowed), int(remaining), max(left + 1, 1))

    def _unanswered(self) -> Answer | None:
        if not self._closed:
            return None
        refusal = Refusal(GUARD_RATE, REFUSED_RATE_UNKNOWN)
        detail = "The rate limit cannot be checked now; try again soon."
        return Answer(_UNAVAILABLE, detail, refusal, ((HEADER_RETRY_AFTER, b"1"),))


def _limiter(settings: Guard) -> Any:
    """Make the limiter; it connects when it is first asked."""
    try:
        storages = importlib.import_module("limits.storage")
        strategies = importlib.import_module("limits.aio.strategies")
        importlib.import_module("redis.asyncio")
    except ImportError as error:
        raise MissingExtraError(
            'Guard(rate_store="redis://…") needs the extra: pip install "fastapi-spine[redis]"'
        ) from error
    url = settings.rate_store
    url = url if url.startswith(_PREFIX) else _PREFIX + url
    try:
        storage = storages.storage_from_string(url, implementation="redispy")
    except Exception as error:  # noqa: BLE001 - whatever the library raises of an address
        raise SettingsError(
            f"guard.rate_store cannot be used: {type(error).__name__} in the limits library; "
            "it wants an address such as redis://cache:6379/0, and redis 5.2 or newer."
        ) from None  # what it says may hold the store's password
    sliding = settings.rate_window == "sliding"
    name = "SlidingWindowCounterRateLimiter" if sliding else "FixedWindowRateLimiter"
    return getattr(strategies, name)(storage)


def _item(rate: Rate) -> Any:
    limits = importlib.import_module("limits")
    return limits.RateLimitItemPerSecond(rate.amount, rate.seconds, namespace=_NAMESPACE)
