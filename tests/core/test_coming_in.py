"""Who may come in again, what an entry writes down, and what is told to who asks why not."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Do, Entry, Exit, Journey, On, Start, Step, Transition
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.enrollments.entry import again, entry_of
from journeykit.model.joined import Joined
from journeykit.model.phrases import Reentry
from journeykit.model.records import Enrollment, LoggedEvent, Waiting, Want
from shop import Shop, why_not

START = 1_772_442_000_000_000
HOUR = 3_600_000_000


def row(number: int = 1, entered: int = 0, **more: Any) -> Enrollment:
    """An enrollment that was entered at an hour and ended an hour later."""
    known = {"ended_at": (entered + 1) * HOUR, **more}
    return Enrollment("j", "", number, "", number, "completed", "in", 1, entered * HOUR, entered * HOUR, {}, **known)


ONE, TWO = row(), row(2, 5)
ACTED = row(performed=3, performed_at=30 * 60_000_000)
BEFORE = row(2, performing=1)
MERGED = row(joined=Joined(number=2, entered_at=4 * HOUR, sent={}))


@pytest.mark.parametrize(
    ("rule", "rows", "at", "why"),
    [
        ("once", [], 9, None),
        ("once", [ONE], 9, "once"),
        ("always", [ONE, TWO], 0, None),
        ("at most 1", [], 9, None),
        ("at most 1", [ONE], 9, "at most 1"),
        ("at most 2", [ONE], 0, None),
        ("at most 2", [TWO], 9, "at most 2"),
        ("at most 3", [TWO], 0, None),
        ("at most 3", [ONE, TWO], 9, "at most 3"),
        ("at most 3", [MERGED], 9, "at most 3"),
        ("at most 4", [MERGED], 9, None),
        ("after 2 hours", [], 0, None),
        ("after 2 hours", [ONE], 2 - 1e-9, "after 2 hours"),
        ("after 2 hours", [ONE], 2, None),
        ("after 2 hours since entry", [TWO], 6.9, "after 2 hours since entry"),
        ("after 2 hours since entry", [TWO], 7, None),
        ("after 2 hours since entry", [ONE, TWO], 6.9, "after 2 hours since entry"),
        ("after 2 hours since entry", [TWO, ONE], 6.9, "after 2 hours since entry"),
        ("after 2 hours since entry", [MERGED], 5.9, "after 2 hours since entry"),
        ("after 2 hours since entry", [MERGED], 6, None),
        ("after 2 hours since end", [ONE], 2.9, "after 2 hours since end"),
        ("after 2 hours since end", [ONE], 3, None),
        ("after 2 hours since action", [ONE], 0, None),
        ("after 2 hours since action", [ACTED], 2.4, "after 2 hours since action"),
        ("after 2 hours since action", [ACTED], 2.5, None),
        ("after 2 hours since action", [ONE, ACTED, ONE], 2.4, "after 2 hours since action"),
        ("after 2 hours, at most 2", [TWO], 9, "at most 2"),
        ("after 2 hours, at most 3", [TWO], 9, None),
        ("after 2 hours, at most 3", [TWO], 6, "after 2 hours, at most 3"),
        ("once counting performed", [ONE], 9, None),
        ("once counting performed", [ACTED], 9, "once counting performed"),
        ("at most 2 counting performed", [ACTED], 9, None),
        ("at most 1 counting performed", [BEFORE], 9, "at most 1"),
        ("at most 2 counting performed", [BEFORE, ACTED], 9, "at most 2"),
        ("at most 2 counting performed", [row(2, performing=1, performed=1)], 9, "at most 2"),
        ("at most 3 counting performed", [row(2, performing=1, performed=1)], 9, None),
    ],
)  # fmt: skip
def test_who_may_come_in_again(rule: str, rows: list[Enrollment], at: float, why: str | None) -> None:
    """At the very moment at which the time is over it is; only entries that performed something count where the rule says so."""
    expected = "once" if why is not None and rule.startswith("once") else why
    assert again(Reentry(rule), iter(rows), round(at * HOUR)) == expected


def test_the_entry_that_has_waited_is_found_in_the_version_of_now() -> None:
    """By its place and event; where the places have changed, the first one for the same event; none where nobody hears it any more."""
    entries = [Entry("Came", wait="1 hour"), Entry("Went", wait="1 hour"), Entry("Came", wait="2 hours")]
    journey = compile_journeys([("h", "", Journey("j", entry=entries, steps=Step("in", stage="retention", wait="1 day")))]).journeys["j"]

    def found(event: str, number: int) -> int | None:
        entry = entry_of(journey, Waiting(START, 1, number, (event, "e", "", {}, "")))
        return None if entry is None else entry.number

    assert [found("Came", number) for number in (0, 1, 2, 3)] == [0, 0, 2, 0]
    assert [found("Went", number) for number in (0, 1)] == [1, 1]
    assert found("Gone", 0) is None


def test_all_that_an_enrollment_begins_with() -> None:
    """Its number counts on, what was performed before is remembered, and it has its place among all of the customer's."""
    steps = [Step("in", stage="retention", do=Do("email"), wait="1 hour", set={"data.m": "data.n + 1"})]
    entry = Entry("Came", set={"data.n": "event.n"})
    shop = Shop(Journey("ask", key="cart", entry=entry, reentry="always", steps=steps))
    shop.event("Came", cart="c1", n=1)
    shop.event("Came", cart="c2", n=2)
    shop.wait("2 hours")
    shop.event("Came", cart="c1", n=3)

    e, other = shop.inside("ask", "c1"), shop.inside("ask", "c2")
    assert (e.number, e.order > other.order, e.status, e.step, e.visit) == (2, True, "active", "in", 1)
    assert (e.entered_at, e.step_at, e.data) == (START + 2 * HOUR, START + 2 * HOUR, {"n": 3, "m": 4})
    assert (e.performed, e.performed_at, e.performing, e.waiting, e.ended_at) == (1, START + 2 * HOUR, 1, None, None)
    assert (other.number, other.performed, other.performed_at, other.performing, other.status) == (1, 1, START, 0, "completed")
    assert (other.data, other.ended_at, other.visit) == ({"n": 2, "m": 3}, START + HOUR, 1)


