"""P13: independent tracks are enrollments of their own."""

from __future__ import annotations

from journeykit import Catalog, Do, Exit, Journey, On, Start, Step, Transition, check
from shop import Shop

INVITED = Journey("invited", steps=[Step("welcome", stage="awareness", do=Do("email", by="{data.by}"), wait="1 day")])
INVITE = Journey(
    "invite",
    entry="Friend Invited",
    steps=[Step("asked", stage="advocacy", do=[Start("invited", customer="event.friend", set={"data.by": "customer.id"}), Do("sms")])],
)


def test_a_journey_started_for_a_friend_is_the_friends_own() -> None:
    """Ann invites Ben; he is welcomed in her name, and her own journey is over."""
    shop = Shop(INVITE, INVITED)
    shop.event("Friend Invited", friend="ben")
    shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:00 ann sms", "2026-03-02 09:00 ben email ann"]
    assert shop.inside("invite").status == "completed"
    assert shop.inside("invited", customer="ben").step == "welcome"


def test_a_start_told_twice_starts_once() -> None:
    """The invitation delivered again changes nothing, for Ann or for Ben."""
    shop = Shop(INVITE, INVITED)
    for _ in range(2):
        shop.event("Friend Invited", friend="ben", id="invitation-1")
        shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:00 ann sms", "2026-03-02 09:00 ben email ann"]


def test_a_start_for_oneself_follows_in_the_same_decision() -> None:
    """A second track for the same customer begins at once and runs beside the first."""
    both = Journey(
        "first", entry="Signed Up", steps=[Step("began", stage="awareness", do=Start("invited", set={"data.by": "'shop'"}), wait="9 days")]
    )
    shop = Shop(both, INVITED)
    shop.event("Signed Up")

    assert (shop.inside("first").step, shop.inside("invited").step) == ("began", "welcome")


CART = Journey(
    "cart", entry="Product Added", exits="Order Completed", reentry="always",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", about="cart"))],
)  # fmt: skip
NEWS = Journey(
    "news", entry="Signed Up", exits=Exit(On(where="active('cart')"), end="has a cart"), reentry="always",
    steps=[Step("waits", stage="retention", wait="1 day"), Step("told", do=Do("email", about="news"))],
)  # fmt: skip


def test_whoever_enters_one_journey_leaves_another_in_the_same_decision() -> None:
    """Ann waits for the news when she fills a cart; the news lets her go at once."""
    shop = Shop(CART, NEWS)
    shop.event("Signed Up")
    shop.wait("1 hour")
    outcome = shop.event("Product Added")

    assert [(line.kind, line.journey) for line in outcome.history] == [("entered", "cart"), ("exited", "news")]
    assert outcome.history[1].reason == "has a cart"


def test_whoever_is_in_one_journey_is_kept_out_of_another_until_it_is_over() -> None:
    """With a cart open Ann gets no news; two hours later, the cart reminder sent, she may."""
    shop = Shop(CART, NEWS)
    shop.event("Product Added")
    shop.event("Signed Up")
    shop.wait("3 hours")
    shop.event("Signed Up")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-02 11:00 ann email cart", "2026-03-03 12:00 ann email news"]
    assert "03-02 09:00 refused exit rule: has a cart" in shop.told()


def test_a_step_waits_until_another_journey_is_left() -> None:
    """The newsletter is held while Ann has a cart, and goes on in the very decision that ends it."""
    held = Step("held", stage="retention", when=Transition("told", on=On(where="not active('cart')")))
    shop = Shop(CART, Journey("held-news", entry="Signed Up", steps=[held, Step("told", do=Do("email", about="news"))]))
    shop.event("Product Added")
    shop.event("Signed Up")
    shop.wait("1 hour")
    shop.event("Order Completed")
    shop.work()

    assert shop.sent == ["2026-03-02 10:00 ann email news"]


