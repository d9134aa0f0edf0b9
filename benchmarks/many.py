"""
Histories of a shop with as many customers as are asked for, as `journeykit export` would write them, from a seed.

Some customers live through it for real, in an engine with three journeys, until nothing is open any more. All others are like one
of them, with ids and days of their own: what journeys did with them is what the same journeys would have done.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from journeykit import Catalog, Do, Engine, Event, Goal, Journey, MemoryStorage, On, Step
from journeykit.insight.engines.duck import PARQUET, DuckLake, timestamps
from journeykit.insight.tables.raw import TABLES, Table
from journeykit.insight.tables.reading import fill
from journeykit.model.messages import ActionRequest, Done, moment
from journeykit.runtime.clock import ManualClock

MODELS = 1_000  #: customers who live through it
EACH = 10  #: events of a customer, on average
BEGIN = 1_704_067_200_000_000  #: 2024-01-01
HOUR, DAY = 3_600_000_000, 86_400_000_000
DAYS = 540  #: over which the customers come

LIFE = Journey(
    "lifecycle", lifecycle=True, entry=["Page Viewed", "Products Searched", "Product Viewed"], stages=["awareness", "consideration", "purchase", "retention", "gone"],
    steps=[
        Step("visitor", stage="awareness", wait="30 days", when={"Product Viewed": "interested", "Order Completed": "customer"}, then="lost"),
        Step("interested", stage="consideration", wait="45 days", when={"Order Completed": "customer"}, then="lost"),
        Step("customer", stage="purchase", do=Do("email", template="thanks"), wait="60 days", when={"Order Completed": "regular"}, then="asked back"),
        Step("asked back", stage="retention", do=Do("email", template="come-back"), wait="30 days", when={"Order Completed": "regular"}, then="lost"),
        Step("regular", stage="retention", wait="60 days", when={"Order Completed": "regular"}, then="asked back"),
        Step("lost", stage="gone", end="lost"),
    ],
)  # fmt: skip
CART = Journey(
    "recover-cart", key="cart_id", entry="Product Added", goal=Goal("Order Completed", end="bought"),
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder"), wait="3 days"),
    ],
)  # fmt: skip
CLUB = Journey(
    "club", entry=On(segment="good customers"), steps=[Step("member", stage="retention", do=Do("email", template="club"), wait="1 day")]
)
SHOP = Catalog(facts={"spent": "sum of Order Completed.total"}, segments={"good customers": "customer.spent >= 10000"})
SOURCES = ("google", "newsletter", "instagram", "partner", "direct")


def history(folder: Path, customers: int, seed: int = 5) -> int:
    """Write the history of so many customers into *folder*, and return how many events it has."""
    lake = DuckLake(spill=folder)
    fill(lake, _models(min(MODELS, customers), seed))
    copies = -(-customers // MODELS)
    last = lake.query("select max(id) from messages")[0][0]
    for table in TABLES:
        lake.run(f"copy (select {timestamps(table)} from ({_copied(table, copies, last)})) to '{folder / table.name}.parquet' ({PARQUET})")
    (number,) = lake.query(f"select count(*) from read_parquet('{folder}/events.parquet')")[0]
    lake.close()
    return int(number)


def _copied(table: Table, copies: int, last: int) -> str:
    """The query for the rows of all customers: whoever is like somebody else has an id, a day and orders of their own."""
    if table.name == "definitions":
        return "select * from definitions"
    by = f"cast((copy * 7919) % {DAYS} as bigint) * {DAY}"
    told = {
        "customer": "customer || '-' || copy",
        "id": f"id + copy * {last}",
        "key": "case when key = '' then '' else key || '-' || copy end",
    }
    if table.name == "events":
        told |= {"id": "id || '-' || copy", "properties": "replace(properties, '#', copy::text)"}
    moments = {name: f"{name} + {by}" for name in table.names if name.endswith("_at")}
    columns = ", ".join(f'{(told | moments).get(name, name)} as "{name}"' for name in table.names)
    return f"select {columns} from (select *, cast(range as bigint) as copy from {table.name} cross join range({copies}))"


def _models(customers: int, seed: int) -> MemoryStorage:
    """Those who live through it: everything they do, in order of time, and then time goes by until nothing is open."""
    storage, clock = MemoryStorage(), ManualClock(BEGIN)
    engine = Engine([LIFE, CART, CLUB, SHOP], storage, {"email": _sent}, clock=clock)
    events = [event for number in range(customers) for event in _life(number, random.Random(seed * 1_000_003 + number))]
    for event in sorted(events, key=lambda one: one.at):
        clock.set(event.at)
        engine.handle(event)
        engine.dispatch()
    for _ in range(150):
        clock.advance(timedelta(days=2))
        while engine.run_due() or engine.dispatch().performed:
            pass
    return storage


def _sent(request: ActionRequest) -> Done:
    return Done()


def _life(number: int, chance: random.Random) -> Iterator[Event]:
    """What one customer does: visits of one to six moments each."""
    at, told, source = BEGIN + chance.randrange(30 * DAY), 0, chance.choice(SOURCES)
    most = chance.randint(1, 2 * EACH - 1)
    while told < most:
        for name, properties in _visit(number, told, source, chance):
            if told == most:
                return
            yield Event(name, id=f"e{told}", customer_id=f"c{number:04}", occurred_at=moment(at), properties=properties, source="shop")
            told += 1
            at += chance.randrange(HOUR // 60, HOUR // 4)
        at += chance.randrange(HOUR, 12 * DAY)


def _visit(number: int, told: int, source: str, chance: random.Random) -> Iterator[tuple[str, dict[str, object]]]:
    """One visit: pages, products, perhaps a cart, perhaps an order and what comes after it."""
    product, visit = f"p{chance.randrange(500)}", f"{number}-{told}-#"
    yield chance.choice(
        [
            ("Page Viewed", {"name": "home", "source": source, "session_id": visit}),
            ("Products Searched", {"query": "lamp", "results": chance.randrange(3)}),
        ]
    )
    yield "Product Viewed", {"product_id": product, "source": source}
    if chance.random() < 0.1:
        yield "Newsletter Signed Up", {"source": source}
    if chance.random() < 0.55:
        yield "Product Added", {"product_id": product, "cart_id": visit, "quantity": 1}
        if chance.random() < 0.7:
            yield "Checkout Started", {"cart_id": visit, "order_id": f"o{visit}"}
            if chance.random() < 0.75:
                yield (
                    "Order Completed",
                    {"order_id": f"o{visit}", "cart_id": visit, "total": chance.randrange(500, 9_000), "currency": "EUR"},
                )
                yield from _afterwards(visit, product, chance)
    elif chance.random() < 0.3:
        yield "Email Delivered", {"email_id": f"m{visit}", "campaign_name": "spring"}
        yield "Email Opened", {"email_id": f"m{visit}", "campaign_name": "spring"}
        yield chance.choice([("Email Link Clicked", {"email_id": f"m{visit}"}), ("Unsubscribed", {"email_id": f"m{visit}"})])


def _afterwards(visit: str, product: str, chance: random.Random) -> Iterator[tuple[str, dict[str, object]]]:
    """What follows an order, now and then: a review, an answer, a ticket, money back, a friend."""
    kind = chance.randrange(12)
    if kind == 0:
        yield "Product Reviewed", {"product_id": product, "rating": chance.randint(1, 5)}
    elif kind == 1:
        yield "NPS Answered", {"score": chance.randint(0, 10)}
    elif kind == 2:
        yield "Ticket Opened", {"ticket_id": f"t{visit}"}
        yield "Ticket Resolved", {"ticket_id": f"t{visit}"}
        yield "CSAT Answered", {"ticket_id": f"t{visit}", "score": chance.randint(1, 5)}
    elif kind == 3:
        yield "Order Refunded", {"order_id": f"o{visit}", "total": 500, "currency": "EUR"}
    elif kind == 4:
        yield "Referral Sent", {"referral_id": f"r{visit}"}
