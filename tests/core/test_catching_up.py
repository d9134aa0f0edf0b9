"""What is due before an event is decided first, each at its own moment, and all of it is one commit."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Step, Transition
from journeykit.core.compiling.quotas import UNKNOWN, Known, Shared, Unread
from journeykit.core.deciding.customer import Customer, advance
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, LoggedEvent, Want
from shop import Shop

START = 1_772_442_000_000_000
HOUR = 3_600_000_000


def waits(name: str, *hours: int, **more: Any) -> Journey:
    """A journey that waits so long in each step and sends a mail in every one but the first."""
    steps = [
        Step(f"s{n}", stage="retention", wait=f"{each} hours", do=[Do("email", step=f"{name} {n}")] if n else [])
        for n, each in enumerate(hours)
    ]
    return Journey(name, entry="Came", steps=[*steps, Step("over", end="over")], **more)


def customer(shop: Shop) -> Customer:
    """Ann as she is known."""
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    return Customer(loaded)


def decided(shop: Shop, hours: float, name: str | None = "Told", ann: Customer | None = None, **more: Any) -> Commit:
    """What is decided of an event, or of none, so many hours after she came."""
    now = START + round(hours * HOUR)
    event = None if name is None else LoggedEvent(shop.fact(name, id="told", n=1), now, None, "pending")
    return advance(shop.engine.definitions.compiled, ann or customer(shop), event, now, **more)


def happened(commit: Commit) -> list[tuple[int, int, float, str, str, str | None]]:
    """Signal, place, hour, kind, journey and target of each line of the history."""
    return [(one.seq, one.place, (one.at - START) / HOUR, one.kind, one.journey, one.target) for one in commit.history]


HEARS = Journey("hears", entry="Told", steps=[Step("in", stage="retention", do=Do("sms"), wait="1 day")])


@pytest.fixture(name="shop")
def _shop() -> Shop:
    """Ann has come into two journeys; a third one hears what she tells."""
    shop = Shop(waits("one", 1, 2), waits("two", 2, 9), HEARS, Catalog(facts={"told": "count of Told"}))
    shop.event("Came")
    return shop


def test_all_that_was_due_and_the_event_are_one_commit(shop: Shop) -> None:
    """Four signals after the first, numbered, each with what it wrote; the last moment and the last facts count."""
    commit = decided(shop, 5)

    assert (commit.customer_id, commit.base, commit.revision, commit.accepted_at, commit.fired) == ("ann", 1, 5, START + 5 * HOUR, 3)
    assert happened(commit) == [
        (2, 0, 1.0, "moved", "one", "s1"), (3, 0, 2.0, "moved", "two", "s1"), (4, 0, 3.0, "moved", "one", "over"),
        (4, 1, 3.0, "exited", "one", None), (5, 0, 5.0, "entered", "hears", "in"),
    ]  # fmt: skip
    assert [(one.seq, one.place, one.action, one.at) for one in commit.outbox] == [
        (2, 0, "email", START + HOUR), (3, 0, "email", START + 2 * HOUR), (5, 0, "sms", START + 5 * HOUR),
    ]  # fmt: skip
    assert [(one.journey, one.step, one.status) for one in commit.enrollments] == [
        ("one", "s1", "active"), ("two", "s1", "active"), ("one", "over", "exited"), ("hears", "in", "active"),
    ]  # fmt: skip
    assert [(one.event.name, one.seq, one.state, one.accepted_at) for one in commit.events] == [("Told", 5, "decided", START + 5 * HOUR)]
    assert commit.facts is not None
    assert commit.facts.values == {"told": 1}
    assert ([name for _, name, _ in commit.definitions], commit.quotas, commit.mail, commit.removed) == (["hears"], (), (), ())


def test_who_is_asked_is_not_changed(shop: Shop) -> None:
    """Deciding twice gives the same twice."""
    ann = customer(shop)
    before = (ann.revision, ann.accepted_at, [(e.journey, e.step) for e in ann.enrollments.values()])

    assert decided(shop, 5, ann=ann) == decided(shop, 5, ann=ann)
    assert (ann.revision, ann.accepted_at, [(e.journey, e.step) for e in ann.enrollments.values()]) == before


@pytest.mark.parametrize(("limit", "fired"), [(0, 0), (1, 1), (2, 2)])
def test_where_the_limit_is_reached_the_event_waits(shop: Shop, limit: int, fired: int) -> None:
    """So many timers and no more; nothing at all is nothing."""
    commit = decided(shop, 5, limit=limit)

    assert (commit.fired, list(commit.events), commit.revision, len(commit.history)) == (fired, [], 1 + fired, fired)
    if not limit:
        assert commit == Commit("ann", 1, 1, START)
    assert decided(shop, 5, None, limit=limit).fired == fired


def test_a_limit_that_is_just_enough(shop: Shop) -> None:
    """Three timers are due, three may fire, and then the event is decided."""
    assert [len(decided(shop, 5, limit=limit).events) for limit in (3, 4, 1_000)] == [1, 1, 1]


def test_what_is_due_in_this_very_instant_comes_after_the_event(shop: Shop) -> None:
    """At one sharp the event comes first; a microsecond later the hour was over."""
    assert [(one[3], one[4]) for one in happened(decided(shop, 1))] == [("entered", "hears")]
    assert [(one[3], one[4]) for one in happened(decided(shop, 1 + 1e-9))] == [("moved", "one"), ("entered", "hears")]
    assert decided(shop, 1, None).fired == 0


def test_what_is_due_may_be_looked_at_without_being_told_why(shop: Shop) -> None:
    """With a trace, and without one, the same is decided."""
    for name in (None, "Told"):
        assert decided(shop, 5, name, trace=[]) == decided(shop, 5, name)


TAKE = [Transition("early", take="early-bird, 1"), Transition("late")]


@pytest.fixture(name="offers")
def _offers() -> Shop:
    """Three journeys of which each takes one of a shared number: by time after an hour, and after two, and when it is told."""

    def offer(name: str, **more: Any) -> Journey:
        ends = [Step("early", do=Do("email", name=name), end="early"), Step("late", end="late")]
        return Journey(name, entry="Came", zone="UTC", steps=[Step("in", stage="retention", **more), *ends])

    told = [Transition("early", on=On("Told"), take="early-bird, 1"), Transition("late", on=On("Told"))]
    shop = Shop(
        offer("first", wait="1 hour", then=TAKE),
        offer("second", wait="2 hours", then=TAKE),
        offer("third", wait="9 days", when=told, then="late"),
    )
    shop.event("Came")
    return shop


def ends(commit: Commit) -> list[str | None]:
    """How the journeys have ended, one after the other."""
    return [one.reason for one in commit.history if one.kind == "exited"]


def test_where_nobody_knows_what_is_left_there_is_enough(offers: Shop) -> None:
    """Whoever only looks has all that there may be; in a replay what was recorded counts, under the number of the signal."""
    assert ends(decided(offers, 3, shared=UNKNOWN)) == ["early", "early", "early"]
    assert ends(decided(offers, 3, shared=Shared(recorded={}))) == ["early", "early", "early"]
    assert ends(decided(offers, 3, shared=Shared(recorded={3: Known(left={"early-bird": 0})}))) == ["early", "late", "early"]


@pytest.mark.parametrize("name", [None, "Told"])
def test_what_was_taken_and_came_to_nothing_has_to_be_known(name: str | None) -> None:
    """Early birds are counted wrongly, so that part is kept aside; whether there was one left decides which part, and is asked for."""
    steps = [
        Step("in", stage="retention", wait="1 hour", when=[Transition("early", on=On("Told"), take="early-bird, 7")], then=[Transition("early", take="early-bird, 7"), Transition("late")]),
        Step("early", set={"data.n": "data.nothing + 1"}, end="early"), Step("late", end="late"),
    ]  # fmt: skip
    shop = Shop(Journey("offer", entry="Came", zone="UTC", steps=steps))
    shop.event("Came")
    hours = 2 if name is None else 0.5

    for shared in (UNKNOWN, Shared(recorded={}), Shared(Known(left={"early-bird": 1}))):
        assert [one.state for one in decided(shop, hours, name, shared=shared).events] == ["parked", "decided"][: 1 if name is None else 2]
    with pytest.raises(Unread) as asked:
        decided(shop, hours, name, shared=Shared())
    assert (asked.value.name, asked.value.first) == ("early-bird", 7)


@pytest.mark.parametrize(("left", "expected"), [(0, [0, 0, 0]), (1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1])])
def test_what_one_takes_is_not_left_for_the_next(offers: Shop, left: int, expected: list[int]) -> None:
    """In one catching up as well, and for the event behind it."""
    commit = decided(offers, 3, shared=Shared(Known(left={"early-bird": left})))

    assert ends(commit) == ["early" if one else "late" for one in expected]
    assert list(commit.quotas) == [("early-bird", 1, 1)] * sum(expected)
    kept = [(one.event.name, one.seq, one.event.properties.get("left")) for one in commit.events]
    none = [("$shared", seq, {"early-bird": 0}) for seq, took in zip((2, 3, 4), expected, strict=True) if not took]
    assert kept == [*none, ("Told", 4, None)]


def test_the_end_of_a_pause_is_due_like_a_timer() -> None:
    """One is held in an hour's wait; the other journey's timer, the end of the pause and the event are decided in this order."""
    shop = Shop(waits("one", 1, 9), Journey("two", entry="Came", steps=[Step("in", stage="retention", wait="90 minutes")]), HEARS)
    shop.event("Came")
    pause = Pause(1, "one", None, None, False, START)
    ann = customer(shop)
    ann.apply(decided(shop, 1.1, None, ann, shared=Shared(Known(pauses=[pause]))))
    assert ann.enrollments["one", ""].held is not None
    over = Shared(Known(pauses=[pause._replace(ended_at=START + 2 * HOUR)]))

    assert list(decided(shop, 3, ann=ann, shared=over, limit=1).events) == []
    assert [(one[2], one[3], one[4]) for one in happened(decided(shop, 3, ann=ann, shared=over))] == [
        (1.5, "completed", "two"), (2.0, "resumed", "one"), (2.0, "moved", "one"), (3.0, "entered", "hears"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", [None, "Told"])
@pytest.mark.parametrize(("most", "goes"), [(99, True), (100, True), (101, False)])
def test_a_hundred_moves_that_follow_by_themselves_are_no_circle(name: str | None, most: int, goes: bool) -> None:
    """One more is: the signal is kept aside whole, be it a timer, which is spent, or an event."""
    again = Transition("round", on=On(where=f"data.n < {most}"), set={"data.n": "data.n + 1"})
    steps = [Step("in", stage="retention", wait="1 hour", when={"Told": "round"}), Step("round", when=again, wait="9 days")]
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.n": "0"}), steps=steps), waits("other", 1, 9), HEARS)
    shop.event("Came")
    hours = 2 if name is None else 0.5
    commit = decided(shop, hours, name)
    e = next((e for e in commit.enrollments if e.journey == "ask"), customer(shop).enrollments["ask", ""])

    if goes:
        assert (e.step, e.data, e.visit, [line[4] for line in happened(commit)].count("ask")) == ("round", {"n": most}, most + 2, most + 1)
        return
    assert (e.step, e.data, e.visit, len(e.timers)) == ("in", {"n": 0}, 1, 0 if name is None else 1)
    told = "ask: more than 100 automatic transitions in one decision, the last from round"
    parked = next(one.event.properties for one in commit.events if one.state == "parked")
    line = next(one for one in commit.history if one.kind == "parked")
    assert (parked["error"], line.reason, line.cause) == (told, told, name or "timer")
    assert (parked["journey"], parked.get("timer"), line.journey) == (("ask", 0, "ask") if name is None else ("", None, ""))
    assert [line[4] for line in happened(commit) if line[3] != "parked"] == (["other"] if name is None else [])


def test_whoever_is_moved_out_of_a_paused_step_goes_on_and_what_was_set_is_heard() -> None:
    """The step is paused; an event leads out of it and sets a trait that another journey waits for, and a number of its own."""
    move = Transition("next", on=On("Told"), set={"customer.n": "event.n", "data.n": "event.n"})
    held = Journey("one", entry="Came", steps=[Step("in", stage="retention", wait="1 hour", when=move), Step("next", wait="1 hour")])
    hears = Journey("hears", entry=On(changed="customer.n"), steps=[Step("in", stage="retention", wait="1 day")])
    shop = Shop(held, hears)
    shop.event("Came")
    paused = Shared(Known(pauses=[Pause(1, "one", "in", None, True, START)]))
    ann = customer(shop)
    ann.apply(decided(shop, 2, None, ann, shared=paused))
    hold = ann.enrollments["one", ""].held
    assert hold is not None
    assert (hold.by, hold.pause, hold.step, hold.since) == ("a pause of step in of one", 1, "in", START + HOUR)
    commit = decided(shop, 3, ann=ann, shared=paused)

    assert happened(commit) == [
        (3, 0, 3.0, "moved", "one", "next"), (4, 1, 3.0, "entered", "hears", "in"), (5, 2, 3.0, "resumed", "one", None),
    ]  # fmt: skip
    (e,) = [e for e in commit.enrollments if e.journey == "one"]
    assert (e.held, e.data, [(timer.due_at - START) / HOUR for timer in e.timers if timer.due_at]) == (None, {"n": 1}, [4.0])


def test_a_pause_whose_end_leads_round_and_round_lets_time_go_on_and_nothing_else() -> None:
    """
    Ann's visit is over while the journey is paused, and the step to which that leads goes round for ever.

    She stays where she is, what is due by then is due at once, what is not stays as it was, and what is unknown is waited for.
    """
    again = Transition("round", on=On(where="data.n < 101"), set={"data.n": "data.n + 1"})
    rules = [
        Transition("round", on=On(after="1 hour after data.visit, wait if missing, skip to round if past")),
        Transition("over", on=On(after="until data.other, wait if missing, now if past")),
        Transition("over", on=On(after="until data.later, wait if missing, now if past")),
    ]
    steps = [Step("in", stage="retention", when=rules), Step("round", when=again, wait="9 days"), Step("over", wait="9 days")]
    visit = {"data.n": "0", "data.visit": "event.visit", "data.later": "event.later"}
    shop = Shop(Journey("ask", entry=Entry("Came", set=visit), zone="UTC", steps=steps))
    shop.event("Came", visit="2026-03-02T10:00:00Z", later="2026-03-04T09:00:00Z")
    pause, ann = Pause(1, "ask", None, None, True, START), customer(shop)
    ann.apply(decided(shop, 2.5, None, ann, shared=Shared(Known(pauses=[pause]))))
    assert [timer.due_at for timer in ann.enrollments["ask", ""].timers] == [START + 2 * HOUR, None, START + 48 * HOUR]
    over = Shared(Known(pauses=[pause._replace(ended_at=START + 5 * HOUR)]))
    commit = decided(shop, 6, None, ann, shared=over, limit=1)

    (e,) = commit.enrollments
    assert (e.held, e.step, e.data["n"], [timer.due_at for timer in e.timers]) == (
        None,
        "in",
        0,
        [START + 5 * HOUR, None, START + 48 * HOUR],
    )
    error = "ask: more than 100 automatic transitions in one decision, the last from round"
    (row,) = [one.event.properties for one in commit.events if one.state == "parked"]
    assert (row["journey"], row["number"], row["error"], row["event"]) == ("ask", 1, error, None)
    assert [(line.at, line.kind, line.journey, line.cause, line.source, line.reason) for line in commit.history] == [
        (START + 5 * HOUR, "parked", "ask", "end of a pause", "in", error)
    ]
