"""What one signal raises: everything that follows from it follows, in its order, and for whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Done, Entry, Exit, Failed, Journey, On, Start, Step, Transition
from journeykit.core.deciding.customer import Customer, advance
from journeykit.model.records import Commit, LoggedEvent, Want
from shop import Shop

LISTENS = Journey("plain", entry="Joined", steps=[
    Step("in", stage="retention", wait="90 days", when=[Transition("heard", on=On(changed="customer.plan"))]), Step("heard", wait="90 days"),
])  # fmt: skip
GOLD = {"customer.plan": "'gold'"}


def kinds(shop: Shop, customer: str = "ann") -> list[str]:
    """Kind, journey, and the step or the reason of every line but those of traits."""
    lines = [line for line in shop.storage.history(customer) if line.kind != "traits"]
    return [
        f"{line.kind} {line.journey} {line.target if line.kind in ('entered', 'moved') else line.reason or ''}".rstrip() for line in lines
    ]


def decided(shop: Shop, name: str, **properties: Any) -> Commit:
    """What an event of the library's own would come to, as it stands in the mailbox of Ann."""
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    now = shop.clock.now()
    return advance(shop.engine.definitions.compiled, Customer(loaded), LoggedEvent(shop.fact(name, **properties), now), now)


def test_a_move_that_changes_something_and_starts_two_journeys() -> None:
    """Who listens for the change hears of it, and both begin, in their order."""
    does = [Start("win", set={"data.n": "event.n"}), Start("cart", key="event.cart")]
    steps = [
        Step("first", stage="retention", when=[Transition("second", on=On("Go"), set=GOLD, do=does)], wait="1 day"),
        Step("second", wait="1 day"),
    ]
    shop = Shop(
        Journey("ask", entry="Came", steps=steps), LISTENS,
        Journey("win", steps=[Step("won", stage="retention", wait="1 day")]),
        Journey("cart", key="cart", steps=[Step("left", stage="retention", wait="1 day")]),
    )  # fmt: skip
    shop.event("Joined")
    shop.event("Came")
    shop.event("Go", n=5, cart="c1")

    assert kinds(shop)[2:] == ["moved ask second", "moved plain heard", "entered win won", "entered cart left"]
    assert (shop.inside("win").data, shop.inside("cart", "c1").data) == ({"n": 5}, {})


def test_who_leaves_with_a_change_is_told_both() -> None:
    """The change is heard, and so is that she is not asked any more."""
    steps = [Step("first", stage="retention", when=[Transition("over", on=On("Go"), set=GOLD)], wait="9 days"), Step("over", end="done")]
    rate = Journey(
        "rate",
        entry="Joined",
        exits=Exit(On(where="not active('ask')"), end="elsewhere"),
        steps=[Step("in", stage="advocacy", wait="90 days")],
    )
    shop = Shop(Journey("ask", entry="Came", steps=steps), LISTENS, rate)
    shop.event("Came")
    shop.event("Joined")
    assert kinds(shop)[1:] == ["entered plain in", "entered rate in"]
    shop.event("Go")

    assert kinds(shop)[3:] == ["moved ask over", "exited ask done", "moved plain heard", "exited rate elsewhere"]


def test_a_step_that_changes_something_and_is_over_already() -> None:
    """Her visit was yesterday: the change is heard first, as it was first, and then she goes on."""
    wait = "until data.visit, exit if missing, now if past"
    steps = [Step("told", stage="retention", set=GOLD, wait=wait), Step("after", wait="90 days")]
    shop = Shop(Journey("visit", zone="UTC", entry=Entry("Invited", set={"data.visit": "event.visit"}), steps=steps), LISTENS)
    shop.event("Joined")
    shop.event("Invited", visit="2026-03-01")

    assert kinds(shop)[1:] == ["entered visit told", "moved plain heard", "moved visit after"]


