"""Lanes: of several journeys a customer goes on in one at a time; what is held, what goes on, and when."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Journey, On, SQLiteStorage, Step, Transition, check
from journeykit.model.messages import moment
from journeykit.model.pauses import Hold
from journeykit.model.records import Want
from journeykit.runtime.why import replay
from shop import Shop

CART = Journey(
    "cart", key="cart_id", entry="Cart Left", exits="Bought", reentry="always",
    steps=[Step("left", stage="consideration", wait="2 days"), Step("reminded", do=Do("email", what="cart"))],
)  # fmt: skip
CATALOG = Catalog(policies=["one at a time of cart, news as offers"])
DAY = 86_400


def news(wait: str = "3 days", **more: object) -> Journey:
    """A journey that waits before it sends."""
    steps = [Step("waits", stage="awareness", wait=wait), Step("sent", do=Do("email", what="news"))]
    return Journey("news", entry="Signed Up", reentry="always", zone="Europe/Berlin", steps=steps, **more)  # type: ignore[arg-type]


def interrupted(wait: str, policy: str = CATALOG.policies[0].text) -> list[str]:
    """What is sent to whom signs up on Monday at nine, and leaves a cart behind from Tuesday to Thursday, nine o'clock."""
    shop = Shop(CART, news(wait), Catalog(policies=[policy]))
    shop.event("Signed Up", trip="2026-03-04T12:00:00+01:00")
    shop.wait("1 day")
    shop.event("Cart Left", cart_id="c1")
    shop.wait("30 days")
    return [sent for sent in shop.sent if "news" in sent]


@pytest.mark.parametrize(
    ("wait", "sent"),
    [
        ("3 days", "2026-03-07 09:00"),  # a day was over; the other two begin on Thursday
        ("2 calendar days at 18:00", "2026-03-06 17:00"),  # 18:00 in Berlin, two days of his own later
        ("until wednesday 09:00", "2026-03-11 08:00"),  # Wednesday passed while it was held: the next one
        ("until friday 09:00", "2026-03-06 08:00"),  # Friday is Friday
        ("until '2026-03-04 09:00', now if past", "2026-03-05 09:00"),  # passed meanwhile
        ("until '2026-03-09 09:00', now if past", "2026-03-09 08:00"),
    ],
)
def test_what_is_left_of_a_wait_when_it_goes_on(wait: str, sent: str) -> None:
    """A duration keeps what is left of it; a time of day is the first that comes; a moment does not move."""
    assert interrupted(wait) == [f"{sent} ann email news"]


@pytest.mark.parametrize(
    ("wait", "sent"),
    [
        ("3 days", "2026-03-05 09:00"),
        ("2 days", "2026-03-05 09:00"),
        ("4 days", "2026-03-06 09:00"),
        ("until wednesday 09:00", "2026-03-05 09:00"),
    ],
)
def test_clocks_may_run_on(wait: str, sent: str) -> None:
    """Then nothing is put off but what came due meanwhile, which happens as soon as the journey goes on."""
    assert interrupted(wait, "one at a time of cart, news as offers, clocks run on") == [f"{sent} ann email news"]


def test_a_moment_that_passed_meanwhile_is_in_the_past() -> None:
    """The trip began while its reminder was held; what the author said of the past is what happens."""
    assert interrupted("until '2026-03-04 09:00', exit if past") == []
    steps = [
        Step("waits", stage="awareness", wait="until '2026-03-04 09:00', skip to late if past"),
        Step("sent", do=Do("email", what="news")), Step("over", end="completed"),
        Step("late", do=Do("email", what="late")),
    ]  # fmt: skip
    shop = Shop(CART, Journey("news", entry="Signed Up", zone="Europe/Berlin", steps=steps), CATALOG)
    shop.event("Signed Up")
    shop.wait("1 day")
    shop.event("Cart Left", cart_id="c1")
    shop.wait("9 days")

    assert shop.sent == ["2026-03-05 09:00 ann email cart", "2026-03-05 09:00 ann email late"]


