"""P26: shared numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from journeykit import Do, Journey, On, SQLiteStorage, Step, Transition, check
from journeykit.core.quotas import SHARED
from journeykit.model.records import Commit, Want
from journeykit.runtime.why import replay
from shop import Shop

HUNDRED = [f"c{number}" for number in range(1, 101)]


def offer(take: str, zone: str | None = "Europe/Berlin") -> Journey:
    """Whoever comes early gets the good price, while there is any."""
    steps = [
        Step("came", stage="awareness", then=[Transition("early", take=take), "late"]),
        Step("early", do=Do("email", price="low"), end="completed"),
        Step("late", do=Do("email", price="high"), end="completed"),
    ]
    return Journey("offer", entry="Signed Up", reentry="always", zone=zone, steps=steps)


def test_of_a_hundred_in_one_batch_exactly_the_first_two_get_it() -> None:
    """All come in the same instant; the first two told pay little, the others go the other way."""
    shop = Shop(offer("early-bird, 2"))
    shop.engine.handle_many([shop.fact("Signed Up", customer) for customer in HUNDRED])

    assert [customer for customer in HUNDRED if shop.inside("offer", customer=customer).step == "early"] == ["c1", "c2"]
    assert "03-02 09:00 used up early-bird, 2" in shop.told("c3")


def test_a_refused_quota_is_a_recorded_fact_and_a_replay_needs_nobody_else() -> None:
    """Replayed alone, from nothing but their own log, the first still gets it, and the third still does not."""
    shop = Shop(offer("early-bird, 2"))
    for customer in ("c1", "c2", "c3"):
        shop.event("Signed Up", customer)

    for customer in ("c1", "c2", "c3"):
        (loaded,) = shop.storage.load_many([Want(customer, None)])
        again = replay(shop.engine._worker._definitions.compiled, loaded, shop.storage.events(customer))
        assert [line for commit in again for line in commit.history] == shop.storage.history(customer)
    assert [one.event.properties for one in shop.storage.events("c3") if one.event.name == SHARED] == [{"left": {"early-bird": 0}}]


def test_explain_says_that_nothing_was_left() -> None:
    """The history of the third customer tells it in words."""
    shop = Shop(offer("early-bird, 1"))
    for customer in ("c1", "c2"):
        shop.event("Signed Up", customer)

    assert "used up" in str(shop.engine.explain("c2"))
    assert SHARED not in str(shop.engine.explain("c2"))


def test_every_day_has_its_own_number() -> None:
    """One a day in Berlin: the second customer of Monday is late, the first after Berlin's midnight is not."""
    shop = Shop(offer("early-bird, 1 per day"), at="2026-03-02T22:58:00+00:00")
    for customer in ("c1", "c2"):
        shop.event("Signed Up", customer)
    shop.wait("3 minutes")
    shop.event("Signed Up", "c3")

    assert [shop.inside("offer", customer=customer).step for customer in ("c1", "c2", "c3")] == ["early", "late", "early"]


def test_who_is_refused_takes_nothing_and_who_takes_goes() -> None:
    """A transition that finds nothing left is passed over, and the next that holds is taken."""
    wanted = [
        Transition("seat", on=On("Asked", where="event.seats == 1"), take="seats, 1"),
        Transition("waiting list", on=On("Asked")),
    ]
    steps = [Step("asks", stage="awareness", when=wanted), Step("seat", end="completed"), Step("waiting list", end="full")]
    shop = Shop(Journey("booking", entry="Came", steps=steps))
    for customer in ("ann", "ben", "eve"):
        shop.event("Came", customer)
    shop.event("Asked", "ann", seats=2)
    shop.event("Asked", "ben", seats=1)
    shop.event("Asked", "eve", seats=1)

    assert [shop.inside("booking", customer=customer).step for customer in ("ann", "ben", "eve")] == [
        "waiting list",
        "seat",
        "waiting list",
    ]


def test_timers_take_as_well() -> None:
    """Three wait an hour, two get it; whichever the worker came to first."""
    steps = [
        Step("waits", stage="awareness", wait="1 hour", then=[Transition("early", take="early-bird, 2"), "late"]),
        Step("early", end="completed"), Step("late", end="completed"),
    ]  # fmt: skip
    shop = Shop(Journey("offer", entry="Signed Up", steps=steps))
    for customer in ("c1", "c2", "c3"):
        shop.event("Signed Up", customer)
    shop.wait("2 hours")

    assert sorted(shop.inside("offer", customer=customer).step for customer in ("c1", "c2", "c3")) == ["early", "early", "late"]


def test_workers_that_take_at_once_take_no_more_than_there_is(tmp_path) -> None:
    """Four threads with an engine each let forty customers in; seven get it."""
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    shops = [Shop(offer("early-bird, 7"), storage=storage) for _ in range(4)]

    def work(number: int) -> None:
        for customer in HUNDRED[number * 10 : number * 10 + 10]:
            shops[number].event("Signed Up", customer)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert [shops[0].inside("offer", customer=customer).step for customer in HUNDRED[:40]].count("early") == 7


def test_others_may_take_between_deciding_and_writing() -> None:
    """Ann is granted the last one, and while she is written Ben takes it; she is decided again, and knows."""
    shop = Shop(offer("early-bird, 1"))
    write = shop.storage.commit_many

    def slowly(commits: list[Commit]) -> None:
        shop.storage.commit_many = write
        shop.event("Signed Up", "ben")
        write(commits)

    shop.storage.commit_many = slowly
    shop.event("Signed Up", "ann")

    assert [shop.inside("offer", customer=customer).step for customer in ("ann", "ben")] == ["late", "early"]


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        ("early-bird, 2", "early-bird, 3", 'then[0].take: "early-bird" is "early-bird, 2" in Europe/Berlin in "offer"; say the same here, or name another'),
        ("early-bird, 2 per day", "early-bird, 2 per day", 'then[0].take: "early-bird" is "early-bird, 2 per day" in Europe/Berlin in "offer"; say the same here, or name another'),
    ],
)  # fmt: skip
def test_a_number_means_the_same_everywhere(one: str, other: str, problem: str) -> None:
    """Two journeys that take from one number agree on how many there are, and whose midnight counts."""
    second = Journey("second", entry="Came", steps=offer(other).steps)

    assert check([offer(one), second]) == (f"second: steps[0].{problem}",)


def test_a_period_needs_a_zone_and_a_branch_without_anything_left_needs_another() -> None:
    """Whose day it is must be said, and where to go when nothing is left."""
    alone = Step("came", stage="awareness", then=[Transition("early", take="early-bird, 2 per day")])

    assert check(Journey("offer", entry="Came", steps=[alone, Step("early", end="completed")])) == (
        "offer: steps[0].then: whoever does not fit this last condition goes nowhere; add a step without condition behind it",
        'offer: steps[0].then.take: "early-bird, 2 per day" needs a time zone; give the journey one',
    )
