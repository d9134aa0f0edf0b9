"""Pauses: a journey, a step or an action stands still, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from journeykit import Do, Engine, Journey, MemoryStorage, Scope, SQLiteStorage, Step, UnknownError
from journeykit.model.records import NEVER, Want
from journeykit.ports import Storage
from journeykit.runtime.pausing import Clocks
from journeykit.runtime.why import replay
from shop import Shop

DAY = 86_400
CART = Journey(
    "cart", entry="Cart Left", exits="Bought", reentry="always", zone="Europe/Berlin",
    steps=[
        Step("left", stage="consideration", wait="2 days", when={"Asked": "helped"}), Step("reminded", do=Do("email", what="cart"), wait="1 day"),
        Step("again", do=Do("email", what="again")), Step("over", end="completed"), Step("helped", do=Do("sms"), wait="1 day"),
    ],
)  # fmt: skip


@pytest.fixture(name="storage", params=["memory", "sqlite"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db", synchronous="off")


def paused(shop: Shop, begin: str, lasts: str, *journey: str, **more: object) -> None:
    """Nothing happens until *begin*; then a pause for so long."""
    shop.wait(begin)
    assert shop.engine.pause(*journey, **more)  # type: ignore[arg-type]
    shop.wait(lasts)
    assert shop.engine.resume(*journey, **{name: value for name, value in more.items() if name != "clocks"})  # type: ignore[arg-type]


def test_time_stands_still_in_a_paused_journey(storage: Storage) -> None:
    """A day of the two was over; it is paused for three; the other day follows, and then the third as ever."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    paused(shop, "1 day", "3 days", "cart")
    shop.wait("9 days")

    assert shop.sent == ["2026-03-07 09:00 ann email cart", "2026-03-08 09:00 ann email again"]
    assert shop.told() == [
        "03-02 09:00 entered left",
        "03-04 09:00 held",
        "03-06 09:00 resumed",
        "03-07 09:00 moved reminded",
        "03-08 09:00 moved again",
        "03-08 09:00 moved over",
        "03-08 09:00 completed",
    ]


def test_a_pause_before_anything_is_due(storage: Storage) -> None:
    """Six hours of the first day stood still; nobody noticed until the reminder would have come."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    paused(shop, "1 hour", "6 hours", "cart")
    shop.wait("2 days")
    shop.wait("1 hour")

    assert shop.sent == ["2026-03-04 15:00 ann email cart"]
    assert "held in left by a pause of cart (time stood still meanwhile)" in shop.engine.explain("ann").text


def test_clocks_may_run_on(storage: Storage) -> None:
    """What came due in the pause happens at its end; what did not is not put off."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    paused(shop, "1 day", "36 hours", "cart", clocks="run on")
    shop.event("Cart Left", "bob")
    paused(shop, "1 hour", "1 hour", "cart", clocks="run on")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-04 21:00 ann email cart", "2026-03-05 21:00 ann email again", "2026-03-06 21:00 bob email cart"]


def test_who_enters_in_a_pause_begins_after_it(storage: Storage) -> None:
    """She is let in, and her two days begin when it is over."""
    shop = Shop(CART, storage=storage)
    shop.engine.pause("cart")
    shop.wait("1 day")
    shop.event("Cart Left")
    shop.wait("5 days")
    shop.engine.resume("cart")
    shop.wait("49 hours")

    assert shop.sent == ["2026-03-10 09:00 ann email cart"]


def test_what_customers_do_is_looked_at_in_a_pause(storage: Storage) -> None:
    """Ann buys and is gone. Bob asks and is helped, which he is told after the pause, and after it his day begins."""
    shop = Shop(CART, storage=storage)
    for name in ("ann", "bob"):
        shop.event("Cart Left", name)
    shop.engine.pause("cart")
    shop.wait("3 days")
    shop.event("Bought", "ann")
    shop.event("Asked", "bob")
    shop.wait("2 days")
    shop.engine.resume("cart")
    shop.wait("2 days")

    assert [shop.inside("cart", customer=name).reason for name in ("ann", "bob")] == ["Bought", None]
    assert shop.sent == ["2026-03-05 09:00 bob sms"]
    assert [line for line in shop.told("bob") if "completed" in line] == ["03-08 09:00 completed"]


