"""A customer while decisions are made: what is due first, which rows have to be there, what is not known of what all share."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Exit, Journey, On, Scope, Step, Transition
from journeykit.core.compiling.index import Compiled, compile_journeys
from journeykit.core.compiling.quotas import KNOWN, SHARED, Known, Quota, Shared, Unread, kept, quota_key, recorded
from journeykit.core.deciding.customer import Customer
from journeykit.core.turns.remains import remains_of
from journeykit.core.turns.state import OWN, PAUSE, Covered, Due
from journeykit.core.turns.tallies import better, told_apart
from journeykit.core.turns.turn import Incomplete, Raised, Turn
from journeykit.model.joined import Joined
from journeykit.model.pauses import Hold, Pause
from journeykit.model.quotas import Take
from journeykit.model.records import Commit, Enrollment, Facts, Loaded, LoggedEvent, Moment, OutboxMessage, Timer, Waiting
from shop import Shop

VIPS = Catalog(segments={"new": "customer.age < 3", "vip": "customer.age > 50"})
CART = Journey("cart", entry=On(segment="vip"), zone="UTC", exits=On(segment="new"), steps=[
    Scope("outer", stage="purchase", wait="2 days", steps=[Step("first", wait="1 hour", when={"Go": "second"}), Step("second", wait="1 hour")]),
])  # fmt: skip
MOVED = "-0 +0@1772618400000000 -1 +1@1772614800000000 -2 +2@1772614800000000"


def compiled() -> Compiled:
    """One journey, with a timer of a scope (0) and one of each step (1 and 2), and two segments."""
    return compile_journeys([("hash", "text", CART)], VIPS)


def inside(key: str = "", *timers: Timer, order: int = 0, **more: Any) -> Enrollment:
    """Ann in the first step."""
    e = Enrollment("cart", key, 1, "hash", order, "active", "first", 0, 0, 0, {}, timers=timers)
    for name, value in more.items():
        setattr(e, name, value)
    return e


def ann(
    *rows: Enrollment, moments: tuple[Moment, ...] = (), due: int | None = None, at: int = 0, covered: Covered | None = None
) -> Customer:
    """Ann, of whom these rows were loaded."""
    return Customer(Loaded("ann", 3, at, Facts(), list(rows), [], moments=moments, moments_due=due), covered)


def waits(until: int, order: int = 7) -> Waiting:
    """An entry that waits until then."""
    return Waiting(until, order, 0, ("Came", "e1", "2026-03-02T09:00:00Z", {}, ""))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([inside("a", Timer(1, 100, 1))], None),
        ([inside("a", Timer(1, 99, 1))], Due(99, 0, 1, ("cart", "a"), 1)),
        ([inside("a", Timer(1, 50, 1), Timer(0, 40, 2))], Due(40, 1, 2, ("cart", "a"), 0)),
        ([inside("a", Timer(0, 50, 1), Timer(1, 50, 2))], Due(50, 0, 2, ("cart", "a"), 1)),
        ([inside("a", Timer(1, 50, 2)), inside("b", Timer(1, 50, 1))], Due(50, 0, 1, ("cart", "b"), 1)),
        ([inside("a", Timer(1, 50, 1)), inside("b", Timer(1, 50, 2))], Due(50, 0, 1, ("cart", "a"), 1)),
        ([inside("a", Timer(1, 50, 1)), inside("b", Timer(0, 50, 1))], Due(50, 0, 1, ("cart", "a"), 1)),
        ([inside("b", Timer(1, 50, 1)), inside("a", Timer(1, 50, 1))], Due(50, 0, 1, ("cart", "b"), 1)),
        ([inside("a", Timer(1, None, 1), Timer(0, 70, 2))], Due(70, 1, 2, ("cart", "a"), 0)),
        ([inside("a", Timer(1, 50, 1), waiting=waits(50))], Due(50, 0, 1, ("cart", "a"), 1)),
        ([inside("a", Timer(1, 50, 1), waiting=waits(49))], Due(49, 2, 7, ("cart", "a"), -1)),
        ([inside("a", waiting=waits(99))], Due(99, 2, 7, ("cart", "a"), -1)),
        ([inside("a", waiting=waits(100))], None),
        ([inside("a", Timer(1, 50, 1), held=Hold(5, "lane x"))], None),
        ([inside("a", Timer(1, 50, 1), held=Hold(5, "lane x"), waiting=waits(60))], Due(60, 2, 7, ("cart", "a"), -1)),
    ],
)  # fmt: skip
def test_what_is_due_first(rows: list[Enrollment], expected: Due | None) -> None:
    """Before 100: by moment, step before scope before entry, the earlier armed; of two that are alike in all the first. Nothing that is held."""
    assert ann(*rows).due(compiled(), 100) == expected


def test_of_their_own_moments_the_first_in_order_is_due() -> None:
    """After timers of the same instant; one that nobody declares any more before all others."""
    names = [*compiled().watch.watchers]  # type: ignore[union-attr]
    first, second = (Moment(name, 50) for name in names[:2])

    assert len(names) == 2
    assert ann(moments=(second, first), due=50).due(compiled(), 100) == Due(50, 3, 0, ("", names[0]), OWN)
    assert ann(moments=(second, Moment("gone", 50), first), due=50).due(compiled(), 100) == Due(50, 3, -1, ("", "gone"), OWN)
    assert ann(moments=(second, first._replace(due_at=None)), due=50).due(compiled(), 51) == Due(50, 3, 1, ("", names[1]), OWN)
    assert ann(moments=(first,), due=50).due(compiled(), 50) is None
    assert ann(inside("a", Timer(0, 50, 1)), moments=(first,), due=50).due(compiled(), 51) == Due(50, 1, 1, ("cart", "a"), 0)
    assert ann(inside("a", Timer(0, 51, 1)), moments=(first,), due=50).due(compiled(), 60) == Due(50, 3, 0, ("", names[0]), OWN)


def test_the_end_of_a_pause_is_due_before_everything_of_its_instant() -> None:
    """Where it holds somebody; not before the moment of the last signal."""
    paused = [Pause(1, "cart", None, None, True, 10, 50), Pause(2, "cart", None, None, True, 10)]
    held, other = inside("a", held=Hold(10, "a pause", 1), order=4), inside("b", Timer(1, 50, 1))

    assert ann(held, other).due(compiled(), 100, paused) == Due(50, -1, 4, ("cart", "a"), PAUSE)
    assert ann(held, other, at=60).due(compiled(), 100, paused) == Due(50, 0, 1, ("cart", "b"), 1)
    assert ann(held, at=60).due(compiled(), 100, paused) == Due(60, -1, 4, ("cart", "a"), PAUSE)
    assert [ann(held).due(compiled(), before, paused) is None for before in (50, 51)] == [True, False]
    assert ann(inside("a", held=Hold(10, "a pause", 2))).due(compiled(), 100, paused) is None
    assert ann(inside("a", held=Hold(10, "lane x"))).due(compiled(), 100, paused) is None


def test_what_is_due_next_after_a_commit() -> None:
    """The first of all rows and moments, as if it had been read again; a row that is removed counts no more."""
    customer = ann(inside("a", Timer(1, 50, 1)), inside("b", Timer(1, 40, 1)))
    assert customer.next_due == 40
    commit = Commit("ann", 3, 4, 9, facts=Facts("UTC"), enrollments=[inside("b", Timer(1, 70, 2))])
    fork = customer.fork()
    fork.apply(commit)
    assert (fork.next_due, fork.revision, fork.accepted_at, fork.facts, len(fork.enrollments)) == (50, 4, 9, Facts("UTC"), 2)
    assert (customer.next_due, customer.revision, customer.accepted_at, customer.facts) == (40, 3, 0, Facts())
    fork.apply(Commit("ann", 4, 5, 9, removed=[("cart", "a")]))
    assert (fork.next_due, [*fork.enrollments], [*customer.enrollments]) == (70, [("cart", "b")], [("cart", "a"), ("cart", "b")])
    fork.apply(Commit("ann", 5, 6, 9, moments=[Moment("x", 65), Moment("y", None), Moment("z", 60)]))
    assert (fork.next_due, fork.moments_due, customer.moments) == (60, 60, ())
    fork.apply(Commit("ann", 6, 7, 9, enrollments=[inside("b", Timer(1, 61, 3))]))
    assert fork.next_due == 60
    fork.apply(Commit("ann", 7, 8, 9, enrollments=[inside("b", Timer(1, 59, 3))]))
    assert fork.next_due == 59
    fork.apply(Commit("ann", 8, 9, 9, moments=[], enrollments=[inside("b")]))
    assert (fork.next_due, fork.moments_due) == (None, None)


def test_what_was_decided_waits_no_more() -> None:
    """The event of the commit leaves the mailbox; one that was set aside is another row."""
    shop = Shop()
    one, two = (LoggedEvent(shop.fact("Came", id=name), 5) for name in ("e1", "e2"))
    customer = Customer(Loaded("ann", 3, 0, Facts(), [], [one, two]))
    customer.apply(Commit("ann", 3, 4, 5, events=[one._replace(seq=4, state="decided"), two._replace(state="parked")]))

    assert list(customer.pending) == [two]


def turn(customer: Customer) -> Turn:
    """A decision about Ann."""
    return Turn(compiled(), customer, 10, None)


def test_a_row_that_was_not_loaded_is_asked_for() -> None:
    """By its journey where it is active, by its key where it may have ended; what was changed in this decision is there."""
    customer = ann(covered=Covered(frozenset({"cart"}), frozenset({("cart", "c1"), ("rate", None)})))
    deciding = turn(customer)
    deciding.changed["cart", ""] = inside()
    deciding.need(frozenset({"cart"}))
    deciding.need_key("cart", "c1")
    deciding.need_key("rate", "anything")
    deciding.need_key("cart", "")
    deciding.need_key("cart", None)
    with pytest.raises(Incomplete) as missing:
        deciding.need(frozenset({"cart", "rate"}))
    assert (missing.value.journeys, missing.value.keys, str(missing.value)) == (frozenset({"cart", "rate"}), (), "cart, rate")
    for journey, key in (("cart", "c2"), ("rates", "c1"), ("rates", None)):
        with pytest.raises(Incomplete) as missing:
            deciding.need_key(journey, key)
        assert (missing.value.journeys, missing.value.keys) == (frozenset({journey}), ((journey, key),))
    turn(ann()).need(frozenset({"all"}))
    turn(ann()).need_key("all", "c1")


def test_what_was_taken_without_knowing_is_asked_for() -> None:
    """Where somebody can be asked; what has no limit, or is known, is not."""
    deciding = turn(ann())
    taken = [("known", 1, 5), ("endless", 1, None), ("early", 1, 500), ("late", 1, 3)]
    deciding.be_sure(taken)
    deciding.asking, deciding.known = True, Known(left={"known": 0})
    deciding.be_sure(taken[:2])
    with pytest.raises(Unread) as unread:
        deciding.be_sure(taken)
    assert (unread.value.name, unread.value.first, str(unread.value)) == ("early", 500, "early")


def test_what_a_failed_attempt_took_is_given_back() -> None:
    """Everything since the mark but what changed in place; what was taken before it stays and is not asked for."""
    deciding = turn(ann())
    deciding.asking = True
    commit = deciding.commit
    message = OutboxMessage("ann", "cart", "", 1, 4, 0, "email", {}, 10, "marketing")
    commit.quotas, commit.outbox, commit.definitions = (("before", 1, 5),), (message,), (("h", "cart", "t"),)
    deciding.raised, deciding.facts = (Raised("start", {}),), Facts("UTC")
    deciding.note("held", None, "because")
    mark = deciding.mark()
    deciding.note("held", None, "again")
    deciding.raised, deciding.facts, commit.outbox, commit.definitions = (), Facts("Asia/Tokyo"), (message, message), ()
    deciding.rewind(mark)

    assert (deciding.raised, deciding.facts) == ((Raised("start", {}),), Facts("UTC"))
    assert (commit.quotas, commit.outbox, commit.definitions) == ((("before", 1, 5),), (message,), (("h", "cart", "t"),))
    assert [(line.seq, line.place, line.at, line.journey, line.number, line.cause) for line in commit.history] == [
        (4, 0, 10, "", 0, "because")
    ]
    mark = deciding.mark()
    commit.quotas = (*commit.quotas, ("after", 1, 7))
    with pytest.raises(Unread, match=r"^after$"):
        deciding.rewind(mark)


def test_the_numbers_of_arming_go_on_from_signal_to_signal() -> None:
    """The third signal of a customer and the first timer of it."""
    deciding = turn(ann())

    assert (deciding.seq, deciding.order(), deciding.order()) == (4, 4 * 4_096 + 1, 4 * 4_096 + 2)
    assert (deciding.commit.accepted_at, deciding.passed, Turn(compiled(), ann(), 10, Shop().fact("Came")).passed) == (11, 10, 9)


def test_the_better_arm_is_the_one_with_the_greater_share() -> None:
    """Not the one with more of them; the first of equals, and nobody is none of nobody."""
    counts = {
        "ask/x/short": 10,
        "ask/x/short/reached": 5,
        "ask/x/long": 100,
        "ask/x/long/reached": 30,
        "ask/x/third": 4,
        "ask/x/third/reached": 2,
    }
    count = lambda name: counts.get(name, 0)  # noqa: E731

    assert better("ask/x better", ["long", "short", "third"], count) == "short"
    assert better("ask/x better", ["third", "short"], count) == "third"
    assert better("ask/x better", ["nobody", "long"], count) == "long"
    assert better("ask/x better", ["nobody", "none"], count) == "nobody"
    assert told_apart({"ask/x": "long", "ask/x given": "long", "ask/x reached": "long", "other given": "a"}) == {
        "ask/x": "long",
        "other given": "a",
    }


def test_what_is_left_is_counted_on() -> None:
    """Of what is known only; the log of a customer says what was known when."""
    shared = Shared(Known(left={"early": 3}, told={"x": "a"}))
    after = shared.after([("early", 1, 5), ("late", 2, 7), ("early", 1, 5)])
    assert after.known == Known(left={"early": 1}, told={"x": "a"})
    assert shared.known.left == {"early": 3}
    assert after.knowing("late", 4).telling("y", "b").known == Known(left={"early": 1, "late": 4}, told={"x": "a", "y": "b"})
    assert (shared.pausing, Shared(Known(pauses=[Pause(1, None, None, None, True, 1)])).pausing) == (False, True)
    row = kept("ann", after.known, 7, 50)
    assert (row.event.name, row.event.id, row.event.customer_id, row.event.at, row[1:]) == (
        SHARED,
        "$shared/7",
        "ann",
        50,
        (50, 7, "decided", 0),
    )
    past = recorded([row, row._replace(event=Shop().fact("Came"), seq=8)])
    assert (past.at(7), past.at(8), past.at(0), past.pausing, after.at(8)) == (after.known, KNOWN, KNOWN, False, after.known)


def test_what_remains_of_somebody_who_is_erased() -> None:
    """How often they were in each journey and how many of these performed something, under hashes; who waited only was never in it."""
    rows = [
        inside("", performed=2, performing=3),
        inside("c1", performed=0, performing=1, joined=Joined(2, 5, {})),
        inside("c2", number=0),
        inside("abc", status="erased", number=4),
    ]
    hashed = "a1d404fbdac4928814a834d73264f638"
    remains = remains_of(Facts(), rows, "salt", 99)
    assert (remains["secret"], remains["at"]) == ("salt", 99)
    assert [[row[0], *row[2:]] for row in remains["rows"]] == [["cart", 1, "hash", 4], ["cart", 3, "hash", 1], ["cart", 4, "hash", 0]]
    assert [row[1][:32] for row in remains["rows"]] == ["", hashed, "abc"]


def visit(limit: Any) -> Shop:
    """Ann is invited to a visit tomorrow; before the hour is over the journey is paused, until the day after tomorrow."""
    rules = [
        Transition("asked", on=On(after="2 hours before data.visit, wait if missing, skip to asked if past")),
        Transition("late", on=On(after="1 hour after data.visit, wait if missing, skip to late if past")),
    ]
    steps = [
        Step("invited", stage="retention", when=rules, wait="1 hour"),
        Step("asked", do=Do("email"), when=Transition("over", on=On(where="customer.limit > 3")), wait="30 days"),
        Step("over", wait="30 days"),
        Step("late", wait="30 days"),
    ]
    shop = Shop(Journey("visit", entry=Entry("Invited", set={"data.visit": "event.visit"}), zone="UTC", steps=steps))
    shop.identify(traits={"limit": limit})
    shop.event("Invited", visit="2026-03-03")
    shop.engine.pause("visit")
    shop.wait("2 days")
    assert shop.told()[2:] == ["03-02 10:00 held"]
    shop.engine.resume("visit")
    shop.wait("1 second")
    return shop


def test_a_moment_that_passed_while_time_stood_still_leads_away() -> None:
    """The first of both; its timer has gone, and so have those of the step that she has left."""
    shop = visit(5)

    assert shop.told()[3:] == ["03-04 09:00 resumed", "03-04 09:00 moved asked", "03-04 09:00 moved over"]
    assert (shop.sent, [timer.index for timer in shop.inside("visit").timers]) == (["2026-03-04 09:00 ann email"], [4])
    assert [(line.kind, line.timers) for line in shop.storage.history("ann")[3:]] == [
        ("resumed", MOVED),
        ("moved", "-0 +3@1775206800000000"),
        ("moved", "-3 +4@1775206800000000"),
    ]


def test_what_stumbles_behind_such_a_moment_is_kept_aside() -> None:
    """Her limit is a text: she stays, nothing is asked for, and the timers of both moments are due at once; the other one leads her away."""
    shop = visit("much")

    error = "\"customer.limit > 3\": 'much' (text) and 3 (number): cannot be ordered by >"
    lines = [(line.kind, line.source, line.target, line.cause, line.reason, line.timers) for line in shop.storage.history("ann")[3:]]
    assert lines == [
        ("resumed", "invited", None, "a pause of visit", None, MOVED),
        ("parked", "invited", None, "a pause of visit", error, ""),
        ("parked", "invited", None, "timer", error, ""),
        (
            "moved",
            "invited",
            "late",
            "after 1 hour after data.visit, wait if missing, skip to late if past",
            None,
            "!2 -0 +5@1775206800000000",
        ),
    ]
    parked = [one.event.properties for one in shop.storage.events("ann") if one.state == "parked"]
    assert [(one["number"], one.get("timer"), one["error"]) for one in parked] == [(1, None, error), (1, 1, error)]
    assert (shop.sent, [timer.index for timer in shop.inside("visit").timers]) == ([], [5])


def test_of_several_timers_the_one_that_is_due_is_moved() -> None:
    """An hour of the pause lies in the two hours of the step: it is over an hour later. That of the scope is looked at when it is due."""
    start, hour = 1_772_442_000_000_000, 3_600_000_000
    steps = [
        Scope("outer", stage="retention", wait="5 hours", steps=[Step("in", wait="2 hours"), Step("on", wait="9 days")]),
        Step("after", wait="9 days"),
    ]
    shop = Shop(Journey("ask", entry="Came", steps=steps))
    shop.event("Came")
    shop.wait("30 minutes")
    shop.engine.pause("ask")
    shop.clock.advance(3_600)
    shop.engine.resume("ask")
    shop.wait("35 minutes")
    assert [(timer.index, timer.due_at) for timer in shop.inside("ask").timers] == [(0, start + 5 * hour), (1, start + 3 * hour)]
    shop.wait("5 hours")

    assert [
        (line.kind, line.at, line.source, line.target, line.cause, line.reason, line.timers) for line in shop.storage.history("ann")[1:]
    ] == [
        ("held", start + 2 * hour, "in", None, "a pause of ask", "time stood still meanwhile", f"-1 +1@{start + 3 * hour}"),
        ("moved", start + 3 * hour, "in", "on", "after 2 hours", None, f"!1 +2@{start + 219 * hour}"),
        ("held", start + 5 * hour, "on", None, "a pause of ask", "time stood still meanwhile", f"-0 +0@{start + 6 * hour}"),
        ("moved", start + 6 * hour, "on", "after", "after 5 hours in outer", None, f"!0 -2 +3@{start + 222 * hour}"),
    ]
    kept = [one.event for one in shop.storage.events("ann") if one.event.name == "$paused"]
    assert [(one.id, one.properties["pauses"][0][1:6]) for one in kept] == [
        ("$paused/2", ["ask", None, None, True, start + hour // 2]),
        ("$paused/4", ["ask", None, None, True, start + hour // 2]),
    ]


def test_only_who_is_there_stands_still() -> None:
    """In a paused step or scope, from when they came to it on; of a paused action nobody does."""
    start, hour = 1_772_442_000_000_000, 3_600_000_000
    for paused, expected in (({"step": "in"}, 4), ({"step": "outer"}, 4), ({"step": "other"}, 2), ({"action": "email"}, 2), ({}, 4)):
        steps = [
            Scope(
                "outer",
                stage="retention",
                steps=[Step("in", wait="2 hours", when={"Go": "other"}), Step("other", do=Do("email"), wait="9 days")],
            )
        ]
        shop = Shop(Journey("ask", entry="Came", steps=steps))
        shop.engine.pause("ask", **paused)  # type: ignore[arg-type]
        shop.clock.advance(3_600)
        shop.event("Came")
        shop.clock.advance(2 * 3_600)
        shop.engine.resume("ask", **paused)  # type: ignore[arg-type]
        shop.wait("9 hours")

        moved = [line.at for line in shop.storage.history("ann") if line.kind == "moved"]
        assert moved == [start + (expected + 1) * hour], paused


def test_of_a_lane_one_goes_on_and_the_others_are_told_which() -> None:
    """The cart goes first: who is asked to rate stands still until it is over, and longer than that where the tip comes next."""
    step = [Step("in", wait="2 hours")]
    journeys = [
        Journey(name, entry=name.title(), exits=f"{name.title()} Over", stage="retention", steps=step) for name in ("cart", "tip", "rate")
    ]
    shop = Shop(*journeys, Catalog(policies=["one at a time of cart, tip, rate as talk"]))
    for name in ("Rate", "Tip", "Cart"):
        shop.event(name)
        shop.wait("10 minutes")
    shop.event("Cart Over")
    shop.wait("10 minutes")
    shop.event("Tip Over")

    assert [
        (line.kind, line.journey, line.cause, line.reason) for line in shop.storage.history("ann") if line.kind in ("held", "resumed")
    ] == [
        ("held", "rate", "lane talk", "tip goes first"),
        ("held", "tip", "lane talk", "cart goes first"),
        ("resumed", "tip", "lane talk", None),
        ("resumed", "rate", "lane talk", None),
    ]
    start, minute = 1_772_442_000_000_000, 60_000_000
    assert shop.inside("rate").stood == ((start + 10 * minute, start + 40 * minute),)
    assert [timer.due_at for timer in shop.inside("rate").timers] == [start + 150 * minute]


def test_of_a_shared_number_as_many_are_taken_as_are_left() -> None:
    """As far as is known, as many as there are at all; what was short is told once, and each that it is counted by has its own."""
    early, pairs = Take("early-bird, 2"), Take("pairs, 1 per event.product")
    deciding = turn(ann())
    assert [deciding.grant(Quota(early, "UTC"), "Go") for _ in range(4)] == [True, True, False, False]
    key = quota_key(early, "UTC", 10)
    assert (key, deciding.commit.quotas) == ("early-bird", (("early-bird", 1, 2), ("early-bird", 1, 2)))
    assert deciding.needed == Known(left={"early-bird": 2})
    deciding.enrollment = inside("c1")
    products = iter(("a", "a", "b", 5, None))
    assert [deciding.grant(Quota(pairs, "UTC", lambda _: next(products)), "Go") for _ in range(5)] == [True, False, True, True, False]
    assert deciding.commit.quotas[2:] == tuple((quota_key(pairs, "UTC", 10, of), 1, 1) for of in ("a", "b", "5"))
    assert deciding.needed == Known(left={"early-bird": 2, quota_key(pairs, "UTC", 10, "a"): 1})
    assert [(line.kind, line.journey, line.key, line.cause, line.source, line.reason) for line in deciding.commit.history] == [
        ("used up", "", "", "Go", None, "early-bird, 2"),
        ("used up", "cart", "c1", "Go", "first", "pairs, 1 per event.product: a"),
    ]
    less = turn(ann())
    less.known = Known(left={"early-bird": 1})
    assert [less.grant(Quota(early, "UTC"), "Go") for _ in range(2)] == [True, False]
    assert less.needed == Known(left={"early-bird": 1})


def test_under_which_keys_somebody_is_inside() -> None:
    """As decided so far, in the order in which they came in; who has left is not."""
    customer = ann(inside("b", order=2), inside("a", order=1), inside("c", order=3, status="exited"), inside("d", order=4))
    deciding = turn(customer)
    deciding.changed["cart", "d"] = inside("d", order=4, status="completed")
    deciding.changed["cart", "e"] = inside("e", order=0)

    assert (deciding.inside("cart"), deciding.inside("rate")) == (["e", "a", "b"], [])
    assert [
        deciding.find("cart", key) is one for key, one in (("a", customer.enrollments["cart", "a"]), ("d", deciding.changed["cart", "d"]))
    ] == [True, True]
    assert deciding.find("cart", "z") is None


def test_whoever_is_led_into_a_scope_whose_exit_holds_leaves_it_at_once() -> None:
    """The visit passed while the journey was paused; who is staff by then is not asked how it was."""
    rule = Transition("asked", on=On(after="1 hour after data.visit, wait if missing, skip to asked if past"))
    scope = Scope("after", exits=Exit(On(where="customer.staff"), end="staff"), steps=[Step("asked", wait="9 days")])
    shop = Shop(
        Journey(
            "visit",
            zone="UTC",
            entry=Entry("Invited", set={"data.visit": "event.visit"}),
            steps=[Step("invited", stage="retention", when=rule), scope],
        )
    )
    shop.identify(traits={"staff": True})
    shop.identify("bob", traits={"staff": False})
    for customer in ("ann", "bob"):
        shop.event("Invited", customer, visit="2026-03-03")
    shop.engine.pause("visit")
    shop.wait("2 days")
    shop.engine.resume("visit")
    shop.wait("1 second")

    assert shop.told()[-2:] == ["03-04 09:00 moved asked", "03-04 09:00 exited staff"]
    assert shop.told("bob")[-1] == "03-04 09:00 moved asked"
