"""A small shop on FastAPI and SQLAlchemy: an order, and what follows from it, in one transaction. Run it: ``fastapi dev app.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from journeykit import ActionRequest, Engine, Event, SQLiteStorage, load
from journeykit.contrib.fastapi import Journeys, lifespan
from journeykit.contrib.sqlalchemy import within

SHOP = Path(__file__).parent
DATABASE = os.environ.get("SHOP_DB", "shop.db")


class Base(DeclarativeBase):
    """The shop's own tables."""


class Order(Base):
    """What somebody bought."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    total: Mapped[int]


class Basket(BaseModel):
    """What the page sends."""

    customer: str
    total: int
    card: str = "accepted"


def send_email(request: ActionRequest) -> None:
    """Send one of the shop's e-mails; this shop only prints them."""
    print("e-mail", request.parameters["template"], "to", request.customer_id)


bind = create_engine(f"sqlite:///{DATABASE}")
Base.metadata.create_all(bind)
storage = SQLiteStorage(DATABASE)
storage.migrate()
engine = Engine(load(SHOP / "care.yaml"), storage, actions={"email": send_email})
app = FastAPI(lifespan=lifespan(engine))


def open_session() -> Iterator[Session]:
    """One transaction for each request."""
    with Session(bind) as session, session.begin():
        yield session


@app.post("/orders")
def complete(basket: Basket, journeys: Journeys, session: Annotated[Session, Depends(open_session)]) -> dict[str, int]:
    """Take an order."""
    order = Order(customer=basket.customer, total=basket.total)
    session.add(order)
    session.flush()
    happened = Event(
        "Order Completed", id=f"order-{order.id}", customer_id=order.customer, occurred_at=datetime.now(UTC),
        properties={"order_id": str(order.id), "total": order.total},
    )  # fmt: skip
    within(journeys, session).handle(happened)
    if basket.card == "refused":
        raise HTTPException(402, "the card was refused")
    return {"order": order.id}
