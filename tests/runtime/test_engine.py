"""What a host calls: events in, decisions out, each fact once, whoever else is at work."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from journeykit import (
    Catalog,
    ConflictError,
    DefinitionError,
    Do,
    Done,
    Engine,
    Event,
    EventError,
    Journey,
    MemoryStorage,
    On,
    SQLiteStorage,
    Start,
    Step,
    Transition,
    UnknownError,
)
from journeykit.model.records import Commit, Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from shop import MONDAY, Shop

CART = Journey(
    "cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    reentry="always",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="reminder")),
    ],
)
REFERRAL = Journey(
    "referral",
    stage="advocacy",
    entry="Friend Invited",
    reentry="always",
    steps=[Step("invited", do=[Start("greeting", customer="event.friend"), Do("email", template="thanks")])],
)
GREETING = Journey(
    "greeting",
    stage="awareness",
    steps=[Step("greeted", wait="1 hour", when={"Order Completed": "bought"}), Step("missed", end="missed"), Step("bought")],
)


@pytest.fixture(name="storage", params=["memory", "sqlite"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    yield storage
    storage.close()


def added(shop: Shop, cart: str = "c1", customer: str = "ann", id: str | None = None) -> Event:
    return shop.fact("Product Added", customer, id=id, cart_id=cart)


# -- events --------------------------------------------------------------------------------------------------------------


def test_an_event_is_decided_at_once(storage: Storage) -> None:
    """`handle` says what the event did and what it asked for."""
    shop = Shop(REFERRAL, GREETING, storage=storage)
    outcome = shop.event("Friend Invited", "ann", friend="ben")

    assert outcome.status == "decided"
    assert [(entry.kind, entry.target) for entry in outcome.history] == [("entered", "invited"), ("completed", None)]
    assert [message.parameters for message in outcome.actions] == [{"template": "thanks"}]


def test_the_same_fact_counts_once(storage: Storage) -> None:
    """An id that the customer's log or mailbox knows changes nothing; another customer may have a fact of that id."""
    shop = Shop(CART, storage=storage)

    assert shop.engine.handle(added(shop, id="e1")).status == "decided"
    assert shop.engine.handle(added(shop, id="e1")).status == "duplicate"
    assert shop.engine.accept(added(shop, id="e1"), added(shop, id="e2")) == [False, True]
    assert shop.engine.handle(added(shop, customer="ben", id="e1")).status == "decided"
    assert shop.told() == ["03-02 09:00 entered left"]


def test_what_was_accepted_and_comes_again_is_decided_now(storage: Storage) -> None:
    """An event waits in the mailbox; handling it decides it, once."""
    shop = Shop(CART, storage=storage)
    shop.engine.accept(added(shop, id="e1"))

    assert shop.engine.handle(added(shop, id="e1")).status == "decided"
    assert shop.engine.handle(added(shop, id="e1")).status == "duplicate"
    assert shop.engine.run_due() == 0
    assert shop.told() == ["03-02 09:00 entered left"]


def test_accepted_events_are_decided_before_a_later_one(storage: Storage) -> None:
    """What stands in the mailbox took effect first."""
    shop = Shop(CART, storage=storage)
    shop.engine.accept(added(shop))
    shop.clock.advance(60)
    shop.event("Order Completed", cart_id="c1")

    assert shop.told() == ["03-02 09:00 entered left", "03-02 09:01 exited Order Completed"]


@pytest.mark.parametrize("name", ["$settled", "$retry", "$anything"])
def test_the_librarys_own_names_are_refused(name: str) -> None:
    """A host cannot speak in the library's name."""
    shop = Shop(CART)

    with pytest.raises(EventError, match="library's own"):
        shop.event(name)
    with pytest.raises(EventError, match="library's own"):
        shop.engine.accept(shop.fact(name))


def test_nothing_of_a_batch_is_accepted_with_an_unusable_event(storage: Storage) -> None:
    """One event that cannot be stored refuses all of the call, and says which."""
    shop = Shop(CART, storage=storage)

    with pytest.raises(EventError, match="e2"):
        shop.engine.accept(added(shop, id="e1"), shop.fact("Product Added", id="e2", cart_id={1, 2}))
    assert shop.engine.run_due() == 0


# -- batches -------------------------------------------------------------------------------------------------------------


