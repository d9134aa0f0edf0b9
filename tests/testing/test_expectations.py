"""What a story can be told, beyond events and time, and what can be expected of it."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Done, Failed, Journey, Permit, Retry, Start, Step, UnknownError
from journeykit.testing import Scenario

CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}, then="50% short, 50% long as wording"),
        Step("short", do=Do("email", template="cart-short"), end="completed"),
        Step("long", do=Do("email", template="cart-long"), end="completed"),
    ],
)
MANNERS = Catalog(
    facts={"opened": "count of Ticket Opened", "resolved": "count of Ticket Resolved"},
    actions={"email": "marketing", "ticket": "none"},
    policies=["no marketing while customer.opened > customer.resolved as open ticket", "quiet 22:00 to 08:00"],
)


def shop_of(at: str = "2026-03-02 09:00", **options: object) -> Scenario:
    return Scenario(CART, MANNERS, at=at, zone="Europe/Berlin", **{"arms": {"wording": "short"}, **options})


def said(call: object, *arguments: object, **options: object) -> list[str]:
    """The lines of a failed expectation."""
    with pytest.raises(AssertionError) as caught:
        call(*arguments, **options)
    return str(caught.value).splitlines()


# -- arms ----------------------------------------------------------------------------------------------------------------


def test_everybody_is_in_the_arm_that_is_said_and_one_in_another() -> None:
    """Of twenty customers nineteen get the short wording, whatever their names hash to, and bob the long one."""
    shop = shop_of()
    shop.arm("bob", "wording", "long")
    names = [f"customer {number}" for number in range(19)]
    for name in (*names, "bob"):
        shop.event("Product Added", customer=name, cart_id="c1")
    shop.wait("3 hours")

    heard = {one.request.customer_id: one.request.parameters["template"] for one in shop.performed}
    assert heard == {**dict.fromkeys(names, "cart-short"), "bob": "cart-long"}
    assert shop.told[1][1:] == ("arm", ("bob", "wording", "long"), {})


def test_whoever_is_brought_in_by_another_is_in_the_arm_as_well() -> None:
    """A friend whom nobody has heard of before the referral; of forty friends none gets the other wording."""
    greeting = Journey("greeting", stage="awareness", steps=[
        Step("drawn", then="50% short, 50% long"),
        Step("short", do=Do("email", template="short"), end="completed"),
        Step("long", do=Do("email", template="long"), end="completed"),
    ])  # fmt: skip
    invite = Step("in", do=Start("greeting", customer="event.friend"))
    referral = Journey("referral", stage="advocacy", reentry="always", entry="Invited", steps=[invite])
    shop = Scenario(referral, greeting, arms={"greeting/drawn": "short"})
    for number in range(40):
        shop.event("Invited", friend=f"friend {number}")

    assert {one.request.parameters["template"] for one in shop.performed} == {"short"}
    assert len(shop.messages("friend 7")) == 1


def test_a_holdout_is_an_experiment() -> None:
    """Everybody is treated but bob, whoever the hash would have held out."""
    mail = Journey("mail", stage="retention", entry="Signed Up", steps=[Step("sent", do=Do("email"))])
    shop = Scenario(mail, Catalog(policies=["hold out 90% as control"]), arms={"control": "treated"})
    shop.arm("bob", "holdout/control", "held out")
    for name in ("ann", "bob", "cem", "dan"):
        shop.event("Signed Up", customer=name)

    assert [one.request.customer_id for one in shop.performed] == ["ann", "cem", "dan"]
    shop.expect_dropped("email", customer="bob", reason="holdout: control")


@pytest.mark.parametrize(
    ("experiment", "arm", "error"),
    [
        ("wordng", "short", 'no experiment "wordng"; there are recover-cart/wording; did you mean "wording"?'),
        ("wording", "shrt", 'experiment recover-cart/wording has no arm "shrt"; there are short, long; did you mean "short"?'),
    ],
)
def test_a_misspelt_arm_is_refused(experiment: str, arm: str, error: str) -> None:
    """Else the test would prove nothing."""
    with pytest.raises(UnknownError) as caught:
        shop_of(arms={experiment: arm})
    assert str(caught.value) == error
    with pytest.raises(UnknownError):
        shop_of(arms={}).arm("ann", experiment, arm)


def test_of_two_experiments_of_one_name_the_journey_is_said() -> None:
    """Two journeys may draw under one name, and each draws for itself."""
    steps = [Step("drawn", stage="retention", then="50% a, 50% b as wording"), Step("a", end="completed"), Step("b", end="completed")]
    journeys = [Journey(name, entry="Signed Up", steps=steps) for name in ("one", "two")]

    with pytest.raises(UnknownError, match='several experiments are called "wording": one/wording, two/wording'):
        Scenario(journeys, arms={"wording": "a"})
    shop = Scenario(journeys, arms={"one/wording": "a", "two/wording": "b"})
    shop.event("Signed Up")
    assert [entry.target for entry in shop.storage.history("ann") if entry.kind == "moved"] == ["a", "b"]


# -- answers -------------------------------------------------------------------------------------------------------------


def test_answers_are_given_in_order_and_the_last_one_stays() -> None:
    """Half a minute after the first attempt, a minute after the second: the backoff without its chance."""
    shop = shop_of()
    shop.answer("email", Retry(reason="mailbox full"), ConnectionError("no route"), Done())
    shop.answer("email", Failed(reason="no such mailbox"), customer="bob")
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.event("Product Added", customer="bob", cart_id="c2")
    shop.wait("3 hours")

    assert [(one.request.customer_id, one.request.attempt, one.reason) for one in shop.attempts] == [
        ("ann", 1, "mailbox full"),
        ("bob", 1, "no such mailbox"),
        ("ann", 2, "ConnectionError: no route"),
        ("ann", 3, ""),
    ]
    shop.expect("email", customer="ann", at="2026-03-02 11:01:30")
    shop.expect_dead("email", customer="bob", reason="no such mailbox", at="2026-03-02 11:00")
    shop.expect_nothing_else()
    shop.event("Product Added", customer="ann", cart_id="c3")
    shop.wait("2 hours")
    shop.expect("email", at="2026-03-02 14:00")


def test_answers_come_before_what_was_given_and_can_be_taken_back() -> None:
    """A function of the host's answers again once nothing is scripted."""
    shop = shop_of(actions={"email": lambda request: Done("Email Sent", {"to": request.customer_id})})
    shop.answer("email", lambda request: Failed(reason=f"{request.customer_id} is unknown"))
    for number in range(2):
        shop.event("Product Added", cart_id=f"c{number}")
        shop.wait("2 hours")
        shop.look()
        shop.answer("email")

    assert [one.answer for one in shop.attempts] == [Failed(reason="ann is unknown"), Done("Email Sent", {"to": "ann"})]