def test_a_paused_step_holds_who_is_in_it(storage: Storage) -> None:
    """The reminder's step is paused; who is before it goes on into it, and who asks leaves it."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    paused(shop, "2 days", "5 days", "cart", step="reminded")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-04 09:00 ann email cart", "2026-03-10 09:00 ann email again"]


def test_whoever_leaves_a_paused_step_goes_on() -> None:
    """The limit of the scope came while Ann was held in its step; out of that step it is at once over."""
    inner = [Step("a", stage="awareness", wait="1 day", when={"Asked": "b"}), Step("b", wait="9 days")]
    shop = Shop(Journey("tour", entry="In", steps=[Scope("round", steps=inner, wait="2 days", then="end"), Step("end", do=Do("email"))]))
    shop.event("In")
    shop.engine.pause("tour", step="a")
    shop.wait("5 days")
    assert (shop.inside("tour").step, shop.inside("tour").held is None) == ("a", False)
    shop.event("Asked")
    shop.wait("1 day")

    assert shop.told() == [
        "03-02 09:00 entered a", "03-03 09:00 held", "03-07 09:00 moved b", "03-07 09:00 resumed", "03-07 09:00 moved end", "03-07 09:00 completed",
    ]  # fmt: skip


def test_a_paused_scope_holds_all_that_is_in_it() -> None:
    """Its own limit and the waits of its steps."""
    inner = [Step("a", stage="awareness", wait="1 day"), Step("b", wait="9 days")]
    shop = Shop(Journey("tour", entry="In", steps=[Scope("round", steps=inner, wait="2 days", then="end"), Step("end", do=Do("email"))]))
    shop.event("In")
    paused(shop, "1 hour", "4 days", "tour", step="round")
    shop.wait("4 days")

    assert [line for line in shop.told() if "moved" in line] == ["03-07 09:00 moved b", "03-08 09:00 moved end"]


def test_a_paused_action_stays_in_the_outbox(storage: Storage) -> None:
    """It is performed when the pause is over, as the first attempt; the journey does not wait for it."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    shop.engine.pause(action="email")
    shop.wait("50 hours")
    (row,) = shop.engine.outbox()
    assert (row.state, row.reason, row.attempts) == ("open", "pause of email", 0)
    shop.engine.resume(action="email")
    shop.work()

    assert shop.sent == ["2026-03-04 09:00 ann email cart"]
    assert [(one.policy, one.answer, one.reason) for one in shop.engine.outbox()[0].answers] == [("paused", "defer", "pause of email")]


def test_an_action_may_be_paused_in_one_journey() -> None:
    """The same action of another journey goes out."""
    other = Journey("other", entry="Cart Left", steps=[Step("in", stage="awareness", do=[Do("email", what="other"), Do("sms")])])
    shop = Shop(CART, other)
    shop.engine.pause("other", action="email")
    shop.event("Cart Left")
    shop.wait("50 hours")

    assert shop.sent == ["2026-03-02 09:00 ann sms", "2026-03-04 09:00 ann email cart"]
    assert shop.engine.pauses()[0].words == "pause of email in other"


def test_what_expires_in_a_pause_is_dropped() -> None:
    """A message is as old as ever when the pause is over, and looked at when it expires."""
    shop = Shop(CART)
    shop.event("Cart Left")
    shop.wait("47 hours")
    shop.engine.pause(action="email")
    shop.wait("74 hours")

    assert [row.reason for row in shop.engine.outbox()] == ["expired", "pause of email"]


@pytest.mark.parametrize(("clocks", "reasons"), [("stand still", [None, None]), ("run on", ["expired", None])])
def test_a_long_pause_does_not_bombard(clocks: Clocks, reasons: list[str | None]) -> None:
    """Where clocks ran on, what had been due for more than three days is dropped; where time stood still, nothing had been."""
    shop = Shop(CART)
    shop.event("Cart Left")
    paused(shop, "1 day", "9 days", "cart", clocks=clocks)
    shop.wait("9 days")

    assert [row.reason for row in shop.engine.outbox()] == reasons


def test_a_worker_does_not_run_after_who_stands_still(storage: Storage) -> None:
    """Once held, nobody is due; nothing is done and nothing is written until the end."""
    shop = Shop(CART, storage=storage)
    for number in range(20):
        shop.event("Cart Left", f"c{number}")
    shop.engine.pause("cart")
    shop.clock.advance(3 * DAY)
    assert shop.engine.run_due() == 20

    assert (shop.engine.run_due(), shop.storage.claim_due(shop.clock.now(), 99), shop.storage.next_due()) == (0, [], None)
    shop.engine.resume("cart")
    assert (len(shop.storage.claim_due(shop.clock.now() + 1, 99)), shop.storage.next_due()) == (20, shop.clock.now() + 1)


