"""What is kept aside where a rule cannot be worked out: which part of the signal, and what a person needs to give it back."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Done, Entry, Event, Exit, Failed, Journey, On, Scope, Step, Transition
from journeykit.model.records import HistoryEntry, Want
from shop import MONDAY, Shop

TEXT = "'much' (text) and 100 (number): cannot be ordered by >"


def parked(shop: Shop) -> list[dict[str, Any]]:
    """The properties of everything of Ann's that is kept aside, in order, each with its id."""
    return [{"id": one.event.id, **one.event.properties} for one in shop.storage.events("ann") if one.state == "parked"]


def told(shop: Shop) -> HistoryEntry:
    """What her history says of it."""
    (entry,) = [entry for entry in shop.storage.history("ann") if entry.kind == "parked"]
    return entry


def original(name: str, id: str, at: str = MONDAY, **properties: Any) -> dict[str, Any]:
    """The event as it is kept with what is set aside."""
    return {"name": name, "id": id, "occurred_at": at, "properties": properties, "source": ""}


def cart(**more: Any) -> Journey:
    """Who puts something into a cart is reminded."""
    entry = Entry("Product Added", set={"data.total": "event.total"})
    return Journey("cart", key="event.cart", stage="consideration", entry=entry, **more)


@pytest.mark.parametrize(
    "rules",
    [
        {"steps": [Step("left", wait="2 hours", when=Transition("thanks", on=On("Order", where="event.total > 100"))), Step("thanks")]},
        {"exits": Exit(On("Order", where="event.total > 100")), "steps": [Step("left", wait="2 hours"), Step("thanks")]},
    ],
)
def test_a_rule_that_stumbles_is_kept_aside_with_the_event(rules: dict[str, Any]) -> None:
    """Ann's order has a text for a total: the rule of where she is cannot compare it."""
    shop = Shop(cart(**rules))
    shop.event("Product Added", cart="c1", total=1)
    shop.event("Order", id="o1", cart="c1", total="much")

    error = f'"event.total > 100": {TEXT}'
    event = original("Order", "o1", cart="c1", total="much")
    assert parked(shop) == [{"id": "$parked/2/0", "journey": "cart", "key": "c1", "number": 1, "error": error, "event": event}]
    entry = told(shop)
    assert (entry.journey, entry.key, entry.number, entry.cause, entry.source, entry.reason) == ("cart", "c1", 1, "Order", "left", error)
    assert shop.inside("cart", "c1").step == "left"


def test_an_entry_that_stumbles_is_kept_aside_with_its_place() -> None:
    """Nobody is inside yet; the second entry is the one that cannot be worked out."""
    entries = [Entry("Came"), Entry(On("Order", where="event.total > 100"))]
    shop = Shop(Journey("vip", stage="retention", entry=entries, steps=Step("in", wait="1 day")))
    shop.event("Order", id="o1", total="much")

    error, event = f'"event.total > 100": {TEXT}', original("Order", "o1", total="much")
    assert parked(shop) == [{"id": "$parked/1/0", "journey": "vip", "key": "", "number": 0, "error": error, "event": event, "entry": 1}]
    assert (told(shop).cause, told(shop).source, told(shop).reason) == ("Order", "", error)


def test_a_timer_that_stumbles_is_spent() -> None:
    """Two hours later the branch cannot be chosen: the timer goes aside and does not fire again, Ann stays where she is."""
    steps = [
        Step("left", wait="2 hours", then=[Transition("thanks", on=On(where="data.total > 100")), "sorry"]),
        Step("thanks", do=Do("email"), end="completed"),
        Step("sorry", do=Do("sms"), end="completed"),
    ]
    shop = Shop(cart(steps=steps))
    shop.event("Product Added", id="p1", cart="c1", total="much")
    shop.wait("1 day")

    error = f'"data.total > 100": {TEXT}'
    assert parked(shop) == [{"id": "$parked/2/0", "journey": "cart", "key": "c1", "number": 1, "error": error, "event": None, "timer": 0}]
    assert (told(shop).at, told(shop).cause, told(shop).source) == (1_772_449_200_000_000, "timer", "left")
    assert (shop.inside("cart", "c1").step, shop.inside("cart", "c1").timers, shop.sent) == ("left", (), [])


