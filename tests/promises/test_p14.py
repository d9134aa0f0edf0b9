"""P14: one fact, many customers."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, EventError, Exit, Journey, On, SQLiteStorage, Step, Transition, check
from journeykit.model.records import Want
from shop import Shop

WATCHED = Journey(
    "watched", key="sku", entry="Alert Asked", exits="Alert Withdrawn", reentry="always",
    steps=[
        Step("waits", stage="consideration", wait="90 days", when={"Back In Stock": "told"}, then="lapsed"),
        Step("told", do=Do("email", price="{event.price}"), end="completed"),
        Step("lapsed", end="lapsed"),
    ],
)  # fmt: skip


def catalog(kind: str) -> Catalog:
    """Stock comes and goes; *kind* says how those who wait are told."""
    money = {"price": "money"}
    alerts = {"Alert Asked": {"sku": "text"}, "Alert Withdrawn": {"sku": "text"}}
    return Catalog(events={"Back In Stock": {"sku": kind, **money}, "Sold Out": {"sku": "object"}, **alerts})


def watching(kind: str, *customers: str, **options: object) -> Shop:
    """*customers* ask, a minute after one another, to be told of the red shoes."""
    shop = Shop(WATCHED, catalog(kind), **options)
    for customer in customers:
        shop.event("Alert Asked", customer, sku="red")
        shop.wait("1 minute")
    return shop


def test_everybody_who_waits_is_told_and_nobody_else() -> None:
    """Ann and Ben wait for the red shoes, Eve for the blue ones, and Zoe has withdrawn."""
    shop = watching("object", "ann", "ben", "zoe")
    shop.event("Alert Asked", "eve", sku="blue")
    shop.event("Alert Withdrawn", "zoe", sku="red")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:03 ann email 4900", "2026-03-02 09:03 ben email 4900"]


def test_the_oldest_entry_comes_first_at_the_declared_rate() -> None:
    """Two every ten minutes, in the order in which they asked."""
    shop = watching("object, 2 per 10 minutes", "eve", "ben", "ann", "zoe", "bob")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("1 hour")

    assert [line[11:20] for line in shop.sent] == ["09:05 ben", "09:05 eve", "09:15 ann", "09:15 zoe", "09:25 bob"]


def test_those_of_one_instant_come_by_their_ids() -> None:
    """Three ask at once; the ids decide, whatever the order in which they were told of."""
    shop = Shop(WATCHED, catalog("object, 1 per minute"))
    for customer in ("c", "a", "b"):
        shop.event("Alert Asked", customer, sku="red")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("1 hour")

    assert [line[17:18] for line in shop.sent] == ["a", "b", "c"]


def test_only_those_who_waited_when_it_was_accepted() -> None:
    """Zoe asks while the others are being told; this time is not hers, the next is."""
    shop = watching("object, 1 per hour", "ann", "ben")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("10 minutes")
    shop.event("Alert Asked", "zoe", sku="red")
    shop.wait("5 hours")

    assert [line.split()[2] for line in shop.sent] == ["ann", "ben"]

    shop.engine.publish("Back In Stock", id="erp-2", properties={"sku": "red", "price": 4500})
    shop.work()

    assert shop.sent[-1].endswith("zoe email 4500")


def test_it_takes_effect_for_nobody_who_has_moved_on() -> None:
    """Ben withdraws before his turn comes, and his turn is Zoe's."""
    shop = watching("object, 1 per hour", "ann", "ben", "zoe")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("10 minutes")
    shop.event("Alert Withdrawn", "ben", sku="red")
    shop.wait("5 hours")

    assert [line[11:20] for line in shop.sent] == ["09:03 ann", "10:03 zoe"]


def test_a_declared_fact_ends_it() -> None:
    """Sold out after fifteen minutes: two batches have gone out, and who is left waits for the next delivery."""
    shop = watching("object, 1 per 10 minutes, until Sold Out", "ann", "ben", "zoe")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("15 minutes")
    shop.engine.publish("Sold Out", id="erp-2", properties={"sku": "red"})
    shop.wait("2 hours")

    assert [line.split()[2] for line in shop.sent] == ["ann", "ben"]
    assert shop.inside("watched", "red", "zoe").status == "active"


def test_sold_out_elsewhere_ends_nothing() -> None:
    """The blue shoes are another object."""
    shop = watching("object, 1 per 10 minutes, until Sold Out", "ann", "ben")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.engine.publish("Sold Out", id="erp-2", properties={"sku": "blue"})
    shop.wait("2 hours")

    assert [line.split()[2] for line in shop.sent] == ["ann", "ben"]


