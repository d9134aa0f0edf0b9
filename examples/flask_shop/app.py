"""A small shop on Flask and sqlite3: an order, and what follows from it, in one transaction. Run it: ``flask run``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, jsonify, request

from journeykit import ActionRequest, Engine, Event, SQLiteStorage, load
from journeykit.contrib.flask import current_engine, use_engine

SHOP = Path(__file__).parent


def send_email(asked: ActionRequest) -> None:
    """Send one of the shop's e-mails; this shop only prints them."""
    print("e-mail", asked.parameters["template"], "to", asked.customer_id)


def create_app(database: str = "shop.db") -> Flask:
    """Make the app; ``flask run`` finds it."""
    app = Flask(__name__)
    app.config["DATABASE"] = database
    storage = SQLiteStorage(database)
    storage.migrate()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("create table if not exists orders(id integer primary key, customer text, total integer)")
    use_engine(app, Engine(load(SHOP / "care.yaml"), storage, actions={"email": send_email}))

    @app.post("/orders")
    def complete():
        """Take an order."""
        customer, total = request.form["customer"], int(request.form["total"])
        with closing(sqlite3.connect(app.config["DATABASE"])) as connection, connection:
            order = connection.execute("insert into orders(customer, total) values(?, ?)", (customer, total)).lastrowid
            happened = Event(
                "Order Completed", id=f"order-{order}", customer_id=customer, occurred_at=datetime.now(UTC),
                properties={"order_id": str(order), "total": total},
            )  # fmt: skip
            current_engine().within(connection).handle(happened)
            if request.form.get("card") == "refused":
                raise ValueError("the card was refused")
        return jsonify(order=order)

    return app
