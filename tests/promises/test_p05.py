"""P5: civil time is civil."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Step, Transition
from journeykit.testing import Scenario
from shop import Shop


def mailed(wait: str, at: str, zone: str = "Europe/Berlin") -> list[str]:
    """When (in UTC) a mail is sent that waits for *wait* from *at* on, in a year."""
    steps = [Step("waiting", stage="retention", wait=wait), Step("mailed", do=Do("email"))]
    shop = Shop(Journey("mail", entry="Signed Up", zone=zone, steps=steps), at=at)
    shop.event("Signed Up")
    shop.wait("400 days")
    return [line.removesuffix(" ann email") for line in shop.sent]


@pytest.mark.parametrize(
    ("wait", "at", "expected"),
    [
        ("2 hours", "2026-03-29T00:30:00+01:00", "2026-03-29 01:30"),  # two hours are two hours, also in the night of the change
        ("1 day", "2026-03-28T12:00:00+01:00", "2026-03-29 11:00"),  # 24 hours: 13:00 by the clock
        ("1 calendar day", "2026-03-28T12:00:00+01:00", "2026-03-29 10:00"),  # noon by the clock
        ("1 calendar day", "2026-03-28T02:30:00+01:00", "2026-03-29 01:00"),  # 02:30 does not exist: 03:00, the first instant after
        ("1 calendar day", "2026-10-24T02:30:00+02:00", "2026-10-25 00:30"),  # 02:30 exists twice: the first
        ("1 month", "2026-01-31T12:00:00+01:00", "2026-02-28 11:00"),  # February has no 31st: its last day
        ("1 month, rolling over", "2026-01-31T12:00:00+01:00", "2026-03-01 11:00"),  # or the first of the next month
        ("until 09:00", "2026-05-04T09:00:00+02:00", "2026-05-05 07:00"),  # "next" is strictly later
        ("until tuesday 09:00", "2026-05-04T12:00:00+02:00", "2026-05-05 07:00"),
    ],
)
def test_a_wait_ends_when_the_calendar_says_so(wait: str, at: str, expected: str) -> None:
    """Elapsed time is elapsed; calendar time follows the clock on the customer's wall."""
    assert mailed(wait, at) == [expected]


def test_the_customers_zone_goes_before_the_journeys() -> None:
    """Nine o'clock for Ann in New York is nine in New York, though the shop is in Berlin."""
    steps = [Step("waiting", stage="retention", wait="until 09:00"), Step("mailed", do=Do("email"))]
    shop = Shop(Journey("mail", entry="Signed Up", zone="Europe/Berlin", steps=steps))
    shop.identify("ann", zone="America/New_York")
    shop.event("Signed Up", "ann")
    shop.event("Signed Up", "ben")
    shop.wait("2 days")

    assert sorted(shop.sent) == ["2026-03-02 14:00 ann email", "2026-03-03 08:00 ben email"]


def test_business_days_leave_out_weekends_and_holidays() -> None:
    """Two business days after the Thursday before Easter end on Wednesday; in a shop without holidays on Monday."""
    journey = Journey("call", entry="Quote Sent", zone="Europe/Berlin", steps=[
        Step("in", stage="purchase", wait="2 business days at 09:00"), Step("call", do=Do("ticket", message="none")),
    ])  # fmt: skip
    for holidays, day in (["2026-04-03", "2026-04-06"], "2026-04-08"), ([], "2026-04-06"):
        shop = Shop(journey, Catalog(holidays=holidays), at="2026-04-02T15:00:00+00:00")
        shop.event("Quote Sent")
        shop.wait("10 days")
        assert shop.sent == [f"{day} 07:00 ann ticket"]


def test_business_days_before_a_date() -> None:
    """Three business days before the Monday on which the contract ends is the Wednesday before."""
    late = "3 business days before data.ends at 12:00, exit if missing, now if past"
    journey = Journey("end", entry=Entry("Signed", set={"data.ends": "event.ends"}), zone="UTC", steps=[
        Step("in", stage="retention", wait=late), Step("call", do=Do("email")),
    ])  # fmt: skip
    shop = Shop(journey)
    shop.event("Signed", ends="2026-03-30")
    shop.wait("40 days")

    assert shop.sent == ["2026-03-25 12:00 ann email"]


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        ("2026-03-27 08:59", "2026-03-27 09:00"),
        ("2026-03-27 09:00", "2026-03-27 09:00"),
        ("2026-03-27 16:59", "2026-03-27 16:59"),
        ("2026-03-27 17:00", "2026-03-30 09:00"),
        ("2026-03-28 12:00", "2026-03-30 09:00"),
    ],
)
def test_office_hours_hold_the_customer(asked: str, called: str) -> None:
    """Who asks on a working day between nine and five is called at once, the others when the office opens; on Sunday the clocks change."""
    office = "weekday(now, 'Europe/Berlin') not in ['saturday', 'sunday'] and '09:00' <= time(now, 'Europe/Berlin') < '17:00'"
    steps = [
        Step("asked", stage="consideration", then=[Transition("called", on=On(where=office)), "waiting"]),
        Step("waiting", wait="until weekday 09:00"),
        Step("called", do=Do("ticket", queue="sales")),
    ]
    shop = Scenario(Journey("call back", zone="Europe/Berlin", entry="Call Wanted", steps=steps), at=asked, zone="Europe/Berlin")
    shop.event("Call Wanted")
    shop.wait("4 days")

    shop.expect("ticket", queue="sales", at=called)
