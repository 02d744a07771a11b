"""The shop's tables, its opening stock and its customers; plain SQLAlchemy Core, async.

A SQLite file or a PostgreSQL, whichever `SPINE_DEMO_DATABASE_URL` names. Every table carries the
prefix `spine_demo_`, so that a database of yours can be lent to the shop.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext import asyncio as alchemy
from sqlalchemy.ext.asyncio import AsyncEngine

DATABASE_URL: Final = "SPINE_DEMO_DATABASE_URL"
DEFAULT_DATABASE_URL: Final = "sqlite+aiosqlite:///spine-demo.db"

Rows = Sequence[Mapping[str, Any]]

front = MetaData()
"""Tables of `orders`: who may buy, and what was bought."""

customers = Table(
    "spine_demo_customers",
    front,
    Column("email", String(80), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("password_hash", LargeBinary, nullable=False),
)
orders = Table(
    "spine_demo_orders",
    front,
    Column("id", Integer, primary_key=True),
    Column("email", String(80), nullable=False),
    Column("total_cents", Integer, nullable=False),
    Column("state", String(16), nullable=False),
)
order_items = Table(
    "spine_demo_order_items",
    front,
    Column("id", Integer, primary_key=True),
    Column("order_id", ForeignKey("spine_demo_orders.id"), nullable=False, index=True),
    Column("sku", String(16), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_cents", Integer, nullable=False),
)

warehouse = MetaData()
"""Tables of `inventory`."""

stock = Table(
    "spine_demo_stock",
    warehouse,
    Column("sku", String(16), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("unit_cents", Integer, nullable=False),
    Column("shelf", String(16), nullable=False),
    Column("reserved", Integer, nullable=False),
)

till = MetaData()
"""Tables of `payments`."""

payments = Table(
    "spine_demo_payments",
    till,
    Column("id", Integer, primary_key=True),
    Column("order_id", Integer, nullable=False),
    Column("amount_cents", Integer, nullable=False),
    Column("instalments", Integer, nullable=False),
)
receipts = Table(
    "spine_demo_receipts",
    till,
    Column("id", Integer, primary_key=True),
    Column("payment_id", ForeignKey("spine_demo_payments.id"), nullable=False),
    Column("body", String(200), nullable=False),
)

# The generator posts these; a tour that finds one of them in the shop's output has failed.
# "guest" is yours, for the curl commands at the end of the tour.
CUSTOMERS: Final[Mapping[str, tuple[str, str]]] = {
    "ada@shop.example": ("Ada", "tulip-anchor-4207"),
    "grace@shop.example": ("Grace", "copper-lantern-9913"),
    "linus@shop.example": ("Linus", "walrus-violin-3386"),
    "margaret@shop.example": ("Margaret", "apollo-teacup-1969"),
    "guest@shop.example": ("Guest", "guest"),
}

STOCK: Final[Rows] = [
    {"sku": "mug", "name": "Mug", "unit_cents": 1200, "shelf": "A1", "reserved": 0},
    {"sku": "teapot", "name": "Teapot", "unit_cents": 3900, "shelf": "A2", "reserved": 0},
    {"sku": "tray", "name": "Tray", "unit_cents": 2500, "shelf": "B1", "reserved": 0},
    {"sku": "kettle", "name": "Kettle", "unit_cents": 5400, "shelf": "B2", "reserved": 0},
    {"sku": "samovar", "name": "Samovar", "unit_cents": 24900, "shelf": "overseas", "reserved": 0},
]


def password_hash(email: str, password: str) -> bytes:
    """What the customers table keeps of a password; small cost numbers, it is a demo."""
    return hashlib.scrypt(password.encode(), salt=email.encode(), n=1024, r=8, p=1, dklen=32)


def database_url(given: str) -> URL:
    """The address with the asynchronous driver the shop ships: `postgresql://` means psycopg."""
    url = make_url(given)
    drivers = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}
    return url.set(drivername=drivers.get(url.drivername, url.drivername))


@asynccontextmanager
async def open_database(
    tables: MetaData, seeds: Mapping[Table, Rows] | None = None
) -> AsyncIterator[AsyncEngine]:
    """A service's own tables: made when missing, and filled with their seeds when empty."""
    # Looked up when it is called: an instrumentation may have taken its place since this file was imported.
    url = database_url(os.environ.get(DATABASE_URL, DEFAULT_DATABASE_URL))
    engine = alchemy.create_async_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _no_fsync)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
            for table, rows in (seeds or {}).items():
                if not await connection.scalar(select(func.count()).select_from(table)):
                    await connection.execute(insert(table), list(rows))
        yield engine
    finally:
        await engine.dispose()


def _no_fsync(connection: DBAPIConnection, _record: object) -> None:
    # The file lives as long as the shop; a slow disk would show in every bar of the tour.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


def customer_rows() -> Rows:
    """The customers as the table keeps them, passwords hashed."""
    return [
        {"email": email, "name": name, "password_hash": password_hash(email, password)}
        for email, (name, password) in CUSTOMERS.items()
    ]


PAST_ORDERS: Final = 12
"""How many orders each customer has from before the shop opened: `GET /orders` lists them."""


def past_orders() -> Rows:
    """Orders of last year. They have no numbers here: the database gives them, as it does for new ones."""
    return [
        {"email": email, "total_cents": 1200 + 100 * place, "state": "paid"}
        for email in CUSTOMERS
        for place in range(PAST_ORDERS)
    ]
