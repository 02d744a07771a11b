"""orders: the shop's front door. Shoppers sign in, order, and look at what they ordered."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import func, insert, select, update

from fastapi_spine import Objective, Spine, bind, outgoing_headers, policy
from fastapi_spine.demo.storage import (
    customer_rows,
    customers,
    front,
    open_database,
    order_items,
    orders,
    password_hash,
    past_orders,
)

log = logging.getLogger(__name__)

_LIMITS = httpx.Limits(keepalive_expiry=2)
"""uvicorn closes an idle connection after five seconds; whoever uses one just then gets an error that is nobody's."""
_ANEW = httpx.Limits(max_keepalive_connections=0)
"""After an exception uvicorn closes the connection without a word, and payments has exceptions."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the order tables and the connections to the two other services."""
    app.state.key = secrets.token_bytes(32)
    inventory = os.environ.get("SPINE_DEMO_INVENTORY_URL", "http://127.0.0.1:8001")
    payments = os.environ.get("SPINE_DEMO_PAYMENTS_URL", "http://127.0.0.1:8002")
    seeds = {customers: customer_rows(), orders: past_orders()}
    async with (
        open_database(front, seeds) as app.state.database,
        httpx.AsyncClient(base_url=inventory, timeout=30, limits=_LIMITS) as app.state.inventory,
        httpx.AsyncClient(base_url=payments, timeout=30, limits=_ANEW) as app.state.payments,
    ):
        yield


app = FastAPI(title="orders", lifespan=lifespan)
Spine(app, service="orders")
logging.getLogger("httpx").setLevel(logging.WARNING)  # it reports every call at INFO


class Login(BaseModel):
    """What the login form posts."""

    email: str
    password: str


class Item(BaseModel):
    """So many pieces of one article."""

    sku: str
    quantity: int = Field(ge=1, le=99)


class Basket(BaseModel):
    """What a shopper wants, and in how many parts it is paid."""

    items: list[Item] = Field(min_length=1)
    instalments: int = 1


class Order(BaseModel):
    """An order as its shopper sees it; prices are in cents."""

    id: int
    state: str
    total_cents: int
    items: list[Item]
    receipt: str | None = None


