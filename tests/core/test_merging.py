"""Two customers become one: which enrollment stays, what it counts of the other, and what is known of both."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Scope, Step, Transition
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.deciding.joining import joined_values
from journeykit.core.deciding.merging import overlapping, read_other, stays
from journeykit.core.turns.remains import remains_of
from journeykit.model.records import Enrollment, Facts, Joined, Want
from shop import Shop

DAY = 86_400_000_000
TIP = Journey("tip", entry="Asked", reentry="always", steps=[Step("told", stage="awareness", wait="1 day")])


def was(
    entered_at: int, ended_at: int | None = None, *, number: int = 1, journey: str = "tip", performed: int = 0, performing: int = 0
) -> Enrollment:
    """An enrollment, in days; one that has ended where it says when."""
    status: Any = "active" if ended_at is None else "completed"
    e = Enrollment(journey, "", number, "hash", 1, status, "told", 1, entered_at * DAY, entered_at * DAY, {})
    e.ended_at, e.performed, e.performing = None if ended_at is None else ended_at * DAY, performed, performing
    return e


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (was(1), was(2), True),
        (was(2), was(1), False),
        (was(1), was(1), True),
        (was(2), was(1, 3), True),
        (was(1, 3), was(2), False),
        (was(2, 3), was(1, 4), True),
        (was(1, 4), was(2, 3), False),
        (was(1, 2), was(1, 3), True),
        (was(2), was(1, number=0), True),
        (was(1, number=0), was(2), False),
        (was(1, number=0), was(1, number=0), True),
    ],
)
def test_who_is_inside_stays_and_of_two_the_earlier(mine: Enrollment, theirs: Enrollment, expected: bool) -> None:
    """Of two who have been inside, the later one; who was never let in gives way, unless both never were."""
    assert stays(mine, theirs) is expected


@pytest.mark.parametrize(
    ("mine", "theirs", "reentry", "expected"),
    [
        (was(1), was(2), "always", True),
        (was(3), was(1, 4), "always", True),
        (was(3), was(1, 3), "always", False),  # one ended in the instant in which the other began
        (was(1, 3), was(3), "always", False),
        (was(1, 4), was(3), "always", True),
        (was(3), was(1, 2), "once", True),
        (was(1, 2), was(1, 3), "once", False),
        (was(1), was(2, number=0), "once", False),
        (was(1, number=0), was(2), "once", False),
    ],
)
def test_what_both_have_had_is_compared_where_they_were_in_it_together(
    mine: Enrollment, theirs: Enrollment, reentry: str, expected: bool
) -> None:
    """Or may be in it once only; where nobody is inside any more there is nothing left to be sent."""
    journey = Journey("tip", entry="Asked", reentry=reentry, steps=TIP.steps)
    compiled = compile_journeys([("hash", "text", journey)])

    assert overlapping(compiled, mine, theirs) is expected


def test_of_a_journey_that_has_gone_nothing_is_compared() -> None:
    """Unless both were in it together: what re-entry said of it nobody knows."""
    compiled = compile_journeys([("hash", "text", TIP)])

    assert overlapping(compiled, was(3, journey="gone"), was(1, 2, journey="gone")) is False
    assert overlapping(compiled, was(3, journey="gone"), was(1, 4, journey="gone")) is True


# -- what stays counts for both ------------------------------------------------------------------------------------------

MAILS = Journey("tip", entry="Asked", reentry="always", steps=[
    Step("told", stage="awareness", do=Do("email"), when={"More": "more"}, wait="1 day"), Step("more", do=[Do("sms"), Do("ticket")], wait="1 day"),
    Step("over", end="completed"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("ann", "visitor", "performing"),
    [
        (["Asked"], ["Asked"], 1),  # one mail each: that of the one which is no more counts
        (["Asked"], ["Asked", "More"], 1),  # three messages of one enrollment are one that has performed something
        (["Asked"], ["Asked", "3 days", "Asked"], 2),
        (["Asked", "3 days", "Asked"], ["Asked"], 2),
        (["Asked", "3 days", "Asked"], ["Asked", "3 days", "Asked", "3 days", "Asked"], 4),
        (["Asked"], [], 0),
        ([], ["Asked", "3 days", "Asked"], 1),
    ],
)
def test_the_enrollments_that_performed_something_are_counted_for_both(ann: list[str], visitor: list[str], performing: int) -> None:
    """All of both's but the one that stays."""
    shop = Shop(MAILS)
    for customer, story in (("visitor", visitor), ("ann", ann)):
        for happens in story:
            shop.wait(happens) if happens == "3 days" else shop.event(happens, customer)
    shop.identify("visitor", traits={"name": "Ann"})
    shop.engine.merge("ann", "visitor", id="login")

    assert shop.inside("tip").performing == performing