def test_one_key_among_several() -> None:
    """Only the cart that is asked about counts, and a whole number is as good as its text."""
    cart = Journey("cart", key="cart_id", entry="Product Added", steps=[Step("left", stage="consideration", wait="2 hours")])
    asking = On("Asked", where="active('cart', event.cart_id)")
    shop = Shop(cart, Journey("help", entry=asking, reentry="always", steps=[Step("helped", stage="purchase", do=Do("email"))]))
    shop.event("Product Added", cart_id=7)
    for cart_id in (8, None, 7):
        shop.event("Asked", cart_id=cart_id)

    assert [line for line in shop.told() if "helped" in line] == ["03-02 09:00 entered helped"]


def test_just_before_performing_it_is_looked_at_again() -> None:
    """The news was asked for before the cart was opened, and comes up for performing after it; it is dropped."""
    shop = Shop(CART, NEWS)
    shop.event("Signed Up")
    shop.clock.advance(2 * 86_400)
    shop.engine.run_due()
    shop.event("Product Added")
    shop.work()

    assert shop.sent == []
    assert shop.engine.outbox()[0].reason == "exited: has a cart"


def test_a_journey_that_is_not_there_is_a_problem() -> None:
    """A misspelt name is reported, and so is asking about oneself."""
    odd = Journey(
        "odd", entry="Signed Up", exits=On(where="active('crat') or active('odd')"), steps=[Step("a", stage="retention", wait="1 day")]
    )

    assert check([CART, odd]) == (
        'odd: exits[0].where: no journey "crat"; did you mean "cart"?',
        'odd: exits[0].where: who is inside "odd" is always active in it; name another journey, or ask it in the entry',
    )


OFFER = Journey(
    "offer", entry="Signed Up", exits="Unsubscribed", reentry="always",
    steps=[Step("waits", stage="retention", wait="1 day"), Step("offered", do=Do("email", about="offer"))],
)  # fmt: skip
LANE = Catalog(policies=["one at a time of cart, offer as marketing"])


def test_of_a_lane_one_journey_goes_on_at_a_time() -> None:
    """With 23 hours left to the offer Ann fills a cart; when that is over, 23 hours are left."""
    shop = Shop(CART, OFFER, LANE)
    shop.event("Signed Up")
    shop.wait("1 hour")
    shop.event("Product Added")
    shop.wait("3 days")

    assert shop.told() == [
        "03-02 09:00 entered waits",
        "03-02 10:00 entered left",
        "03-02 10:00 held cart goes first",
        "03-02 12:00 moved reminded",
        "03-02 12:00 completed",
        "03-02 12:00 resumed",
        "03-03 11:00 moved offered",
        "03-03 11:00 completed",
    ]
    assert shop.sent == ["2026-03-02 12:00 ann email cart", "2026-03-03 11:00 ann email offer"]


def test_whoever_enters_behind_another_is_held_from_the_beginning() -> None:
    """The cart came first; the offer's day begins when it is over."""
    shop = Shop(CART, OFFER, LANE)
    shop.event("Product Added")
    shop.wait("1 hour")
    shop.event("Signed Up")
    shop.wait("3 days")

    assert shop.sent == ["2026-03-02 11:00 ann email cart", "2026-03-03 11:00 ann email offer"]


def test_what_the_customer_does_counts_while_held() -> None:
    """Only time stands still: whoever unsubscribes while the offer is held leaves it."""
    shop = Shop(CART, OFFER, LANE)
    shop.event("Signed Up")
    shop.event("Product Added")
    shop.wait("1 hour")
    shop.event("Unsubscribed")

    assert shop.inside("offer").reason == "Unsubscribed"


def test_a_late_worker_holds_and_lets_go_on_at_the_same_moments() -> None:
    """Nobody looks for a week; then all is decided as if somebody had been there all the time."""
    punctual, late = Shop(CART, OFFER, LANE), Shop(CART, OFFER, LANE)
    for shop in (punctual, late):
        shop.event("Signed Up")
        shop.clock.advance(3_600)
        shop.event("Product Added")
    punctual.wait("7 days")
    late.clock.advance(7 * 86_400)
    late.work()

    assert late.told() == punctual.told()
    assert "03-03 11:00 moved offered" in late.told()
