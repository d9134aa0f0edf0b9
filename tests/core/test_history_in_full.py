"""Every line of the history in full: of whom, from where to where, because of what, and the marks of timers."""

from __future__ import annotations

from journeykit import Catalog, Do, Entry, Event, Exit, Journey, On, Scope, Start, Step, Transition
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.turns.turn import Trace
from journeykit.model.records import LoggedEvent, Want
from shop import Shop, why_not

START = 1_772_442_000_000_000
HOUR = 3_600_000_000

Line = tuple[str, str, str, int, str | None, str | None, str, str | None, str]


def lines(shop: Shop, kind: str | None = None, customer: str = "ann") -> list[Line]:
    """Kind, journey, key, number, source, target, cause, reason and timers of each line, or of those of one kind."""
    return [entry[4:] for entry in shop.storage.history(customer) if kind in (None, entry.kind)]


def test_who_is_not_let_in() -> None:
    """Without a key, inside already, been there before, when the doors are closed, by an exit that holds, or since the journey has gone."""
    steps = [Step("in", stage="retention", wait="1 hour")]
    shop = Shop(
        Journey("keyed", key="cart", entry="Keyed", steps=steps),
        Journey("once", entry="Once", steps=steps),
        Journey("closed", entry="Closed", open="2027-01-01 to 2027-02-01", zone="UTC", steps=steps),
        Journey("exits", entry="Exits", exits=Exit(On(where="customer.staff"), end="staff"), steps=steps),
        Journey("asks", entry=On("Asks", where="event.total > 5 and customer.age > 3"), steps=steps),
        Journey("waits", entry=Entry("Waits", wait="15 minutes"), steps=steps),
    )
    shop.identify(traits={"staff": True})
    shop.event("Keyed")
    shop.event("Keyed", cart="k1")
    shop.event("Keyed", cart="k1")
    shop.event("Once")
    shop.wait("2 hours")
    for name in ("Once", "Closed", "Exits", "Asks"):
        shop.event(name, total=7)
    shop.engine.enroll("keyed", "ann", id="c1")
    shop.engine.enroll("once", "ann", id="c2")
    shop.engine.exit("once", "ann", id="c3", reason="by hand")
    shop.engine.exit("keyed", "ann", id="c4", key="k9", reason="by hand")

    assert lines(shop, "refused") == [
        ("refused", "keyed", "", 0, None, None, "Keyed", "no cart", ""),
        ("refused", "keyed", "k1", 1, None, None, "Keyed", "already inside", ""),
        ("refused", "once", "", 1, None, None, "Once", "once", ""),
        ("refused", "closed", "", 0, None, None, "Closed", "not open", ""),
        ("refused", "exits", "", 0, None, None, "Exits", "exit rule: staff", ""),
        ("refused", "keyed", "", 0, None, None, "enroll", "its key is missing", ""),
        ("refused", "once", "", 1, None, None, "enroll", "once", ""),
        ("refused", "", "", 0, None, None, "exit", 'not in "once"', ""),
        ("refused", "", "", 0, None, None, "exit", 'not in "keyed"', ""),
    ]
    assert [why_not(shop, *one) for one in (("Keyed",), ("Once",), ("Closed",), ("Exits",))] == [
        [("missing key", "keyed", "", "", "Keyed", "it had no cart, by which the journey is keyed", ())],
        [("reentry", "once", "", "", "Once", "once", ())],
        [("closed", "closed", "", "", "Closed", "not open", ())],
        [("exit rule", "exits", "", "", "Exits", "exit rule: staff", ())],
    ]
    assert why_not(shop, "Asks", total=7) == [
        ("filter", "asks", "", "", "Asks", "event.total > 5 and customer.age > 3 (customer.age = missing, event.total = 7)", ())
    ]
    shop.event("Keyed", cart="k2")
    assert why_not(shop, "Keyed", cart="k2") == [("reentry", "keyed", "k2", "", "Keyed", "already inside", ())]


