"""P16: entering."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Step
from journeykit.model.messages import moment
from shop import Shop


def entries(reentry: str, waits: list[str], key: str | None = None, **properties: str) -> int:
    """How often Ann comes into a journey of one mail, signing up once and again after each wait."""
    steps = [Step("mailed", stage="awareness", do=Do("email"), wait="1 hour")]
    shop = Shop(Journey("mail", entry="Signed Up", reentry=reentry, key=key, steps=steps))
    shop.event("Signed Up", **properties)
    for wait in waits:
        shop.wait(wait)
        shop.event("Signed Up", **properties)
    return len([entry for entry in shop.storage.history("ann") if entry.kind == "entered"])


@pytest.mark.parametrize(
    ("reentry", "waits", "expected"),
    [
        ("once", ["1 day", "1 day"], 1),
        ("always", ["1 day", "1 day"], 3),
        ("always", ["1 minute", "1 minute"], 1),  # she is still inside
        ("at most 2", ["1 day", "1 day"], 2),
        ("after 2 days", ["1 day", "1 day"], 2),  # the end of the cooldown is outside of it
        ("after 2 days since end", ["2 days", "2 hours"], 2),
        ("after 2 hours, at most 2", ["1 hour", "1 day"], 2),
        ("after 2 hours, at most 2", ["1 day", "1 day"], 2),
        ("always restarting", ["1 minute", "1 minute"], 3),
    ],
)
def test_who_may_come_in_again(reentry: str, waits: list[str], expected: int) -> None:
    """The rule counts earlier entries, however old, and never lets the same key in twice at once."""
    assert entries(reentry, waits) == expected


def test_a_refusal_is_history_with_its_reason() -> None:
    """Who is not let in can be told why."""
    shop = Shop(Journey("mail", entry="Signed Up", steps=[Step("mailed", stage="awareness", do=Do("email"))]))
    for _ in range(2):
        shop.event("Signed Up")

    assert shop.told()[-1] == "03-02 09:00 refused once"


def test_an_entry_may_wait_for_idleness() -> None:
    """Fifteen minutes after the last look, not after the first, the filter is asked and Ann comes in."""
    looked = Entry(On("Product Viewed", where="event.price > 10"), wait="15 minutes")
    shop = Shop(Journey("look", entry=looked, steps=[Step("mailed", stage="consideration", do=Do("email"))]))
    for _ in range(3):
        shop.event("Product Viewed", price=20)
        shop.wait("10 minutes")
    shop.wait("1 hour")

    assert shop.sent == ["2026-03-02 09:35 ann email"]


def test_nobody_comes_in_before_or_after_the_doors_are_open() -> None:
    """From the day it opens until the instant in which it closes."""
    sale = Journey(
        "sale",
        entry="Visited",
        reentry="always",
        open="2026-03-03 to 2026-03-05",
        zone="UTC",
        steps=[Step("in", stage="awareness", do=Do("email"))],
    )
    shop = Shop(sale)
    for _ in range(4):
        shop.event("Visited")
        shop.wait("1 day")

    assert shop.sent == ["2026-03-03 09:00 ann email", "2026-03-04 09:00 ann email"]


def test_a_host_may_let_somebody_in() -> None:
    """A call of the host enters under the same rules, and the same call again changes nothing."""
    shop = Shop(Journey("vip", steps=[Step("greeted", stage="retention", do=Do("email", code="{data.code}"))]))
    for _ in range(2):
        shop.engine.enroll("vip", "ann", id="call-1", data={"code": "GOLD"})
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email GOLD"]


VIPS = Catalog(facts={"spent": "sum of Order Completed.total"}, segments={"vip": "customer.spent >= 500"})


def test_who_matches_when_the_journey_opens_comes_in_where_declared() -> None:
    """
    Ann and Bob are VIPs before there is a journey for them, Bob without a name; Cem becomes one a day later, when it has been opened. Ann
    does not come in again by its being opened once more.
    """
    rules = {"late": "2026-03-09 to 2026-04-01, with those already there", "now": "with those already there", "edges": None}
    steps = [Step("greeted", stage="retention", do=Do("email", name="{customer.name}"), wait="1 hour")]
    journeys = [
        Journey(name, entry=On(segment="vip", where="exists(customer.name)"), reentry="always", open=opens, zone="UTC", steps=steps)
        for name, opens in rules.items()
    ]
    before = Shop(Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")]))
    for customer, name in (("ann", "Ann"), ("bob", None), ("cem", "Cem")):
        before.identify(customer, traits={"name": name})
        before.event("Order Completed", customer, total=499 if customer == "cem" else 600)
    shop = Shop(*journeys, VIPS, storage=before.storage)
    shop.engine.backfill()
    shop.wait("1 day")
    shop.event("Order Completed", "cem", id="cems second", total=600)
    shop.engine.backfill()
    shop.wait("7 days")
    shop.engine.backfill()
    shop.work()

    assert [(f"{one.at:%m-%d}", one.journey, one.customer) for one in entered(shop)] == [
        ("03-02", "now", "ann"),
        ("03-03", "now", "cem"),
        ("03-03", "edges", "cem"),
        ("03-10", "late", "ann"),
        ("03-10", "late", "cem"),
    ]


class Entered(NamedTuple):
    """Somebody came in."""

    at: datetime
    journey: str
    customer: str


def entered(shop: Shop) -> list[Entered]:
    """Who came in where, in order of time and then of journeys."""
    entries = (entry for customer in ("ann", "bob", "cem") for entry in shop.storage.history(customer))
    order = ("now", "edges", "late")
    found = [Entered(moment(entry.at), entry.journey, entry.customer_id) for entry in entries if entry.kind == "entered"]
    return sorted(found, key=lambda one: (one.at, order.index(one.journey), one.customer))