def test_an_event_that_leads_round_and_round_is_kept_aside_whole() -> None:
    """Nothing of it is applied, not even the fact that it would have counted."""
    on = On(changed="customer.flag")
    journey = Journey(
        "ring",
        entry="Came",
        steps=[
            Step("a", stage="retention", when=Transition("b", on="Go", set={"customer.flag": "not (customer.flag or False)"})),
            Step("b", when=Transition("c", on=on, set={"customer.flag": "not customer.flag"})),
            Step("c", when=Transition("b", on=on, set={"customer.flag": "not customer.flag"})),
        ],
    )
    shop = Shop(journey, Catalog(facts={"gone": "count of Go"}))
    shop.event("Came")
    shop.event("Go", id="g1")

    (row,) = parked(shop)
    assert (row["id"], row["journey"], row["key"], row["number"]) == ("$parked/2/0", "", "", 0)
    assert row["event"] == original("Go", "g1")
    assert (told(shop).journey, told(shop).cause, told(shop).source, told(shop).reason) == ("", "Go", None, row["error"])
    assert shop.inside("ring").step == "a"
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (loaded.facts.values, loaded.facts.traits) == ({}, {})


def test_a_zone_that_is_none_is_told_and_nothing_else_is_taken_over() -> None:
    """An import gives Ann a zone that does not exist: her name is not kept either, and the history says why."""
    shop = Shop(cart(steps=Step("left", wait="2 hours")))
    event = shop.fact("$identify", zone="Mars/Base", traits={"name": "Ann"})
    shop.engine.handle(event)

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    reason = "zone: 'Mars/Base' is no time zone; give an IANA name such as \"Europe/Berlin\""
    assert (told(shop).journey, told(shop).cause, told(shop).reason) == ("", "$identify", reason)
    assert (loaded.facts.zone, loaded.facts.traits, parked(shop)) == (None, {}, [])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"journey": "crat", "key": "", "data": {}}, 'no journey "crat"'),
        ({"journey": "cart", "key": "", "data": {}}, "its key is missing"),
    ],
)
def test_who_is_let_in_by_name_where_that_cannot_be_is_refused(parameters: dict[str, Any], reason: str) -> None:
    """An old process still lets customers in to a journey that has gone, or without the key that it has now."""
    shop = Shop(cart(steps=Step("left", wait="2 hours")))
    shop.engine.handle(shop.fact("$enter", **parameters))

    (entry,) = shop.storage.history("ann")
    assert (entry.kind, entry.cause, entry.reason) == ("refused", "enroll", reason)


def test_a_step_sets_the_zone_of_its_customer() -> None:
    """From Berlin to Tokyo; what is no zone is kept aside with the event that would have set it."""
    move = Transition("thanks", on=On("Moved"), set={"customer.zone": "event.zone"})
    shop = Shop(
        Journey("cart", stage="consideration", entry="Came", steps=[Step("left", when=move, wait="1 day"), Step("thanks", wait="1 day")])
    )
    shop.identify(zone="Europe/Berlin")
    shop.event("Came")
    shop.event("Moved", id="m1", zone="Mars/Base")
    assert [row["error"] for row in parked(shop)] == ["zone: 'Mars/Base' is no time zone; give an IANA name such as \"Europe/Berlin\""]

    shop.event("Moved", zone="Asia/Tokyo")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (loaded.facts.zone, shop.inside("cart").step) == ("Asia/Tokyo", "thanks")


def test_an_entry_is_given_back_once_the_journey_is_mended() -> None:
    """The new version compares with a text: Ann comes in, with the event that was kept, and the row is part of the log."""
    shop = Shop(
        Journey(
            "vip", stage="retention", entry=[Entry("Came"), Entry(On("Order", where="event.total > 100"))], steps=Step("in", wait="1 day")
        )
    )
    shop.event("Order", id="o1", total="much")
    mended = [Entry("Came"), Entry(On("Order", where="event.total == 'much'"))]
    again = Shop(Journey("vip", stage="retention", entry=mended, steps=Step("in", wait="1 day")), storage=shop.storage)
    again.engine.retry("ann")

    assert again.told() == [f'03-02 09:00 parked "event.total > 100": {TEXT}', "03-02 09:00 entered in"]
    assert [(one.event.name, one.seq) for one in again.storage.events("ann") if one.event.name == "$parked"] == [("$parked", 2)]
    assert parked(again) == []