def test_a_batch_decides_as_single_calls_do(storage: Storage) -> None:
    """Many events in one transaction leave the same history as one call for each."""
    one_by_one, at_once = Shop(CART, REFERRAL, GREETING), Shop(CART, REFERRAL, GREETING, storage=storage)
    facts = [
        added(one_by_one, "c1", "ann"),
        added(one_by_one, "c2", "ann"),
        one_by_one.fact("Friend Invited", "ann", friend="ben"),
        added(one_by_one, "c1", "ben"),
        one_by_one.fact("Order Completed", "ann", cart_id="c1"),
        one_by_one.fact("Order Completed", "ben", cart_id="c1"),
    ]
    single = [one_by_one.engine.handle(fact) for fact in facts]
    batch = at_once.engine.handle_many(facts)

    assert batch == single
    assert {who: at_once.told(who) for who in ("ann", "ben")} == {who: one_by_one.told(who) for who in ("ann", "ben")}


def test_a_fact_twice_in_one_batch_counts_once(storage: Storage) -> None:
    """The second of the same id is a duplicate, also of one that was accepted before."""
    shop = Shop(CART, storage=storage)
    shop.engine.accept(added(shop, id="e0"))
    outcomes = shop.engine.handle_many([added(shop, id="e1"), added(shop, id="e1"), added(shop, id="e0")])

    assert [outcome.status for outcome in outcomes] == ["decided", "duplicate", "duplicate"]
    assert shop.told() == ["03-02 09:00 entered left", "03-02 09:00 moved left"]


def test_an_empty_batch_is_nothing() -> None:
    """No events, no outcomes."""
    assert Shop(CART).engine.handle_many([]) == []


def test_mail_within_a_batch_comes_before_later_events(storage: Storage) -> None:
    """Ann invites Ben, and in the same batch Ben orders: he was greeted before he bought."""
    shop = Shop(REFERRAL, GREETING, storage=storage)
    shop.engine.handle_many([shop.fact("Friend Invited", "ann", friend="ben"), shop.fact("Order Completed", "ben")])

    assert shop.told("ben") == ["03-02 09:00 entered greeted", "03-02 09:00 moved bought", "03-02 09:00 completed"]


def test_mail_for_somebody_outside_the_batch_waits_in_the_mailbox(storage: Storage) -> None:
    """Ben is greeted when the worker decides his mailbox."""
    shop = Shop(REFERRAL, GREETING, storage=storage)
    shop.event("Friend Invited", "ann", friend="ben")

    assert shop.told("ben") == []
    shop.work()
    assert shop.told("ben") == ["03-02 09:00 entered greeted"]


def test_further_rows_are_read_where_a_decision_needs_them(storage: Storage) -> None:
    """A journey that waits for a changed trait is not among what the event itself concerns."""
    plan = Journey("plan", stage="purchase", entry="Subscribed", steps=[Step("on", set={"customer.plan": "event.plan"})])
    gold = Transition("vip", on=On(changed="customer.plan", where="signal.new == 'gold'"))
    waiting, welcomed = Step("waiting", when=[gold], wait="30 days", then="end"), Step("vip", do="email")
    vip = Journey("vip", stage="purchase", entry="Signed Up", steps=[waiting, welcomed, Step("end")])
    shop = Shop(plan, vip, storage=storage)
    shop.event("Signed Up")
    (outcome,) = shop.engine.handle_many([shop.fact("Subscribed", plan="gold")])

    assert [message.action for message in outcome.actions] == ["email"]


# -- catching up ---------------------------------------------------------------------------------------------------------


CHAIN = Journey("chain", stage="purchase", entry="Begin", exits="Stop", steps=[Step(f"s{n}", wait="1 hour") for n in range(10)])


def test_an_event_behind_too_many_timers_waits(storage: Storage) -> None:
    """A call fires what it may; the rest, and the event, are the worker's, in the same order and with the same result."""
    shop = Shop(CHAIN, storage=storage, catch_up_limit=3)
    shop.event("Begin")
    shop.clock.advance(8.5 * 3600)

    assert shop.event("Stop", id="stop").status == "waiting"
    assert shop.inside("chain").step == "s3"
    assert shop.event("Stop", id="stop").status == "waiting"
    assert shop.inside("chain").step == "s6"
    shop.work()
    assert shop.inside("chain").step == "s8"
    assert shop.told()[-1] == "03-02 17:30 exited Stop"


