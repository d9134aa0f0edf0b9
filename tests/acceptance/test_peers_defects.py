"""
Defects that others have had, each confirmed in their code or reported by those who use them: a test of ours would have caught it.

`peers.toml` lists all of them with the tests that hold them, here or elsewhere, or what is missing. What was confirmed in code (1 to 10)
is told here as a story of its own.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Failed, Journey, On, Retry, Step, Transition
from journeykit.model.messages import microseconds
from shop import Shop

ROOT = Path(__file__).parents[2]
PEERS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "peers.toml").read_text("utf-8"))
BERLIN, NEW_YORK, TOKYO = "Europe/Berlin", "America/New_York", "Asia/Tokyo"


def waiting(wait: str, zone: str) -> Journey:
    """A mail after one wait."""
    return Journey("wait", zone=zone, entry="Hello", steps=[Step("in", stage="awareness", wait=wait), Step("out", do="email")])


def mailing(*policies: str, zone: str = BERLIN, at: str = "2026-03-02T12:00:00+01:00", **options: Any) -> Shop:
    """A shop that mails whenever somebody says hello, and counts that they went on."""
    steps = [Step("in", stage="awareness", do="email", wait="1 hour"), Step("on", do=Do("ticket"))]
    journey = Journey("hello", zone=zone, entry="Hello", reentry="always", key="signal.id", steps=steps)
    actions = {"email": "marketing", "sms": "marketing", "ticket": "none"}
    return Shop(journey, Catalog(policies=policies, actions=actions), at=at, **options)


# ---- 1 to 10: confirmed by reading or running the code


@pytest.mark.parametrize(
    ("at", "wait", "zone", "due"),
    [
        ("2026-03-05T12:00:00-05:00", "until friday 20:00", NEW_YORK, "2026-03-07 01:00"),  # Saturday in London: Friday there
        ("2026-03-07T12:00:00+09:00", "until monday 08:00", TOKYO, "2026-03-08 23:00"),  # Sunday in London: Monday there
        ("2026-03-28T12:00:00+01:00", "until 09:00", BERLIN, "2026-03-29 07:00"),  # 09:00 of the summer that has just begun
    ],
)
def test_01_a_weekday_is_that_of_the_customer_and_summer_time_begins(at: str, wait: str, zone: str, due: str) -> None:
    """Friday 20:00 in New York is not Thursday 20:00, Monday in Tokyo is not Tuesday, and nine is nine in the night of the change."""
    shop = Shop(waiting(wait, zone), at=at)
    shop.event("Hello")
    shop.wait("9 days")

    assert shop.sent == [f"{due} ann email"]


@pytest.mark.parametrize(
    ("at", "sent"), [("23:00", "07:00"), ("22:00", "07:00"), ("06:59", "07:00"), ("07:00", "07:00"), ("10:00", "10:00"), ("21:59", "21:59")]
)
def test_02_and_03_an_overnight_window_is_the_night_and_not_the_day(at: str, sent: str) -> None:
    """At eleven the mail waits for the morning, not for the next evening; at noon nothing waits."""
    shop = mailing("quiet 22:00 to 07:00", at=f"2026-03-02T{at}:00+01:00")
    shop.event("Hello")
    shop.wait("23 hours")

    day = "2026-03-03" if at > "22" or at == "22:00" else "2026-03-02"
    (row,) = [row for row in shop.engine.outbox() if row.message.action == "email"]
    assert row.state == "performed"
    assert [answer.until for answer in row.answers] == ([] if at == sent else [microseconds(f"{day}T{sent}:00+01:00")])


def test_02_a_window_for_weekdays_lets_a_monday_morning_pass() -> None:
    """Quiet on Saturday and Sunday, any time: Monday at ten is neither."""
    shop = mailing("quiet 00:00 to 24:00 on saturday and sunday", at="2026-03-02T10:00:00+01:00")
    shop.event("Hello")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email"]


def test_04_until_a_date_waits_for_the_date() -> None:
    """The mail comes on the day of the trip, not at once; nine stays nine over the night of the change."""
    journey = Journey("trip", zone=BERLIN, entry=Entry(On("Booked"), set={"data.start": "event.start"}), steps=[
        Step("booked", stage="purchase", wait="until data.start at 09:00, exit if missing, now if past"), Step("gone", do="email"),
    ])  # fmt: skip
    shop = Shop(journey, at="2026-03-20T12:00:00+01:00")
    shop.event("Booked", start="2026-03-30")
    shop.wait("30 days")

    assert shop.sent == ["2026-03-30 07:00 ann email"]


@pytest.mark.parametrize(
    ("at", "until"),
    [("2026-03-27T23:00:00+01:00", "2026-03-28T08:00:00+01:00"), ("2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00")],
)
def test_05_quiet_hours_know_summer_time(at: str, until: str) -> None:
    """Eight in the morning is an hour earlier for the servers on the day after."""
    shop = mailing("quiet 22:00 to 08:00", at=at)
    shop.event("Hello")
    shop.wait("12 hours")
    (row,) = [row for row in shop.engine.outbox() if row.message.action == "email"]

    assert [answer.until for answer in row.answers] == [microseconds(until)]
    assert row.state == "performed"


def test_06_a_cap_stops_a_message_and_not_the_journey() -> None:
    """The second mail of the day is dropped; the customer goes on all the same."""
    shop = mailing("at most 1 in 24 hours")
    shop.event("Hello", id="one")
    shop.event("Hello", id="two")
    shop.wait("2 hours")

    assert [row.state for row in shop.engine.outbox() if row.message.action == "email"] == ["performed", "dropped"]
    assert [shop.inside("hello", key).status for key in ("one", "two")] == ["completed", "completed"]
    assert Counter(line.split()[-1] for line in shop.sent) == {"email": 1, "ticket": 2}


def test_07_who_has_had_it_does_not_get_it_again() -> None:
    """Taken out and put in again by the host, Ann is not greeted a second time."""
    shop = Shop(Journey("welcome", steps=[Step("in", stage="awareness", do="email", wait="9 days")]))
    shop.engine.enroll("welcome", "ann", id="1")
    shop.work()
    shop.engine.exit("welcome", "ann", id="2", reason="a mistake")
    shop.engine.enroll("welcome", "ann", id="3")
    shop.wait("30 days")

    assert len(shop.sent) == 1
    assert shop.inside("welcome").number == 1


def test_08_steps_of_the_same_name_are_steps_of_their_own_journey() -> None:
    """Two journeys with the same steps in another order: nobody goes on in the wrong one."""
    one = Journey(
        "one",
        entry="Hello",
        steps=[Step("a", stage="awareness", wait="1 hour"), Step("b", do=Do("email", of="one"), wait="1 hour"), Step("c")],
    )
    two = Journey("two", entry="Hello", steps=[Step("b", stage="awareness", do=Do("sms", of="two"), wait="3 hours"), Step("c", wait="1 hour"), Step("a", do=Do("email", of="two"))])  # fmt: skip
    shop = Shop(one, two)
    shop.event("Hello")
    shop.wait("1 day")

    assert shop.sent == ["2026-03-02 09:00 ann sms two", "2026-03-02 10:00 ann email one", "2026-03-02 13:00 ann email two"]
    assert [shop.inside(name).status for name in ("one", "two")] == ["completed", "completed"]


def test_09_who_has_unsubscribed_goes_on_and_a_repetition_has_the_same_key() -> None:
    """No mail for Ben, who refused, and the rest of the journey comes; Ann's second attempt can be told from a second mail."""
    answers = iter([Retry(after=60)])
    shop = mailing("consent", answers={"email": lambda request: next(answers, None)})
    shop.identify("ben", consent={"email": False})
    shop.identify("ann", consent={"email": True})
    shop.event("Hello", "ben")
    shop.event("Hello", "ann")
    shop.wait("2 hours")

    mails = [request for request in shop.requests if request.action == "email"]
    assert [(mail.customer_id, mail.attempt) for mail in mails] == [("ann", 1), ("ann", 2)]
    assert mails[0].idempotency_key == mails[1].idempotency_key
    assert sorted(request.customer_id for request in shop.requests if request.action == "ticket") == ["ann", "ben"]