def test_an_entry_that_there_is_no_more_comes_to_nothing() -> None:
    """The new version has one entry only."""
    shop = Shop(
        Journey(
            "vip", stage="retention", entry=[Entry("Came"), Entry(On("Order", where="event.total > 100"))], steps=Step("in", wait="1 day")
        )
    )
    shop.event("Order", id="o1", total="much")
    again = Shop(Journey("vip", stage="retention", entry="Came", steps=Step("in", wait="1 day")), storage=shop.storage)
    again.engine.retry("ann")

    assert [line.split()[2] for line in again.told()] == ["parked"]


def test_a_rule_is_given_back_to_the_enrollment_that_it_was_for() -> None:
    """Ann has told in the meantime what her limit is; once she has left, what is given back is refused."""
    move = Transition("thanks", on=On("Order", where="event.total > customer.limit"))
    shop = Shop(
        Journey("cart", stage="consideration", entry="Came", steps=[Step("left", wait="2 hours", when=move), Step("thanks", wait="1 day")])
    )
    shop.identify(traits={"limit": "none"})
    shop.event("Came")
    shop.event("Order", total=200)
    shop.identify(traits={"limit": 100})
    shop.engine.retry("ann")
    assert shop.inside("cart").step == "thanks"

    shop.event("Came", "bob")
    shop.identify("bob", traits={"limit": "none"})
    shop.event("Order", "bob", total=200)
    shop.engine.exit("cart", "bob", id="x", reason="by hand")
    shop.engine.retry("bob")
    (entry,) = [entry for entry in shop.storage.history("bob") if entry.kind == "refused"]
    assert (entry.journey, entry.cause, entry.reason) == ("", "retry", "the enrollment has ended")


def test_a_timer_is_given_back() -> None:
    """Two hours after the visit Ann's limit was a text; it is a number now, and the branch can be chosen."""
    steps = [
        Step("left", wait="2 hours", then=[Transition("thanks", on=On(where="customer.limit > 100")), "sorry"]),
        Step("thanks", do=Do("email"), end="completed"),
        Step("sorry", do=Do("sms"), end="completed"),
    ]
    shop = Shop(Journey("cart", stage="consideration", entry="Came", steps=steps))
    shop.identify(traits={"limit": "much"})
    shop.event("Came")
    shop.wait("1 day")
    shop.identify(traits={"limit": 200})
    shop.engine.retry("ann")
    shop.work()

    assert shop.sent == ["2026-03-03 09:00 ann email"]
    assert shop.told()[-2:] == ["03-03 09:00 moved thanks", "03-03 09:00 completed"]


def test_an_event_that_was_kept_aside_whole_counts_once_it_is_given_back() -> None:
    """The journey that went round and round has been left: the event counts, and only now."""
    on = On(changed="customer.flag")
    ring = [
        Step("a", stage="retention", when=Transition("b", on=On("Go"), set={"customer.flag": "not (customer.flag or False)"})),
        Step("b", when=Transition("c", on=on, set={"customer.flag": "not customer.flag"})),
        Step("c", when=Transition("b", on=on, set={"customer.flag": "not customer.flag"})),
    ]
    shop = Shop(Journey("ring", entry="Came", steps=ring), Catalog(facts={"gone": "count of Go"}))
    shop.event("Came")
    shop.event("Go", id="g1")
    shop.engine.exit("ring", "ann", id="x", reason="by hand")
    shop.engine.retry("ann")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.values == {"gone": 1}


def test_a_fact_that_cannot_be_folded_is_told_and_stays() -> None:
    """An import tells a total as a text: the mean stays what it was, the event counts for everything else; the one since the entry as well."""
    facts = {"mean": "mean of Order.total", "orders": "count of Order", "since": "max of Order.total since entry"}
    steps = Step("in", wait="1 day", when=Transition("in", on=On("Never", where="customer.since > 5")))
    shop = Shop(Journey("cart", stage="consideration", entry="Came", steps=steps), Catalog(facts=facts))
    shop.event("Came")
    shop.event("Order", total=10)
    shop.event("Order", id="o2", total="much")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.values == {"mean": [1, 10], "orders": 2}
    notes = [entry for entry in shop.storage.history("ann") if entry.kind == "parked"]
    assert [(entry.journey, entry.cause, entry.source, entry.reason) for entry in notes] == [
        ("", "Order", None, "fact mean: mean of Order.total: 'much' is no number"),
        ("cart", "Order", "in", "fact since: max of Order.total since entry: 'much' is no number"),
    ]


