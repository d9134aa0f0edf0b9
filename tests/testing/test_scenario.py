"""The test kit for hosts: a story in, and a story out when it is not as expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeykit import ActionRequest, Catalog, Do, Done, Failed, Journey, On, Retry, SQLiteStorage, Start, Step, Transition
from journeykit.runtime.backoff import Backoff
from journeykit.testing import Scenario

CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder", discount=10)),
    ],
)


@pytest.fixture(name="shop")
def _shop() -> Scenario:
    return Scenario(CART, at="2026-03-29 00:30", zone="Europe/Berlin")


def test_the_night_the_clock_changes(shop: Scenario) -> None:
    """Two hours after half past midnight it is half past three."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("2 hours")

    shop.expect("email", template="cart-reminder", at="2026-03-29 03:30")
    shop.expect_nothing_else()


def test_a_property_may_have_any_name() -> None:
    """The record of a list is named by the property ``id``, and the event has an id of its own."""
    steps = [Step("waits", stage="retention", wait="9 days", when={"Box Sent": "sent"}), Step("sent", do=Do("email", at="{event.at}"))]
    story = Scenario(Journey("box", each="customer.boxes", steps=steps), at="2026-03-02 09:00")
    story.identify(traits={"boxes": [{"id": "b1"}]})
    story.event("Box Sent", id="sent-1", more={"id": "b1", "at": "today"})

    story.expect("email", at="2026-03-02 09:00")
    assert story.step(key="b1", journey="box") is None


def test_an_event_at_the_deadline_wins(shop: Scenario) -> None:
    """Who buys in the very instant in which the reminder is due has bought."""
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")
    shop.event("Order Completed", cart_id="c1")
    shop.wait("1 day")

    shop.expect_nothing_else()


def test_whoever_looks_at_the_deadline_sees_it_pass(shop: Scenario) -> None:
    """Once something has been looked at, the instant is over."""
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")

    assert shop.step() is None
    shop.event("Order Completed", cart_id="c1")
    shop.expect("email")


def test_what_follows_a_look_is_seen_after_its_own_wait(shop: Scenario) -> None:
    """What happens in an instant that is over happens a microsecond later, and nobody has to wait for it."""
    for number in range(50):
        shop.event("Product Added", cart_id=f"c{number}")
        shop.wait("2 hours")
        shop.expect("email")
    shop.expect_nothing_else()

    assert shop.performed[-1].when.isoformat(timespec="seconds") == "2026-04-02T05:30:00+02:00"
    with pytest.raises(ValueError, match="does not go back"):
        shop.until("2026-04-02 05:29:59")
    shop.until("2026-04-02 05:30")


def test_every_timer_fires_and_every_action_is_performed_at_its_own_moment() -> None:
    """A long wait is not one leap: an answer comes back when it was given."""
    journey = Journey("coupons", stage="purchase", entry="Begin", steps=[
        Step("one", wait="1 hour"),
        Step("asked", do="coupon", wait="30 days", when={"Coupon Made": "made"}),
        Step("none", end="none"),
        Step("made", wait="1 hour"),
        Step("told", do="email"),
    ])  # fmt: skip
    shop = Scenario(journey, at="2026-03-02 09:00", actions={"coupon": lambda _: Done("Coupon Made")})
    shop.event("Begin")
    shop.wait("9 days")

    shop.expect("coupon", at="2026-03-02 10:00:00")
    shop.expect("email", at="2026-03-02 11:00:00")


def test_an_attempt_that_fails_is_not_yet_a_performance() -> None:
    """The action is expected when it has worked; a dead one never comes."""
    answers = iter([Retry(), Retry(), Done(), Failed("gone")])
    shop = Scenario(CART, at="2026-03-02 09:00", actions={"email": lambda _: next(answers)}, backoff=Backoff(first=60, jitter=lambda: 0))
    shop.event("Product Added", cart_id="c1")
    shop.event("Product Added", "ben", cart_id="c1")
    shop.wait("3 hours")

    shop.expect("email", customer="ann", at="2026-03-02 11:01")
    shop.expect_nothing_else()
    assert "email template='cart-reminder', discount=10; dead 2026-03-02 11:01 UTC after 2 attempts: gone" in shop.explain("ben")


def test_the_given_storage_and_actions_are_used(tmp_path: Path) -> None:
    """A host tries its own implementations on its own storage."""
    storage, given = SQLiteStorage(tmp_path / "shop.db"), []

    def send(request: ActionRequest) -> None:
        given.append(request.idempotency_key)

    shop = Scenario([CART], storage=storage, actions={"email": send}, catalog=Catalog(actions={"email": "transactional"}))
    shop.event("Product Added", cart_id="c1")
    shop.wait("3 hours")
    request = shop.expect("email")

    assert given == [request.idempotency_key]
    assert storage.outbox()[0].state == "performed"
    storage.close()


def test_an_event_is_given_twice_by_its_id(shop: Scenario) -> None:
    """Without an id each event is a new fact."""
    assert shop.event("Product Added", cart_id="c1").status == "decided"
    assert shop.event("Product Added", id="e1", cart_id="c1").status == "decided"
    assert shop.event("Product Added", id="e1", cart_id="c1").status == "duplicate"