def test_everything_behind_an_event_that_waits_waits_as_well(storage: Storage) -> None:
    """Nothing of a batch overtakes what has to wait, and other customers are not held up."""
    shop = Shop(CHAIN, CART, storage=storage, catch_up_limit=3)
    shop.event("Begin")
    shop.clock.advance(6 * 3600 + 60)
    outcomes = shop.engine.handle_many([added(shop, "c1"), added(shop, "c2"), added(shop, "c1", "ben"), shop.fact("Stop")])

    assert [outcome.status for outcome in outcomes] == ["waiting", "waiting", "decided", "waiting"]
    shop.work()
    assert shop.told()[-3:] == ["03-02 15:01 entered left", "03-02 15:01 entered left", "03-02 15:01 exited Stop"]


def test_a_timer_fires_once_its_instant_has_passed(storage: Storage) -> None:
    """`run_due` fires what was due before the moment it is given, and nothing due in that very instant."""
    shop = Shop(CART, storage=storage)
    shop.event("Product Added", cart_id="c1")
    shop.clock.advance(7200)

    assert shop.engine.run_due() == 0
    assert shop.engine.run_due("2026-03-02T11:00:00.000001+00:00") == 1
    assert shop.told()[1:] == ["03-02 11:00 moved reminded", "03-02 11:00 completed"]


def test_a_late_worker_delivers_in_time(storage: Storage) -> None:
    """What one customer's timer starts for another arrives when it was sent, though the worker comes a year later."""
    inviting = Journey(
        "inviting", stage="advocacy", entry="Begin",
        steps=[Step("waiting", wait="10 days"), Step("inviting", do=Start("invited", customer="'ben'"))],
    )  # fmt: skip
    invited = Journey(
        "invited", stage="awareness", steps=[Step("in", set={"customer.invited": "True"}, wait="5 days"), Step("on", do=_tell("eve"))]
    )
    answer = Journey("answer", stage="awareness", steps=[Step("in", do="email")])
    looking = Journey(
        "looking", stage="awareness", entry="Look",
        steps=[
            Step("first", wait="4 days"),
            Step("second", wait="16 days", then=[Transition("yes", on=On(where="customer.invited")), "no"]),
            Step("yes", do="sms", end="yes"),
            Step("no", end="no"),
        ],
    )  # fmt: skip
    seen = []
    for late in (False, True):
        shop = Shop(inviting, invited, answer, looking, storage=storage if late else None)
        shop.event("Look", "ben")
        shop.event("Begin", "ann")
        if late:
            shop.clock.advance(365 * 86_400)
            shop.engine.run_due()
        else:
            shop.wait("365 days")
        seen.append([shop.told(who) for who in ("ann", "ben", "eve")])

    assert seen[1] == seen[0]
    assert seen[1][1:] == [
        [
            "03-02 09:00 entered first", "03-06 09:00 moved second", "03-12 09:00 entered in", "03-17 09:00 moved on", "03-17 09:00 completed",
            "03-22 09:00 moved yes", "03-22 09:00 exited yes",
        ],
        ["03-17 09:00 entered in", "03-17 09:00 completed"],
    ]  # fmt: skip


def _tell(customer: str) -> Start:
    return Start("answer", customer=repr(customer))


def test_run_due_stops_at_its_limit(storage: Storage) -> None:
    """A host with little time does a few at a time."""
    shop = Shop(CART, storage=storage)
    for who in ("ann", "ben", "eve"):
        shop.event("Product Added", who, cart_id="c1")
    shop.clock.advance(7201)

    assert [shop.engine.run_due(limit=2), shop.engine.run_due(limit=2), shop.engine.run_due(limit=2)] == [2, 1, 0]


# -- the host's own calls ------------------------------------------------------------------------------------------------


