"""P26: shared numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from attrs import evolve

from journeykit import (
    Catalog,
    DefinitionError,
    Do,
    Journey,
    MemoryStorage,
    On,
    PostgresStorage,
    Scope,
    SQLiteStorage,
    Step,
    Transition,
    check,
)
from journeykit.core.compiling.quotas import SHARED, quota_key
from journeykit.model.messages import microseconds
from journeykit.model.quotas import Take
from journeykit.model.records import Commit, Want
from journeykit.runtime.retaining import forget_periods
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


def test_in_a_batch_of_many_the_first_come_are_served_first() -> None:
    """Two hundred look around, and then sign up the other way round: who signed up first is served, not who was seen first."""
    shop, many = Shop(offer("early-bird, 2")), [f"c{number}" for number in range(200)]
    events = [shop.fact("Page Viewed", customer) for customer in many] + [shop.fact("Signed Up", customer) for customer in reversed(many)]
    shop.engine.handle_many(events)

    assert [customer for customer in many if shop.inside("offer", customer=customer).step == "early"] == ["c198", "c199"]


def test_customers_inside_an_older_version_are_served_in_order_too() -> None:
    """Three hundred wait in a version that shares a number; the version of today shares nothing."""
    wait, ask = Step("came", stage="awareness", wait="1 hour", then=[Transition("early", take="early-bird, 200"), "late"]), "early"
    ends = [Step(ask, end="completed"), Step("late", end="completed")]
    before = Shop(Journey("offer", entry="Signed Up", zone="UTC", steps=[wait, *ends]))
    before.engine.handle_many([before.fact("Signed Up", f"c{number}") for number in range(300)])
    after = Shop(Journey("offer", entry="Signed Up", steps=[Step("in", stage="awareness")]), storage=before.storage)
    after.wait("2 hours")

    assert sum(after.inside("offer", customer=f"c{number}").step == "early" for number in range(300)) == 200


def test_a_late_worker_serves_who_was_due_first() -> None:
    """Ann has a timer after one hour and asks after five, Bob asks after three; nobody looks for a day: it is Bob's."""
    ask = [Transition("early", take="early-bird, 1"), "late"]
    ends = [Step("early", end="completed"), Step("late", end="completed")]
    slow = [Step("came", stage="awareness", wait="1 hour"), Step("thinks", wait="4 hours", then=ask)]
    shop = Shop(
        Journey("slow", entry="Signed Up", zone="UTC", steps=[*slow, *ends]),
        Journey("quick", entry="Joined", zone="UTC", steps=[Step("came", stage="awareness", wait="3 hours", then=ask), *ends]),
    )
    shop.event("Signed Up", "ann")
    shop.event("Joined", "bob")
    shop.clock.set(shop.clock.now() + 24 * 3_600_000_000)
    shop.work()

    assert (shop.inside("slow", customer="ann").step, shop.inside("quick", customer="bob").step) == ("late", "early")


def test_a_refused_quota_is_a_recorded_fact_and_a_replay_needs_nobody_else() -> None:
    """Replayed alone, from nothing but their own log, the first still gets it, and the third still does not."""
    shop = Shop(offer("early-bird, 2"))
    for customer in ("c1", "c2", "c3"):
        shop.event("Signed Up", customer)

    for customer in ("c1", "c2", "c3"):
        (loaded,) = shop.storage.load_many([Want(customer, None)])
        again = replay(shop.engine._worker._definitions.compiled, loaded, shop.storage.events(customer))
        assert [line for commit in again for line in commit.history] == shop.storage.history(customer)
    assert [one.event.properties for one in shop.storage.events("c3") if one.event.name == SHARED] == [
        {"left": {"early-bird": 0}, "told": {}}
    ]


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


@pytest.mark.parametrize("fails", ["100 / event.part", "event.part"])
def test_what_would_fail_is_not_tried_where_nothing_is_left(fails: str) -> None:
    """Ann has the only seat. What Ben would have been told about his cannot be worked out, and is not needed: he comes too late."""
    taken = Transition("sold", on=On("Buy"), take="seats, 1", do=Do("email", share=f"{{{fails}}}"))
    steps = [
        Step("in", stage="purchase", wait="1 day", when=[taken, Transition("late", on=On("Buy"))]),
        Step("sold", end="completed"),
        Step("late"),
    ]
    shop = Shop(Journey("seats", entry="Asked", steps=steps))
    for customer, part in (("ann", 5), ("ben", 0)):
        shop.event("Asked", customer)
        shop.event("Buy", customer, part=part)

    assert [shop.inside("seats", customer=customer).step for customer in ("ann", "ben")] == ["sold", "late"]
    assert "parked" not in " ".join(shop.told("ben"))


