"""The shoppers: a seeded plan of visits, and the client that plays it against the running shop.

The plan is a pure function of the seed, so that two runs send the same visits in the same order.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import httpx

from fastapi_spine.demo.storage import CUSTOMERS, STOCK


class Kind(StrEnum):
    """What a shopper came for."""

    ORDER = "order"
    SLOW = "slow"
    MISSING = "missing"
    INVALID = "invalid"
    ANONYMOUS = "anonymous"
    MISTYPED = "mistyped"
    FAILING = "failing"
    OWNER = "owner"
    HISTORY = "history"


# One shuffled deck after the other: any len(DECK) visits from the start of one hold every kind.
DECK: Final = (
    *[Kind.ORDER] * 6,
    Kind.SLOW,
    Kind.MISSING,
    Kind.INVALID,
    Kind.ANONYMOUS,
    Kind.MISTYPED,
    Kind.FAILING,
    Kind.OWNER,
    Kind.HISTORY,
)
SHOPPERS: Final = tuple(email for email in CUSTOMERS if not email.startswith("guest"))
NEARBY: Final = tuple(row["sku"] for row in STOCK if row["shelf"] != "overseas")
OVERSEAS: Final = tuple(row["sku"] for row in STOCK if row["shelf"] == "overseas")


@dataclass(frozen=True, slots=True)
class Visit:
    """One shopper's visit.

    Attributes:
        number: counts visits from 0.
        kind: what the shopper came for.
        email: who it is; one of `storage.CUSTOMERS`.
        basket: articles and pieces.
        wait: how long after the visit before it starts, in mean gaps (1.0 is one mean gap).
        trace: 32 hex digits, the trace the shopper's browser started.
    """

    number: int
    kind: Kind
    email: str
    basket: tuple[tuple[str, int], ...]
    wait: float
    trace: str


def plan(seed: int) -> Iterator[Visit]:
    """The endless visits of one seed.

    Args:
        seed: same seed, same visits.

    Yields:
        Visits in the order they start; every deck of `len(DECK)` of them holds every kind.
    """
    lots = random.Random(seed)
    prefix = trace_prefix(seed)
    number = 0
    while True:
        deck = lots.sample(DECK, len(DECK))
        for kind in deck:
            skus = lots.sample(NEARBY, lots.randint(1, 2))
            if kind is Kind.SLOW:
                skus = [*skus[:1], *OVERSEAS]
            yield Visit(
                number=number,
                kind=kind,
                email=lots.choice(SHOPPERS),
                basket=tuple((sku, lots.randint(1, 3)) for sku in skus),
                wait=min(lots.expovariate(1.0), 3.0),
                trace=f"{prefix}{lots.getrandbits(96):024x}",
            )
            number += 1


def trace_prefix(seed: int) -> str:
    """How the trace ids of one seed's visits begin: 8 hex digits that tell them from yours."""
    return f"{random.Random(f'trace {seed}').getrandbits(32) | 1:08x}"


@dataclass(slots=True)
class Shoppers:
    """Plays visits against the shop.

    Attributes:
        orders_url: where the orders service listens.
        told: called with every password and token before it is sent, or as soon as it was received.
        answers: how many answers of each status came back.
    """

    orders_url: str
    told: Callable[[str], None]
    answers: Counter[int] = field(default_factory=Counter)
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _visits: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Open the doors."""
        self._open.set()

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[None]:
        """Let nobody in while the block runs, which begins when those inside have left."""
        self._open.clear()
        try:
            while self._visits:
                await asyncio.wait(self._visits)
            yield
        finally:
            self._open.set()

    async def stroll(self, visits: Iterator[Visit], pace: Callable[[], float]) -> None:
        """Play visits until cancelled; `pace` gives the mean gap between two, in seconds."""
        limits = httpx.Limits(max_connections=32)
        async with (
            httpx.AsyncClient(base_url=self.orders_url, timeout=30, limits=limits) as client,
            asyncio.TaskGroup() as visitors,
        ):
            for visit in visits:
                await asyncio.sleep(visit.wait * pace())
                await self._open.wait()
                task = visitors.create_task(self.play(client, visit))
                self._visits.add(task)
                task.add_done_callback(self._visits.discard)

    async def play(self, client: httpx.AsyncClient, visit: Visit) -> None:
        """Play one visit; a shop that cannot be reached is the supervisor's business."""
        try:
            await self._play(_Browser(client, visit, self))
        except httpx.TransportError:
            self.answers[0] += 1

    async def _play(self, browser: _Browser) -> None:
        match browser.visit.kind:
            case Kind.ANONYMOUS:
                await browser.send("GET", "/orders/1")
            case Kind.OWNER:
                await browser.send("GET", "/sales")
            case Kind.MISTYPED:
                await browser.sign_in(mistyped=True)
            case Kind.HISTORY:
                await browser.sign_in()
                await browser.send("GET", "/orders")
            case Kind.MISSING:
                await browser.sign_in()
                await browser.send("GET", f"/orders/{900000 + browser.visit.number}")
            case Kind.INVALID:
                await browser.sign_in()
                await browser.order(quantity=0)
            case Kind.FAILING:
                await browser.sign_in()
                await browser.order(instalments=0)
            case Kind.ORDER | Kind.SLOW:
                await browser.sign_in()
                await browser.admire(await browser.order())


class _Browser:
    """One shopper's side of one visit."""

    def __init__(self, client: httpx.AsyncClient, visit: Visit, shoppers: Shoppers) -> None:
        self.visit = visit
        self._client = client
        self._shoppers = shoppers
        self._bearer: dict[str, str] = {}
        self._span = int(visit.trace[16:], 16) | 1

    async def sign_in(self, *, mistyped: bool = False) -> None:
        """Post the password; keep the token."""
        password = CUSTOMERS[self.visit.email][1]
        if mistyped:
            password = f"{password}{self.visit.number}"
        self._shoppers.told(password)
        form = {"email": self.visit.email, "password": password}
        answer = await self.send("POST", "/login", json=form)
        if "token" in answer:
            self._shoppers.told(answer["token"])
            self._bearer = {"authorization": f"Bearer {answer['token']}"}

    async def order(self, *, quantity: int | None = None, instalments: int = 1) -> dict[str, Any]:
        """Order the basket; answers what the shop says of it."""
        items = [
            {"sku": sku, "quantity": pieces if quantity is None else quantity}
            for sku, pieces in self.visit.basket
        ]
        return await self.send("POST", "/orders", json={"items": items, "instalments": instalments})

    async def admire(self, order: Mapping[str, Any]) -> None:
        """Look at the order, then follow the receipt's link with the token in its query."""
        if "receipt" not in order:
            return
        self._shoppers.told(httpx.URL(order["receipt"]).params["token"])
        await self.send("GET", f"/orders/{order['id']}")
        await self.send("GET", order["receipt"])

    async def send(self, method: str, path: str, json: Any = None) -> dict[str, Any]:
        """Send one request; answers its JSON object, or an empty one."""
        self._span += 2
        trace = f"00-{self.visit.trace}-{self._span & (2**64 - 1):016x}-01"
        headers = {**self._bearer, "traceparent": trace}
        answer = await self._client.request(method, path, json=json, headers=headers)
        self._shoppers.answers[answer.status_code] += 1
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        body = answer.json() if is_json else {}
        return body if isinstance(body, dict) else {}