def test_an_event_may_be_told_late(shop: Scenario) -> None:
    """It occurred when it occurred, in the scenario's zone."""
    shop.event("Product Added", cart_id="c1", at="2026-03-28 20:00")

    assert "occurred 2026-03-28 20:00 CET" in shop.explain()


def test_time_passes_until_a_moment(shop: Scenario) -> None:
    """Days of the calendar are waited for by naming the day."""
    shop.event("Product Added", cart_id="c1")
    shop.until("2026-03-29 03:29")
    shop.expect_nothing_else()
    shop.until("2026-03-29 03:31")
    shop.expect("email")

    with pytest.raises(ValueError, match="does not go back"):
        shop.until("2026-03-29 00:00")


def test_who_is_invited_is_looked_at_as_well() -> None:
    """A journey started for somebody else is a part of the story."""
    referral = Journey("referral", stage="advocacy", entry="Invited", steps=[Step("in", do=Start("greeting", customer="event.friend"))])
    greeting = Journey(
        "greeting", stage="awareness", lifecycle=True, steps=[Step("hello", do="email", wait="1 day"), Step("bye", do="sms")]
    )
    shop = Scenario(referral, greeting)
    shop.event("Invited", friend="ben")

    shop.expect("email", customer="ben")
    assert (shop.step("ben"), shop.stage("ben"), shop.step("ann"), shop.stage("ann")) == ("hello", "awareness", None, None)


def test_what_is_known_about_a_customer() -> None:
    """Traits, zone and consent."""
    gold = Transition("gold", on=On(changed="customer.plan", where="signal.new == 'gold'"))
    journey = Journey(
        "plans",
        stage="purchase",
        entry="Begin",
        steps=[Step("in", wait="9 days", when=[gold], then="end"), Step("gold", do="email"), Step("end")],
    )
    shop = Scenario(journey)
    shop.event("Begin")
    shop.identify(traits={"plan": "gold"}, zone="Europe/Berlin", consent={"email": True})

    shop.expect("email")


def test_several_steps_are_told_apart(shop: Scenario) -> None:
    """With two carts the cart has to be said."""
    shop.event("Product Added", cart_id="c1")
    shop.event("Product Added", cart_id="c2")

    assert shop.step("ann", "recover-cart", "c2") == "left"
    with pytest.raises(AssertionError, match="ann is in recover-cart c1, recover-cart c2; say which is meant"):
        shop.step()


def test_a_scenario_remembers_what_it_was_told(shop: Scenario) -> None:
    """Every call that made something happen, as it was made, so that the story can be told again; a look that changed nothing is none."""
    begin = 1774740600000000
    shop.event("Product Added", customer="ann", cart_id="c1", note=None)
    shop.identify("ann", zone="Europe/Berlin")
    assert shop.step() == "left"
    shop.wait("2 hours")
    shop.expect("email")
    shop.until("2026-03-29 09:00")

    assert shop.told == [
        (begin, "Scenario", (CART,), {"at": "2026-03-29 00:30", "zone": "Europe/Berlin"}),
        (begin, "event", ("Product Added",), {"customer": "ann", "cart_id": "c1", "note": None}),
        (begin, "identify", ("ann",), {"zone": "Europe/Berlin"}),
        (begin, "wait", ("2 hours",), {}),
        (begin + 7_200_000_000, "look", (), {}),
        (begin + 7_200_000_000, "until", ("2026-03-29 09:00",), {}),
    ]


# -- when it is not as expected ------------------------------------------------------------------------------------------


def failure(shop: Scenario, action: str, **expected: object) -> str:
    with pytest.raises(AssertionError) as caught:
        shop.expect(action, **expected)
    return str(caught.value)


def test_a_wrong_expectation_shows_both_and_the_story(shop: Scenario) -> None:
    """What was expected, what came, the present moment, and the timeline beside it."""
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")

    assert failure(shop, "email", template="welcome", at="2026-03-29 02:30").splitlines() == [
        "expected email template='welcome' at 2026-03-29 03:00 CEST, but it came",
        "  otherwise",
        "",
        "  expected                              came",
        "  ------------------------------------  ----------------------------------------",
        "> email template='welcome' at           2026-03-29 03:30 CEST  email",
        "    2026-03-29 03:00 CEST                 template='cart-reminder', discount=10",
        "                                          for ann",
        "",
        "not the same: at 2026-03-29 03:00 CEST, but it came at 2026-03-29 03:30 CEST",
        "not the same: template='welcome', but it is 'cart-reminder'",
        "",
        "what happened to ann until now, 2026-03-29 03:30 CEST",
        "2026-03-29 00:30 CET  Product Added cart_id='c1'",
        "2026-03-29 00:30 CET  recover-cart c1: entered left on Product Added",
        '2026-03-29 00:30 CET  recover-cart c1: timer "left: 2 hours" set for 2026-03-29',
        "                      03:30 CEST",
        '2026-03-29 03:30 CEST  recover-cart c1: timer "left: 2 hours" is over',
        "2026-03-29 03:30 CEST  recover-cart c1: left to reminded after 2 hours",
        "2026-03-29 03:30 CEST  recover-cart c1: completed in reminded",
        "2026-03-29 03:30 CEST  recover-cart c1: email template='cart-reminder',",
        "                       discount=10; performed",
    ]


