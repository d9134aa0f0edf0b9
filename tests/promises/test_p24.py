"""P24: schedules, and dates that let a customer in."""

from __future__ import annotations

from typing import Any

from journeykit import Catalog, Do, Entry, Journey, On, Step, Transition
from shop import Shop


def runs(every: str, zone: str = "UTC", **more: Any) -> Journey:
    """A journey that a schedule starts, every time."""
    entry = On(every=every, **more)
    return Journey("run", entry=entry, zone=zone, reentry="always", steps=[Step("in", stage="retention", do=Do("email"))])


def test_a_schedule_is_a_timer_of_every_customer_it_concerns() -> None:
    """Every Monday at nine, in each one's own zone; who is not known yet is not written to, and who does not match neither."""
    shop = Shop(runs("monday at 09:00", where="consent.email"))
    shop.identify("ann", zone="Europe/Berlin", consent={"email": True})
    shop.identify("bob", zone="America/New_York", consent={"email": True})
    shop.identify("cem", consent={"email": False})
    shop.wait("7 days")

    assert shop.sent == ["2026-03-02 14:00 bob email", "2026-03-09 08:00 ann email"]


def test_data_counts_as_of_that_instant() -> None:
    """Whoever has spent enough on the first of the month; an order at nine sharp is still included."""
    catalog = Catalog(facts={"month": "sum of Order Completed.total in 31 days"})
    shop = Shop(runs("month on 1 at 09:00", where="customer.month >= 500"), catalog)
    shop.event("Order Completed", total=500)
    shop.wait("45 days")
    shop.clock.set("2026-05-01T09:00:00+00:00")
    shop.event("Order Completed", total=500)
    shop.wait("40 days")

    assert shop.sent == ["2026-04-01 09:00 ann email", "2026-05-01 09:00 ann email"]


def test_a_birthday_in_the_night_of_february() -> None:
    """Born on 29 February: the last day of February, or the first of March where that is declared; in leap years the day itself."""
    for option, days in {"": ["2027-02-28", "2028-02-29"], ", rolling over": ["2027-03-01", "2028-02-29"]}.items():
        shop = Shop(runs(f"year on customer.born at 06:00{option}", zone="Europe/Paris"), at="2026-12-31T00:00:00+00:00")
        shop.identify(traits={"born": "1992-02-29"})
        shop.wait("700 days")
        assert shop.sent == [f"{day} 05:00 ann email" for day in days]


def test_a_schedule_follows_what_it_is_counted_from() -> None:
    """A birthday that is corrected, and a customer who moves; the day that is over does not come again."""
    shop = Shop(runs("year on customer.born at 09:00"))
    shop.identify(traits={"born": "1990-03-10"})
    shop.wait("1 day")
    shop.identify(traits={"born": "1990-03-05"})
    shop.wait("1 day")
    shop.identify(zone="Asia/Tokyo")
    shop.wait("30 days")

    assert shop.sent == ["2026-03-05 00:00 ann email"]


def test_a_wall_time_that_does_not_exist_is_the_first_behind_the_gap() -> None:
    """Daily at half past two in Berlin: on the night of the change at three, and the day after at half past two again."""
    shop = Shop(runs("day at 02:30", zone="Europe/Berlin"), at="2026-03-27T12:00:00+00:00")
    shop.identify(traits={})
    shop.wait("3 days")

    assert shop.sent == ["2026-03-28 01:30 ann email", "2026-03-29 01:00 ann email", "2026-03-30 00:30 ann email"]


def test_a_schedule_moves_those_inside() -> None:
    """Every Tuesday the next letter, to whoever is waiting for it; somebody who joins later begins at the first."""
    turn = Transition("second", on=On(every="tuesday at 09:00"))
    steps = [
        Step("first", stage="awareness", when=[turn]),
        Step("second", do=Do("email"), when=[Transition("out", on=turn.on)]),
        Step("out", end="completed"),
    ]
    shop = Shop(Journey("letters", entry="Joined", zone="UTC", steps=steps))
    shop.event("Joined")
    shop.wait("3 days")
    shop.event("Joined", "bob")
    shop.wait("12 days")

    assert shop.sent == ["2026-03-03 09:00 ann email", "2026-03-10 09:00 bob email"]
    assert shop.inside("letters").status == "completed"


def test_a_late_worker_finds_the_same_occurrences() -> None:
    """Half a year later, in one go: every first of the month, at its own moment."""
    shop = Shop(runs("month on 31 at 09:00"))
    shop.identify(traits={})
    shop.clock.set("2026-07-01T00:00:00+00:00")
    shop.engine.run_due()

    assert [line[:5] for line in shop.told() if "entered" in line] == ["03-31", "04-30", "05-31", "06-30"]


def test_a_date_lets_a_customer_in_once() -> None:
    """Thirty days before the renewal at nine; the date moves, and the entry with it; the same date lets nobody in twice."""
    entry = On(after="30 days before customer.renews_at")
    shop = Shop(
        Journey(
            "renew",
            entry=entry,
            zone="UTC",
            reentry="always",
            steps=[Step("in", stage="retention", do=Do("email", at="{customer.renews_at}"))],
        )
    )
    shop.identify(traits={"renews_at": "2026-05-01"})
    shop.wait("10 days")
    shop.identify(traits={"renews_at": "2026-06-01"})
    shop.wait("80 days")
    shop.identify(traits={"renews_at": "2026-06-10"})
    shop.wait("1 day")
    shop.identify(traits={"renews_at": "2027-06-01"})
    shop.wait("360 days")

    assert shop.sent == ["2026-05-02 00:00 ann email 2026-06-01", "2027-05-02 00:00 ann email 2027-06-01"]


def test_a_date_that_is_past_counts_as_now_only_where_declared() -> None:
    """A renewal told ten days before it: too late for thirty days before, unless that counts as now."""
    plain, now = (
        Journey(
            name,
            entry=Entry(On(after=f"30 calendar days before customer.renews_at at 09:00{option}")),
            zone="UTC",
            steps=[Step("in", stage="retention", do=Do("email", who=name))],
        )
        for name, option in (("plain", ""), ("now", ", now if past"))
    )
    shop = Shop(plain, now)
    shop.event("Seen")
    shop.identify(traits={"renews_at": "2026-03-12"})
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email now"]


def test_inactivity_is_a_date_too() -> None:
    """Forty days after the last order, and again after each that was the last for so long; the order in the instant itself is earlier."""
    catalog = Catalog(facts={"last_order": "last of Order Completed"})
    entry = On(after="40 days after customer.last_order")
    shop = Shop(Journey("miss", entry=entry, zone="UTC", reentry="always", steps=[Step("in", stage="retention", do=Do("email"))]), catalog)
    shop.event("Order Completed")
    shop.wait("30 days")
    shop.event("Order Completed")
    shop.clock.set("2026-05-11T09:00:00+00:00")
    shop.event("Order Completed")
    shop.wait("90 days")

    assert shop.sent == ["2026-06-20 09:00 ann email"]
