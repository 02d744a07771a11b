"""payments: takes the money and writes receipts. It has a bug: nobody refuses 0 instalments."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request
from pydantic import BaseModel
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_spine import Spine, bind
from fastapi_spine.demo.storage import open_database, payments, receipts, till

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the till's tables while the service lives."""
    async with open_database(till) as app.state.database:
        yield


app = FastAPI(title="payments", lifespan=lifespan)
Spine(app, service="payments")


class Bill(BaseModel):
    """What an order costs, and in how many parts it is paid."""

    order_id: int
    amount_cents: int
    instalments: int = 1


class Paid(BaseModel):
    """The booked payment; `each_cents` is one instalment."""

    payment_id: int
    each_cents: int


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.post("/payments", status_code=201)
async def charge(bill: Bill, request: Request, tasks: BackgroundTasks) -> Paid:
    """Book a payment; the receipt is written when the shopper already has the answer."""
    bind(order_id=bill.order_id)
    log.debug("bill is %d cents", bill.amount_cents)
    each = instalment_cents(bill)
    row = {
        "order_id": bill.order_id,
        "amount_cents": bill.amount_cents,
        "instalments": bill.instalments,
    }
    async with request.app.state.database.begin() as connection:
        result = await connection.execute(insert(payments).values(row))
    payment_id: int = result.inserted_primary_key[0]
    tasks.add_task(write_receipt, request.app.state.database, payment_id, bill)
    log.info("payment booked", extra={"payment_id": payment_id, "cents": bill.amount_cents})
    return Paid(payment_id=payment_id, each_cents=each)


def instalment_cents(bill: Bill) -> int:
    """What one instalment comes to, in cents."""
    log.debug("splitting %d cents into %d instalments", bill.amount_cents, bill.instalments)
    return bill.amount_cents // bill.instalments


async def write_receipt(database: AsyncEngine, payment_id: int, bill: Bill) -> None:
    """Keep a receipt; this runs after the response, still under the request's id."""
    body = f"order {bill.order_id}: {bill.amount_cents / 100:.2f} paid, thank you"
    async with database.begin() as connection:
        await connection.execute(insert(receipts).values(payment_id=payment_id, body=body))
    log.info("receipt written", extra={"payment_id": payment_id})
