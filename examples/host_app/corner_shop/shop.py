"""What the shop does. Each of its deeds and the event about it are one transaction of the shop's own SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from journeykit import ActionRequest, Engine, Event, SQLiteStorage, load

TABLES = """
create table if not exists customers(id text primary key, email text not null, first_name text);
create table if not exists lines(id integer primary key, cart text, sku text, price integer);
create table if not exists orders(id integer primary key, customer text, cart text unique, total integer);
create table if not exists tickets(id integer primary key, customer text, resolved integer not null default 0);
"""


def prepare(database: Path) -> None:
    """Make the tables, the shop's and the journeys'; once is enough, twice does no harm."""
    with closing(SQLiteStorage(database)) as storage:
        storage.migrate()
    with sqlite3.connect(database) as connection:
        connection.executescript(TABLES)


def make_engine(database: Path, actions: Mapping[str, Callable[[ActionRequest], Any]]) -> Engine:
    """The engine that runs the shop's journeys."""
    with as_file(files("corner_shop") / "journeys") as folder:
        return Engine(load(folder), SQLiteStorage(database), actions)


class Shop:
    """The shop; give it the engine that it tells what happens."""

    def __init__(self, database: Path, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    def sign_up(self, customer: str, email: str, first_name: str | None = None, zone: str = "Europe/Berlin") -> None:
        """Somebody signs up and agrees to be written to."""
        with self._transaction() as (connection, engine):
            connection.execute("insert into customers values(?, ?, ?)", (customer, email, first_name))
            engine.identify(
                customer, traits={"email": email, "first_name": first_name}, zone=zone, consent={"email": True}, id=f"signed-up-{customer}"
            )

    def unsubscribe(self, customer: str) -> None:
        """They do not want to hear from the shop any more, but for what they order."""
        with self._transaction() as (_, engine):
            engine.identify(customer, consent={"email": False}, id=f"unsubscribed-{customer}-{datetime.now(UTC).isoformat()}")

    def add(self, customer: str, cart: str, sku: str, price: int) -> None:
        """Put a product of *price* cents into a cart."""
        with self._transaction() as (connection, engine):
            line = connection.execute("insert into lines(cart, sku, price) values(?, ?, ?)", (cart, sku, price)).lastrowid
            engine.accept(_event("Product Added", f"line-{line}", customer, cart_id=cart, product_id=sku, price=price))

    def order(self, customer: str, cart: str, charge: Callable[[int], None]) -> int:
        """
        Order what is in a cart and return the order's number.

        Args:
            customer: who orders.
            cart: the id of their cart.
            charge: takes so many cents off their card; raises where it is refused, and nothing has happened.
        """
        with self._transaction() as (connection, engine):
            (total,) = connection.execute("select coalesce(sum(price), 0) from lines where cart = ?", (cart,)).fetchone()
            order = connection.execute("insert into orders(customer, cart, total) values(?, ?, ?)", (customer, cart, total)).lastrowid
            engine.handle(_event("Order Completed", f"order-{order}", customer, order_id=str(order), cart_id=cart, total=total))
            charge(total)
        return order

    def complain(self, customer: str) -> int:
        """Open a ticket and return its number."""
        with self._transaction() as (connection, engine):
            ticket = connection.execute("insert into tickets(customer) values(?)", (customer,)).lastrowid
            engine.handle(_event("Ticket Opened", f"ticket-{ticket}", customer))
        return ticket

    def resolve(self, ticket: int) -> None:
        """A ticket is settled."""
        with self._transaction() as (connection, engine):
            (customer,) = connection.execute("update tickets set resolved = 1 where id = ? returning customer", (ticket,)).fetchone()
            engine.handle(_event("Ticket Resolved", f"ticket-{ticket}-resolved", customer))

    def forget(self, customer: str) -> None:
        """They ask to be forgotten: the shop's rows and everything that the journeys know."""
        with self._transaction() as (connection, engine):
            connection.execute("delete from customers where id = ?", (customer,))
            engine.erase(customer)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, Engine]]:
        connection = sqlite3.connect(self._database, timeout=30)
        try:
            with connection:
                connection.execute("begin immediate")
                yield connection, self._engine.within(connection)
        finally:
            connection.close()


def _event(name: str, id: str, customer: str, **properties: Any) -> Event:
    return Event(name, id=id, customer_id=customer, occurred_at=datetime.now(UTC), properties=properties)