# each by itself

SALE = Journey(
    "sale", key="product", entry="Reserved", zone="Europe/Berlin",
    steps=[
        Step("asks", stage="purchase", then=[Transition("held", take="pairs, 3 per hour per journey.key"), "full"]),
        Step("held", end="completed"),
        Step("full"),
    ],
)  # fmt: skip


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path):
    """One after the other, every storage there is."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    path = tmp_path / "shop.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    kept = SQLiteStorage(path, synchronous="off") if request.param == "sqlite" else PostgresStorage(path)
    yield kept
    kept.close()


def test_three_of_each_product_an_hour(storage) -> None:
    """Five reserve red shoes and five blue ones, all in one batch: three get each. An hour later there are three red ones more."""
    shop = Shop(SALE, storage=storage)
    at = [(f"{color}{number}", color) for number in range(1, 6) for color in ("red", "blue")]
    shop.engine.handle_many([shop.fact("Reserved", customer, product=color) for customer, color in at])
    shop.wait("1 hour")
    for number in range(6, 11):
        shop.event("Reserved", f"red{number}", product="red")
    steps = {customer: shop.inside("sale", color, customer).step for customer, color in [*at, *((f"red{n}", "red") for n in range(6, 11))]}

    assert {customer for customer, step in steps.items() if step == "held"} == {
        "red1", "red2", "red3", "blue1", "blue2", "blue3", "red6", "red7", "red8"
    }  # fmt: skip
    assert "03-02 09:00 used up pairs, 3 per hour per journey.key: red" in shop.told("red4")


def test_workers_at_once_take_no_more_of_each_than_there_is(tmp_path) -> None:
    """Four threads with an engine each let forty customers in, half of them for red; three of each get it."""
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    shops = [Shop(SALE, storage=storage) for _ in range(4)]

    def work(number: int) -> None:
        for place, customer in enumerate(HUNDRED[number * 10 : number * 10 + 10]):
            shops[number].event("Reserved", customer, product=("red", "blue")[place % 2])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    steps = [
        (color, shops[0].inside("sale", color, customer).step)
        for n, customer in enumerate(HUNDRED[:40])
        for color in [("red", "blue")[n % 2]]
    ]

    assert (steps.count(("red", "held")), steps.count(("blue", "held"))) == (3, 3)


def test_what_names_nothing_has_no_number() -> None:
    """Whoever brings no referrer, or a list of them, takes of nobody's number, and of no common one either; why-not says so."""
    steps = [
        Step("asks", stage="advocacy", when=[Transition("thanked", on=On("Came"), take="thanks, 1 per event.referrer"), Transition("alone", on=On("Came"))]),
        Step("thanked", do=Do("email"), end="completed"), Step("alone"),
    ]  # fmt: skip
    shop = Shop(Journey("referred", entry="Signed Up", steps=steps))
    for customer, given in (
        ("ann", {}),
        ("ben", {"referrer": ["eve"]}),
        ("zoe", {"referrer": "eve"}),
        ("max", {"referrer": 7}),
        ("may", {"referrer": "7"}),
    ):
        shop.event("Signed Up", customer)
        shop.event("Came", customer, **given)

    assert [shop.inside("referred", customer=customer).step for customer in ("ann", "ben", "zoe", "max", "may")] == [
        "alone", "alone", "thanked", "thanked", "alone"
    ]  # fmt: skip
    (line,) = [line.text for line in shop.engine.explain("ann", why_not="email").why_not if "hold" in line.text]
    assert line.endswith(
        "in asks, Came came, but it did not hold that some of thanks, 1 per event.referrer is left (event.referrer = missing)"
    )