def test_10_what_a_dead_worker_held_is_taken_over_by_itself() -> None:
    """A worker claims everything and is gone; nothing else has to happen for the next one to do it."""
    shop = mailing(lease=60)
    shop.event("Hello")
    assert len(shop.storage.claim_outbox(shop.clock.now(), 100, 60, "gone")) == 1
    shop.work()
    assert shop.sent == []

    shop.wait("2 minutes")

    assert [line.split()[-1] for line in shop.sent] == ["email"]


# ---- reported, and told nowhere else in so many words


def test_16_three_clicks_are_one_entry() -> None:
    """Who adds three things within ten minutes is asked about them once."""
    journey = Journey(
        "digest", entry=Entry(On("Added"), wait="15 minutes"), reentry="always", steps=[Step("in", stage="awareness", do="email")]
    )
    shop = Shop(journey)
    for _ in range(3):
        shop.event("Added")
        shop.wait("5 minutes")
    shop.wait("1 day")

    assert shop.sent == ["2026-03-02 09:25 ann email"]


def test_20_a_message_that_fails_for_good_stalls_no_journey() -> None:
    """The mail is dead; the next step comes at its time."""
    shop = mailing(answers={"email": lambda request: Failed("no such address")})
    shop.event("Hello")
    shop.wait("2 hours")

    assert [row.state for row in shop.engine.outbox()] == ["dead", "performed"]


