"""P20: two customers become one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from journeykit import ActionRequest, Catalog, Do, EventError, Journey, On, Retry, SQLiteStorage, Step
from journeykit.model.records import Want
from shop import Shop

WELCOME = Journey(
    "welcome",
    entry="Signed Up",
    steps=[
        Step("greeted", stage="awareness", do=Do("email", template="hello"), wait="2 days"),
        Step("told", do=Do("email", template="tour"), wait="2 days"),
        Step("done", do=Do("email", template="offer")),
    ],
)
CART = Journey(
    "cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[Step("left", stage="consideration", wait="3 hours"), Step("reminded", do=Do("email", template="cart"))],
)


def known(shop: Shop, customer: str = "ann") -> Any:
    """What is known about a customer."""
    (loaded,) = shop.storage.load_many([Want(customer, None)])
    return loaded.facts


def test_a_visitor_who_signs_in_takes_the_cart_along() -> None:
    """The visitor left a cart at nine and signed in at ten: Ann is reminded at twelve, as the timer said, and exits by her own order."""
    shop = Shop(CART)
    shop.event("Product Added", "visitor", cart_id="c1")
    shop.event("Product Added", "visitor", cart_id="c2")
    shop.wait("1 hour")
    shop.engine.merge("ann", "visitor", id="login-1")
    shop.event("Order Completed", "ann", cart_id="c2")
    shop.wait("4 hours")

    assert shop.sent == ["2026-03-02 12:00 ann email cart"]
    assert (shop.inside("cart", "c1").status, shop.inside("cart", "c2").status) == ("completed", "exited")


def test_the_old_id_goes_on_to_stand_for_the_survivor() -> None:
    """Events that come later under the old id are Ann's, handled, accepted, told again, and through a chain of ids."""
    shop = Shop(CART)
    first = shop.fact("Product Added", "cookie", cart_id="c1")
    shop.engine.handle(first)
    shop.engine.merge("visitor", "cookie", id="m1")
    shop.engine.merge("ann", "visitor", id="m2")
    shop.event("Product Added", "cookie", cart_id="c2")
    shop.engine.accept(shop.fact("Product Added", "visitor", cart_id="c3"))
    shop.work()

    assert [shop.inside("cart", key).status for key in ("c1", "c2", "c3")] == ["active", "active", "active"]
    assert shop.engine.handle(first).status == "duplicate"
    assert shop.engine.accept(first) == [False]
    assert shop.storage.customers() == ["ann"]
    assert shop.engine.explain("cookie") == shop.engine.explain("ann")


def test_an_id_that_both_have_used_is_two_events() -> None:
    """Both shops counted their orders from 1: two orders, and each told again is known."""
    shop = Shop(Catalog(facts={"spent": "sum of Order Completed.total"}), CART)
    shop.event("Order Completed", "ann", id="1", total=10)
    shop.event("Order Completed", "old", id="1", total=5)
    shop.engine.merge("ann", "old", id="m")

    assert known(shop).values == {"spent": 15}
    assert shop.event("Order Completed", "old", id="1", total=5).status == "duplicate"
    assert shop.event("Order Completed", "ann", id="1", total=10).status == "duplicate"
    assert known(shop).values == {"spent": 15}


def test_of_two_in_one_journey_the_earlier_stays() -> None:
    """The visitor signed up on Monday and Ann on Tuesday; hers ends as merged, and nobody gets a mail twice."""
    shop = Shop(WELCOME)
    shop.event("Signed Up", "visitor")
    shop.wait("1 day")
    shop.event("Signed Up", "ann")
    shop.wait("1 hour")
    shop.engine.merge("ann", "visitor", id="login")
    shop.wait("5 days")

    assert shop.sent == [
        "2026-03-02 09:00 visitor email hello",
        "2026-03-03 09:00 ann email hello",
        "2026-03-04 09:00 ann email tour",
        "2026-03-06 09:00 ann email offer",
    ]
    assert [entry.reason for entry in shop.storage.history("ann") if entry.kind == "merged"] == ["with visitor"]