def test_what_is_no_answer_is_refused() -> None:
    """The class in place of the answer, a word, and an action that no journey asks for."""
    shop = shop_of()
    with pytest.raises(TypeError, match=r"nothing that an action answers; give Done\(\)"):
        shop.answer("email", Done)
    with pytest.raises(TypeError, match="'yes' is nothing that an action answers; give"):
        shop.answer("email", "yes")
    with pytest.raises(UnknownError, match='no action "emial"; there are email; did you mean "email"'):
        shop.answer("emial", Done())


# -- dropped, held, dead, left ---------------------------------------------------------------------------------------------


def test_a_message_is_held_and_then_dropped() -> None:
    """Held over the night of the clock change, and dropped in the morning, for a ticket was opened."""
    shop = shop_of("2026-03-28 21:15")
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")
    shop.expect_held("email", until="2026-03-29 08:00", reason="quiet hours", customer="ann", template="cart-short")
    shop.event("Ticket Opened")
    shop.until("2026-03-29 08:00")

    row = shop.expect_dropped("email", reason="open ticket", at="2026-03-29 08:00", customer="ann", template="cart-short")
    assert row.reason == "suppressed: open ticket"
    shop.expect_nothing_else()


def test_what_is_held_is_not_dropped_and_what_was_held_is_not_held() -> None:
    """Each says what became of the requests there are, and of no others."""
    shop = shop_of("2026-03-02 21:15")
    shop.event("Product Added", cart_id="c1")
    assert said(shop.expect_held, "email")[:5] == [
        "expected email to be held, but email was not asked for",
        "",
        "  expected                              came",
        "  ------------------------------------  ----------------------------------------",
        "> email to be held                      email was not asked for",
    ]
    shop.wait("2 hours")
    assert said(shop.expect_dropped, "email", reason="open ticket", template="cart-short")[:8] == [
        "expected email template='cart-short' to be dropped because of open ticket, but",
        "  it was not",
        "",
        "  expected                              came",
        "  ------------------------------------  ----------------------------------------",
        "> email template='cart-short' to be     2026-03-02 23:15 CET  email",
        "    dropped because of open ticket        template='cart-short' for ann: held",
        "                                          until 2026-03-03 08:00 CET, quiet",
    ]
    for wrong in ({"until": "2026-03-03 09:00"}, {"reason": "ticket"}, {"customer": "bob"}, {"template": "cart-long"}):
        assert said(shop.expect_held, "email", **wrong)[0].startswith("expected email")
    shop.until("2026-03-03 08:00")
    shop.expect("email")
    assert "performed at 2026-03-03 08:00 CET" in " ".join(" ".join(said(shop.expect_held, "email")).split())


def test_the_same_drop_is_not_expected_twice() -> None:
    """Two carts, one ticket: two drops and no third."""
    shop = shop_of()
    shop.event("Ticket Opened")
    for cart in ("c1", "c2"):
        shop.event("Product Added", cart_id=cart)
    shop.wait("2 hours")
    shop.expect_dropped("email")
    shop.expect_dropped("email", reason="open ticket")

    lines = said(shop.expect_dropped, "email")
    assert lines[0] == "expected email to be dropped, but none was"
    assert sum("(expected before)" in line for line in lines) == 2