def test_what_does_not_move_anybody() -> None:
    """An event about another cart, without a cart, too early, or under a condition that does not hold: with the actions that it would have asked for."""
    late = Transition("over", on=On("Told", late="drop"), do=[Do("sms"), Do("email")])
    asks = Transition("over", on=On("Asked", where="event.n > data.n"), do=Do("email"))
    steps = [
        Step("left", stage="purchase", wait="9 days", when=[Transition("here", on=On("Go"))]),
        Step("here", wait="9 days", when=[late, asks]), Step("over", end="completed"),
    ]  # fmt: skip
    shop = Shop(Journey("cart", key="cart", entry=Entry("Added", set={"data.n": "event.n"}), steps=steps))
    shop.event("Added", cart="c1", n=5)
    shop.wait("1 hour")
    shop.event("Go", cart="c1")
    early = "2026-03-02T09:59:59+00:00"
    shop.event("Told", cart="c1", at=early)
    event = Event("Told", id="t2", customer_id="ann", occurred_at=early, properties={"cart": "c1"})

    assert lines(shop, "late") == [("late", "cart", "c1", 1, "here", None, "Told", "occurred before the step was entered", "")]
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    trace: list[Trace] = []
    advance(
        shop.engine.definitions.compiled,
        Customer(loaded),
        LoggedEvent(event, shop.clock.now(), None, "pending"),
        shop.clock.now(),
        trace=trace,
    )
    assert [one[1:] for one in trace] == [("late", "cart", "c1", "here", "Told", "", ("sms", "email"))]
    assert why_not(shop, "Asked", cart="c2", n=9) == [("key", "cart", "c1", "here", "Asked", "", ("email",))]
    assert why_not(shop, "Asked", n=9) == [
        ("missing key", "cart", "c1", "here", "Asked", "it had no cart, by which the journey is keyed", ("email",))
    ]
    assert why_not(shop, "Asked", cart="c1", n=5) == [
        ("condition", "cart", "c1", "here", "Asked", "event.n > data.n (data.n = 5, event.n = 5)", ("email",))
    ]
    shop.event("Told", cart="c1")  # in this very instant it is not too late
    assert shop.inside("cart", "c1").status == "completed"


def test_a_timer_that_follows_is_told_as_such() -> None:
    """Ann's date moves, becomes unknown, and is past: she stays where she is with another timer, and is led away in the end."""
    wait = "1 day before customer.ends, wait if missing, skip to missed if past, following"
    steps = [Step("in", stage="retention", wait=wait), Step("met", wait="1 day"), Step("missed", wait="1 day")]
    shop = Shop(Journey("renew", entry="Came", zone="UTC", steps=steps))
    shop.event("Came")
    for ends in ("2026-03-10", "2026-03-11", None, "2026-03-01"):
        shop.identify(traits={"ends": ends})

    tenth = START + (7 * 24 - 9) * HOUR
    assert [line for line in lines(shop) if line[1]] == [
        ("entered", "renew", "", 1, None, "in", "Came", shop.inside("renew").definition[:16], "+0@"),
        ("stayed", "renew", "", 1, "in", "in", "following", None, f"-0 +0@{tenth}"),
        ("stayed", "renew", "", 1, "in", "in", "following", None, f"-0 +0@{tenth + 24 * HOUR}"),
        ("stayed", "renew", "", 1, "in", "in", "following", None, "-0 +0@"),
        ("moved", "renew", "", 1, "in", "missed", f"{wait}: past", None, f"+2@{START + 24 * HOUR}"),
    ]


def test_scopes_steps_and_the_end() -> None:
    """Each timer that is armed, fired and taken away; whoever stays in the scope keeps its timer."""
    scope = Scope("asking", stage="purchase", wait="2 days", exits=Exit(On("Refused"), end="gave up"), steps=[Step("first", wait="1 hour"), Step("second", wait="3 days")])  # fmt: skip
    shop = Shop(Journey("ask", entry="Came", goal="Bought", steps=[scope, Step("after", wait="1 hour"), Step("over", end="done")]))
    shop.event("Came")
    shop.event("Came", "bob")
    shop.event("Came", "cem")
    shop.wait("1 hour")
    shop.event("Refused", "cem")  # in the instant in which the hour is over: he has not been moved yet
    shop.wait("1 minute")
    shop.event("Refused", "bob")
    shop.wait("3 days")

    number = {entry[0]: entry for entry in lines(shop)}["entered"][7]
    assert lines(shop) == [
        ("entered", "ask", "", 1, None, "first", "Came", number, f"+0@{START + 48 * HOUR} +1@{START + HOUR}"),
        ("moved", "ask", "", 1, "first", "second", "after 1 hour", None, f"!1 +2@{START + 73 * HOUR}"),
        ("moved", "ask", "", 1, "second", "after", "after 2 days in asking", None, f"!0 -2 +3@{START + 49 * HOUR}"),
        ("moved", "ask", "", 1, "after", "over", "after 1 hour", None, "!3"),
        ("exited", "ask", "", 1, "over", None, "after 1 hour", "done", ""),
    ]
    assert lines(shop, customer="cem")[1:] == [("exited", "ask", "", 1, "first", None, "Refused", "gave up", "-0 -1")]
    assert lines(shop, customer="bob")[2:] == [("exited", "ask", "", 1, "second", None, "Refused", "gave up", "-0 -2")]