def test_one_that_has_performed_nothing_is_not_counted() -> None:
    """Ann's first and the visitor's only one were over before anything was sent."""
    quiet = Journey("tip", entry="Asked", exits="Bought", reentry="always", steps=[Step("in", stage="awareness", wait="1 day"), Step("on", do=Do("email"), wait="1 day")])  # fmt: skip
    shop = Shop(quiet)
    for customer in ("visitor", "ann"):
        shop.event("Asked", customer)
        shop.event("Bought", customer)
    shop.event("Asked", "ann")
    shop.wait("25 hours")
    shop.engine.merge("ann", "visitor", id="login")

    e = shop.inside("tip")
    assert (e.number, e.performed, e.performing, e.joined) == (2, 1, 0, Joined(1, e.entered_at, {}))


def test_of_two_who_have_left_the_last_moments_count() -> None:
    """Ann was in it first and left first: when the last one left, and when the last mail went, is that of the visitor."""
    shop = Shop(MAILS)
    shop.event("Asked", "visitor")
    shop.wait("12 hours")
    shop.event("Asked", "ann")
    shop.wait("6 hours")
    shop.event("More", "visitor")
    shop.wait("3 days")
    began, ended = shop.inside("tip", customer="ann"), shop.inside("tip", customer="visitor")
    assert began.ended_at is not None
    assert ended.ended_at is not None
    shop.engine.merge("ann", "visitor", id="login")

    e = shop.inside("tip")
    assert (e.entered_at, e.ended_at) == (began.entered_at, max(began.ended_at, ended.ended_at))
    assert e.performed_at == max(began.performed_at or 0, ended.performed_at or 0)
    assert e.joined == Joined(1, began.entered_at, {})


def test_of_two_who_wait_to_be_let_in_the_one_who_waits_longer_counts() -> None:
    """One looked at nine and the other at ten past: the fifteen minutes of idleness are over at 9:25, whichever of them was Ann."""
    looked = Entry(On("Looked", where="event.price > 10"), wait="15 minutes")
    for first, second in (("visitor", "ann"), ("ann", "visitor")):
        shop = Shop(Journey("look", entry=looked, steps=[Step("mailed", stage="consideration", do=Do("email", price="{data.price}"))]))
        shop.event("Looked", first, price=20)
        shop.wait("10 minutes")
        shop.event("Looked", second, price=30)
        shop.engine.merge("ann", "visitor", id="login")
        shop.wait("1 hour")

        assert [(entry.kind, entry.at) for entry in shop.storage.history("ann") if entry.kind == "entered"] == [
            ("entered", 1_772_443_500_000_000)
        ], first


def test_the_later_of_two_ends_whichever_it_is() -> None:
    """Its end is told; the earlier one goes on with its data and its step."""
    data = Journey("tip", entry=Entry("Asked", set={"data.of": "event.of"}), steps=[Step("told", stage="awareness", wait="9 days", when={"More": "more"}), Step("more", wait="9 days")])  # fmt: skip
    for first, second in (("visitor", "ann"), ("ann", "visitor")):
        shop = Shop(data)
        shop.event("Asked", first, of=first)
        shop.event("More", first)
        shop.wait("1 hour")
        shop.event("Asked", second, of=second)
        shop.wait("1 hour")
        shop.engine.merge("ann", "visitor", id="login")

        e = shop.inside("tip")
        assert (e.status, e.step, e.data, e.entered_at) == ("active", "more", {"of": first}, 1_772_442_000_000_000)
        told = [(entry.kind, entry.reason, entry.source) for entry in shop.storage.history("ann") if entry.cause == "merge"]
        assert told == [("merged", "with visitor", "told")]