def test_a_customer_is_made_known(storage: Storage) -> None:
    """Traits, zone and consent are facts with an id; a trait of None is taken away."""
    shop = Shop(CART, storage=storage)
    shop.engine.identify("ann", traits={"plan": "free", "city": "Bonn"}, zone="Europe/Berlin", consent={"email": True}, id="k1")
    shop.engine.identify("ann", traits={"city": None}, id="k2")

    assert shop.engine.identify("ann", traits={"plan": "gold"}, id="k1").status == "duplicate"
    (loaded,) = storage.load_many([Want("ann", None)])
    assert (loaded.facts.traits, loaded.facts.zone, loaded.facts.consent) == ({"plan": "free"}, "Europe/Berlin", {"email": True})


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        ({"zone": "Europe/Berln"}, "Europe/Berln"),
        ({"traits": {"stage": "loyal"}}, "stage"),
        ({"traits": {"orders": 3}}, "orders"),
        ({"traits": {"plann": "gold"}}, "plann"),
        ({"consent": {"email": "yes"}}, "email='yes'"),
    ],
)
def test_what_cannot_be_known_is_refused(known: dict, problem: str) -> None:
    """An unknown zone, a reserved or declared name, a trait that the catalog lacks, and a consent that is neither yes nor no."""
    shop = Shop(CART, Catalog(traits={"plan": "text"}, facts={"orders": "count of Order Completed"}))

    with pytest.raises(EventError, match=problem):
        shop.engine.identify("ann", id="k1", **known)


def test_the_host_lets_in_and_takes_out(storage: Storage) -> None:
    """`enroll` and `exit` are facts with an id, too."""
    shop = Shop(CART, storage=storage)

    assert shop.engine.enroll("cart", "ann", key="c1", data={"note": "by phone"}, id="call-1").status == "decided"
    assert shop.engine.enroll("cart", "ann", key="c1", id="call-1").status == "duplicate"
    assert shop.inside("cart", "c1").data == {"note": "by phone"}
    shop.engine.exit("cart", "ann", key="c1", reason="called off", id="call-2")
    assert shop.told() == ["03-02 09:00 entered left", "03-02 09:00 exited called off"]


def test_an_unknown_journey_is_named_with_its_neighbour() -> None:
    """A typing error is told with the nearest name."""
    engine = Shop(CART).engine

    with pytest.raises(UnknownError, match='no journey "card"; there are cart; did you mean "cart"'):
        engine.enroll("card", "ann", id="x")
    with pytest.raises(UnknownError, match="did you mean"):
        engine.exit("card", "ann", reason="x", id="x")


# -- several workers -----------------------------------------------------------------------------------------------------


class Overtaken(MemoryStorage):
    """A storage where somebody else commits for a customer just before we do, as often as is said."""

    def __init__(self) -> None:
        super().__init__()
        self.other: Engine | None = None
        self.times = 0

    def commit_many(self, commits: Iterable[Commit]) -> None:
        commits = list(commits)
        if self.times and self.other is not None:
            self.times -= 1
            times, self.times = self.times, 0
            self.other.handle(Event("Seen", id=f"other-{times}", customer_id=commits[0].customer_id, occurred_at=MONDAY))
            self.times = times
        super().commit_many(commits)


def test_who_is_overtaken_decides_again_on_the_new_state() -> None:
    """Two workers decide for one customer at once: nothing is lost."""
    storage = Overtaken()
    seen = Journey("seen", stage="purchase", entry="Seen", reentry="always", steps=[Step("once", end="seen")])
    shop = Shop(CART, seen, storage=storage)
    storage.other, storage.times = shop.engine, 2

    assert shop.event("Product Added", cart_id="c1").status == "decided"
    assert shop.told() == [
        "03-02 09:00 entered once", "03-02 09:00 exited seen", "03-02 09:00 entered once", "03-02 09:00 exited seen", "03-02 09:00 entered left",
    ]  # fmt: skip


def test_a_batch_that_keeps_being_overtaken_is_decided_one_by_one() -> None:
    """Contention costs the batch its one transaction, not its events."""
    storage = Overtaken()
    shop = Shop(CART, storage=storage)
    storage.other, storage.times = shop.engine, 5
    outcomes = shop.engine.handle_many([added(shop, "c1"), added(shop, "c2")])

    assert [outcome.status for outcome in outcomes] == ["decided", "decided"]


def test_an_event_that_never_gets_through_is_an_error() -> None:
    """After a dozen times the host is told, and nothing was written."""
    storage = Overtaken()
    shop = Shop(CART, storage=storage)
    storage.other, storage.times = shop.engine, 1_000

    with pytest.raises(ConflictError):
        shop.event("Product Added", cart_id="c1")
    assert shop.told() == []