@pytest.mark.parametrize("clocks", ["stand still", "run on"])
def test_a_late_worker_comes_to_the_same(clocks: Clocks) -> None:
    """One looks whenever something is due, one a month later: the same history, the same messages."""
    shops = [Shop(CART), Shop(CART)]
    for shop, look in zip(shops, (True, False), strict=True):
        steps: list[Callable[[], object]] = [
            lambda shop=shop: shop.event("Cart Left"),  # type: ignore[misc]
            lambda shop=shop: shop.engine.pause("cart", clocks=clocks),  # type: ignore[misc]
            lambda shop=shop: shop.engine.resume("cart"),  # type: ignore[misc]
            lambda shop=shop: shop.engine.pause("cart", step="reminded", clocks=clocks),  # type: ignore[misc]
            lambda shop=shop: shop.event("Cart Left", "bob"),  # type: ignore[misc]
            lambda shop=shop: shop.engine.resume("cart", step="reminded"),  # type: ignore[misc]
        ]
        for step in steps:
            step()
            if look:
                shop.wait("30 hours")
            else:
                shop.clock.advance(30 * 3_600)
        shop.wait("30 days")
    for name in ("ann", "bob"):
        assert shops[1].told(name) == shops[0].told(name)
        assert shops[1].inside("cart", customer=name) == shops[0].inside("cart", customer=name)
    assert [row.message for row in shops[1].engine.outbox()] == [row.message for row in shops[0].engine.outbox()]
    assert any("held" in line for line in shops[0].told())


def test_a_replay_needs_no_list_of_pauses(storage: Storage) -> None:
    """What was heeded stands in the log."""
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    paused(shop, "1 day", "30 hours", "cart")
    paused(shop, "1 hour", "3 days", "cart", clocks="run on")
    shop.wait("9 days")
    (loaded,) = storage.load_many([Want("ann", None)])
    again = replay(shop.engine.definitions.compiled, loaded, storage.events("ann"))

    assert [entry for commit in again for entry in commit.history] == storage.history("ann")
    assert [one for commit in again for one in commit.outbox] == [row.message for row in storage.outbox()]
    assert sum(entry.kind == "held" for entry in storage.history("ann")) == 2


def test_another_process_hears_of_it_within_a_second(tmp_path: Path) -> None:
    """One engine pauses and resumes; a worker in another process follows."""
    shop = Shop(CART, storage=SQLiteStorage(tmp_path / "shop.db"))
    shop.event("Cart Left")
    other = Engine(
        CART, SQLiteStorage(tmp_path / "shop.db"), {"email": lambda request: shop.sent.append("other"), "sms": print}, clock=shop.clock
    )
    other.run_due()
    shop.engine.pause("cart")
    shop.clock.advance(3 * DAY)
    other.run_due()
    other.dispatch()
    assert shop.sent == []
    shop.engine.resume("cart")
    shop.clock.advance(3 * DAY + 1)
    other.run_due()
    other.dispatch()
    shop.engine.storage.close()
    other.storage.close()

    assert shop.sent == ["other", "other"]


def test_who_was_held_after_the_end_is_not_forgotten() -> None:
    """A worker that had not heard of the end holds Ann after it; a look later she goes on."""
    storage = MemoryStorage()
    shop = Shop(CART, storage=storage)
    shop.event("Cart Left")
    shop.engine.pause("cart")
    late = Engine(CART, storage, {"email": print, "sms": print}, clock=shop.clock)
    shop.clock.advance(3 * DAY)
    late.run_due(until="2026-03-03T09:00:00Z")  # it has heard of the pause, and nothing is due
    shop.engine.resume("cart")
    late.run_due()
    assert shop.inside("cart").next_due == NEVER + 1
    shop.clock.advance(2)
    shop.work()

    assert shop.inside("cart").held is None


def test_two_pauses_one_after_the_other() -> None:
    """The journey's ends while the step's lasts: it stays, and goes on after the second."""
    shop = Shop(CART)
    shop.event("Cart Left")
    shop.engine.pause("cart")
    shop.engine.pause("cart", step="left")
    shop.wait("3 days")
    shop.engine.resume("cart")
    shop.wait("1 day")
    shop.engine.resume("cart", step="left")
    shop.wait("3 days")

    assert shop.sent == ["2026-03-08 09:00 ann email cart"]
    assert [line[12:] for line in shop.told()][:4] == ["entered left", "held", "held", "resumed"]


def test_a_pause_is_told_and_named() -> None:
    """Explain says since when; a second pause of the same is none; what is not there cannot be paused."""
    shop = Shop(CART)
    shop.event("Cart Left")
    assert [shop.engine.pause("cart"), shop.engine.pause("cart"), shop.engine.resume("cart", step="left")] == [True, False, False]
    shop.wait("3 days")

    assert "cart: held in left by a pause of cart" in shop.engine.explain("ann").text
    assert "cart: is in left, held by a pause of cart since 2026-03-04 10:00 CET" in shop.engine.explain("ann", "email").text
    for wrong, words in (
        ({}, "nothing is named"), ({"journey": "crat"}, 'no journey "crat"; there are cart; did you mean "cart"?'),
        ({"journey": "cart", "step": "lft"}, 'no step "lft"'), ({"step": "left"}, "name that journey"), ({"action": "mail"}, 'no action "mail"'),
        ({"journey": "cart", "clocks": "stop"}, 'write "stand still" or "run on"'),
    ):  # fmt: skip
        with pytest.raises(UnknownError, match=words.replace("?", r"\?")):
            shop.engine.pause(**wrong)  # type: ignore[arg-type]