def test_who_becomes_another_twice_carries_everything_along() -> None:
    """A cookie becomes a visitor and the visitor Ann: the journey of the cookie waits on, and counts what all three have had."""
    shop = Shop(MAILS)
    for customer in ("cookie", "visitor", "ann"):
        shop.event("Asked", customer)
        shop.wait("1 hour")
    shop.engine.merge("visitor", "cookie", id="m1")
    shop.engine.merge("ann", "visitor", id="m2")

    e = shop.inside("tip")
    assert (e.entered_at, e.performing, e.number) == (1_772_442_000_000_000, 2, 3)
    assert e.joined == Joined(0, 1_772_449_200_000_000, {})
    assert remains_of(Facts(), [e], "secret", 0)["rows"] == [["tip", "", 3, e.definition, 3]]


def test_what_is_held_and_stands_still_is_carried_along() -> None:
    """The visitor's journey is paused, one entry waits, and a lane holds another: what the signal holds is what there was."""
    look = Journey("look", entry=Entry(On("Looked"), wait="15 minutes"), steps=[Step("mailed", stage="awareness", wait="1 day")])
    lane = Catalog(policies=["one at a time of cart, tip as marketing"])
    cart = Journey("cart", entry="Added", steps=[Step("left", stage="consideration", wait="1 day")])
    shop = Shop(lane, cart, TIP, look)
    shop.event("Asked", "visitor")
    shop.wait("1 hour")
    shop.event("Added", "visitor")
    shop.event("Looked", "visitor")
    before = {name: shop.inside(name, customer="visitor") for name in ("cart", "tip", "look")}
    assert before["tip"].held is not None
    assert before["look"].waiting is not None
    shop.engine.merge("ann", "visitor", id="login")

    (event,) = [one.event for one in shop.storage.events("ann") if one.event.name == "$merge"]
    other = read_other(event.properties)
    assert other.customer_id == "visitor"
    assert {name: other.enrollments[name, ""] for name in before} == before
    assert {name: (shop.inside(name).held, shop.inside(name).waiting) for name in before} == {
        name: (e.held, e.waiting) for name, e in before.items()
    }


# -- what is known of both -----------------------------------------------------------------------------------------------

ORDERS = Catalog(
    facts={
        "number": "count of Order", "sum": "sum of Order.total", "least": "min of Order.total", "most": "max of Order.total",
        "mean": "mean of Order.total", "first": "first of Order.total", "last": "last of Order.total", "sizes": "distinct of Order.total",
        "when": "last of Order", "month": "sum of Order.total this month in UTC", "week": "sum of Order.total in 7 days",
        "best": "max of Order.total this month in UTC",
    }
)  # fmt: skip
KNOWS = Journey("knows", entry=On("Asked"), steps=[Step("in", stage="awareness", do=Do("email", **{name: f"{{customer.{name}}}" for name in ORDERS.facts}))])  # fmt: skip


def test_facts_of_two_are_those_of_all_that_both_have_done() -> None:
    """Ann's orders of the 2nd and 9th of March, the visitor's of the 3rd and the 9th: the same as if one had placed all four."""
    shop, alone = Shop(ORDERS, KNOWS), Shop(ORDERS, KNOWS)
    for wait, customer, total in (("1 hour", "ann", 20), ("1 day", "visitor", 50), ("6 days", "visitor", 20), ("1 hour", "ann", 35)):
        for one, who in ((shop, customer), (alone, "ann")):
            one.wait(wait)
            one.event("Order", who, total=total)
    shop.engine.merge("ann", "visitor", id="login")
    for one in (shop, alone):
        one.event("Asked")
        one.work()

    (request,) = [request for request in shop.requests if request.action == "email"]
    assert request.parameters == {
        "number": 4, "sum": 125, "least": 20, "most": 50, "mean": 31.25, "first": 20, "last": 35, "sizes": 3,
        "when": "2026-03-09T11:00:00+00:00", "month": 125, "week": 105, "best": 50,
    }  # fmt: skip
    assert request.parameters == alone.requests[0].parameters