def test_what_the_later_one_has_been_sent_is_not_sent_again() -> None:
    """Ann's journey began later but was led on by hand: the tour has reached her, so the earlier one leaves it out."""
    led = Journey("welcome", entry="Signed Up", steps=[
        Step("greeted", stage="awareness", do=Do("email", template="hello"), wait="2 days", when={"Asked": "told"}),
        Step("told", do=Do("email", template="tour", name="{customer.first_name or 'you'}"), wait="2 days"),
        Step("done", do=Do("email", template="offer")),
    ])  # fmt: skip
    shop = Shop(led)
    shop.event("Signed Up", "visitor")
    shop.wait("1 hour")
    shop.event("Signed Up", "ann")
    shop.identify("ann", traits={"first_name": "Ann"})
    shop.event("Asked", "ann")
    shop.wait("1 hour")
    shop.engine.merge("ann", "visitor", id="login")
    shop.wait("5 days")

    assert shop.sent == [
        "2026-03-02 09:00 visitor email hello",
        "2026-03-02 10:00 ann email hello",
        "2026-03-02 10:00 ann email tour Ann",
        "2026-03-06 09:00 ann email offer",
    ]
    (left_out,) = shop.engine.outbox("dropped")
    assert (left_out.message.parameters["template"], left_out.reason) == ("tour", "sent before two customers became one")


def test_an_open_request_keeps_its_key() -> None:
    """What the visitor was about to be sent goes to Ann, under the key that the provider has seen in the first attempt."""
    tries: list[ActionRequest] = []

    def busy(request: ActionRequest) -> Any:
        tries.append(request)
        return Retry() if request.attempt == 1 else None

    shop = Shop(CART, answers={"email": busy})
    shop.event("Product Added", "visitor", cart_id="c1")
    shop.event("Product Added", "ann", cart_id="c9")
    shop.wait("3 hours 1 second")
    shop.engine.merge("ann", "visitor", id="login")
    shop.wait("1 hour")
    keys = [(request.customer_id, request.idempotency_key) for request in tries if "c1" in request.idempotency_key]

    assert keys == [("visitor", "visitor/cart/c1/1/2/0"), ("ann", "visitor/cart/c1/1/2/0")]
    assert [(row.message.key, row.message.number, row.state) for row in shop.engine.outbox()] == [
        ("c9", 1, "performed"),
        ("c1", 1, "performed"),
    ]


def test_re_entry_counts_both_pasts() -> None:
    """The visitor has been welcomed, so Ann, who signs up later, is not: once is once for one person."""
    shop = Shop(WELCOME)
    shop.event("Signed Up", "visitor")
    shop.wait("5 days")
    shop.engine.merge("ann", "visitor", id="login")
    shop.event("Signed Up", "ann")

    assert shop.told()[-1] == "03-07 09:00 refused once"
    assert len(shop.sent) == 3


def test_a_limit_counts_what_both_have_entered() -> None:
    """At most three a person: two of the visitor's and one of Ann's are three."""
    shop = Shop(Journey("tip", entry="Asked", reentry="at most 3", steps=[Step("told", stage="awareness", do=Do("email", template="tip"))]))
    for customer in ("visitor", "visitor", "ann"):
        shop.event("Asked", customer)
    shop.engine.merge("ann", "visitor", id="login")
    shop.event("Asked", "ann")

    assert shop.told()[-1] == "03-02 09:00 refused at most 3"
    assert shop.inside("tip").number + shop.inside("tip").joined.number == 3  # type: ignore[union-attr]


def test_the_stricter_consent_and_the_survivors_data_hold() -> None:
    """Who refused under either id has refused; where both say something of a trait, the survivor's word counts."""
    shop = Shop(CART)
    shop.identify("ann", traits={"plan": "gold"}, consent={"email": True, "sms": True}, zone="Europe/Berlin")
    shop.identify("old", traits={"plan": "free", "city": "Kiel"}, consent={"email": False, "push": True}, zone="Asia/Tokyo")
    shop.engine.merge("ann", "old", id="m")
    facts = known(shop)

    assert facts.consent == {"email": False, "sms": True, "push": True}
    assert (facts.traits, facts.zone) == ({"plan": "gold", "city": "Kiel"}, "Europe/Berlin")