def test_several_changes_in_one_decision_are_told_one_by_one() -> None:
    """Traits in the order in which they are told, then what follows from each; the segment with which way its edge goes."""
    vip = Catalog(segments={"vip": "customer.age > 50"})
    moves = [Transition(set={"data.last": "signal.new"}, on=On(changed=f"customer.{name}")) for name in ("plan", "age")]
    shop = Shop(
        Journey("plain", entry="Came", steps=[Step("in", stage="retention", wait="1 day", when=moves)]),
        Journey("vips", entry=On(segment="vip"), steps=[Step("in", stage="retention", wait="1 day")]),
        vip,
    )
    shop.event("Came")
    shop.identify(traits={"plan": "gold", "age": 60, "left": None})
    shop.identify(traits={"age": 40})

    assert [(line[0], line[1], line[6], line[7]) for line in lines(shop) if line[0] != "entered"] == [
        ("traits", "", "customer.plan", "unknown -> 'gold'"),
        ("traits", "", "customer.age", "unknown -> 60"),
        ("segment", "", "segment vip", "entered"),
        ("stayed", "plain", "changed customer.plan", None),
        ("stayed", "plain", "changed customer.age", None),
        ("traits", "", "customer.age", "60 -> 40"),
        ("segment", "", "segment vip", "left"),
        ("stayed", "plain", "changed customer.age", None),
    ]
    assert shop.inside("plain").data == {"last": 40}


def test_an_exit_that_waits_for_the_next_action_ends_as_it_says() -> None:
    """Completed, or by its reason; it takes the place of the action, and of the move that would have asked for it."""
    for end, line in (("completed", ("completed", None)), ("staff", ("exited", "staff"))):
        rule = Exit(On(where="customer.staff"), end=end, at="next action")
        steps = [
            Step("first", stage="retention", wait="1 hour"),
            Step("second", wait="1 hour"),
            Step("third", do=Do("email"), wait="1 hour"),
        ]
        shop = Shop(Journey("ask", entry="Came", exits=rule, steps=steps))
        shop.event("Came")
        shop.identify(traits={"staff": True})
        shop.wait("9 hours")

        assert [(kind, target or reason) for kind, _, _, _, _, target, _, reason, _ in lines(shop) if kind != "traits"] == [
            ("entered", "first"), ("moved", "second"), line,
        ]  # fmt: skip
        assert (shop.sent, shop.inside("ask").step) == ([], "second")


def test_what_stays_where_it_is_waits_for_the_same_exit() -> None:
    """A rule that asks for a mail and moves nobody asks for an action, too; one that only sets something does not."""
    rule = Exit(On(where="customer.staff"), end="staff", at="next action")
    rules = [Transition(on=On("Noted"), set={"data.n": "event.n"}), Transition(on=On("Told"), do=Do("email"))]
    shop = Shop(Journey("ask", entry="Came", exits=rule, steps=[Step("in", stage="retention", wait="9 days", when=rules)]))
    shop.event("Came")
    shop.identify(traits={"staff": True})
    shop.event("Noted", n=3)
    assert (shop.inside("ask").status, shop.inside("ask").data) == ("active", {"n": 3})
    shop.event("Told")
    shop.work()

    assert (shop.inside("ask").status, shop.inside("ask").reason, shop.sent) == ("exited", "staff", [])


def test_of_two_timers_that_are_over_the_earlier_fires_first() -> None:
    """However late the worker comes, and whichever of the two was armed first: the scope was over before the step was."""
    for scope, step, expected in (("30 minutes", "1 hour", ["moved after"]), ("1 hour", "30 minutes", ["moved second", "moved after"])):
        inner = [Step("first", stage="retention", wait=step), Step("second", wait="9 days")]
        shop = Shop(Journey("ask", entry="Came", steps=[Scope("outer", wait=scope, steps=inner), Step("after", wait="9 days")]))
        shop.event("Came")
        shop.clock.advance(2 * 3_600)
        shop.work()

        assert [line.partition(" ")[2].partition(" ")[2] for line in shop.told()[1:]] == expected
        assert [line[6:11] for line in shop.told()[1:]] == (["09:30"] if len(expected) == 1 else ["09:30", "10:00"])


def test_an_exit_that_stumbles_after_the_end_keeps_no_mail_back() -> None:
    """The journey is over but for its mail: an order with a number takes her out of it, one with a text is nothing that can be compared."""
    rule = Exit(On("Order", where="event.total > 3"))
    for total, sent in ((5, 0), (2, 1), ("much", 1)):
        steps = [Step("first", stage="retention", when={"Go": "last"}, wait="1 day"), Step("last", do=Do("email"), end="completed")]
        shop = Shop(Journey("ask", entry="Came", exits=rule, steps=steps))
        shop.event("Came")
        shop.event("Go")
        shop.event("Order", total=total)
        shop.work()

        assert len(shop.sent) == sent, total