def test_a_late_worker_tells_whom_a_timely_one_would_have_told() -> None:
    """Nobody looks for two hours; those whose turn came before it was sold out are told all the same, at their own times."""
    shop = watching("object, 1 per 10 minutes, until Sold Out", "ann", "ben", "zoe")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.clock.advance(15 * 60)
    shop.engine.publish("Sold Out", id="erp-2", properties={"sku": "red"})
    shop.clock.advance(2 * 3600)
    shop.work()

    assert [line[11:20] for line in shop.sent] == ["09:03 ann", "09:13 ben"]


def test_a_newer_fact_takes_the_place_of_what_is_left() -> None:
    """The price falls while it is told: who has not been told yet hears the new one alone."""
    shop = watching("object, 1 per hour", "ann", "ben")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("10 minutes")
    shop.engine.publish("Back In Stock", id="erp-2", properties={"sku": "red", "price": 3900})
    shop.wait("5 hours")

    assert shop.sent == ["2026-03-02 09:02 ann email 4900", "2026-03-02 09:12 ben email 3900"]


def test_a_quota_that_is_used_up_ends_it() -> None:
    """Two pairs are kept for those who wait; the third is not even told."""
    wait = Step("waits", stage="consideration", when=Transition("told", on=On("Back In Stock"), take="pairs, 2"))
    watched = Journey("watched", key="sku", entry="Alert Asked", steps=[wait, Step("told", do=Do("email"))])
    shop = Shop(watched, catalog("object, 1 per minute, until Sold Out or pairs"))
    for customer in ("ann", "ben", "eve", "zoe"):
        shop.event("Alert Asked", customer, sku="red")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("1 hour")

    assert len(shop.sent) == 2
    assert [logged.event.name for logged in shop.storage.events("zoe")] == ["Alert Asked"]


def test_a_quota_of_each_object_ends_its_own_release_alone() -> None:
    """One pair of each is kept for those who wait: the second is not told of the red ones, and of the blue ones they are."""
    wait = Step("waits", stage="consideration", when=Transition("told", on=On("Back In Stock"), take="pairs, 1 per event.sku"))
    watched = Journey("watched", key="sku", entry="Alert Asked", steps=[wait, Step("told", do=Do("email", of="{journey.key}"))])
    shop = Shop(watched, catalog("object, 1 per minute, until pairs"))
    for customer, sku in (("ann", "red"), ("ben", "red"), ("eve", "blue"), ("zoe", "blue")):
        shop.event("Alert Asked", customer, sku=sku)
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.wait("1 hour")
    shop.engine.publish("Back In Stock", id="erp-2", properties={"sku": "blue", "price": 4900})
    shop.wait("1 hour")

    assert [line.split()[2:] for line in shop.sent] == [["ann", "email", "red"], ["eve", "email", "blue"]]
    assert [logged.event.name for customer in ("ben", "zoe") for logged in shop.storage.events(customer)] == ["Alert Asked", "Alert Asked"]


@pytest.mark.parametrize(
    ("take", "good"),
    [
        ("pairs, 1 per event.sku", True),
        ("pairs, 1 per journey.key", True),
        ("pairs, 1", True),
        ("pairs, 1 per data.shop", False),
        ("pairs, 1 per customer.id", False),
    ],
)
def test_a_quota_that_ends_a_release_is_that_of_the_object(take: str, good: bool) -> None:
    """Whose number would be looked at, where each customer or shop has one, nobody could say."""
    wait = Step("waits", stage="consideration", when=Transition("told", on=On("Back In Stock"), take=take))
    watched = Journey("watched", key="sku", entry="Alert Asked", steps=[wait, Step("told")])
    found = check([watched, catalog("object, until pairs")])
    per = take.partition(" per ")[2]

    assert found == (
        () if good else (f'catalog: events.Back In Stock.sku: "pairs" in "watched" has a number of its own per {per}, not per sku; write per event.sku, or name another end',)
    )  # fmt: skip