def test_what_came_due_in_a_pause_happens_at_its_end_one_after_the_other() -> None:
    """The first step was over after an hour and the journey after three: the mail of the next step is asked for, and then she is out."""
    steps = [Step("first", stage="retention", wait="1 hour"), Step("next", do=Do("sms", number=1, message="none"), wait="9 days")]
    shop = Shop(Journey("ask", entry="Came", exits=Exit(On(after="3 hours"), end="too long"), steps=steps))
    shop.event("Came")
    shop.engine.pause("ask", clocks="run on")
    shop.wait("5 hours")
    shop.engine.resume("ask")
    shop.wait("1 second")

    assert kinds(shop) == ["entered ask first", "held ask", "resumed ask", "moved ask next", "exited ask too long"]
    assert [(row.message.action, row.state) for row in shop.engine.outbox()] == [("sms", "dropped")]


def test_the_first_entry_that_holds_lets_in_and_no_other() -> None:
    """Three hold and one does not; nobody is told that she is inside already, and the data is that of the first."""
    entries = [Entry(On("Came", where=f"event.n > {n}"), set={"data.by": str(n)}) for n in (9, 3, 2, 1)]
    steps = [Step("in", stage="retention", wait="1 day")]
    shop = Shop(Journey("ask", entry=entries, reentry="always", steps=steps), Journey("other", entry="Came", steps=steps))
    shop.event("Came", n=5)

    assert (kinds(shop), shop.inside("ask").data) == (["entered ask in", "entered other in"], {"by": 3})


def test_an_entry_that_waited_for_nothing_leaves_no_trace() -> None:
    """Fifteen minutes later the filter does not hold, or the journey has gone: there is no row, and she may come in another time."""
    entry = Entry(On("Came", where="customer.ready"), wait="15 minutes")
    journey = Journey("ask", entry=entry, steps=[Step("in", stage="retention", wait="1 day")])
    shop = Shop(journey, LISTENS)
    shop.event("Came")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert [(one.number, one.status, one.waiting is None) for one in loaded.enrollments] == [(0, "pending", False)]
    shop.wait("20 minutes")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (loaded.enrollments, kinds(shop)) == ([], [])
    shop.event("Came")
    again = Shop(LISTENS, storage=shop.storage)
    again.clock.set(shop.clock.now())
    again.wait("20 minutes")
    (loaded,) = again.storage.load_many([Want("ann", None)])
    assert (loaded.enrollments, kinds(again)) == ([], [])
    last = Shop(journey, storage=shop.storage)
    last.clock.set(again.clock.now())
    last.identify(traits={"ready": True})
    last.event("Came", id="third")
    last.wait("16 minutes")
    assert kinds(last) == ["entered ask in"]


def test_the_outcome_of_an_earlier_enrollment_moves_nobody() -> None:
    """The first mail to Ann comes to nothing when she has come in a second time: the rule is for the one who asked."""
    steps = [
        Step(
            "in",
            stage="retention",
            do=Do("email", number="{event.n}"),
            wait="9 days",
            when=[Transition("call", on=On(settled="email dead"))],
        ),
        Step("call", wait="9 days"),
    ]
    answers: dict[str, Any] = {"email": lambda request: Failed("no") if request.parameters["number"] < 3 else Done()}
    shop = Shop(Journey("ask", entry="Came", exits="Gone", reentry="always", steps=steps), answers=answers)
    shop.event("Came", n=1)
    shop.event("Gone")
    shop.event("Came", n=3)
    shop.work()
    assert (shop.inside("ask").number, shop.inside("ask").step) == (2, "in")
    shop.event("Gone")
    shop.event("Came", n=2)
    shop.work()
    assert (shop.inside("ask").number, shop.inside("ask").step) == (3, "call")