@pytest.mark.parametrize(
    ("action", "expected", "said"),
    [
        ("sms", {}, "not the same: sms, but email came"),
        ("email", {"customer": "ben"}, "not the same: for ben, but it was for ann"),
        ("email", {"discount": 20}, "not the same: discount=20, but it is 10"),
        ("email", {"percent": None}, "not the same: percent=None, but there is no percent"),
        ("email", {"discont": 10}, 'not the same: discont=10, but there is no discont; did you mean "discount"?'),
        ("email", {"at": "2026-03-29 03:31"}, "not the same: at 2026-03-29 03:31 CEST, but it came at 2026-03-29 03:30 CEST"),
        ("email", {"at": "2026-03-29 03:30:01"}, "not the same: at 2026-03-29 03:30:01 CEST, but it came at 2026-03-29 03:30 CEST"),
    ],
)
def test_each_part_of_an_expectation_counts(shop: Scenario, action: str, expected: dict, said: str) -> None:
    """Action, addressee, parameters and moment; a parameter that is not there is not None."""
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")

    assert said in failure(shop, action, **expected).replace("\n  ", " ").splitlines()
    shop.expect("email", customer="ann", template="cart-reminder", discount=10, at="2026-03-29 03:30:00")


def test_nothing_came(shop: Scenario) -> None:
    """Too early is told as nothing, with what the customer waits for."""
    shop.event("Product Added", cart_id="c1")

    assert failure(shop, "email").splitlines()[:8] == [
        "expected email, but nothing more was performed",
        "",
        "  expected                              came",
        "  ------------------------------------  ----------------------------------------",
        "> email                                 nothing",
        "",
        "why not email for ann",
        "2026-03-29 00:30 CET  recover-cart c1: is in left until 2026-03-29 03:30 CEST",
    ]


def test_more_came_than_was_expected(shop: Scenario) -> None:
    """Everything that nobody expected is listed, beside what was."""
    shop.event("Product Added", cart_id="c0")
    shop.event("Product Added", cart_id="c1")
    shop.event("Product Added", "ben", cart_id="c1")
    shop.wait("3 hours")
    shop.expect("email", customer="ann")

    with pytest.raises(AssertionError) as caught:
        shop.expect_nothing_else()
    lines = str(caught.value).splitlines()
    assert lines[:12] == [
        "expected nothing else, but email came, and 1 more",
        "",
        "  expected                              came",
        "  ------------------------------------  ----------------------------------------",
        "  email for ann                         2026-03-29 03:30 CEST  email",
        "                                          template='cart-reminder', discount=10",
        "                                          for ann",
        "> nothing else                          2026-03-29 03:30 CEST  email",
        "                                          template='cart-reminder', discount=10",
        "                                          for ann",
        "                                        2026-03-29 03:30 CEST  email",
        "                                          template='cart-reminder', discount=10",
    ]
    assert [line for line in lines if line.startswith("what happened to")] == [
        f"what happened to {name} until now, 2026-03-29 04:30 CEST" for name in ("ann", "ben")
    ]


def test_who_was_put_into_an_arm_counts_when_the_better_one_is_looked_for() -> None:
    """Two read short, two read long, and one of those opens it: the eight who wait read long, and so does whoever comes later."""
    tried = Step("tried", stage="retention", then="10% short, 10% long, 80% waits as wording")
    waits = Step("waits", wait="5 days", then="50% short, 50% long, then the better by share of Email Opened after 5 days as wording")
    sent = [Step(name, do=Do("email", template=name), end="completed") for name in ("short", "long")]
    story = Scenario(Journey("news", entry="Chosen", steps=[tried, waits, *sent]), at="2026-03-02 09:00", arms={"wording": "waits"})
    for customer, arm in {"anna": "short", "bela": "short", "cleo": "long", "dora": "long"}.items():
        story.arm(customer, "wording", arm)
        story.event("Chosen", customer)
    story.event("Email Opened", "dora")
    for number in range(8):
        story.event("Chosen", f"waits {number}")
    story.wait("6 days")
    story.event("Chosen", "later")
    story.wait("6 days")

    read = {one.request.customer_id: one.request.parameters["template"] for one in story.performed}
    assert read == {
        "anna": "short", "bela": "short", "cleo": "long", "dora": "long", **{f"waits {number}": "long" for number in range(8)}, "later": "long",
    }  # fmt: skip


def test_why_not_is_asked_here_as_well(shop: Scenario) -> None:
    """The scenario explains what the engine knows."""
    shop.event("Product Added", cart_id="c1")
    shop.event("Order Completed", cart_id="c1")

    assert "exited in left on Order Completed before it was asked for" in shop.explain("ann", why_not="email")
