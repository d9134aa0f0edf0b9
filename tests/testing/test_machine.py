"""
Any story: journeys with a fault on purpose, of which the machine tells the shortest story that shows it, and the same journeys mended, which
no story breaks.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import time
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from any_story import broken, holds, machine, tell
from journeykit import Catalog, Do, Journey, On, Scope, Split, SQLiteStorage, Step, Transition
from journeykit.testing import Scenario
from journeykit.testing.machine import JourneyMachine, always
from journeykit.testing.properties import at_most, everyone_leaves_within, never_after, never_closer, never_twice

# -- messages that should not come ---------------------------------------------------------------------------------------


def review(**more: object) -> Journey:
    steps = [Step("bought", wait="14 days"), Step("asked", do="review-request")]
    return Journey("review", stage="advocacy", entry="Order Completed", reentry="always", steps=steps, **more)


POLITE = never_after("Complaint Received", "review-request", within="30 days")
COMPLAINT, ORDER = 'shop.event("Complaint Received", customer="ann")', 'shop.event("Order Completed", customer="ann")'


def test_who_complained_is_asked_for_a_review() -> None:
    """Nobody has said that a complaint ends it."""
    story = broken(
        machine([review()], polite=POLITE, customers=["ann"]),
        "never_after(Complaint Received, review-request, within 30 days): ann was sent review-request at 2026-04-11 13:00 CEST, "
        "after Complaint Received at 2026-03-28 12:00 CET",
    )

    assert sorted(story) == [COMPLAINT, ORDER, 'shop.wait("14 days 1 second")']


def test_who_complained_and_buys_again_is_asked_for_a_review() -> None:
    """An exit is not enough: the second order comes behind the complaint."""
    shop = machine([review(exits="Complaint Received")], polite=POLITE, customers=["ann"])

    assert broken(shop, "never_after") == [COMPLAINT, ORDER, 'shop.wait("14 days 1 second")']


def test_who_complained_is_left_in_peace() -> None:
    """Mended: no request within 30 days of the last complaint, whatever goes wrong."""
    quiet = Catalog(
        facts={"complained": "last of Complaint Received"},
        policies=["none while customer.complained > now - days(30) as complaint"],
        actions={"review-request": "marketing"},
    )

    holds(machine([review(), quiet], polite=POLITE), "Complaint Received", "review-request")


CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    reentry="always",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", template="cart"))],
)
CALM = never_closer("email", "24 hours")


def test_two_carts_are_two_mails() -> None:
    """Each of them for itself is in order."""
    story = broken(
        machine([CART], calm=CALM, customers=["ann"], mishaps=()),
        "never_closer(email, 24 hours): ann was sent email template='cart' at 2026-03-28 14:00 CET and at",
    )

    told = sum("Product Added" in line for line in story)
    assert (told, len(story)) in ((2, 3), (2, 4))  # both at once, or one after the other


def test_a_cap_keeps_two_mails_a_day_apart() -> None:
    """Mended; also where the engine is killed when a mail has just gone out, or the provider has a bad day."""
    manners = Catalog(actions={"email": "marketing"}, policies=["at most 1 email in 24 hours or defer up to 3 days"])

    holds(machine([CART, manners], calm=CALM), "email, 2 times")


def test_it_holds_on_another_storage(tmp_path: Path) -> None:
    """Each story has a database of its own, which is closed behind it."""
    number = count(1)
    manners = Catalog(actions={"email": "marketing"}, policies=["at most 1 email in 24 hours"])
    shop = machine([CART, manners], calm=CALM, storage=lambda: SQLiteStorage(tmp_path / f"{next(number)}.db", synchronous="off"))
    shop.TestCase.settings = settings(shop.TestCase.settings, max_examples=9)
    tell(shop)

    assert shop.tally.stories >= 9
    assert next(number) > 9


def test_a_cap_lets_one_more_through_than_was_promised() -> None:
    """Three in seven days, where two were meant."""
    few = at_most(2, "7 days")
    wrong, mended = (Catalog(actions={"email": "marketing"}, policies=[f"at most {number} in 7 days"]) for number in (3, 2))
    story = broken(machine([CART, wrong], few=few, mishaps=()), "at_most(2 messages in 7 days): ")
    assert len(story) <= 6

    holds(machine([CART, mended], few=few, customers=["ann"]), "a message, 3 times")


def test_a_coupon_is_sent_again() -> None:
    """Whoever signs up twice gets two, where entry is always open."""
    steps, once = [Step("greeted", do="coupon")], never_twice("coupon")
    welcome = Journey("welcome", stage="awareness", entry="Signed Up", reentry="always", steps=steps)
    story = broken(machine([welcome], once=once), "never_twice(coupon): ")
    assert len(story) == 2

    holds(machine([Journey("welcome", stage="awareness", entry="Signed Up", steps=steps)], once=once), "coupon")


# -- journeys that never end ---------------------------------------------------------------------------------------------


def test_somebody_waits_for_a_day_that_nobody_says() -> None:
    """Without a date the journey never ends, which is seen a year behind the end of a story."""
    wait = "1 day before data.start, wait if missing, now if past"
    steps = [Step("booked", set={"data.start": "event.start"}, wait=wait), Step("left", do="email")]
    ends = everyone_leaves_within("365 days")
    story = broken(
        machine([Journey("trip", stage="purchase", entry="Trip Booked", steps=steps)], ends=ends, customers=["ann"]),
        "everyone_leaves_within(365 days): ann is in trip since 2026-03-28 12:00 CET, still in booked at 2027-03-28 13:00:01 CEST",
    )
    assert story == ['shop.event("Trip Booked", customer="ann")', 'shop.wait("365 days 1 second")']

    mended = Journey("trip", stage="purchase", entry="Trip Booked", steps=[Scope("whole", steps=steps, wait="360 days")])
    holds(machine([mended], ends=ends), "a journey left")


def test_a_provider_that_fails_is_waited_for_forever() -> None:
    """Only where an action fails, nobody answers, and somebody waits for what never comes."""
    asked = Step("asked", do="survey", when=[Transition("thanked", on=On(settled="survey performed"))])
    asks = Journey("asks", stage="advocacy", entry="Order Completed", steps=[asked, Step("thanked", do="email")])
    story = broken(
        machine([asks], ends=everyone_leaves_within("30 days"), customers=["ann"]),
        "everyone_leaves_within(30 days): ann is in asks since 2026-03-28 12:00 CET, still in asked at 2026-04-27 13:00:01 CEST",
    )

    assert sorted(story) == ['shop.answer("survey", Failed(reason="gone"), Done())', ORDER, 'shop.wait("30 days 1 second")']


# -- properties of the host's own ----------------------------------------------------------------------------------------


def gift(where: str) -> Journey:
    return Journey("gift", stage="retention", entry=On("Order Completed", where=where), reentry="always", steps=[Step("given", do="gift")])


@always
def a_gift_for_100(_self: JourneyMachine, shop: Scenario) -> int:
    """Whoever spends 100 or more has a gift for it, and nobody else."""
    orders = [one for one in shop.told if one.method == "event" and one.options.get("total", 0) >= 100]
    assert len(shop.performed) == len(orders), f"{len(orders)} orders of 100 or more, {len(shop.performed)} gifts"
    return len(orders)


def test_a_limit_that_is_one_off() -> None:
    """What is compared with 100 is tried with 100."""
    story = broken(machine([gift("event.total > 100")], fair=a_gift_for_100, mishaps=()), "1 orders of 100 or more, 0 gifts")
    assert story == ['shop.event("Order Completed", customer="ann", total=100)']

    holds(machine([gift("event.total >= 100")], fair=a_gift_for_100, mishaps=()), "something to look at")


@always
def by_day(_self: JourneyMachine, shop: Scenario) -> int:
    """Mails come between eight in the morning and nine in the evening, as the clocks of Berlin show it."""
    moments = [one.when.astimezone(ZoneInfo("Europe/Berlin")) for one in shop.performed]
    late = [one for one in moments if not time(8) <= one.time() < time(21)]
    assert not late, f"somebody was written to at {late[0]:%H:%M}"
    return len(moments)


def evening(wait: str, **more: object) -> Journey:
    steps = [
        Step("booked", wait="until 20:30, in Europe/Berlin"),
        Step("told", do=Do("email", **more), wait=wait),
        Step("again", do=Do("email", **more)),
    ]
    return Journey("evening", stage="retention", entry="Booked", reentry="always", zone="Europe/Berlin", steps=steps)


def test_a_day_is_not_always_24_hours_of_the_clock() -> None:
    """In the night in which the clocks are put on, a day later is an hour later; without anything going wrong."""
    story = broken(machine([evening("1 day")], day=by_day, mishaps=()), "somebody was written to at 21:30")

    assert len(story) <= 3


def test_a_worker_that_lags_writes_at_night() -> None:
    """A journey that waits for the evening is not enough: it has to say how late is too late."""
    wait = "1 calendar day at 20:30, in Europe/Berlin"
    story = broken(machine([evening(wait)], day=by_day, mishaps=["lag"], at="2026-06-01 12:00"), "somebody was written to at 2")
    assert "shop.stop_worker()" in story
    assert "shop.start_worker()" in story
    assert len(story) <= 7

    holds(machine([evening(wait, expires="29 minutes")], day=by_day), "something to look at")


def test_what_is_counted_without_its_key_is_counted_twice() -> None:
    """Killed between performing and recording, an action is performed again, under the same key: a host who does not look at it ships twice."""
    steps = [Step("bought", do=Do("ship", order="{journey.key}"))]
    order = Journey("order", stage="purchase", key="order_id", entry="Order Completed", steps=steps)

    def shipped_once(_self: JourneyMachine, shop: Scenario) -> bool:
        shipped = Counter((one.request.customer_id, one.request.parameters["order"]) for one in shop.performed)
        return all(times == 1 for times in shipped.values())

    def shipped_under_one_key(_self: JourneyMachine, shop: Scenario) -> int:
        keys = {(one.request.customer_id, one.request.parameters["order"], one.request.idempotency_key) for one in shop.performed}
        assert len(keys) == len({key[:2] for key in keys})
        return len(keys)

    story = broken(machine([order], once=always(shipped_once), mishaps=["kill"]), "once does not hold")
    assert 'shop.kill("performed")' in story
    assert len(story) == 3

    holds(machine([order], once=always(shipped_under_one_key)), "something to look at")


# -- that there was something to look at ---------------------------------------------------------------------------------


TRIES = Journey(
    "tries",
    stage="awareness",
    entry="Signed Up",
    steps=[
        Step("drawn", then=Split("99% plain, 1% odd as wording")),
        Step("plain", do=Do("email", template="plain"), then="over"),
        Step("odd", do=Do("email", template="odd")),
        Step("over", end="completed"),
    ],
)


def test_an_arm_that_few_come_to() -> None:
    """With two customers a split is not left to their hashes, nor is who is held out."""
    held_out = Catalog(actions={"email": "marketing"}, policies=["hold out 1% as control"])
    shop = machine([TRIES, held_out], odd=never_twice("email", template="odd"))
    holds(shop, "email template='odd'")

    assert shop.tally.seen["odd"]["email template='odd'"] < shop.tally.stories * 2


def test_a_property_that_never_has_anything_to_look_at() -> None:
    """It cannot fail, so it proves nothing, which is told: one line for each thing that never came."""
    silent = machine(
        [TRIES], calm=never_closer("sms", "1 day"), kind=never_after("Complaint Received", "coupon"), own=always(lambda _self, _shop: 0)
    )
    with pytest.raises(AssertionError) as caught:
        tell(silent)

    first, *lines = str(caught.value).splitlines()
    assert re.fullmatch(
        r"in \d+ stories there was nothing to look at; let something happen that brings it about \(also, customers, options\), "
        r"or take the property away",
        first,
    )
    assert lines == ["calm: sms, 2 times never came", "kind: coupon never came", "own: something to look at never came"]


def test_a_property_of_the_hosts_own_may_say_no() -> None:
    """Returned instead of raised; where it says nothing, it had something to look at as soon as somebody was let in."""
    story = broken(machine([TRIES], own=always(lambda _self, shop: not shop.performed)), "own does not hold")
    assert len(story) == 1

    holds(machine([TRIES], own=always(lambda _self, _shop: None)), "something to look at")