def test_a_timer_that_nobody_takes_is_spent() -> None:
    """Two hours later nothing holds: Ann stays where she is, nothing is left that could fire, and the history says which timer it was. Bob is moved."""
    thanks = Transition("thanks", on=On(after="2 hours", where="data.total > 100"))
    left = Step("left", stage="retention", when=[thanks, Transition("thanks", on=On("Go"))])
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.total": "event.total"}), steps=[left, Step("thanks", end="thanked")]))
    shop.event("Came", total=5)
    shop.event("Came", "bob", total=500)
    shop.wait("1 day")

    assert lines(shop)[1:] == [("spent", "ask", "", 1, "left", None, "after 2 hours", None, "!0")]
    assert (shop.inside("ask").step, shop.inside("ask").timers) == ("left", ())
    assert lines(shop, customer="bob")[1:] == [
        ("moved", "ask", "", 1, "left", "thanks", "after 2 hours", None, "!0"),
        ("exited", "ask", "", 1, "thanks", None, "after 2 hours", "thanked", ""),
    ]


def test_who_is_started_without_a_key_is_not_let_in() -> None:
    """The event names no cart: she stays where she is, and why-not says what she would have got. The host may not name one where there is none."""
    start = Start("keyed", key="event.cart")
    steps = [Step("in", stage="retention", wait="9 days", when=[Transition(on=On("Go"), do=start)])]
    keyed = Journey("keyed", key="cart", entry="Keyed", steps=[Step("k", stage="purchase", do=Do("email"), wait="1 day")])
    shop = Shop(Journey("ask", entry="Came", steps=steps), keyed, PLAIN)
    shop.event("Came")

    assert why_not(shop, "Go") == [("missing key", "keyed", "", "", "start", "its key is missing", ("email",))]
    shop.event("Go")
    shop.engine.enroll("plain", "ann", id="c1", key="c1")
    shop.event("Go", cart="c1")
    assert lines(shop, "refused") == [
        ("refused", "keyed", "", 0, None, None, "start", "its key is missing", ""),
        ("refused", "plain", "c1", 0, None, None, "enroll", "it has no key", ""),
    ]
    assert shop.inside("keyed", "c1").step == "k"


PLAIN = Journey("plain", entry="Plain", steps=[Step("in", stage="retention", wait="1 day")])


def test_whoever_is_started_is_named_by_a_text() -> None:
    """The friend is a number: nobody is started, and the part that names her is kept aside."""
    friend = Start("plain", customer="event.friend")
    steps = [Step("in", stage="retention", wait="9 days", when=[Transition(on=On("Told"), do=friend)])]
    shop = Shop(Journey("ask", entry="Came", steps=steps), PLAIN)
    shop.event("Came")
    for friend_of_hers in (5, "", None, "bob"):
        shop.event("Told", friend=friend_of_hers)
    shop.work()

    assert lines(shop, "parked") == [
        ("parked", "ask", "", 1, "in", None, "Told", f"start plain: {shown} names no customer", "") for shown in ("5", "''", "missing")
    ]
    assert [one[:2] for one in lines(shop, customer="bob")] == [("entered", "plain")]


def test_what_follows_from_a_cart_that_is_gone() -> None:
    """In the instant in which the cart is over, and no earlier: the rule sees what it was and what it is."""
    cart = Journey("cart", entry="Added", steps=[Step("left", stage="purchase", when={"Ordered": "over"}), Step("over", end="completed")])
    gone = Transition("asked", on=On(where="not active('cart') and signal.old and not signal.new"))
    came = Transition("asked", on=On(where="active('cart') and signal.old"))
    rate = Journey(
        "rate", entry="Came", steps=[Step("in", stage="retention", when=[gone, came], wait="9 days"), Step("asked", wait="9 days")]
    )
    shop = Shop(cart, rate)
    shop.event("Came")
    shop.event("Added")
    assert shop.inside("rate").step == "in"
    shop.event("Ordered")

    assert (shop.inside("rate").step, shop.inside("cart").status) == ("asked", "completed")


def test_an_exit_without_a_signal_goes_before_a_move() -> None:
    """With her second order Ann is somebody who leaves: the same order would have had a mail."""
    order = Transition("thanked", on=On("Ordered"), do=Do("email"))
    steps = [Step("in", stage="retention", when=[order], wait="9 days"), Step("thanked", when=[order], wait="9 days")]
    regular = Exit(On(where="customer.orders > 1"), end="regular")
    shop = Shop(Journey("first", entry="Came", exits=regular, steps=steps), Catalog(facts={"orders": "count of Ordered"}))
    shop.event("Came")
    shop.event("Ordered")
    shop.work()
    shop.event("Ordered")
    shop.work()

    assert [line[:7] for line in lines(shop)] == [
        ("entered", "first", "", 1, None, "in", "Came"),
        ("moved", "first", "", 1, "in", "thanked", "Ordered"),
        ("exited", "first", "", 1, "thanked", None, "where customer.orders > 1"),
    ]
    assert (len(shop.sent), shop.inside("first").reason) == (1, "regular")