LATE = Journey(
    "late", entry="Ordered", zone="UTC",
    steps=[
        Step("asks", stage="purchase", wait="1 hour", then=[Transition("gift", take="gifts, 1 per day"), "none"]),
        Step("gift", end="completed"),
        Step("none", end="completed"),
    ],
)  # fmt: skip
HOURS = [
    quota_key(Take("pairs, 3 per hour per journey.key"), "Europe/Berlin", microseconds(datetime.fromisoformat(at)), "red")
    for at in ("2026-03-02T09:00Z", "2026-03-02T10:00Z", "2026-03-02T11:00Z", "2026-04-01T12:00Z")
]


def test_what_was_taken_in_hours_that_are_over_is_let_go_of(storage) -> None:
    """Three hours of a sale, and a number for ever: a month later only what is for ever and what was taken today is counted still."""
    prizes = Journey(
        "prizes",
        entry="Played",
        steps=[Step("won", stage="purchase", when=[Transition("out", on=On("Drawn"), take="prizes, 1")]), Step("out")],
    )
    shop = Shop(SALE, prizes, storage=storage)
    for hour, customer in enumerate(("ann", "ben", "eve")):
        shop.event("Reserved", customer, product="red")
        shop.event("Played", customer)
        shop.event("Drawn", customer)
        shop.wait("1 hour")
        assert storage.taken(HOURS[hour]) == 1
    shop.wait("30 days")
    for customer in ("max", "zoe", "may", "joe"):
        shop.event("Reserved", customer, product="red")
    shop.engine.retain(before=shop.clock.now())

    assert [storage.taken(name) for name in (*HOURS, "prizes")] == [0, 0, 0, 3, 1]
    assert [shop.inside("sale", "red", customer).step for customer in ("max", "zoe", "may", "joe")] == ["held", "held", "held", "full"]


def test_what_a_late_worker_has_still_to_decide_is_not_let_go_of(storage) -> None:
    """Ben is due an hour after Ann, and nobody works for a month. What Ann took stays until Ben is decided, as of his hour, and goes then."""
    shop = Shop(LATE, storage=storage)
    shop.event("Ordered", "ann")
    shop.wait("2 hours")
    shop.event("Ordered", "ben")
    shop.clock.set(shop.clock.now() + 30 * 86_400_000_000)
    shop.engine.retain(before=shop.clock.now())
    kept = storage.taken("gifts/2026-03-02")
    shop.work()
    shop.engine.retain(before=shop.clock.now())

    assert (kept, storage.taken("gifts/2026-03-02")) == (1, 0)
    assert [shop.inside("late", customer=customer).step for customer in ("ann", "ben")] == ["gift", "none"]


def test_a_replay_needs_no_number_that_was_let_go_of(storage) -> None:
    """Two weeks on, what was taken of the day has gone; who got the gift and who did not is replayed as it was."""
    shop = Shop(LATE, storage=storage)
    for customer in ("ann", "ben"):
        shop.event("Ordered", customer)
    shop.wait("14 days")
    forget_periods(storage, shop.clock.now(), shop.clock.now())

    assert storage.taken("gifts/2026-03-02") == 0
    for customer in ("ann", "ben"):
        (loaded,) = storage.load_many([Want(customer, None)])
        again = replay(shop.engine.definitions.compiled, loaded, storage.events(customer))
        assert [line for commit in again for line in commit.history] == storage.history(customer)


def test_a_replay_of_what_is_counted_by_itself_needs_nobody_else() -> None:
    """The fourth of a product replayed from their own log: refused again."""
    shop = Shop(SALE)
    for customer in ("c1", "c2", "c3", "c4"):
        shop.event("Reserved", customer, product="red")
    (loaded,) = shop.storage.load_many([Want("c4", None)])
    again = replay(shop.engine._worker._definitions.compiled, loaded, shop.storage.events("c4"))

    assert [line for commit in again for line in commit.history] == shop.storage.history("c4")