def test_a_worker_that_is_overtaken_goes_on_with_the_others() -> None:
    """One customer decided elsewhere holds up nobody else of the batch."""
    storage = Overtaken()
    shop = Shop(CART, storage=storage)
    for who in ("ann", "ben", "eve"):
        shop.event("Product Added", who, cart_id="c1")
    shop.clock.advance(7201)
    storage.other, storage.times = shop.engine, 1

    assert shop.engine.run_due() == 2  # one was done by the other
    assert [shop.told(who)[-1] for who in ("ann", "ben", "eve")] == ["03-02 11:00 completed"] * 3


# -- definitions ---------------------------------------------------------------------------------------------------------


def test_an_enrollment_stays_on_its_version(storage: Storage) -> None:
    """A new release of the shop changes the journey for those who enter after it."""
    shop = Shop(CART, storage=storage)
    shop.event("Product Added", cart_id="c1")
    newer = Journey(
        "cart", stage="purchase", key="cart_id", entry="Product Added", steps=[Step("left", wait="2 hours"), Step("called", do=Do("sms"))]
    )
    later = Shop(newer, storage=storage)
    later.event("Product Added", "ben", cart_id="c1")
    later.wait("3 hours")

    assert [line.split(" ", 2)[2] for line in later.sent] == ["ann email reminder", "ben sms"]


def test_a_version_that_another_process_brought_is_learned(storage: Storage) -> None:
    """During a deployment the old process meets enrollments of the new version."""
    old = Shop(CART, storage=storage)
    newer = Journey(
        "cart", stage="purchase", key="cart_id", entry="Product Added", steps=[Step("left", wait="2 hours"), Step("called", do=Do("sms"))]
    )
    Shop(newer, storage=storage).event("Product Added", "ben", cart_id="c1")
    old.wait("3 hours")

    assert [line.split(" ", 2)[2] for line in old.sent] == ["ben sms"]


def test_catalogs_are_merged() -> None:
    """A catalog in several files is one catalog, as long as they agree."""
    engine = Shop(CART, Catalog(actions={"email": "transactional"}), Catalog(actions={"sms": "none"}, traits={"plan": "text"})).engine

    assert engine.definitions.catalog == Catalog(actions={"email": "transactional", "sms": "none"}, traits={"plan": "text"})
    with pytest.raises(DefinitionError, match="actions: \"email\" is declared as 'none' and as 'marketing'"):
        Shop(CART, Catalog(actions={"email": "none"}), Catalog(actions={"email": "marketing"}))
    with pytest.raises(DefinitionError, match="\"orders\" is declared as 'count of A' and as 'count of B'; keep one"):
        Shop(CART, Catalog(facts={"orders": "count of A"}), Catalog(facts={"orders": "count of B"}))


def test_what_is_no_definition_is_refused() -> None:
    """A path or a list in a list is told from a journey."""
    with pytest.raises(DefinitionError, match="is no journey and no catalog"):
        Engine(["journeys/"], MemoryStorage())  # type: ignore[list-item]


def test_what_cannot_be_called_is_refused() -> None:
    """An action or a hook that is no function is told when the engine is made, not when a customer waits for it."""
    with pytest.raises(DefinitionError, match="actions: \"email\" is 'send', which cannot be called"):
        Engine(CART, MemoryStorage(), {"email": "send"})  # type: ignore[dict-item]
    with pytest.raises(DefinitionError, match="hooks: 'watch' cannot be called"):
        Engine(CART, MemoryStorage(), hooks=["watch"])  # type: ignore[list-item]


def test_what_is_no_event_is_refused(storage: Storage) -> None:
    """A list where events stand one by one, and a bare mapping, are told with what to write."""
    shop = Shop(CART, storage=storage)
    with pytest.raises(EventError, match=r"several one by one: accept\(\*events\)"):
        shop.engine.accept([shop.fact("Product Added")])  # type: ignore[arg-type]
    with pytest.raises(EventError, match="is no event"):
        shop.engine.handle({"name": "Product Added"})  # type: ignore[arg-type]