def test_35_never_again_holds_after_ten_years() -> None:
    """Whoever was welcomed in 2026 is not welcomed in 2036."""
    shop = Shop(Journey("welcome", entry="Hello", steps=[Step("in", stage="awareness", do="email")]))
    shop.event("Hello")
    shop.work()
    shop.clock.set("2036-03-02T09:00:00+00:00")
    shop.event("Hello")
    shop.work()

    assert len(shop.sent) == 1


@pytest.mark.parametrize("shares", ["50% a, 50% b", "25% a, 25% b, 25% c, 25% d"])
def test_37_and_54_a_split_has_as_many_arms_as_one_likes_and_coming_again_changes_nothing(shares: str) -> None:
    """Forty customers come three times each: everybody is in one arm, and in the same one each time."""
    names = [part.split()[1] for part in shares.split(", ")]
    arms = [Step(name, do=Do("email", arm=name), end="completed") for name in names]
    shop = Shop(Journey("test", entry="Hello", reentry="always", steps=[Step("in", stage="awareness", then=shares), *arms]))
    for number in range(40):
        for _ in range(3):
            shop.event("Hello", f"customer-{number}")
            shop.work()
    seen = {(request.customer_id, request.parameters["arm"]) for request in shop.requests}

    assert len(shop.requests) == 120
    assert len(seen) == 40
    assert {arm for _, arm in seen} == set(names)


def test_42_what_follows_a_wait_is_decided_when_the_wait_is_over() -> None:
    """Ann becomes gold while she waits, and gets what gold customers get."""
    ways = [Transition("gold", on=On(where="customer.plan == 'gold'")), "others"]
    steps = [Step("in", stage="awareness", wait="1 day", then=ways), Step("gold", do="email", end="completed"), Step("others", do="sms")]
    shop = Shop(Journey("plan", entry="Hello", steps=steps))
    shop.event("Hello")
    shop.identify(traits={"plan": "gold"})
    shop.wait("2 days")

    assert shop.sent == ["2026-03-03 09:00 ann email"]


def test_44_who_has_unsubscribed_is_dropped_once_and_not_asked_about_again() -> None:
    """A month of workers later the mail has been looked at one time."""
    shop = mailing("consent")
    shop.identify(consent={"email": False})
    shop.event("Hello")
    shop.wait("30 days")
    (row,) = [row for row in shop.engine.outbox() if row.message.action == "email"]

    assert (row.state, row.reason, len(row.answers)) == ("dropped", "consent: refused for email", 1)


# ---- the list


def test_every_defect_has_its_place() -> None:
    """All 54, each with tests, or with what is missing, and none of the confirmed ones without a test."""
    assert list(PEERS) == [str(number) for number in range(1, 55)]
    assert [number for number, one in PEERS.items() if not one.get("tests") and "missing" not in one] == []
    assert [number for number in map(str, range(1, 11)) if not PEERS[number].get("tests")] == []


def test_every_test_named_exists() -> None:
    """A test that was renamed is renamed in the list, too."""
    gone = []
    for number, one in PEERS.items():
        for named in one.get("tests", ()):
            file, _, name = named.partition("::")
            path = ROOT / "tests" / file
            if not path.is_file() or f"def {name}(" not in path.read_text("utf-8"):
                gone.append(f"{number}: {named}")
    assert gone == []


def test_every_test_of_this_file_is_in_the_list() -> None:
    """Nothing here is held for nothing."""
    named = {name.partition("::")[2] for one in PEERS.values() for name in one.get("tests", ())}
    own = {name for name in globals() if name.startswith("test_") and name[5].isdigit()}

    assert sorted(own - named) == []