def test_the_outcome_of_an_action_concerns_the_enrollment_that_asked() -> None:
    """Ann has two carts; only the mail about the second is performed."""
    steps = [
        Step("left", do=Do("email", cart="{journey.key}"), when=Transition("thanks", on=On(settled="email performed"))),
        Step("thanks", wait="1 day"),
    ]
    journey = Journey("cart", key="event.cart", stage="consideration", entry="Added", steps=steps)
    shop = Shop(journey, answers={"email": lambda request: Done() if request.parameters["cart"] == "c2" else Failed("no such address")})
    shop.event("Added", cart="c1")
    shop.event("Added", cart="c2")
    shop.work()

    assert [shop.inside("cart", key).step for key in ("c1", "c2")] == ["left", "thanks"]


def test_who_is_there_already_and_cannot_be_let_in_is_kept_aside() -> None:
    """Ann and Bob are VIPs when the journey opens; Ann's limit is a text, and cannot be compared."""
    vips = Catalog(segments={"vip": "customer.vip"})
    before = Shop(Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")]), vips)
    before.identify("ann", traits={"vip": True, "limit": "much"})
    before.identify("bob", traits={"vip": True, "limit": 200})
    entry = On(segment="vip", where="customer.limit > 100")
    journey = Journey("vips", entry=entry, open="with those already there", steps=[Step("in", stage="retention", wait="1 day")])
    shop = Shop(journey, vips, storage=before.storage)
    shop.engine.backfill()
    shop.work()

    error = f'"customer.limit > 100": {TEXT}'
    (row,) = parked(shop)
    assert (row["journey"], row["key"], row["number"], row["error"]) == ("vips", "", 0, error)
    entry_told = told(shop)
    assert (entry_told.journey, entry_told.cause, entry_told.reason) == ("vips", "open", error)
    assert shop.inside("vips", customer="bob").step == "in"


def test_an_entry_that_waits_goes_on_waiting_when_a_timer_stumbles() -> None:
    """Ann is inside, and her next visit waits to be let in: the first timer of the journey is spent, the visit is not."""
    steps = [
        Step("left", wait="10 minutes", then=[Transition("thanks", on=On(where="data.total > 100")), "thanks"]),
        Step("thanks", wait="1 day"),
    ]
    entry = Entry("Came", wait="15 minutes", set={"data.total": "event.total"})
    shop = Shop(Journey("look", stage="consideration", entry=entry, reentry="always restarting", steps=steps))
    shop.event("Came", total="much")
    shop.wait("20 minutes")
    shop.event("Came", total=200)
    assert (shop.inside("look").timers[0].index, shop.inside("look").waiting is None) == (0, False)
    shop.wait("6 minutes")
    assert [row["timer"] for row in parked(shop)] == [0]
    assert (shop.inside("look").timers, shop.inside("look").waiting is None) == ((), False)
    shop.wait("1 hour")

    assert [line for line in shop.told() if "parked" not in line] == [
        "03-02 09:15 entered left",
        "03-02 09:35 exited restarted",
        "03-02 09:35 entered left",
        "03-02 09:45 moved thanks",
    ]


def test_rules_that_read_when_a_scope_was_entered() -> None:
    """Clicked within two days of being asked, counted from the scope, whichever step she is in; of the outer one from its own beginning."""
    for wait, led in (("47 hours", "soon"), ("49 hours", "late"), ("97 hours", "never")):
        rules = [
            Transition("soon", on=On("Clicked", where="now - scope.entered_at < days(2)")),
            Transition("late", on=On("Clicked", where="now - scope.entered_at < days(4)")),
        ]
        steps = [
            Step("before", stage="retention", wait="3 days"),
            Scope("outer", when=Transition("never", on=On("Clicked", where="now - scope.entered_at >= days(4)")), steps=[
                Step("first", wait="1 minute"),
                Scope("asking", when=rules, steps=[Step("asked", wait="1 day"), Step("again", wait="9 days")]),
            ]),
            Step("soon", end="completed"), Step("late", end="completed"), Step("never", end="completed"),
        ]  # fmt: skip
        shop = Shop(Journey("ask", entry="Came", steps=steps))
        shop.event("Came")
        shop.wait("3 days 1 minute 1 second")
        shop.wait(wait)
        shop.event("Clicked")

        assert shop.inside("ask").step == led


def test_the_quick_way_reads_the_moment_too() -> None:
    """A rule of one step that asks for the time of day, or for a window of time, moves her then and not before."""
    rules = [
        Transition("soon", on=On("Clicked", where="now < '2026-03-02T10:00:00Z'")),
        Transition("late", on=On("Clicked", where="customer.lately == 0")),
    ]
    steps = [Step("in", stage="retention", when=rules, wait="9 days"), Step("soon", wait="1 day"), Step("late", wait="1 day")]
    for waits, step in (
        (["59 minutes"], "soon"),
        (["60 minutes"], "in"),
        (["60 minutes", "59 minutes"], "in"),
        (["60 minutes", "61 minutes"], "late"),
    ):
        shop = Shop(Journey("ask", entry="Came", steps=steps), Catalog(facts={"lately": "count of Order in 2 hours"}))
        shop.event("Came")
        shop.event("Order")
        for wait in waits:
            shop.wait(wait)
        shop.event("Clicked")

        assert shop.inside("ask").step == step, waits


@pytest.mark.parametrize(("cart", "sent"), [(False, True), (True, False)])
def test_who_is_elsewhere_by_now_is_not_written_to(cart: bool, sent: bool) -> None:
    """A mail is asked for and not performed yet; whoever has a cart by then is not asked to rate the shop. The rating itself is no cart."""
    rate = Journey(
        "rate", entry="Came", exits=On(where="active('cart')"), steps=[Step("asked", stage="advocacy", do=Do("email"), wait="9 days")]
    )
    carts = Journey("cart", key="cart", entry="Added", exits="Emptied", steps=[Step("left", stage="consideration", wait="9 days")])
    shop = Shop(rate, carts)
    shop.event("Added", cart="c1")
    shop.event("Emptied", cart="c1")
    shop.event("Came")
    if cart:
        shop.event("Added", cart="c2")
    shop.work()

    assert bool(shop.sent) is sent


def counting(most: int) -> Journey:
    """Who begins goes from step to step by itself, so many times."""
    on = On(where=f"data.n < {most}")
    steps = [
        Step("first", stage="retention", when={"Go": "even"}, wait="9 days"),
        Step("even", when=[Transition("odd", on=on, set={"data.n": "data.n + 1"})], wait="9 days"),
        Step("odd", when=[Transition("even", on=on, set={"data.n": "data.n + 1"})], wait="9 days"),
    ]
    return Journey("count", entry=Entry("Came", set={"data.n": "0"}), steps=steps)


@pytest.mark.parametrize(("most", "kept"), [(99, False), (100, False), (101, True)])
def test_a_hundred_moves_by_themselves_are_the_most(most: int, kept: bool) -> None:
    """One more is taken for a circle, and the event is kept aside whole."""
    shop = Shop(counting(most))
    shop.event("Came")
    shop.event("Go")

    assert bool(parked(shop)) is kept
    assert shop.inside("count").data == {"n": 0 if kept else most}
    if kept:
        assert told(shop).reason == "count: more than 100 automatic transitions in one decision, the last from even"


@pytest.mark.parametrize(("most", "kept"), [(98, False), (99, False), (100, False), (101, True)])
def test_a_hundred_signals_that_follow_from_each_other_are_the_most(most: int, kept: bool) -> None:
    """Each change of her number is a signal that changes it again; the first one is by the event."""
    rise = {"customer.n": "customer.n + 1"}
    rules = [Transition(on=On("Go"), set=rise), Transition(on=On(changed="customer.n", where=f"customer.n < {most}"), set=rise)]
    shop = Shop(Journey("count", entry="Came", steps=[Step("in", stage="retention", when=rules, wait="9 days")]))
    shop.identify(traits={"n": 0})
    shop.event("Came")
    shop.event("Go")

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (bool(parked(shop)), loaded.facts.traits) == (kept, {"n": 0 if kept else most})
    if kept:
        assert told(shop).reason == "more than 100 raised signals and automatic transitions in one decision, the last: changed customer.n"


def test_who_is_let_in_by_hand_with_a_date_that_is_none_is_kept_aside() -> None:
    """The call of the host is not lost: it names the journey, and nothing of it is applied."""
    steps = [Step("in", stage="retention", wait="until data.at, wait if missing, now if past"), Step("on", wait="1 day")]
    shop = Shop(Journey("ask", zone="UTC", steps=steps))
    shop.engine.enroll("ask", "ann", id="e1", data={"at": "never"})

    (row,) = parked(shop)
    assert (row["journey"], row["key"], row["number"], row["event"]["name"], row["event"]["id"]) == ("", "", 0, "$enter", "e1")
    assert (told(shop).journey, told(shop).cause, told(shop).reason) == ("", "enroll", row["error"])
    assert [entry.kind for entry in shop.storage.history("ann")] == ["parked"]


def test_a_calendar_day_that_follows_is_one_where_its_customer_is() -> None:
    """Ann's reminder is at nine, in Berlin; from New York she gets it at nine there. That of who does not follow stays."""
    for follows, at in ((", following", "03-03 14:00"), ("", "03-03 08:00")):
        steps = [Step("in", stage="retention", wait=f"1 calendar day at 09:00{follows}"), Step("on", do=Do("email"), wait="1 day")]
        shop = Shop(Journey("ask", zone="UTC", entry="Came", steps=steps))
        shop.identify(zone="Europe/Berlin")
        shop.event("Came")
        shop.wait("1 hour")
        shop.identify(zone="America/New_York")
        shop.wait("2 days")

        assert shop.sent == [f"2026-{at} ann email"]


def test_a_schedule_that_leads_round_and_round_is_kept_aside_and_occurs_again() -> None:
    """Every day at ten Ann goes round, a hundred times and more on the first day; from the next day on it is once."""
    again = Transition("round", on=On(where="data.n < customer.most"), set={"data.n": "data.n + 1"})
    daily = Transition("round", on=On(every="day at 10:00, in UTC"))
    steps = [Step("in", stage="retention", when=daily, wait="30 days"), Step("round", when=[daily, again], wait="30 days")]
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.n": "0"}), steps=steps))
    shop.identify(traits={"most": 101})
    shop.event("Came")
    shop.wait("2 hours")

    error = "ask: more than 100 automatic transitions in one decision, the last from round"
    (row,) = parked(shop)
    assert {**row, "id": ""} == {"id": "", "journey": "", "key": "", "number": 0, "error": error, "event": None}
    entry, ten = told(shop), 1_772_445_600_000_000
    assert (entry.at, entry.journey, entry.cause, entry.source, entry.reason) == (ten, "", "every day at 10:00, in UTC (UTC)", None, error)
    assert (shop.inside("ask").step, shop.inside("ask").data) == ("in", {"n": 0})
    shop.identify(traits={"most": 1})
    shop.wait("1 day")
    assert (shop.inside("ask").step, shop.inside("ask").data, len(parked(shop))) == ("round", {"n": 1}, 1)


def test_the_source_of_what_waits_to_be_let_in_is_not_lost() -> None:
    """The till has told it; fifteen minutes later the filter cannot be worked out, and what is kept aside says all that was told."""
    entry = Entry(On("Came", where="event.total > 100"), wait="15 minutes")
    shop = Shop(Journey("ask", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]))
    shop.engine.handle(Event("Came", id="c1", customer_id="ann", occurred_at=MONDAY, properties={"total": "much"}, source="till"))
    shop.wait("1 hour")

    (row,) = parked(shop)
    event = {**original("Came", "c1", total="much"), "source": "till"}
    error = f'"event.total > 100": {TEXT}'
    assert {**row, "id": ""} == {"id": "", "journey": "ask", "key": "", "number": 0, "error": error, "event": event, "entry": 0}