def test_properties_that_are_no_json_are_refused(storage: Storage) -> None:
    """The event is named, whichever way it comes, and nothing is written."""
    shop = Shop(CART, storage=storage)
    good, bad = shop.fact("Product Added", cart_id="c1"), shop.fact("Product Added", id="e2", cart_id="c2", when=datetime.now(UTC))
    for offer in (lambda: shop.engine.handle(bad), lambda: shop.engine.accept(bad), lambda: shop.engine.handle_many([good, bad])):
        with pytest.raises(EventError, match=r'properties of event "e2": when=datetime.* is no JSON value; give its text, .isoformat\(\)'):
            offer()
    with pytest.raises(EventError, match='properties of event "i1"'):
        shop.engine.identify("ann", id="i1", traits={"born": datetime.now(UTC)})
    assert storage.events("ann") == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_never_gets_in(storage: Storage, number: float) -> None:
    """What JSON does not know is refused wherever it comes: with events, traits and facts about objects; what an action answers is not kept."""
    sold = Catalog(events={"Sold Out": {"sku": "object"}})
    shop = Shop(CART, sold, storage=storage, answers={"email": lambda request: Done("Opened", {"after": number})})
    bad = shop.fact("Product Added", id="e2", cart_id="c2", lines=[{"total": number}])
    offers = (
        lambda: shop.engine.handle(bad),
        lambda: shop.engine.accept(bad),
        lambda: shop.engine.handle_many([shop.fact("Product Added", cart_id="c1"), bad]),
        lambda: shop.engine.identify("ann", id="e2", traits={"age": number}),
        lambda: shop.engine.publish("Sold Out", id="e2", properties={"sku": "s1", "price": number}),
    )
    for offer in offers:
        with pytest.raises(EventError, match=r'properties of event "e2": \S+=-?(nan|inf) is no JSON value; give a number, or leave it out'):
            offer()
    assert storage.events("ann") == []

    shop.event("Product Added", cart_id="c1")
    shop.wait("1 day")
    assert [event.event.name for event in storage.events("ann")] == ["Product Added"]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"a": 1, "total": Decimal("4.20")}, "total=Decimal('4.20') is no JSON value; give a whole number, of cents for example"),
        ({"lines": [{"sizes": {38}}]}, "lines[0].sizes={38} is no JSON value; give a list"),
        ({"order": Decimal}, "order=<class 'decimal.Decimal'> is no JSON value; give text, a number, True or False, a list or a dict"),
        ({"by": {("a", 1): 2}}, "by: the key ('a', 1) is no text"),
        ({("a", 1): 2}, "the first level: the key ('a', 1) is no text"),
    ],
)
def test_which_property_is_no_json_and_what_to_give_instead(properties: dict, told: str) -> None:
    """Of many properties the one is named that the host has to look at."""
    engine = Shop(CART).engine
    event = Event("Product Added", id="e1", customer_id="ann", occurred_at=datetime.now(UTC), properties=properties)
    for offer in (engine.handle, engine.accept):
        with pytest.raises(EventError, match=re.escape(f'properties of event "e1": {told}')):
            offer(event)


def test_properties_that_hold_themselves_are_refused() -> None:
    """There is no text for them, and no single value is to blame."""
    engine = Shop(CART).engine
    inner: dict = {}
    inner["again"] = inner
    for offer in (engine.handle, engine.accept):
        with pytest.raises(EventError, match=r'properties of event "e1": .*; give JSON values only'):
            offer(Event("Product Added", id="e1", customer_id="ann", occurred_at=datetime.now(UTC), properties=inner))


@pytest.mark.parametrize("lease", ["5 minutes", 0, -1, None, math.inf])
def test_a_lease_that_is_none_is_told_when_the_engine_is_made(lease: object) -> None:
    """With none at all, two workers would perform everything at the same time."""
    with pytest.raises(DefinitionError, match=f"lease: {lease!r} is no number of seconds above 0; give for example 300"):
        Engine(CART, MemoryStorage(), lease=lease)  # type: ignore[arg-type]


def test_a_state_that_the_outbox_does_not_know() -> None:
    """A slip of the pen is no empty outbox."""
    with pytest.raises(UnknownError, match=r'no state "dede"; .*did you mean "dead"'):
        Shop(CART).engine.outbox("dede")


def test_an_action_that_is_not_there_does_not_compile() -> None:
    """Where the actions are given, a journey can only name those; a process that only decides is given none."""
    with pytest.raises(DefinitionError, match="emial"):
        Engine([Journey("j", stage="purchase", entry="x", steps=[Step("a", do="emial")])], MemoryStorage(), {"email": print})
    Engine([Journey("j", stage="purchase", entry="x", steps=[Step("a", do="emial")])], MemoryStorage())