def test_of_two_periods_the_later_one_counts() -> None:
    """The visitor's last order was in February: of this month there is Ann's only, whoever of the two survives."""
    for orders in ({"visitor": 50, "ann": 20}, {"ann": 50, "visitor": 20}):
        shop = Shop(ORDERS, KNOWS, at="2026-02-21T09:00:00+00:00")
        for customer, total in orders.items():
            shop.wait("5 days")
            shop.event("Order", customer, total=total)
        shop.engine.merge("ann", "visitor", id="login")
        shop.event("Asked")
        shop.work()

        assert {name: shop.requests[0].parameters[name] for name in ("number", "sum", "month", "best")} == {
            "number": 2, "sum": 70, "month": 20, "best": 20,
        }  # fmt: skip


def test_a_state_that_only_one_has_or_nobody_declares_stays() -> None:
    """The survivor's where both have one of a fact that is declared no more; nothing is added to what is not known."""
    compiled = compile_journeys([], ORDERS)

    assert joined_values(compiled, {"number": 2, "old": 1, "sum": None}, {"old": 5, "sum": 3, "most": 9}, 0) == {
        "number": 2, "old": 1, "sum": None, "most": 9,
    }  # fmt: skip


def test_what_has_changed_for_the_survivor_is_told() -> None:
    """The visitor's city and consent are new to Ann, her plan stays: the history has one line for each change, and rules hear of them."""
    moved = [Transition(do=Do("email", city="{signal.new}"), on=On(changed="customer.city")), Transition(do=Do("sms", total="{signal.old} {signal.new}"), on=On(changed="customer.spent"))]  # fmt: skip
    shop = Shop(
        Journey("tip", entry="Asked", steps=[Step("told", stage="awareness", when=moved, wait="9 days")]),
        Catalog(facts={"spent": "sum of Order.total"}),
    )
    shop.identify("ann", traits={"plan": "gold"}, consent={"email": True})
    shop.identify("visitor", traits={"plan": "free", "city": "Kiel"}, consent={"email": True, "push": True}, zone="Asia/Tokyo")
    shop.event("Order", "ann", total=5)
    shop.event("Order", "visitor", total=8)
    shop.event("Asked", "ann")
    shop.engine.merge("ann", "visitor", id="login")
    shop.work()

    told = [(entry.kind, entry.cause, entry.reason) for entry in shop.storage.history("ann") if entry.kind == "traits" and entry.seq > 0]
    assert told[-3:] == [
        ("traits", "customer.zone", "unknown -> 'Asia/Tokyo'"),
        ("traits", "consent.push", "unknown -> True"),
        ("traits", "customer.city", "unknown -> 'Kiel'"),
    ]
    assert shop.sent == ["2026-03-02 09:00 ann email Kiel", "2026-03-02 09:00 ann sms 5 13"]
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.values == {"spent": 13}


def test_consent_that_either_refused_is_refused_whoever_it_was() -> None:
    """Ann refused mails and the visitor pushes; what one agreed to and the other said nothing about is agreed."""
    shop = Shop(TIP)
    shop.identify("ann", consent={"email": False, "push": True, "sms": True})
    shop.identify("visitor", consent={"email": True, "push": False, "fax": True})
    shop.engine.merge("ann", "visitor", id="login")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.consent == {"email": False, "push": False, "sms": True, "fax": True}


