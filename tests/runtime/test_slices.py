"""What a batch reads together while journeys are registered that may concern others, and the first look at many who are alike."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit import Do, Journey, MemoryStorage, On, Step, Transition
from journeykit.model.records import Loaded, Want
from shop import Shop

MANY = [f"c{number}" for number in range(200)]
SLICED = [64, 64, 64, 8]
OFFER = Journey(
    "offer", entry="Signed Up",
    steps=[Step("came", stage="awareness", then=[Transition("early", take="early-bird, 2"), "late"]), Step("early", end="completed"), Step("late", end="completed")],
)  # fmt: skip
VIEWS = Journey("views", entry="Page Viewed", steps=[Step("in", stage="awareness", wait="1 hour"), Step("over")])


class Reading(MemoryStorage):
    """Notes how many customers are read together."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[int] = []

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        self.together.append(len(wants))
        return super().load_many(wants)

    def noted(self) -> list[int]:
        """What was read since the last time."""
        noted, self.together = self.together, []
        return noted


def test_a_batch_is_read_in_slices_until_one_customer_concerns_others() -> None:
    """Sign-ups take of what all share, views do not: the batch with a sign-up is decided whole, and the next on suspicion."""
    storage = Reading()
    shop = Shop(OFFER, VIEWS, storage=storage)

    def handled(name: str) -> list[int]:
        storage.noted()
        shop.engine.handle_many([shop.fact(name, customer) for customer in MANY])
        return storage.noted()

    assert handled("Page Viewed") == SLICED
    assert handled("Signed Up")[-1] == 200
    assert [customer for customer in MANY if shop.inside("offer", customer=customer).step == "early"] == ["c0", "c1"]
    assert handled("Page Viewed") == [200]
    assert handled("Page Viewed") == SLICED


def test_timers_that_concern_nobody_else_are_fired_in_slices() -> None:
    """Two hundred waits end in one hour, while a journey is registered that shares a number."""
    storage = Reading()
    shop = Shop(OFFER, VIEWS, storage=storage)
    shop.engine.handle_many([shop.fact("Page Viewed", customer) for customer in MANY])
    storage.noted()
    shop.wait("2 hours")

    assert storage.noted()[:4] == SLICED
    assert {shop.inside("views", customer=customer).step for customer in MANY} == {"over"}


def test_customers_who_are_first_seen_around_the_instant_of_a_schedule() -> None:
    """A minute before nine, at nine sharp and a minute after: two are let in on the same day, the third on the next."""
    news = Journey(
        "news", entry=On(every="day at 09:00"), zone="UTC", reentry="always", steps=[Step("in", stage="awareness", do=Do("email"))]
    )
    clicks = Journey(
        "clicks", entry="Clicked", steps=[Step("in", stage="awareness", wait="1 hour", when={"Page Viewed": "over"}), Step("over")]
    )
    shop = Shop(news, clicks, at="2026-03-02T08:59:00+00:00")
    for minute, customer in enumerate(("ann", "bob", "cem")):
        shop.clock.set(f"2026-03-02T{'08:59' if minute == 0 else f'09:0{minute - 1}'}:00+00:00")
        shop.event("Page Viewed", customer)
    shop.clock.set("2026-03-03T10:00:00+00:00")
    shop.wait("1 minute")

    assert shop.sent == [
        "2026-03-02 09:00 ann email", "2026-03-02 09:00 bob email",
        "2026-03-03 09:00 ann email", "2026-03-03 09:00 bob email", "2026-03-03 09:00 cem email",
    ]  # fmt: skip