def test_how_somebody_left() -> None:
    """Completed, exited with a reason, still inside, never entered."""
    shop = shop_of()
    shop.event("Product Added", cart_id="c1")
    assert (shop.outcome("ann", "recover-cart"), shop.outcome("bob", "recover-cart")) == (None, "never entered")
    assert said(shop.expect_left, "recover-cart")[0] == "expected ann to have left recover-cart, but they are in left"
    assert said(shop.expect_left, "recover-cart", customer="bob")[0] == "expected bob to have left recover-cart, but they never were in it"
    shop.wait("1 hour")
    shop.event("Order Completed", cart_id="c1")

    shop.expect_left("recover-cart", "Order Completed", at="2026-03-02 10:00")
    assert shop.outcome("ann", "recover-cart", "c1") == "exited: Order Completed"
    assert said(shop.expect_left, "recover-cart", "completed")[:2] == [
        "expected ann to have left recover-cart as completed, but it was exited: Order",
        "  Completed at 2026-03-02 10:00 CET",
    ]
    assert "exited: Order Completed" in " ".join(said(shop.expect_left, "recover-cart", at="2026-03-02 10:01")[:2]).replace("   ", " ")
    shop.event("Product Added", cart_id="c2")
    assert said(shop.outcome, "ann", "recover-cart") == ["ann is or was in recover-cart under c1, c2; say which key is meant"]
    shop.wait("3 hours")
    shop.expect_left("recover-cart", "completed", key="c2")
    with pytest.raises(UnknownError, match='did you mean "recover-cart"'):
        shop.outcome("ann", "recover-carts")


# -- what is looked at -----------------------------------------------------------------------------------------------------


def test_messages_are_what_reaches_people() -> None:
    """A ticket for the staff is no message; each is told with its moment in the scenario's zone."""
    journey = Journey("care", stage="retention", entry="Complained", steps=[Step("noted", do=[Do("ticket"), Do("email", about="sorry")])])
    shop = Scenario(journey, MANNERS, at="2026-03-02 09:00", zone="Europe/Berlin")
    for name in ("ann", "bob"):
        shop.event("Complained", customer=name)
        shop.wait("1 hour")

    assert [str(one) for one in shop.messages()] == [
        "2026-03-02 09:00 CET  email about='sorry' for ann",
        "2026-03-02 10:00 CET  email about='sorry' for bob",
    ]
    assert [one.when.hour for one in shop.messages("bob")] == [10]
    assert [one.request.action for one in shop.performed] == ["ticket", "email"] * 2


def test_why_not_is_told_of_whoever_is_expected() -> None:
    """The reason stands before the timeline; a name or an action that is not there is told as such."""
    shop = shop_of()
    shop.event("Product Added", cart_id="c1")
    shop.wait("1 hour")
    shop.event("Order Completed", cart_id="c1")
    shop.wait("1 hour")

    assert said(shop.expect, "email", customer="ann")[6:9] == [
        "why not email for ann",
        "2026-03-02 10:00 CET  recover-cart c1: exited in left on Order Completed before",
        "                      it was asked for",
    ]
    assert 'nothing has happened to an; did you mean "ann"?' in said(shop.expect, "email", customer="an")
    assert 'no journey asks for "emial"; there are email; did you mean "email"?' in said(shop.expect, "emial")


def test_what_comes_later_is_named() -> None:
    """Who expects the second before the first is told so."""
    shop = shop_of()
    for name in ("ann", "bob"):
        shop.event("Product Added", customer=name, cart_id="c1")
    shop.wait("2 hours")

    lines = said(shop.expect, "email", customer="bob")
    assert lines[0] == "expected email for bob, but it came otherwise"
    assert "it came later, 2026-03-02 11:00 CET  email template='cart-short' for bob; expect" in lines


def test_a_long_story_is_cut() -> None:
    """The last rows, the last lines, the first three customers; every line fits into a terminal."""
    shop = shop_of()
    for number in range(12):
        shop.event("Product Added", cart_id=f"c{number}")
    for number in range(4):
        shop.event("Product Added", customer=f"customer {number}", cart_id="c1")
    shop.wait("2 hours")
    for _ in range(8):
        shop.expect("email")
    lines = said(shop.expect, "sms")
    assert "  ... 4 more, as expected" in lines
    assert f"  {'':36}  ... 3 more" in lines
    assert max(map(len, lines)) <= 80

    assert any(line.endswith("lines before: shop.explain('ann')") for line in lines)
    lines = said(shop.expect_nothing_else)
    assert "and 2 more customers: shop.explain()" in lines


def test_policies_triggers_and_the_rest_of_an_engine_are_given_to_it() -> None:
    """What the host gives its engine, it gives the scenario."""
    asked = []

    def taste(question):
        asked.append(question.customer_id)
        return Permit()

    journey = Journey("mail", stage="retention", entry="Signed Up", steps=[Step("sent", do=Do("email"))])
    shop = Scenario(journey, Catalog(policies=["taste"]), policies={"taste": taste})
    shop.event("Signed Up")

    shop.expect("email")
    assert asked == ["ann"]