CARDS = Journey("cards", each="customer.cards", steps=[Step("valid", stage="retention", wait="30 days")])


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ([{"id": "a", "n": 1}], [{"id": "b"}, {"id": "a", "n": 2}], [{"id": "a", "n": 1}, {"id": "b"}]),
        (["nobody's", {"id": "a"}], [{"id": "b"}, {"id": "b"}], ["nobody's", {"id": "a"}, {"id": "b"}]),
        ([], [{"id": "b"}], [{"id": "b"}]),
        (None, [{"id": "b"}], [{"id": "b"}]),
        ([{"id": "a"}], None, [{"id": "a"}]),
        ("none", [{"id": "b"}], "none"),
        ([{"id": "a"}], "none", [{"id": "a"}]),
    ],
)
def test_of_a_list_that_holds_enrollments_the_records_of_both_stay(mine: Any, theirs: Any, both: Any) -> None:
    """The survivor's record of an id, and behind them the other's; where one of them is no list, the survivor's. Of other lists that of Ann."""
    shop = Shop(CARDS)
    for customer, cards, tags in (("ann", mine, ["x"]), ("visitor", theirs, ["y"])):
        shop.engine.handle(shop.fact("$identify", customer, traits={"tags": tags} if cards is None else {"cards": cards, "tags": tags}))
    shop.engine.merge("ann", "visitor", id="login")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.traits == {"cards": both, "tags": ["x"]}