def test_an_event_that_waits_is_kept_whole() -> None:
    """With its properties, and until when; the same event again waits anew, with what it says now; who is inside goes on meanwhile."""
    entry = Entry(On("Viewed", where="event.n > 1"), wait="1 hour")
    steps = [Step("in", stage="retention", wait="1 day")]
    shop = Shop(Journey("ask", key="cart", entry=[Entry("Came"), entry], reentry="always", steps=steps))
    shop.event("Viewed", id="v1", cart="c1", n=1)
    e = shop.inside("ask", "c1")
    assert (e.number, e.status, e.step, e.visit, e.entered_at, e.step_at, e.data) == (0, "pending", "", 0, START, START, {})
    assert e.waiting is not None
    assert (e.waiting.due_at, e.waiting.entry) == (START + HOUR, 1)
    assert e.waiting.event == ("Viewed", "v1", "2026-03-02T09:00:00+00:00", {"cart": "c1", "n": 1}, "")

    shop.clock.advance(1_800)
    shop.event("Viewed", id="v2", cart="c1", n=2)
    first, e = e, shop.inside("ask", "c1")
    assert e.waiting is not None
    assert first.waiting is not None
    assert (e.waiting.due_at, e.waiting.event[1], e.waiting.order > first.waiting.order) == (START + HOUR * 3 // 2, "v2", True)
    shop.event("Came", cart="c1")
    e = shop.inside("ask", "c1")
    assert (e.number, e.status, e.step, e.waiting is not None) == (1, "active", "in", True)
    shop.wait("2 days")
    assert [line[12:] for line in shop.told()] == ["entered in", "refused already inside", "completed"]


def test_who_is_not_let_in_misses_every_action_of_the_journey() -> None:
    """What is asked for on the way in, by rules, on leaving a step, and by itself, each once; a start of another journey is no action."""
    steps = [
        Step("first", stage="retention", do=Do("email"), wait="1 hour", leaving=Do("ticket"), when=[
            Transition(on=On("Told"), do=[Do("sms"), Start("other")]), Transition("second", on=On(where="data.n"), do=Do("coupon")),
        ]),
        Step("second", do=[Do("email"), Do("log")], wait="1 hour", set={"data.n": "1"}),
    ]  # fmt: skip
    ask = Journey(
        "ask", entry=[On("Came", where="event.n > 1"), On("Asked")], exits=Exit(On(where="customer.staff"), end="staff"), steps=steps
    )
    shop = Shop(ask, Journey("other", stage="retention", steps=Step("in", wait="1 day")))
    (missed,) = why_not(shop, "Came", n=1)

    assert missed[:6] == ("filter", "ask", "", "", "Came", "event.n > 1 (event.n = 1)")
    assert (missed[6][0], sorted(missed[6])) == ("email", ["coupon", "email", "log", "sms", "ticket"])
    assert why_not(shop, "Came")[0][5] == "event.n > 1 (event.n = missing)"
    shop.identify(traits={"staff": True})
    assert [one[0] for one in why_not(shop, "Asked")] == ["exit rule"]


def test_an_exit_at_the_next_action_keeps_out_where_the_first_step_asks_for_one() -> None:
    """Staff get no mail, and so do not come in at all; into a journey whose first step asks for nothing they do."""
    exits = [Exit(On("Gone"), end="gone"), Exit(On(where="customer.rich"), end="rich", at="next action"), Exit(On(where="customer.staff"), end="staff", at="next action")]  # fmt: skip
    mails = Journey("mails", entry="Came", exits=exits, steps=[Step("in", stage="retention", do=Do("email"), wait="1 hour")])
    waits = Journey("waits", entry="Came", exits=exits, steps=[Step("in", stage="retention", wait="1 hour"), Step("on", do=Do("email"))])
    shop = Shop(mails, waits)
    shop.identify(traits={"staff": True})
    shop.event("Came")
    shop.wait("2 hours")

    lines = [(entry.kind, entry.journey, entry.reason) for entry in shop.storage.history("ann") if entry.kind not in ("traits", "entered")]
    assert lines == [("refused", "mails", "exit rule: staff"), ("exited", "waits", "staff")]


def test_who_restarts_ends_what_was_going_on() -> None:
    """The earlier enrollment is over at that moment, and the next begins with what has been performed."""
    steps = [Step("in", stage="retention", do=Do("email"), wait="1 hour")]
    shop = Shop(Journey("ask", entry="Came", reentry="always restarting", steps=steps))
    shop.event("Came")
    shop.wait("30 minutes")
    shop.event("Came")

    assert [line[6:] for line in shop.told()] == ["09:00 entered in", "09:30 exited restarted", "09:30 entered in"]
    ended = next(entry for entry in shop.storage.history("ann") if entry.kind == "exited")
    assert (ended.number, ended.cause, ended.source, ended.timers) == (1, "Came", "in", "-0")
    e = shop.inside("ask")
    assert (e.number, e.status, e.performed, e.performing, e.entered_at) == (2, "active", 1, 1, START + HOUR // 2)


def test_one_event_lets_in_once_by_the_first_way_that_is_open() -> None:
    """Three ways in, of which the first is not open for her; the second journey starts the first under that cart, which is another signal."""
    steps = [Step("in", stage="retention", wait="1 hour")]
    ways = [On("Came", where="event.n > 1"), On("Came", key="order"), On("Came")]
    one = Journey("one", key="cart", entry=ways, reentry="always", steps=steps)
    two = Journey("two", entry="Came", steps=[Step("in", stage="retention", do=Start("one", key="event.order"), wait="1 hour")])
    shop = Shop(one, two)
    event = LoggedEvent(shop.fact("Came", n=1, cart="c1", order="o1"), START, None, "pending")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    commit = advance(shop.engine.definitions.compiled, Customer(loaded), event, START)

    assert [(entry.kind, entry.journey, entry.key, entry.cause) for entry in commit.history] == [
        ("entered", "one", "o1", "Came"), ("entered", "two", "", "Came"), ("refused", "one", "o1", "start"),
    ]  # fmt: skip
    assert [name for _, name, _ in commit.definitions] == ["one", "two"]
    assert [(e.journey, e.key, e.number, e.order) for e in commit.enrollments] == [("one", "o1", 1, 4097), ("two", "", 1, 4099)]