def test_it_goes_on_once_the_last_of_the_more_important_is_over() -> None:
    """Two carts under two keys go on beside each other; the news waits for both."""
    shop = Shop(CART, news(), CATALOG)
    shop.event("Signed Up")
    shop.event("Cart Left", cart_id="c1")
    shop.wait("1 day")
    shop.event("Cart Left", cart_id="c2")
    shop.wait("30 days")

    assert shop.sent == ["2026-03-04 09:00 ann email cart", "2026-03-05 09:00 ann email cart", "2026-03-08 09:00 ann email news"]


def test_three_in_a_lane_go_on_one_after_the_other() -> None:
    """The cart holds the win-back, which holds the news; each has its day in the end."""
    back = Journey(
        "win-back", entry="Gone", steps=[Step("gone", stage="retention", wait="1 day"), Step("asked", do=Do("email", what="back"))]
    )
    shop = Shop(back, news("1 day"), CART, Catalog(policies=["one at a time of cart, win-back, news as offers"]))
    for name in ("Signed Up", "Gone", "Cart Left"):
        shop.event(name, cart_id="c1")
    shop.wait("30 days")

    assert shop.sent == ["2026-03-04 09:00 ann email cart", "2026-03-05 09:00 ann email back", "2026-03-06 09:00 ann email news"]
    assert [line for line in shop.told() if "held" in line] == ["03-02 09:00 held win-back goes first", "03-02 09:00 held cart goes first"]


def test_held_twice_it_waits_for_what_was_left() -> None:
    """Three days of its own, interrupted after one and after two."""
    shop = Shop(CART, news(), CATALOG)
    shop.event("Signed Up")
    for cart in ("c1", "c2"):
        shop.wait("1 day")
        shop.event("Cart Left", cart_id=cart)
        shop.wait("2 days")
    shop.wait("2 days")

    assert [sent for sent in shop.sent if "news" in sent] == ["2026-03-09 09:00 ann email news"]


def test_an_event_moves_who_is_held() -> None:
    """She asked for the prices herself; the step she comes to begins its wait when the cart is over."""
    steps = [
        Step("waits", stage="awareness", wait="3 days", when=Transition("prices", on=On("Asked"))),
        Step("sent", do=Do("email", what="news")), Step("over", end="completed"),
        Step("prices", do=Do("email", what="prices"), wait="1 day"),
        Step("after", do=Do("email", what="after")),
    ]  # fmt: skip
    shop = Shop(CART, Journey("news", entry="Signed Up", steps=steps), CATALOG)
    shop.event("Signed Up")
    shop.event("Cart Left", cart_id="c1")
    shop.wait("1 day")
    shop.event("Asked")
    shop.wait("9 days")

    assert shop.sent == ["2026-03-03 09:00 ann email prices", "2026-03-04 09:00 ann email cart", "2026-03-05 09:00 ann email after"]


def test_a_worker_does_not_run_after_who_is_held() -> None:
    """Nothing is due while the news is held, however long ago its timer was."""
    shop = Shop(CART, news("1 hour"), CATALOG)
    shop.event("Signed Up")
    shop.event("Cart Left", cart_id="c1")
    shop.clock.advance(DAY)

    assert shop.engine.run_due() == 0
    assert shop.storage.next_due() == shop.inside("cart", "c1").timers[0].due_at + 1  # type: ignore[operator]


def test_explain_says_by_what_and_until_when() -> None:
    """Hold, and by what; gone on; and where somebody is held now."""
    shop = Shop(CART, news(), CATALOG)
    shop.event("Signed Up")
    shop.event("Cart Left", cart_id="c1")

    assert "news: is in waits, held by lane offers since 2026-03-02 10:00 CET" in shop.engine.explain("ann", "email").text
    shop.wait("3 days")
    text = shop.engine.explain("ann").text
    assert "2026-03-02 10:00 CET  news: held in waits by lane offers (cart goes first)" in text
    assert "2026-03-04 10:00 CET  news: goes on in waits, held by lane offers until now" in text