def test_windows_and_segments_follow_what_both_have_done() -> None:
    """Two orders of the visitor and one of Ann are three in a week: she enters the segment at the merge, and leaves it by time."""
    busy = Catalog(facts={"orders": "count of Order Completed in 7 days"}, segments={"busy": "customer.orders >= 3"})
    thanks = Journey("thanks", entry=On(segment="busy"), steps=[Step("thanked", stage="advocacy", do=Do("email", template="thanks"))])
    shop = Shop(busy, thanks)
    shop.event("Order Completed", "visitor", total=1)
    shop.wait("1 day")
    shop.event("Order Completed", "visitor", total=2)
    shop.event("Order Completed", "ann", total=3)
    shop.wait("1 day")
    shop.engine.merge("ann", "visitor", id="login")
    shop.wait("7 days")

    assert shop.sent == ["2026-03-04 09:00 ann email thanks"]
    assert [line for line in shop.told() if "segment" in line] == ["03-04 09:00 segment entered", "03-09 09:00 segment left"]


def test_both_first_catch_up() -> None:
    """The worker was away: the visitor's reminder of noon was due before the merge of one o'clock and is decided first."""
    shop = Shop(CART)
    shop.event("Product Added", "visitor", cart_id="c1")
    shop.clock.set("2026-03-02T13:00:00+00:00")
    shop.engine.merge("ann", "visitor", id="login")
    shop.work()

    assert shop.sent == ["2026-03-02 12:00 ann email cart"]
    assert [entry.kind for entry in shop.storage.history("ann") if entry.seq < 0] == ["entered", "moved", "completed"]


def test_merging_again_is_nothing_and_circles_are_refused() -> None:
    """The same message again, and the same pair under another id, change nothing; oneself and the way back are errors."""
    shop = Shop(CART)
    shop.event("Product Added", "visitor", cart_id="c1")
    assert shop.engine.merge("ann", "visitor", id="m1").status == "decided"
    before = (shop.storage.events("ann"), shop.storage.history("ann"), known(shop))
    assert shop.engine.merge("ann", "visitor", id="m1").status == "duplicate"
    assert shop.engine.merge("ann", "visitor", id="m2").status == "duplicate"
    assert (shop.storage.events("ann"), shop.storage.history("ann"), known(shop)) == before

    with pytest.raises(EventError, match='"ann" cannot become itself'):
        shop.engine.merge("ann", "ann", id="m3")
    with pytest.raises(EventError, match=r'"visitor" has become "ann" before; merge\("ann", "visitor"\) says the same'):
        shop.engine.merge("visitor", "ann", id="m4")


def test_of_a_lane_one_journey_of_both_goes_on() -> None:
    """Ann is in the welcome and the visitor has a cart: from the merge on the cart goes first, and the welcome has waited for it."""
    shop = Shop(Catalog(policies=["one at a time of cart, welcome as marketing"]), CART, WELCOME)
    shop.event("Signed Up", "ann")
    shop.wait("1 day")
    shop.event("Product Added", "visitor", cart_id="c1")
    shop.wait("1 hour")
    shop.engine.merge("ann", "visitor", id="login")
    assert shop.told()[-1] == "03-03 10:00 held cart goes first"
    shop.wait("1 day 2 hours")

    assert shop.sent == [
        "2026-03-02 09:00 ann email hello",
        "2026-03-03 12:00 ann email cart",
        "2026-03-04 11:00 ann email tour",
    ]


def test_somebody_never_heard_of_may_become_another() -> None:
    """The app says who the cookie is before the cookie has done anything."""
    shop = Shop(CART)
    shop.engine.merge("ann", "cookie", id="m")
    shop.event("Product Added", "cookie", cart_id="c1")

    assert shop.inside("cart", "c1").status == "active"


def test_two_processes_see_the_same_ids(tmp_path: Path) -> None:
    """One process merges; another, which has decided for the visitor before, goes on under the new id."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    one, other = Shop(CART, storage=storage), Shop(CART, storage=SQLiteStorage(tmp_path / "shop.db"))
    other.event("Product Added", "visitor", id="a", cart_id="c1")
    one.engine.merge("ann", "visitor", id="m")
    other.event("Product Added", "visitor", id="b", cart_id="c2")

    assert other.storage.customers() == ["ann"]
    assert one.inside("cart", "c2").status == "active"
