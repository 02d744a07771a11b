"""inventory: knows what is on which shelf. Asking the overseas warehouse takes a while."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import select, update

from fastapi_spine import Objective, Spine, bind, policy
from fastapi_spine.demo.releases import FAULTY, GOOD
from fastapi_spine.demo.storage import STOCK, open_database, stock, warehouse

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the stock tables while the service lives."""
    app.state.version = os.environ.get("SPINE_DEMO_INVENTORY_VERSION", GOOD)
    app.state.overseas_s = int(os.environ.get("SPINE_DEMO_INVENTORY_DELAY_MS", "300")) / 1000
    async with open_database(warehouse, {stock: STOCK}) as app.state.database:
        yield


app = FastAPI(title="inventory", lifespan=lifespan)
Spine(app, service="inventory", objectives=[Objective("POST /reservations", availability=0.99)])


class Wanted(BaseModel):
    """So many pieces of one article."""

    sku: str
    quantity: int = Field(ge=1, le=99)


class Reservation(BaseModel):
    """What to take off the shelves for one order."""

    items: list[Wanted]


class Article(BaseModel):
    """One article as the shelf label shows it; the price is in cents."""

    sku: str
    name: str
    unit_cents: int
    shelf: str


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.get("/stock/{sku}")
@policy(log="errors")
async def look_up(sku: str, request: Request) -> Article:
    """Show one article; a busy, dull route, so only its failures are logged."""
    async with request.app.state.database.connect() as connection:
        row = (await connection.execute(select(stock).where(stock.c.sku == sku))).first()
    if row is None:
        raise HTTPException(404, f"no article {sku!r}")
    return Article.model_validate(row._asdict())


@app.post("/reservations")
@policy(slow="200ms")
async def reserve(reservation: Reservation, request: Request) -> list[Article]:
    """Put articles aside for an order and answer what they are."""
    bind(articles=len(reservation.items))
    return [await take(wanted, request) for wanted in reservation.items]


async def take(wanted: Wanted, request: Request) -> Article:
    """Put one article aside."""
    article = await look_up(wanted.sku, request)
    log.debug("%s is on shelf %s", article.sku, article.shelf)
    if request.app.state.version == FAULTY:
        log.debug("aisle %d", aisle(article.shelf))
    if article.shelf == "overseas":
        log.debug("asking the overseas warehouse for %d %s", wanted.quantity, article.sku)
        await asyncio.sleep(request.app.state.overseas_s)
    async with request.app.state.database.begin() as connection:
        reserved = stock.c.reserved + wanted.quantity
        await connection.execute(
            update(stock).where(stock.c.sku == wanted.sku).values(reserved=reserved)
        )
    log.info("reserved %d %s", wanted.quantity, article.sku)
    return article


def aisle(shelf: str) -> int:
    """Say which aisle a shelf is in. New in 1.1.0, and wrong: shelves are called A1, not 1."""
    return int(shelf)