# -- history -------------------------------------------------------------------------------------------------------------


def test_imported_history_takes_effect_when_it_occurred_and_performs_nothing(storage: Storage) -> None:
    """A year of events is decided at its own moments; what it asks for is kept as imported."""
    shop = Shop(CART, storage=storage, history=True, at="2026-03-02T09:00:00+00:00")
    shop.engine.handle_many(
        [
            shop.fact("Product Added", at="2025-03-01T10:00:00+00:00", cart_id="c1"),
            shop.fact("Product Added", at="2025-03-01T15:00:00+00:00", cart_id="c2"),
            shop.fact("Order Completed", at="2025-03-01T14:00:00+00:00", cart_id="c2"),
        ]
    )

    assert shop.told() == [
        "03-01 10:00 entered left", "03-01 12:00 moved reminded", "03-01 12:00 completed", "03-01 15:00 entered left",
        "03-01 15:00 exited Order Completed",
    ]  # fmt: skip
    assert [(row.message.action, row.state) for row in shop.engine.outbox()] == [("email", "imported")]
    assert sum(shop.engine.dispatch()) == 0


def test_imported_history_performs_where_it_is_told_to(storage: Storage) -> None:
    """With ``perform`` an import asks for real; what is too old is still dropped."""
    shop = Shop(CART, storage=storage, history=True, perform=True)
    shop.event("Product Added", at="2026-03-02T06:00:00+00:00", cart_id="c1")
    shop.event("Product Added", "ben", at="2026-02-02T06:00:00+00:00", cart_id="c1")
    shop.work()

    assert shop.sent == ["2026-03-02 08:00 ann email reminder"]
    assert [(row.state, row.reason) for row in shop.engine.outbox(customer_id="ben")] == [("dropped", "expired")]


# -- putting right -------------------------------------------------------------------------------------------------------


def test_a_parked_part_is_tried_again_after_a_fix(storage: Storage) -> None:
    """A condition that failed on one customer's data is offered again once that is put right."""
    over = Transition("far", on=On("Order Completed", where="event.total > customer.limit"))
    journey = Journey("big", stage="purchase", entry="Begin", steps=[Step("in", wait="30 days", when=[over]), Step("far", end="far")])
    shop = Shop(journey, storage=storage)
    shop.event("Begin")
    shop.identify(traits={"limit": "many"})
    shop.event("Order Completed", total=500)
    assert shop.inside("big").step == "in"
    assert [entry.kind for entry in storage.history("ann")][-1] == "parked"

    shop.identify(traits={"limit": 100})
    (outcome,) = shop.engine.retry("ann")

    assert outcome.status == "decided"
    assert shop.inside("big").step == "far"
    assert shop.engine.retry("ann") == []


# -- watching ------------------------------------------------------------------------------------------------------------


def test_no_personal_data_is_logged_above_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Customer ids, properties and what plugins say appear at DEBUG only."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = Shop(CART, answers={"email": _secretive}, hooks=[_broken_hook])
    shop.event("Product Added", "secret-ann", cart_id="secret-cart")
    shop.wait("3 hours")

    public = [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]
    assert [line for line in public if "secret" in line] == []
    assert "action email of journey cart, attempt 1, failed: RuntimeError" in public
    assert any("secret-ann" in record.getMessage() for record in caplog.records)


def _secretive(request: object) -> None:
    raise RuntimeError("secret address refused")


def _broken_hook(what: str, details: object) -> None:
    raise ValueError(f"secret {details}")


def test_whoever_wants_to_know_of_work_is_told() -> None:
    """A worker in the same process need not wait for its next look."""
    shop, told = Shop(CART), []
    end = shop.engine.on_work(lambda: told.append("work"))
    shop.engine.accept(added(shop))
    shop.engine.run_due()
    end()
    shop.engine.accept(added(shop))

    assert told == ["work", "work"]


def test_a_manual_clock_does_not_go_back() -> None:
    """Time that ran backwards would break every order."""
    clock = ManualClock(MONDAY)
    clock.advance(1.5)

    assert clock.now() == ManualClock("2026-03-02T09:00:01.500000+00:00").now()
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(MONDAY)
