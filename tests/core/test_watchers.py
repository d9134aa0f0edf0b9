"""What a customer keeps of segments, schedules and dates: nothing where there is nothing to wait for."""

from __future__ import annotations

from journeykit import Catalog, Journey, On, Step
from journeykit.model.records import Moment, Want
from shop import Shop


def kept(shop: Shop, customer: str) -> list[tuple[str, int | None, object]]:
    """The customer's own timers, without the mark of who has looked."""
    (loaded,) = shop.storage.load_many([Want(customer, None)])
    rows = [Moment(*moment) for moment in loaded.moments]
    return [(row.name, row.due_at, row.value) for row in rows][1:]


def test_of_a_segment_that_nothing_speaks_for_nothing_is_kept() -> None:
    """Three orders are not more than five, and neither are none: only Cid, who is in, has a row of it."""
    journey = Journey("vip", entry=On(segment="vip"), steps=[Step("in", stage="retention", wait="1 day")])
    shop = Shop(journey, Catalog(segments={"vip": "customer.orders > 5"}))
    shop.identify("ann", traits={"orders": 3})
    shop.identify("bob", traits={"name": "Bob"})
    shop.identify("cid", traits={"orders": 6})

    assert [kept(shop, customer) for customer in ("ann", "bob")] == [[], []]
    ((name, due_at, inside),) = kept(shop, "cid")
    assert (name.startswith("segment vip"), due_at, inside) == (True, None, True)


def test_of_a_date_the_moment_is_kept() -> None:
    """Ann's contract ends in May; of Bob, whose contract nobody knows, nothing is kept."""
    entry = On(after="3 days before customer.ends, in UTC")
    shop = Shop(Journey("renew", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]))
    shop.identify("ann", traits={"ends": "2026-05-10"})
    shop.identify("bob", traits={"name": "Bob"})

    assert [row[1:] for row in kept(shop, "ann")] == [(1_778_112_000_000_000, None)]
    assert kept(shop, "bob") == []
