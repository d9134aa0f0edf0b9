"""The ready properties, held against stories of which each is just right or just wrong."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Failed, Journey, Retry, Step
from journeykit.testing import Scenario
from journeykit.testing.properties import Property, at_most, everyone_leaves_within, never_after, never_closer, never_twice

SENDS = Journey("sends", stage="retention", entry="Send", reentry="always", steps=[Step("now", do=Do("email", template="{event.of}"))])
STAYS = Journey("stays", stage="retention", entry="Come", exits="Go", steps=[Step("in", wait="30 days")])
CATALOG = Catalog(actions={"email": "marketing", "log": "none"})


@pytest.fixture(name="shop")
def _shop() -> Scenario:
    return Scenario(SENDS, STAYS, CATALOG, at="2026-03-02 09:00")


def send(shop: Scenario, after: str = "", of: str = "x", customer: str = "ann") -> None:
    if after:
        shop.wait(after)
    shop.event("Send", customer=customer, of=of)


def test_exactly_so_long_apart_is_far_enough(shop: Scenario) -> None:
    """A second less is not; others' messages do not count, nor do those with other parameters."""
    calm = never_closer("email", "24 hours")
    send(shop)
    send(shop, customer="bob")
    send(shop, "1 day")
    assert calm.check(shop) == ({"email, 2 times": 1}, None)

    send(shop, "23 hours 59 minutes 59 seconds", of="y")
    assert never_closer("email", "24 hours", template="x").check(shop).seen == {"email template='x', 2 times": 1}
    with pytest.raises(AssertionError) as failed:
        calm.check(shop)
    assert str(failed.value) == (
        "never_closer(email, 24 hours): ann was sent email template='x' at 2026-03-03 09:00 UTC and at 2026-03-04 08:59:59 UTC"
    )


def test_so_many_in_any_window(shop: Scenario) -> None:
    """Three in seven days are in order, the fourth is not before the first is seven days back."""
    few = at_most(3, "7 days")
    for _ in range(3):
        send(shop, "1 day")
    send(shop, "5 days")
    assert few.check(shop).seen == {"a message, 4 times": 1}

    send(shop, "23 hours")
    with pytest.raises(AssertionError, match=r"at_most\(3 messages in 7 days\): ann was sent email template='x' at 2026-03-04 09:00 UTC, "):
        few.check(shop)
    assert at_most(3, "6 days", "email").check(shop).seen == {"email, 4 times": 2}


def test_what_reaches_nobody_is_no_message() -> None:
    """Three lines in a log are no messages, unless they are asked for by name."""
    logs = Journey("logs", stage="retention", entry="Log", reentry="always", steps=[Step("now", do="log")])
    shop = Scenario(logs, CATALOG, at="2026-03-02 09:00")
    for _ in range(3):
        shop.event("Log")

    assert at_most(1, "7 days").check(shop).seen == {"a message, 2 times": 0}
    with pytest.raises(AssertionError, match="log"):
        at_most(1, "7 days", "log").check(shop)


def test_repeated_under_its_key_it_is_one_message(shop: Scenario) -> None:
    """A crash repeats an attempt, a failed one is no message."""
    shop.kill("performed")
    send(shop)
    shop.wait("10 minutes")
    shop.answer("email", Retry(), Failed())
    send(shop)
    shop.wait("10 minutes")

    assert len(shop.performed) == 2
    assert never_twice("email").check(shop).seen == {"email": 1}


def test_never_twice_is_for_each_customer(shop: Scenario) -> None:
    """However long after."""
    send(shop)
    send(shop, customer="bob")
    assert never_twice("email", template="x").check(shop).seen == {"email template='x'": 2}

    send(shop, "300 days")
    with pytest.raises(AssertionError, match="never_twice"):
        never_twice("email").check(shop)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (lambda shop: (send(shop), shop.event("Complaint")), False),
        (lambda shop: (shop.event("Complaint"), send(shop)), True),
        (lambda shop: (shop.event("Complaint", customer="bob"), send(shop)), False),
        (lambda shop: (shop.event("Complaint"), send(shop, "6 days 23 hours")), True),
        (lambda shop: (shop.event("Complaint"), send(shop, "7 days")), False),
        (lambda shop: (shop.event("Complaint"), shop.wait("6 days"), shop.event("Complaint"), send(shop, "2 days")), True),
        (lambda shop: (shop.event("Complaint"), shop.wait("6 days"), shop.again(), send(shop, "2 days")), False),
        (lambda shop: (shop.event("Complaint", at="2026-02-25 09:00"), send(shop, "1 day")), True),
        (lambda shop: (shop.event("Complaint", at="2026-02-25 09:00"), send(shop, "2 days")), False),
        (lambda shop: (shop.event("Complaint", at="2026-03-04 09:00"), send(shop, "8 days")), False),
    ],
)
def test_after_a_complaint(shop: Scenario, told, wrong: bool) -> None:
    """From when it was told, for so long after it occurred; told again it has not happened again; of another customer it does not count."""
    told(shop)
    polite = never_after("Complaint", "email", within="7 days")

    assert (polite.look(shop).broken is not None) == wrong
    assert polite.look(shop).seen["Complaint"] >= 1
    assert polite.events == ("Complaint",)


def test_after_a_complaint_for_good(shop: Scenario) -> None:
    """Without a limit it is never forgotten; what was sent and when is told."""
    shop.event("Complaint")
    send(shop, "900 days")

    with pytest.raises(AssertionError) as failed:
        never_after("Complaint", "email", template="x").check(shop)
    assert str(failed.value) == (
        "never_after(Complaint, email template='x'): ann was sent email template='x' at 2028-08-18 09:00 UTC, after Complaint at 2026-03-02 09:00 UTC"
    )


def test_who_stays_too_long(shop: Scenario) -> None:
    """A second too long is too long, where the worker is there to let them out."""
    shop.event("Come")
    shop.wait("29 days")
    assert everyone_leaves_within("29 days").check(shop).seen == {"a journey left": 0}

    shop.wait("1 second")
    for wrong in (everyone_leaves_within("29 days"), everyone_leaves_within("29 days", "stays")):
        with pytest.raises(AssertionError, match="ann is in stays since 2026-03-02 09:00 UTC, still in in at 2026-03-31 09:00:01 UTC"):
            wrong.check(shop)
    assert everyone_leaves_within("29 days", "sends").check(shop).seen == {"sends left": 0}

    shop.stop_worker()
    shop.wait("2 days")
    assert everyone_leaves_within("30 days").check(shop).broken is None
    shop.start_worker()
    assert everyone_leaves_within("30 days", "stays").check(shop).seen == {"stays left": 1}


def test_to_look_changes_nothing() -> None:
    """What is due in this instant is still due behind it."""
    wait = Journey("waits", stage="retention", entry="Send", steps=[Step("in", wait="1 day"), Step("out", do="email")])
    shop = Scenario(wait, at="2026-03-02 09:00")
    shop.event("Send")
    shop.wait("1 day")
    before = [*shop.told]
    properties: list[Property] = [
        never_closer("email", "1 day"), at_most(1, "1 day"), never_twice("email"), never_after("Send", "sms"), everyone_leaves_within("2 days"),
    ]  # fmt: skip
    for one in properties:
        one.check(shop)

    assert (shop.told, shop.performed) == (before, [])