def test_nothing_of_a_customer_stands_in_what_all_share(tmp_path) -> None:
    """One voucher per address: once Ann is erased, her address is nowhere in the file, and still has had its voucher."""
    steps = [
        Step("asks", stage="awareness", then=[Transition("given", take="voucher, 1 per customer.address"), "none"]),
        Step("given"),
        Step("none"),
    ]
    storage = SQLiteStorage(tmp_path / "shop.db")
    shop = Shop(Journey("voucher", entry="Signed Up", steps=steps), storage=storage)
    for customer in ("ann", "ben"):
        shop.identify(customer, traits={"address": "Schlossallee 1"})
    shop.event("Signed Up", "ann")
    shop.engine.erase("ann")
    shop.event("Signed Up", "ben")
    step = shop.inside("voucher", customer="ben").step
    shop.engine.erase("ben")
    storage.close()

    assert step == "none"
    assert not any(b"Schlossallee" in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("take", "problem"),
    [
        ("pairs, 3 per product", '"product" is not known; paths begin with event, signal, customer'),
        ("pairs, 3 per event.product per day", "the period comes first"),
        ("pairs, 3 per 'red'", "'red' is the same for all; name what has a number of its own, such as event.product"),
        ("pairs, 3 per day per week", "is no quota"),
    ],
)
def test_what_has_a_number_of_its_own_is_an_expression(take: str, problem: str) -> None:
    """What cannot be read is refused where it is written, with examples of all forms."""
    with pytest.raises(DefinitionError) as caught:
        Transition("held", take=take)

    assert problem in str(caught.value)


def test_a_moment_or_a_list_names_nothing_and_names_are_checked() -> None:
    """What can never be a name, or is not declared, is a problem of the definition."""
    catalog = Catalog(events={"Reserved": {"product": "text", "until": "moment"}}, traits={"cards": "list"})
    ways = [
        Transition("held", on=On("Reserved"), take="a, 1 per event.until"),
        Transition("held", on=On("Reserved"), take="b, 1 per customer.cards"),
        Transition("held", on=On("Reserved"), take="c, 1 per event.prodct"),
        Transition("held", on=On("Reserved"), take="d, 1 per lower(event.product)"),
    ]
    journey = Journey("sale", entry="Reserved", steps=[Step("asks", stage="purchase", when=ways), Step("held")])

    assert check([journey, catalog]) == (
        'sale: steps[0].when[2].take: no property of Reserved "prodct"; did you mean "product"?',
        "sale: steps[0].when[0].take: event.until is a moment; what has a number of its own is named by a text or a whole number, such as event.product",
        "sale: steps[0].when[1].take: customer.cards is a list; what has a number of its own is named by a text or a whole number, such as event.product",
    )


# the better arm

TEST = "50% short, 50% long, then the better by share of Email Opened after 2 days as subject"
SUBJECTS = Journey(
    "mail", entry="Signed Up",
    steps=[
        Step("drawn", stage="retention", then=TEST),
        Step("short", do=Do("email", subject="short"), wait="9 days", then="over"),
        Step("long", do=Do("email", subject="long"), wait="9 days"),
        Step("over", end="completed"),
    ],
)  # fmt: skip


def tried(shop: Shop, better: str) -> dict[str, list[str]]:
    """A hundred sign up; of the *better* arm ten open, of the other four. Return who is in which."""
    for customer in HUNDRED:
        shop.event("Signed Up", customer)
    arms: dict[str, list[str]] = {"short": [], "long": []}
    for customer in HUNDRED:
        arms[shop.inside("mail", customer=customer).step].append(customer)
    for arm, customers in arms.items():
        for customer in customers[: 10 if arm == better else 4]:
            shop.event("Email Opened", customer)
            shop.event("Email Opened", customer)
    return arms


@pytest.mark.parametrize("better", ["short", "long"])
def test_after_its_time_everybody_gets_the_better_arm(better: str) -> None:
    """Who was drawn keeps their arm; the twenty who come after two days all get the one that more have opened."""
    shop = Shop(SUBJECTS)
    tried(shop, better)
    shop.wait("2 days")
    later = [f"later{number}" for number in range(20)]
    for customer in later:
        shop.event("Signed Up", customer)

    assert {shop.inside("mail", customer=customer).step for customer in later} == {better}


def test_the_first_reading_counts_for_all() -> None:
    """What is opened after the first had to know changes nothing, in another process either."""
    shop = Shop(SUBJECTS)
    arms = tried(shop, "short")
    shop.wait("2 days")
    shop.event("Signed Up", "first")
    for customer in arms["long"]:
        shop.event("Email Opened", customer, id=f"late-{customer}")
    other = Shop(SUBJECTS, storage=shop.storage, at="2026-03-05T09:00:00+00:00")
    other.event("Signed Up", "second")

    assert [other.inside("mail", customer=customer).step for customer in ("first", "second")] == ["short", "short"]