def test_who_is_taken_out_by_the_host() -> None:
    """With its reason, or a general one; nobody who is inside no more, or under another key."""
    steps = [Step("in", stage="retention", wait="1 day")]
    shop = Shop(Journey("ask", key="cart", entry="Came", steps=steps))
    for cart in ("c1", "c2", "c3"):
        shop.event("Came", cart=cart)
    shop.engine.exit("ask", "ann", id="x1", key="c1", reason="by hand")
    shop.engine.exit("ask", "ann", id="x3", key="c1", reason="again")

    lines = [
        (line.kind, line.key, line.number, line.source, line.cause, line.reason, line.timers) for line in shop.storage.history("ann")[3:]
    ]
    assert lines == [("exited", "c1", 1, "in", "exit", "by hand", "-0"), ("refused", "", 0, None, "exit", 'not in "ask"', "")]
    (line,) = decided(shop, "$exit", journey="ask", key="c2").history
    assert (line.kind, line.key, line.cause, line.reason) == ("exited", "c2", "exit", "exit")
    assert [shop.inside("ask", cart).status for cart in ("c1", "c2", "c3")] == ["exited", "active", "active"]


def test_what_becomes_known_is_looked_at_by_rules_without_a_signal() -> None:
    """Each of two exits reads another trait; the one that reads neither stays."""
    step = [Step("in", stage="retention", wait="9 days")]
    shop = Shop(
        *(Journey(name, entry="Came", exits=Exit(On(where=f"customer.{name}"), end="over"), steps=step) for name in ("one", "two", "three"))
    )
    shop.event("Came")
    shop.identify(traits={"one": True, "two": True, "four": True})

    assert kinds(shop)[3:] == ["exited one over", "exited two over"]


@pytest.mark.parametrize(("given", "told"), [({"from": "bob"}, "start"), ({}, "enroll"), ({"from": ""}, "enroll")])
def test_who_lets_somebody_in(given: dict[str, Any], told: str) -> None:
    """Another customer's journey or the host, with the data that they begin with."""
    shop = Shop(Journey("ask", key="cart", steps=[Step("in", stage="retention", wait="1 day")]))
    commit = decided(shop, "$enter", journey="ask", key="c1", data={"n": 5}, **given)

    (line,) = commit.history
    assert (line.kind, line.key, line.cause, line.target) == ("entered", "c1", told, "in")
    assert [one.data for one in commit.enrollments] == [{"n": 5}]


@pytest.mark.parametrize(("chain", "lets_in"), [(1, True), (100, True), (101, False)])
def test_starts_that_lead_from_customer_to_customer_have_an_end(chain: int, lets_in: bool) -> None:
    """A hundred in one instant; one more is kept aside."""
    shop = Shop(Journey("ask", steps=[Step("in", stage="retention", wait="1 day")]))
    (line,) = decided(shop, "$enter", journey="ask", key="", data={}, chain=chain, **{"from": "bob"}).history

    told = "more than 100 starts, raised signals and automatic transitions in one instant, the last: start ask"
    assert (line.kind, line.cause) == (("entered", "start") if lets_in else ("parked", "$enter"))
    assert lets_in or line.reason == told


def test_what_is_given_back_is_part_of_the_log() -> None:
    """The part that was kept aside is decided now, as the event it is, and nothing waits any more."""
    entry = Entry(On("Order", where="event.total > customer.limit"))
    shop = Shop(
        Journey("vip", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]), Catalog(facts={"orders": "count of Order"})
    )
    shop.identify(traits={"limit": "none"})
    shop.event("Order", id="o1", total=5)
    shop.identify(traits={"limit": 3})
    shop.engine.retry("ann")
    shop.work()

    rows = [(one.event.name, one.seq, one.state) for one in shop.storage.events("ann")]
    assert rows == [
        ("$identify", 1, "decided"),
        ("Order", 2, "decided"),
        ("$identify", 3, "decided"),
        ("$parked", 4, "decided"),
        ("$retry", 4, "decided"),
    ]
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (loaded.facts.values, kinds(shop)[-1]) == ({"orders": 1}, "entered vip in")