async def shopper(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> str:
    """Who is asking: the e-mail address in the bearer token, bound to every line of the request."""
    return read_token(request, bearer.credentials if bearer else "")


Shopper = Annotated[str, Depends(shopper)]


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.post("/login")
async def login(form: Login, request: Request) -> dict[str, str]:
    """Trade a password for a token."""
    # Careless on purpose: the form holds the password. See the end of the tour for what is logged.
    log.info("sign-in with %s", form.model_dump())
    query = select(customers.c.password_hash).where(customers.c.email == form.email)
    async with request.app.state.database.connect() as connection:
        known = await connection.scalar(query)
    if known != password_hash(form.email, form.password):
        raise HTTPException(401, "e-mail address or password is wrong")
    bind(user_id=form.email)
    return {"token": make_token(request, form.email, minutes=15)}


@app.post("/orders", status_code=201)
@policy(slow="200ms")
async def place_order(basket: Basket, request: Request, email: Shopper) -> Order:
    """Reserve the articles, keep the order, have it paid."""
    log.info("basket received", extra={"articles": len(basket.items)})
    prices = await reserve(basket, request)
    total = sum(prices[item.sku] * item.quantity for item in basket.items)
    order_id = await keep_order(basket, email, prices, total, request)
    bind(order_id=order_id)
    await pay(order_id, total, basket.instalments, request)
    token = make_token(request, email, minutes=60)
    receipt = str(
        request.url_for("show_receipt", order_id=order_id).include_query_params(token=token)
    )
    log.info("order paid, receipt at %s", receipt)
    return Order(id=order_id, state="paid", total_cents=total, items=basket.items, receipt=receipt)


@app.get("/sales")
async def sales(request: Request) -> dict[str, int]:
    """Sum up the day for the owner; written in a hurry, it holds up everybody else."""
    query = select(func.count(orders.c.id), func.coalesce(func.sum(orders.c.total_cents), 0))
    async with request.app.state.database.connect() as connection:
        number, cents = (await connection.execute(query)).one()
    time.sleep(0.4)  # noqa: ASYNC251 - the mistake that the tour shows: it stops the event loop
    return {"orders": number, "cents": cents}


@app.get("/orders")
async def list_orders(request: Request, email: Shopper) -> list[Order]:
    """Show a shopper all of their orders; written in a hurry, it asks the database once for each of them."""
    query = (
        select(orders.c.id).where(orders.c.email == email).order_by(orders.c.id.desc()).limit(40)
    )
    async with request.app.state.database.connect() as connection:
        numbers = (await connection.scalars(query)).all()
    return [await as_shown(number, email, request) for number in numbers]


@app.get("/orders/{order_id}")
@policy(objective=Objective(availability=0.999, latency=("500ms", 0.9)))
async def show_order(order_id: int, request: Request, email: Shopper) -> Order:
    """Show a shopper one of their orders."""
    order, items = await find_order(order_id, email, request)
    for item in items:
        answer = await request.app.state.inventory.get(
            f"/stock/{item.sku}", headers=outgoing_headers()
        )
        log.debug("inventory says %s for %s", answer.status_code, item.sku)
    return Order(id=order_id, state=order.state, total_cents=order.total_cents, items=items)


@app.get("/orders/{order_id}/receipt", response_class=HTMLResponse)
async def show_receipt(order_id: int, token: str, request: Request) -> str:
    """Render the receipt behind the link of a confirmation e-mail; the link carries the token."""
    order, items = await find_order(order_id, read_token(request, token), request)
    rows = "".join(f"<li>{item.quantity} {escape(item.sku)}</li>" for item in items)
    return f"<h1>Order {order_id}</h1><ul>{rows}</ul><p>{order.total_cents / 100:.2f}, {order.state}</p>"


async def as_shown(order_id: int, email: str, request: Request) -> Order:
    """One order of a shopper's, as the list shows it."""
    order, items = await find_order(order_id, email, request)
    return Order(id=order_id, state=order.state, total_cents=order.total_cents, items=items)


def make_token(request: Request, email: str, minutes: int) -> str:
    """A signed token for one shopper."""
    claims = {"sub": email, "exp": int(time.time()) + 60 * minutes, "jti": secrets.token_hex(8)}
    return jwt.encode(claims, request.app.state.key, algorithm="HS256")


def read_token(request: Request, token: str) -> str:
    """The shopper a token was made for; anything else is a 401."""
    try:
        claims = jwt.decode(token, request.app.state.key, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        log.debug("token refused: %s", error)
        raise HTTPException(401, "please sign in") from None
    email = str(claims["sub"])
    bind(user_id=email)
    return email


async def reserve(basket: Basket, request: Request) -> dict[str, int]:
    """Have the articles put aside; answers each article's price in cents."""
    body = {"items": [item.model_dump() for item in basket.items]}
    answer = await request.app.state.inventory.post(
        "/reservations", json=body, headers=outgoing_headers()
    )
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, answer.json()["detail"])
    answer.raise_for_status()
    return {article["sku"]: article["unit_cents"] for article in answer.json()}


async def pay(order_id: int, cents: int, instalments: int, request: Request) -> None:
    """Have the order paid, or say that it could not be."""
    bill = {"order_id": order_id, "amount_cents": cents, "instalments": instalments}
    log.debug("asking payments: %s", bill)
    answer = await request.app.state.payments.post(
        "/payments", json=bill, headers=outgoing_headers()
    )
    paid = answer.is_success
    async with request.app.state.database.begin() as connection:
        state = "paid" if paid else "unpaid"
        await connection.execute(update(orders).where(orders.c.id == order_id).values(state=state))
    if not paid:
        log.debug("payments answered %d: %s", answer.status_code, answer.text[:200])
        raise HTTPException(502, "the payment could not be taken, the order is kept as unpaid")


async def keep_order(
    basket: Basket, email: str, prices: dict[str, int], total: int, request: Request
) -> int:
    """Write the order and its items; answers the order's number."""
    async with request.app.state.database.begin() as connection:
        order = {"email": email, "total_cents": total, "state": "new"}
        result = await connection.execute(insert(orders).values(order))
        order_id: int = result.inserted_primary_key[0]
        rows = [
            {"order_id": order_id, "unit_cents": prices[item.sku], **item.model_dump()}
            for item in basket.items
        ]
        await connection.execute(insert(order_items), rows)
    log.debug("order %d kept, %d cents", order_id, total)
    return order_id


async def find_order(order_id: int, email: str, request: Request) -> tuple[Any, list[Item]]:
    """The order's row and items; somebody else's order is as unknown as a missing one."""
    mine = (orders.c.id == order_id) & (orders.c.email == email)
    async with request.app.state.database.connect() as connection:
        order = (await connection.execute(select(orders).where(mine))).first()
        query = select(order_items.c.sku, order_items.c.quantity)
        items = await connection.execute(query.where(order_items.c.order_id == order_id))
    if order is None:
        raise HTTPException(404, f"no order {order_id}")
    return order, [Item.model_validate(row._asdict()) for row in items]