def test_a_release_without_the_better_arm_draws_again() -> None:
    """The long subject was the better and is given up; who signs up after the release gets one of the two that there are."""
    shop = Shop(SUBJECTS)
    tried(shop, "long")
    shop.wait("2 days")
    shop.event("Signed Up", "before")
    steps = [evolve(step, name={"long": "new"}.get(step.name, step.name), then=TEST.replace("long", "new") if step.name == "drawn" else step.then)
             for step in SUBJECTS.steps]  # fmt: skip
    after = Shop(evolve(SUBJECTS, steps=steps), storage=shop.storage, at="2026-03-05T09:00:00+00:00")
    for customer in ("a", "b", "c", "d", "e", "f", "g", "h"):
        after.event("Signed Up", customer)

    assert after.inside("mail", customer="before").step == "long"
    assert {after.inside("mail", customer=customer).step for customer in ("a", "b", "c", "d", "e", "f", "g", "h")} == {"short", "new"}


def test_a_replay_of_the_better_arm_needs_nobody_else() -> None:
    """What a decision had to know of the experiment stands in the customer's own log."""
    shop = Shop(SUBJECTS)
    tried(shop, "long")
    shop.wait("2 days")
    shop.event("Signed Up", "later")
    (loaded,) = shop.storage.load_many([Want("later", None)])
    again = replay(shop.engine._worker._definitions.compiled, loaded, shop.storage.events("later"))

    assert [line for commit in again for line in commit.history] == shop.storage.history("later")
    assert shop.storage.events("later")[0].event.properties["told"]["mail/subject better"] == "long"


def test_the_rest_may_wait_for_the_better_arm() -> None:
    """Ten percent each are tried, eighty wait; five days later all of them get the better one."""
    journey = Journey(
        "mail", entry="Signed Up",
        steps=[
            Step("drawn", stage="retention", then="20% short, 20% long, 60% rest as subject"),
            Step("rest", wait="5 days", then="50% short, 50% long, then the better by share of Email Opened after 5 days as subject"),
            Step("short", do=Do("email"), end="completed"),
            Step("long", do=Do("email"), end="completed"),
        ],
    )  # fmt: skip
    shop = Shop(journey)
    shop.engine.handle_many([shop.fact("Signed Up", customer) for customer in HUNDRED])
    steps = {customer: shop.inside("mail", customer=customer).step for customer in HUNDRED}
    for customer in [name for name, step in steps.items() if step == "long"][:3]:
        shop.event("Email Opened", customer)
    shop.wait("6 days")

    assert {shop.inside("mail", customer=customer).step for customer, step in steps.items() if step == "rest"} == {"long"}


def test_what_follows_a_scope_is_measured_as_well() -> None:
    """The way on of a scope is a split like any other: two measures of one experiment are reported there too."""
    inner = Scope("inner", steps=[Step("in")], then=TEST.replace("Email Opened", "Email Clicked"))
    steps = [Step("drawn", then=TEST.replace("50% long", "50% in")), inner, Step("short"), Step("long")]

    assert check([Journey("mail", stage="retention", entry="Signed Up", steps=steps)]) == (
        'mail: steps[0].then: the better arm of "subject" is found otherwise elsewhere; say the same, or give it another name',
    )  # scopes come first


def test_the_measure_of_an_experiment_is_one_event_that_there_is() -> None:
    """A misspelt event is reported, and so are two measures of one experiment."""
    steps = [
        Step("drawn", stage="retention", then=TEST),
        Step("short", wait="1 day", then=TEST.replace("2 days", "3 days")),
        Step("long", wait="1 day"),
    ]
    events = {"Signed Up": {}, "Email Openend": {}}

    assert check([Journey("mail", entry="Signed Up", steps=steps), Catalog(events=events)]) == (
        'mail: steps[0].then: no event "Email Opened"; did you mean "Email Openend"?',
        'mail: steps[1].then: no event "Email Opened"; did you mean "Email Openend"?',
        'mail: steps[1].then: the better arm of "subject" is found otherwise elsewhere; say the same, or give it another name',
    )