def test_the_same_fact_twice_is_one() -> None:
    """Told again by the host, it is known; the same id about another object is another fact."""
    shop = watching("object", "ann")
    told = [shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": sku, "price": 4900}) for sku in ("red", "red", "blue")]
    shop.work()

    assert told == [True, False, True]
    assert len(shop.sent) == 1


def test_it_goes_on_after_a_crash_half_way(tmp_path) -> None:
    """The process ends after the first was told; another one tells the rest, each once."""
    path = tmp_path / "shop.db"
    first = watching("object, 1 per hour", "ann", "ben", "zoe", storage=SQLiteStorage(path))
    first.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    first.work()
    first.storage.close()
    second = Shop(WATCHED, catalog("object, 1 per hour"), storage=SQLiteStorage(path), at="2026-03-02T09:30:00+00:00")
    second.wait("5 hours")

    assert [line.split()[2] for line in (*first.sent, *second.sent)] == ["ann", "ben", "zoe"]


def test_two_workers_that_tell_at_once_tell_each_once() -> None:
    """Both have read the same step of the release; the second finds it taken."""
    shop = watching("object, 1 per hour", "ann", "ben")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    (seen,) = shop.storage.releases(shop.clock.now(), 10)
    shop.work()

    assert not shop.storage.release(seen, None, ())
    assert [line.split()[2] for line in shop.sent] == ["ann"]


def test_data_may_name_what_is_waited_for() -> None:
    """A wish list waits for each of its things, and for what is put on it later."""
    wanted = Transition("told", on=On("Back In Stock", where="event.sku in data.wishes"))
    more = Transition(on=On("Wish Added"), set={"data.wishes": "event.wishes"})
    steps = [Step("waits", stage="consideration", when=[wanted, more]), Step("told", do=Do("email", sku="{event.sku}"), then="waits")]
    events = {"Back In Stock": {"sku": "object"}, "Wish Added": {"wishes": "list"}}
    shop = Shop(Journey("wishes", entry="Wish Added", steps=steps), Catalog(events=events))
    shop.event("Wish Added")
    shop.event("Wish Added", wishes=["red", 7])
    for number, sku in enumerate(("red", "blue", 7)):
        shop.engine.publish("Back In Stock", id=f"erp-{number}", properties={"sku": sku})
    shop.work()

    assert sorted(line[17:] for line in shop.sent) == ["ann email 7", "ann email red"]
    assert len(shop.storage.events("ann")) == 4


def test_a_hundred_thousand_are_told_a_thousand_at_a_time(monkeypatch) -> None:
    """What is kept of a release is a place, not a list: here two at a time, and everybody once."""
    monkeypatch.setattr("journeykit.runtime.release.CHUNK", 2)
    customers = [f"c{number:02}" for number in range(7)]
    shop = watching("object", *customers)
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900})
    shop.work()

    assert sorted(line.split()[2] for line in shop.sent) == customers


def test_what_was_told_is_an_event_of_the_customer() -> None:
    """Ann's own log says what came, when it happened to the shoes and when it reached her, so that a replay needs nobody else."""
    shop = watching("object", "ann")
    shop.engine.publish("Back In Stock", id="erp-1", properties={"sku": "red", "price": 4900}, at="2026-03-02T08:00:00+00:00")
    shop.work()
    told = shop.storage.events("ann")[-1]

    assert (told.event.name, told.event.id, told.event.properties) == ("Back In Stock", "release/red/erp-1", {"sku": "red", "price": 4900})
    assert (told.event.at, told.accepted_at) == (1_772_438_400_000_000, 1_772_442_060_000_000)


def test_an_exit_may_wait_for_an_object() -> None:
    """Sold out takes everybody out who was waiting for a delivery, and leaves the others."""
    steps = [Step("waits", stage="consideration", wait="90 days"), Step("over", end="completed")]
    shop = Shop(Journey("watched", key="sku", entry="Alert Asked", exits=Exit("Sold Out", end="gone"), steps=steps), catalog("object"))
    shop.event("Alert Asked", sku="red")
    shop.event("Alert Asked", sku="blue")
    shop.engine.publish("Sold Out", id="erp-1", properties={"sku": "red"})
    shop.work()

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert sorted((one.key, one.reason) for one in loaded.enrollments) == [("blue", None), ("red", "gone")]


@pytest.mark.parametrize(
    ("name", "properties", "problem"),
    [
        (
            "Alert Asked",
            {"sku": "red"},
            'name: "Alert Asked" is not declared as an event about an object; there are Back In Stock, Sold Out',
        ),
        ("Sold Out", {"item": "red"}, "properties: sku=None names no object; give its id"),
        ("Sold Out", {"sku": "red", "x": object()}, 'properties of event "erp-1": '),
    ],
)
def test_what_is_no_fact_about_an_object_is_refused(name: str, properties: dict, problem: str) -> None:
    """Undeclared, about nothing, or no JSON."""
    with pytest.raises(EventError) as caught:
        watching("object").engine.publish(name, id="erp-1", properties=properties)

    assert str(caught.value).startswith(problem)


def test_whoever_waits_says_for_which() -> None:
    """A journey that compares nothing would wait for every object; a word that ends a release must be there."""
    anything = Journey(
        "anything", entry="Alert Asked", steps=[Step("waits", stage="consideration", when={"Sold Out": "waits"}, wait="1 day")]
    )

    assert check([anything, catalog("object, 5 per hour, until Sold Uot")]) == (
        'catalog: events.Back In Stock.sku: no event about an object, and no quota, "Sold Uot"; did you mean "Sold Out"?',
        'anything: steps[0].when[0]: "Sold Out" is about one sku; say which: key: sku in a journey keyed by it, or where: event.sku == data.sku',
    )