def test_a_replay_holds_and_goes_on_as_well(tmp_path: object) -> None:
    """The log alone, decided again, comes to the same enrollments and the same history."""
    shop = Shop(CART, news(), CATALOG, storage=SQLiteStorage(f"{tmp_path}/shop.db"))
    shop.event("Signed Up")
    shop.wait("1 day")
    shop.event("Cart Left", cart_id="c1")
    shop.wait("9 days")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    again = replay(shop.engine.definitions.compiled, loaded, shop.storage.events("ann"))

    assert [entry for commit in again for entry in commit.history] == shop.storage.history("ann")
    assert {(e.journey, e.key): e for commit in again for e in commit.enrollments} == {(e.journey, e.key): e for e in loaded.enrollments}


def test_backfill_follows_a_lane_that_has_changed() -> None:
    """Declared with customers inside, it holds from the next backfill on; taken away, it lets them go on."""
    before = Shop(CART, news())
    before.event("Signed Up")
    before.event("Cart Left", cart_id="c1")
    declared = Shop(CART, news(), CATALOG, storage=before.storage)
    assert (declared.engine.backfill(), declared.engine.backfill()) == (1, 0)
    assert declared.inside("news").held == Hold(declared.clock.now(), "lane offers")
    after = Shop(CART, news(), storage=before.storage, at="2026-03-03T09:00:00+00:00")
    assert (after.engine.backfill(), after.engine.backfill()) == (1, 0)

    assert f"{moment(after.inside('news').timers[0].due_at or 0):%m-%d %H:%M}" == "03-06 09:00"


def test_who_is_in_no_lane_is_decided_as_ever() -> None:
    """Not a signal more, and no other row is read."""
    beside = Journey("beside", entry="Signed Up", steps=[Step("waits", stage="awareness", wait="1 day")])
    with_lane, without = Shop(beside, CART, news("1 hour"), CATALOG), Shop(beside)

    assert with_lane.engine.definitions.compiled.concerned("Other") == without.engine.definitions.compiled.concerned("Other")
    assert with_lane.engine.definitions.compiled.concern("Bought").needs == {"cart", "news"}


def test_a_lane_is_checked() -> None:
    """Misspelt, named twice, in two lanes, two of one name, nobody to wait for."""
    several = Catalog(
        policies=["one at a time of cart, nws as offers", "one at a time of news, cart, news as offers", "one at a time of cart, news as x"]
    )

    assert check([CART, news(), several]) == (
        'catalog: policies[0]: "one at a time of cart, nws as offers": no journey "nws"; did you mean "news"?',
        'catalog: policies[1]: "one at a time of news, cart, news as offers" names "news" twice; keep the more important place',
        'catalog: policies[1]: another lane is called "offers"; give it a name of its own',
        'catalog: policies[1]: "cart" is in the lane "offers" already; a journey waits in one lane only',
        'catalog: policies[2]: "cart" is in the lane "offers" already; a journey waits in one lane only',
        'catalog: policies[2]: "cart" is in the lane "offers" already; a journey waits in one lane only',
        'catalog: policies[2]: "news" is in the lane "offers" already; a journey waits in one lane only',
    )


def test_a_pause_holds_what_a_lane_lets_go_on() -> None:
    """The news is held by the cart, and paused meanwhile; when the cart is over it still stands."""
    shop = Shop(CART, news("1 hour"), CATALOG)
    shop.event("Signed Up")
    shop.event("Cart Left", cart_id="c1")
    shop.engine.pause("news")
    shop.wait("3 days")
    assert shop.sent == ["2026-03-04 09:00 ann email cart"]
    shop.engine.resume("news")
    shop.wait("2 hours")

    assert shop.sent[1:] == ["2026-03-05 10:00 ann email news"]