LIFE = Journey("life", lifecycle=True, entry="Came", exits="Gone", steps=[
    Step("new", stage="awareness", when={"Bought": "buyer"}), Step("buyer", stage="purchase", wait="90 days"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("ann", "visitor", "stage"),
    [
        (["Came"], ["Came", "Bought"], "purchase"),  # the visitor came first
        (["Came", "Bought"], ["Came"], "awareness"),
        ([], ["Came", "Bought"], "purchase"),
        (["Came", "Bought"], [], "purchase"),
        (["Came", "Gone"], ["Came", "Bought"], "purchase"),
        (["Came", "Bought"], ["Came", "Gone"], "purchase"),
    ],
)
def test_the_stage_is_that_of_the_lifecycle_that_stays(ann: list[str], visitor: list[str], stage: str) -> None:
    """And the change is told, where there is one for Ann."""
    shop = Shop(LIFE, TIP)
    shop.event("Asked", "ann")
    shop.event("Asked", "visitor")
    for customer, story in (("visitor", visitor), ("ann", ann)):
        for happens in story:
            shop.wait("1 minute")
            shop.event(happens, customer)
    (before,) = shop.storage.load_many([Want("ann", None)])
    shop.engine.merge("ann", "visitor", id="login")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.stage == stage
    told = [entry.reason for entry in shop.storage.history("ann") if entry.cause == "customer.stage" and entry.seq > 0]
    was = "unknown" if before.facts.stage is None else f"'{before.facts.stage}'"
    assert told == ([] if before.facts.stage == stage else [f"{was} -> '{stage}'"])


def test_segments_of_one_never_heard_of_are_no_edges() -> None:
    """The visitor is a VIP already: it becomes Ann, of whom nothing was known, and is not congratulated again; Bob, who was known, is."""
    vip = Catalog(facts={"spent": "sum of Order.total"}, segments={"vip": "customer.spent >= 100", "big": "customer.spent >= 1000"})
    steps = [Step("in", stage="retention", do=Do("email"), wait="1 day")]
    shop = Shop(
        vip, Journey("vip", entry=On(segment="vip"), reentry="always", steps=steps), Journey("big", entry=On(segment="big"), steps=steps)
    )
    for customer in ("visitor", "other"):
        shop.event("Order", customer, total=200)
    shop.wait("3 days")
    shop.event("Order", "bob", total=5)
    shop.engine.merge("ann", "visitor", id="m1")
    shop.engine.merge("bob", "other", id="m2")
    shop.work()

    assert [line for line in shop.sent if line.startswith("2026-03-05")] == ["2026-03-05 09:00 bob email"]
    for customer, total in (("ann", 900), ("bob", 900)):
        shop.event("Order", customer, total=total)
    shop.work()
    assert shop.sent[3:] == ["2026-03-05 09:00 ann email", "2026-03-05 09:00 bob email"]


def test_who_was_inside_is_told_to_those_who_ask() -> None:
    """Ann is asked to rate the shop, but not while she has a cart: the visitor's cart is hers now."""
    cart = Journey("cart", entry="Added", steps=[Step("left", stage="consideration", wait="2 days")])
    rate = Journey("rate", entry="Came", exits=On(where="active('cart')"), steps=[Step("asked", stage="advocacy", wait="9 days")])
    shop = Shop(cart, rate)
    shop.event("Came", "ann")
    shop.event("Added", "visitor")
    assert shop.inside("rate").status == "active"
    shop.engine.merge("ann", "visitor", id="login")

    assert (shop.inside("rate").status, shop.inside("cart").status) == ("exited", "active")


def test_everything_that_an_enrollment_keeps_is_carried_along() -> None:
    """Open scopes, time that stood still, what another merge brought, and what waits where: nothing of it is kept twice."""
    lane = Catalog(policies=["one at a time of cart, tip as marketing"], events={"Back": {"sku": "object"}})
    cart = Journey("cart", entry="Added", steps=[Step("left", stage="consideration", wait="2 hours")])
    tip = Journey("tip", entry=Entry("Asked", set={"data.sku": "event.sku"}), steps=[
        Step("first", stage="awareness", when={"More": "told"}),
        Scope("outer", wait="9 days", steps=[Step("told", wait="1 day", when=[Transition("over", on=On("Back", where="event.sku == data.sku"))])]),
        Step("over", end="completed"),
    ])  # fmt: skip
    shop = Shop(lane, cart, tip)
    shop.event("Asked", "visitor", sku="s1")
    shop.wait("1 hour")
    shop.event("More", "visitor")
    shop.event("Added", "visitor")
    shop.wait("3 hours")
    shop.event("Asked", "cookie", sku="s2")
    shop.engine.merge("visitor", "cookie", id="m1")
    before = shop.inside("tip", customer="visitor")
    assert before.scopes == {"outer": (1_772_445_600_000_000, 2)}
    assert before.stood == ((1_772_445_600_000_000, 1_772_452_800_000_000),)
    assert before.joined == Joined(1, 1_772_456_400_000_000, {})
    shop.engine.merge("ann", "visitor", id="m2")

    (event,) = [one.event for one in shop.storage.events("ann") if one.event.name == "$merge" and one.event.id == "m2"]
    (row,) = [row for row in event.properties["enrollments"] if row["journey"] == "tip"]
    assert "waits" not in row
    assert read_other(event.properties).enrollments["tip", ""] == before
    after = shop.inside("tip")
    assert (after.scopes, after.stood, after.joined, after.step) == (before.scopes, before.stood, before.joined, "told")
    shop.event("Back", id="b", sku="s1")
    assert shop.inside("tip").status == "completed"


def test_the_earlier_is_offered_a_signal_first_whichever_it_was() -> None:
    """Ann's first, then the visitor's, then Ann's second: the timers of one instant fire in that order, and so do rules for one event."""

    def journey(name: str) -> Journey:
        steps = [
            Step("in", stage="awareness", wait="until 12:00, in UTC"),
            Step("on", do=Do("email", of=name), when={"Go": "off"}),
            Step("off", do=Do("sms", of=name)),
        ]
        return Journey(name, entry=f"{name} asked", steps=steps)

    shop = Shop(journey("a"), journey("b"), journey("c"))
    for customer, name in (("ann", "c"), ("visitor", "b"), ("ann", "a")):
        shop.event(f"{name} asked", customer)
        shop.wait("1 minute")
    shop.engine.merge("ann", "visitor", id="login")
    shop.wait("1 day")
    shop.event("Go")
    shop.work()

    assert [line.rpartition(" ")[2] for line in shop.sent] == ["c", "b", "a", "c", "b", "a"]
    assert shop.inside("c").order < shop.inside("b").order < shop.inside("a").order


def test_the_last_mail_counts_whoever_had_it() -> None:
    """Ann's journey is the earlier one and had its mail later, or the visitor had: who leaves after a mail counts from the last of them."""
    for first, second in (("visitor", "ann"), ("ann", "visitor")):
        shop = Shop(MAILS)
        shop.event("Asked", first)
        shop.wait("1 hour")
        shop.event("Asked", second)
        shop.wait("1 hour")
        shop.event("More", first)
        shop.engine.merge("ann", "visitor", id="login")
        assert shop.inside("tip").performed_at == 1_772_449_200_000_000

        shop = Shop(MAILS)
        shop.event("Asked", first)
        shop.wait("1 hour")
        shop.event("Asked", second)
        shop.engine.merge("ann", "visitor", id="login")
        assert shop.inside("tip").performed_at == 1_772_445_600_000_000


def test_who_only_waits_to_be_let_in_counts_for_nothing() -> None:
    """The visitor has looked and waits, Ann has been inside once: she comes in a second time, and not a third."""
    looked = Entry(On("Looked"), wait="15 minutes")
    shop = Shop(Journey("look", entry=looked, reentry="at most 2", steps=[Step("mailed", stage="consideration", wait="1 minute"), Step("over", end="over")]))  # fmt: skip
    shop.event("Looked", "ann")
    shop.wait("1 hour")
    shop.event("Looked", "visitor")
    shop.engine.merge("ann", "visitor", id="login")
    assert (shop.inside("look").number, shop.inside("look").joined) == (1, None)
    shop.wait("1 hour")
    assert (shop.inside("look").number, shop.inside("look").joined) == (2, None)
    shop.event("Looked", "ann")
    shop.wait("1 hour")

    assert [line for line in shop.told() if "refused" in line] == ["03-02 11:15 refused at most 2"]


def test_of_the_timers_of_one_instant_the_one_armed_first_fires_first_whoever_came_earlier() -> None:
    """Her appointment was put off to when the other one is, so that it was armed later: that of the doctor leads on, whoever she turns out to be."""
    rules = [
        Transition(name, on=On(after=f"until customer.{name}, wait if missing, now if past, following")) for name in ("nurse", "doctor")
    ]
    steps = [Step("in", stage="awareness", when=rules), Step("nurse", wait="9 days"), Step("doctor", wait="9 days")]
    visit = Journey("visit", zone="UTC", entry="Asked", steps=steps)
    for merged in (False, True):
        shop = Shop(visit, Journey("other", entry="Came", steps=[Step("there", stage="awareness", wait="9 days")]))
        shop.identify(traits={"nurse": "2026-03-03", "doctor": "2026-03-04"})
        shop.event("Asked")
        shop.identify(traits={"nurse": "2026-03-04"})
        shop.wait("1 minute")
        shop.event("Came", "visitor")
        if merged:
            shop.engine.merge("ann", "visitor", id="login")
            assert shop.inside("other").status == "active"
        assert [timer.index for timer in sorted(shop.inside("visit").timers, key=lambda timer: timer.order)] == [1, 0]
        shop.wait("3 days")

        assert shop.inside("visit").step == "doctor"


def test_a_lifecycle_that_only_the_other_is_in_gives_its_stage() -> None:
    """Ann's first subscription is over and the visitor's is not: she is where that is."""
    steps = [
        Step("new", stage="awareness", wait="9 days", when={"Paid": "paid"}),
        Step("paid", stage="purchase", when={"Ended": "over"}),
        Step("over", stage="retention", end="completed"),
    ]
    shop = Shop(Journey("life", key="contract", entry="Signed", lifecycle=True, steps=steps))
    for name in ("Signed", "Paid", "Ended"):
        shop.event(name, "ann", contract="c1")
    shop.event("Signed", "visitor", contract="c2")
    stages = {one.customer_id: one.facts.stage for one in shop.storage.load_many([Want("ann", None), Want("visitor", None)])}
    assert stages == {"ann": "retention", "visitor": "awareness"}
    shop.engine.merge("ann", "visitor", id="login")

    (ann,) = shop.storage.load_many([Want("ann", None)])
    assert (ann.facts.stage, shop.inside("life", "c1").status, shop.inside("life", "c2").step) == ("awareness", "completed", "new")
