"""What bites, by hand: the places where two rules meet, each told as the story of a customer."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Entry, Exit, Journey, On, Retry, Scope, Step, Transition
from shop import Shop

# ---- exit and transition on one signal


@pytest.mark.parametrize("deeper", [False, True])
def test_an_exit_and_a_transition_on_one_signal(deeper: bool) -> None:
    """Ann buys while a reminder is due to be moved by the same order: the exit comes first, however deep the transition stands."""
    move = Transition("thanks", on=On("Order Completed", where="event.total > 0"), do=Do("sms"))
    left = Step("left", wait="2 hours", when=() if deeper else (move,))
    shop = Shop(
        Journey(
            "cart",
            stage="consideration",
            entry="Product Added",
            exits=Exit(On("Order Completed", where="event.total >= 100"), end="bought"),
            steps=[Scope("waiting", when=(move,) if deeper else (), steps=[left]), Step("thanks", do=Do("email"))],
        )
    )
    shop.event("Product Added")
    shop.event("Order Completed", total=100)
    shop.event("Product Added", "bob")
    shop.event("Order Completed", "bob", total=99)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 bob sms", "2026-03-02 09:00 bob email"]
    assert shop.told("ann")[-1] == "03-02 09:00 exited bought"
    assert shop.told("bob")[-2:] == ["03-02 09:00 moved thanks", "03-02 09:00 completed"]


def test_a_scopes_exit_stands_between_the_journeys_exit_and_the_transitions() -> None:
    """On one signal the scope's exit hides the step's transition, and the journey's exit hides both."""
    shop = Shop(
        Journey(
            "cart",
            stage="consideration",
            entry="Product Added",
            exits=Exit(On("Answered", where="event.text == 'stop'"), end="stopped"),
            steps=[
                Scope(
                    "asking",
                    exits=Exit(On("Answered", where="event.text != 'later'")),
                    steps=[Step("asked", wait="1 day", when={"Answered": "asked again"}), Step("asked again", wait="1 day")],
                ),
                Step("behind", wait="1 day"),
            ],
        )
    )
    for customer, text in (("ann", "stop"), ("bob", "yes"), ("cid", "later")):
        shop.event("Product Added", customer)
        shop.event("Answered", customer, text=text)

    assert [shop.inside("cart", customer=customer).step for customer in ("ann", "bob", "cid")] == ["asked", "behind", "asked again"]
    assert shop.inside("cart", customer="ann").reason == "stopped"


def test_an_exit_that_waits_for_the_next_action_lets_the_quiet_transition_pass() -> None:
    """Ann unsubscribes: she is moved on by the same event, since that sends nothing, and leaves before the next message."""
    shop = Shop(
        Journey(
            "series",
            stage="awareness",
            entry="Subscribed",
            exits=Exit("Unsubscribed", end="unsubscribed", at="next action"),
            steps=[
                Step("first", wait="1 day", when={"Unsubscribed": "second"}),
                Step("second", wait="1 day"),
                Step("third", do=Do("email")),
            ],
        )
    )
    shop.event("Subscribed")
    shop.event("Unsubscribed")
    shop.wait("3 days")

    assert shop.sent == []
    assert shop.told() == ["03-02 09:00 entered first", "03-02 09:00 moved second", "03-03 09:00 exited unsubscribed"]


# ---- exit of one enrollment and entry of another on one event


def test_an_event_ends_one_journey_and_opens_the_next() -> None:
    """The order that takes Ann out of the cart journey lets her into the thank-you journey, which does not see that order again."""
    cart = Journey("cart", stage="consideration", entry="Product Added", exits="Order Completed", steps=[Step("left", wait="2 hours")])
    thanks = Journey(
        "thanks",
        stage="retention",
        entry="Order Completed",
        exits="Order Completed",
        steps=[Step("wait", wait="1 day"), Step("ask", do=Do("email"))],
    )
    shop = Shop(thanks, cart)
    shop.event("Product Added")
    shop.event("Order Completed")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-03 09:00 ann email"]
    assert shop.told() == [
        "03-02 09:00 entered left",
        "03-02 09:00 exited Order Completed",
        "03-02 09:00 entered wait",
        "03-03 09:00 moved ask",
        "03-03 09:00 completed",
    ]


def test_an_event_that_ends_a_journey_may_open_it_again() -> None:
    """Every order ends the feedback journey of the one before and begins its own; only a second journey at a time is refused."""
    journey = Journey(
        "feedback",
        stage="retention",
        entry="Order Completed",
        exits="Order Completed",
        reentry="always",
        steps=[Step("wait", wait="7 days")],
    )
    shop = Shop(journey)
    shop.event("Order Completed")
    shop.event("Order Completed")

    assert shop.inside("feedback").number == 2
    assert shop.told() == ["03-02 09:00 entered wait", "03-02 09:00 exited Order Completed", "03-02 09:00 entered wait"]


# ---- a dropped message and a wait for its `opened`


def test_a_dropped_message_changes_nothing_unless_the_journey_listens() -> None:
    """The message grows too old and is dropped: one journey waits for its opening to the end, the other hears of it."""
    steps = [Step("sent", stage="awareness", do=Do("email", expires="1 hour"), wait="3 days", when={"Email Opened": "opened"})]
    steps += [Step("silent", do=Do("sms"), end="not opened"), Step("opened", end="completed")]
    deaf = Journey("deaf", entry="Subscribed", steps=steps)
    dropped = Transition("silent", on=On(settled="email dropped"))
    listening = Journey("listening", entry="Subscribed", steps=steps, when=[dropped])
    shop = Shop(deaf, listening)
    shop.event("Subscribed")
    shop.clock.advance(2 * 3600)
    shop.work()

    assert shop.sent == ["2026-03-02 11:00 ann sms"]
    assert [row.reason for row in shop.engine.outbox("dropped")] == ["expired", "expired"]
    assert shop.inside("deaf").step == "sent"
    assert shop.inside("listening").step == "silent"

    shop.wait("3 days")

    assert shop.sent == ["2026-03-02 11:00 ann sms", "2026-03-05 09:00 ann sms"]


# ---- a late worker with a chained timer

CHAIN = Journey(
    "chain",
    stage="awareness",
    entry="Subscribed",
    steps=[
        Step("one", do=Do("email", n=1, expires="never"), wait="1 day"),
        Step("two", do=Do("email", n=2, expires="never"), wait="2 hours", when={"Bought": "bought"}),
        Step("three", do=Do("email", n=3, expires="never"), wait="1 day"),
        Step("bought", end="completed"),
    ],
)


def test_a_late_worker_decides_a_chain_of_timers_at_its_own_moments() -> None:
    """Nobody looked for a week: each wait still counts from the moment at which the one before was over."""
    shop = Shop(CHAIN)
    shop.event("Subscribed")
    shop.clock.advance(7 * 86_400)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email 1", "2026-03-03 09:00 ann email 2", "2026-03-03 11:00 ann email 3"]
    assert shop.told()[-1] == "03-04 11:00 completed"


def test_an_event_finds_what_was_due_before_it_already_done() -> None:
    """The event arrives before the worker: what was due is decided first, and the event finds Ann where she then was."""
    shop = Shop(CHAIN)
    shop.event("Subscribed")
    shop.clock.advance(86_400 + 3_600)
    shop.event("Bought")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email 1", "2026-03-03 09:00 ann email 2"]
    assert shop.told()[-2:] == ["03-03 10:00 moved bought", "03-03 10:00 completed"]


# ---- a scope's limit equal to the sum of its waits


@pytest.mark.parametrize("late", [False, True])
def test_the_last_reminder_is_sent_though_the_limit_ends_in_that_instant(late: bool) -> None:
    """Three days of reminders in a scope of three days: step before scope, so the third is sent before the limit leads on."""
    shop = Shop(
        Journey(
            "dunning",
            stage="retention",
            entry="Payment Failed",
            steps=[
                Scope(
                    "reminding",
                    wait="3 days",
                    steps=[
                        Step("first", do=Do("email", n=1), wait="1 day"),
                        Step("second", do=Do("email", n=2), wait="2 days"),
                        Step("third", do=Do("email", n=3), wait="1 day"),
                    ],
                ),
                Step("closed", do=Do("ticket")),
            ],
        )
    )
    shop.event("Payment Failed")
    if late:
        shop.wait("2 days")
        shop.clock.advance(86_400 + 1)
        shop.work()
    else:
        shop.wait("4 days")

    assert shop.sent == [
        "2026-03-02 09:00 ann email 1",
        "2026-03-03 09:00 ann email 2",
        "2026-03-05 09:00 ann email 3",
        "2026-03-05 09:00 ann ticket",
    ]


# ---- an internal transition that performs twice in one visit


def test_an_internal_transition_performs_as_often_as_it_is_taken_and_leaves_the_timers_alone() -> None:
    """Two questions in one visit are answered twice, under two keys, and the day still ends a day after the entry."""
    shop = Shop(
        Journey(
            "care",
            stage="retention",
            entry="Order Completed",
            steps=[
                Step(
                    "open",
                    wait="1 day",
                    when=[Transition(on=On("Asked"), do=Do("email", answer="{data.n}"), set={"data.n": "(data.n or 0) + 1"})],
                ),
                Step("closed", do=Do("sms")),
            ],
        )
    )
    shop.event("Order Completed")
    shop.wait("20 hours")
    shop.event("Asked")
    shop.event("Asked")
    shop.wait("5 hours")

    assert shop.sent == ["2026-03-03 05:00 ann email 1", "2026-03-03 05:00 ann email 2", "2026-03-03 09:00 ann sms"]
    assert len({request.idempotency_key for request in shop.requests}) == 3
    assert shop.told()[:3] == ["03-02 09:00 entered open", "03-03 05:00 stayed", "03-03 05:00 stayed"]


# ---- a window edge and an event in one instant


def test_the_edges_of_the_time_in_which_a_journey_is_open() -> None:
    """Open from its first instant up to, and without, its last: half-open, in the journey's zone."""
    journey = Journey(
        "sale",
        stage="awareness",
        zone="Europe/Berlin",
        open="2026-03-28 to 2026-03-30",
        entry="Visited",
        steps=[Step("in", do=Do("email"))],
    )
    shop = Shop(journey, at="2026-03-27T22:59:59.999999+00:00")
    shop.event("Visited", "too early")
    shop.clock.set("2026-03-27T23:00:00+00:00")
    shop.event("Visited", "first")
    shop.clock.set("2026-03-29T21:59:59.999999+00:00")  # the clocks have changed in between
    shop.event("Visited", "last")
    shop.clock.set("2026-03-29T22:00:00+00:00")
    shop.event("Visited", "too late")

    assert [shop.told(customer) != [] and shop.told(customer)[0][12:19] for customer in ("too early", "first", "last", "too late")] == [
        "refused", "entered", "entered", "refused",
    ]  # fmt: skip


def test_an_event_in_the_instant_in_which_a_wait_until_nine_ends() -> None:
    """At nine sharp Ann orders: the wait until nine has not ended yet, and the message is not sent; a microsecond later it would be."""
    journey = Journey(
        "morning",
        stage="awareness",
        zone="Europe/Berlin",
        entry="Visited",
        exits="Order Completed",
        steps=[Step("night", wait="until 09:00"), Step("day", do=Do("email"))],
    )
    for customer, moment, sent in (
        ("ann", "2026-03-03T08:00:00+00:00", []),
        ("bob", "2026-03-03T08:00:00.000001+00:00", ["2026-03-03 08:00 bob email"]),
    ):
        shop = Shop(journey)
        shop.event("Visited", customer)
        shop.clock.set(moment)
        shop.work()
        shop.event("Order Completed", customer)
        shop.work()

        assert shop.sent == sent


# ---- a following timer whose date becomes an aggregate's


def test_a_following_timer_whose_date_is_an_aggregates() -> None:
    """Thirty days after the last order: every order moves the date, the late report of an earlier one does not."""
    catalog = Catalog(facts={"last_order": "last of Order Completed"})
    journey = Journey(
        "win back",
        stage="retention",
        zone="UTC",
        entry="Subscribed",
        steps=[
            Step("quiet", wait="30 days after customer.last_order, wait if missing, now if past, following"),
            Step("reminded", do=Do("email"), end="completed"),
        ],
    )
    shop = Shop(catalog, journey)
    shop.event("Subscribed")
    assert [timer.due_at for timer in shop.inside("win back").timers] == [None]

    shop.event("Order Completed")
    shop.wait("10 days")
    shop.event("Order Completed")
    shop.wait("5 days")
    shop.event("Order Completed", at="2026-03-05T09:00:00+00:00")
    shop.wait("60 days")

    assert shop.sent == ["2026-04-11 09:00 ann email"]


def test_a_following_timer_whose_date_is_moved_into_the_past_fires_at_once() -> None:
    """The delivery is brought forward to yesterday: what was to happen two hours after it happens now, once."""
    journey = Journey(
        "delivery",
        stage="purchase",
        zone="UTC",
        entry=Entry("Order Completed", set={"data.delivery": "event.delivery"}),
        steps=[
            Step(
                "under way",
                wait="2 hours after data.delivery, wait if missing, now if past, following",
                when=[Transition(on=On("Delivery Moved"), set={"data.delivery": "event.delivery"})],
            ),
            Step("delivered", do=Do("email")),
        ],
    )
    shop = Shop(journey)
    shop.event("Order Completed", delivery="2026-03-09T12:00:00+00:00")
    shop.wait("1 day")
    shop.event("Delivery Moved", delivery="2026-03-02T12:00:00+00:00")
    shop.wait("14 days")

    assert shop.sent == ["2026-03-03 09:00 ann email"]


# ---- gap, fold and month ends

NIGHT = Journey(
    "night",
    stage="awareness",
    zone="Europe/Berlin",
    entry="Visited",
    steps=[Step("in", wait="until 02:30"), Step("half past two", do=Do("email"), wait="1 calendar day"), Step("a day later", do=Do("sms"))],
)


def test_half_past_two_in_the_night_that_has_none() -> None:
    """In spring 02:30 does not exist in Berlin: the first instant after the gap, and from there to the same wall time next day."""
    shop = Shop(NIGHT, at="2026-03-28T20:00:00+00:00")
    shop.event("Visited")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-29 01:00 ann email", "2026-03-30 01:00 ann sms"]


def test_half_past_two_in_the_night_that_has_two() -> None:
    """In autumn 02:30 exists twice: the first counts, and the day after it has 25 hours."""
    shop = Shop(NIGHT, at="2026-10-24T20:00:00+00:00")
    shop.event("Visited")
    shop.wait("3 days")

    assert shop.sent == ["2026-10-25 00:30 ann email", "2026-10-26 01:30 ann sms"]


def test_a_day_of_24_hours_is_no_calendar_day_in_the_night_of_the_change() -> None:
    """A day is 24 hours, a calendar day the same time on the wall: in that night they are an hour apart."""
    elapsed = Journey("elapsed", stage="awareness", entry="Visited", steps=[Step("in", wait="1 day"), Step("out", do=Do("sms"))])
    civil = Journey(
        "civil",
        stage="awareness",
        zone="Europe/Berlin",
        entry="Visited",
        steps=[Step("in", wait="1 calendar day"), Step("out", do=Do("email"))],
    )
    shop = Shop(elapsed, civil, at="2026-03-28T12:00:00+00:00")
    shop.event("Visited")
    shop.wait("2 days")

    assert shop.sent == ["2026-03-29 11:00 ann email", "2026-03-29 12:00 ann sms"]


def test_month_ends() -> None:
    """Every month from 31 January: counted from the anchor, the last day where a month lacks the 31st, or the first of the next."""
    last = [Step(f"after {n}", wait=f"{n} months after data.begin at 12:00, exit if missing, now if past") for n in (1, 2, 3)]
    rolling = [
        Step(f"after {n}", wait=f"{n} months after data.begin at 12:00, exit if missing, now if past, rolling over") for n in (1, 2, 3)
    ]
    sending = [Step("end", end="completed")]
    begin = Entry("Subscribed", set={"data.begin": "event.begin"})
    journeys = [
        Journey(name, stage="retention", zone="UTC", entry=begin, steps=[*steps, *sending])
        for name, steps in (("last", last), ("rolling", rolling))
    ]
    shop = Shop(*journeys, at="2026-01-31T12:00:00+00:00")
    shop.event("Subscribed", begin="2026-01-31T12:00:00+00:00")
    shop.wait("100 days")

    told = [line for line in shop.told() if "moved" in line]
    assert told == [
        "02-28 12:00 moved after 2",
        "03-01 12:00 moved after 2",
        "03-31 12:00 moved after 3",
        "03-31 12:00 moved after 3",
        "04-30 12:00 moved end",
        "05-01 12:00 moved end",
    ]


# ---- a parked signal while later ones are decided


def test_later_signals_are_decided_while_an_earlier_one_is_parked() -> None:
    """A condition fails on a broken property: that part waits, the rest of the event and all later events go on."""
    broken = Journey(
        "broken",
        stage="consideration",
        entry="Visited",
        steps=[Step("in", wait="7 days", when=[Transition("rich", on=On("Paid", where="event.total > 100"))]), Step("rich", wait="7 days")],
    )
    sound = Journey(
        "sound",
        stage="consideration",
        entry="Visited",
        steps=[Step("in", wait="7 days", when={"Paid": "paid"}), Step("paid", do=Do("email"))],
    )
    shop = Shop(broken, sound)
    shop.event("Visited")
    shop.event("Paid", total="a lot")

    assert shop.inside("broken").step == "in"
    assert shop.inside("sound").step == "paid"
    assert [line for line in shop.told() if "parked" in line] != []

    shop.event("Paid", total=500)

    assert shop.inside("broken").step == "rich"


def test_a_parked_timer_is_spent_and_can_be_fired_again_once_the_data_is_right() -> None:
    """The wait ends while a trait is wrong: nothing is half done, and after the fix the same part is offered once more."""
    journey = Journey(
        "renewal",
        stage="retention",
        entry="Subscribed",
        steps=[
            Step("in", wait="1 day"),
            Step("asked", set={"data.half": "customer.price / 2"}, do=Do("email", half="{data.half}"), wait="1 day"),
        ],
    )
    shop = Shop(journey)
    shop.identify(traits={"price": "10"})
    shop.event("Subscribed")
    shop.wait("30 hours")

    assert shop.inside("renewal").step == "in"
    assert shop.inside("renewal").timers == ()
    assert shop.sent == []

    shop.identify(traits={"price": 10})
    shop.engine.retry("ann")
    shop.work()

    assert shop.sent == ["2026-03-03 15:00 ann email 5.0"]


# ---- and what the reference found


def test_an_action_tried_again_is_not_asked_for_again() -> None:
    """A provider that asks for patience gets the same request again, under the same key, and the journey waits for nobody."""
    answers = iter([Retry(after=60), None])
    journey = Journey(
        "hello", stage="awareness", entry="Subscribed", steps=[Step("in", do=Do("email"), wait="1 hour"), Step("out", end="completed")]
    )
    shop = Shop(journey, answers={"email": lambda request: next(answers)})
    shop.event("Subscribed")
    shop.wait("2 hours")

    assert len(shop.sent) == 2
    assert len({request.idempotency_key for request in shop.requests}) == 1


def test_an_idle_customer_comes_back_after_a_refusal() -> None:
    """The first idle hour came to nothing; the next visit begins another, though both stand in one commit."""
    journey = Journey(
        "idle",
        stage="awareness",
        entry=Entry(On("Visited", where="customer.plan == 'gold'"), wait="1 hour"),
        steps=[Step("in", wait="1 day")],
    )
    shop = Shop(journey)
    shop.event("Visited")
    shop.clock.advance(2 * 3600)
    shop.event("Visited")
    shop.identify(traits={"plan": "gold"})
    shop.wait("2 hours")

    assert shop.told()[-1] == "03-02 12:00 entered in"


def test_a_second_moment_is_not_forgotten_when_the_first_leads_away() -> None:
    """Both the journey and the scope wait for moments that are over: the skip happens, and then the scope's own rule."""
    journey = Journey(
        "trip",
        stage="purchase",
        entry="Booked",
        when=[Transition("talk", on=On(after="until data.call, skip to talk if missing, now if past"), do=Do("sms"))],
        steps=[
            Scope(
                "before",
                wait="until data.start, exit if missing, now if past",
                steps=[Step("pack", wait="1 day"), Step("talk", wait="1 day")],
            )
        ],
        zone="UTC",
    )
    shop = Shop(journey)
    shop.event("Booked")

    assert shop.inside("trip").status == "exited"
    assert shop.inside("trip").step == "talk"


def test_a_timer_due_at_once_does_not_fire_for_a_later_visit() -> None:
    """The moment is past, but before its timer fires the step is entered anew, where the moment is not known: it waits."""
    journey = Journey(
        "again",
        stage="awareness",
        entry="Visited",
        zone="UTC",
        steps=[
            Step(
                "in",
                wait="1 hour after customer.start, wait if missing, now if past",
                when=[Transition("in", on=On(changed="customer.plan"), set={"customer.start": "None"})],
            ),
            Step("out", do=Do("email")),
        ],
    )
    shop = Shop(journey)
    shop.event("Visited")
    shop.identify(traits={"plan": "gold", "start": "2026-03-01T09:00:00+00:00"})
    shop.work()

    assert shop.sent == []
    assert shop.inside("again").step == "in"


def test_a_moment_that_never_passes_does_not_run_in_circles() -> None:
    """A timer that comes round to the very moment it fired at has nothing to wait for: its moment has passed."""
    journey = Journey(
        "circle",
        stage="awareness",
        zone="UTC",
        entry=Entry("Visited", set={"data.start": "event.start"}),
        steps=[
            Step(
                "in",
                wait="1 day",
                when=[Transition("in", on=On(after="until data.start, wait if missing, exit if past"), do=Do("email"))],
            )
        ],
    )
    shop = Shop(journey)
    shop.event("Visited", start="2026-03-02T12:00:00+00:00")
    shop.wait("6 hours")

    assert shop.sent == ["2026-03-02 12:00 ann email"]
    assert shop.inside("circle").status == "exited"


def test_a_split_behind_a_scope_is_one_draw_from_whichever_step_it_is_reached() -> None:
    """Ann and her second order leave the scope from different steps, and are in the same arm of the same experiment."""
    journey = Journey(
        "trial",
        stage="awareness",
        entry="Visited",
        reentry="always",
        steps=[
            Scope(
                "inside",
                exits="Left",
                then="50% a, 50% b",
                steps=[Step("one", wait="1 day", when={"Went On": "two"}), Step("two", wait="1 day")],
            ),
            Step("a", end="a"),
            Step("b", end="b"),
        ],
    )
    for number in range(12):
        shop = Shop(journey)
        customer = f"customer {number}"
        shop.event("Visited", customer)
        shop.event("Left", customer)
        arm = shop.inside("trial", customer=customer).step
        shop.event("Visited", customer)
        shop.event("Went On", customer)
        shop.event("Left", customer)

        assert shop.inside("trial", customer=customer).step == arm


def test_an_entry_says_which_property_gives_the_key() -> None:
    """Two events that call the cart by different names open the same enrollment, and the second is refused."""
    journey = Journey(
        "cart",
        stage="consideration",
        key="cart",
        entry=[Entry("Product Added"), Entry(On("Checkout Started", key="basket"))],
        steps=[Step("left", wait="1 day")],
    )
    shop = Shop(journey)
    shop.event("Checkout Started", basket="c1", cart="something else")
    shop.event("Product Added", cart="c1")

    assert shop.inside("cart", "c1").number == 1
    assert shop.told() == ["03-02 09:00 entered left", "03-02 09:00 refused already inside"]


def test_the_arm_that_was_drawn_can_be_asked_for() -> None:
    """A message and a condition of the journey know which arm of its experiment Ann is in."""
    journey = Journey(
        "trial",
        stage="awareness",
        entry="Visited",
        steps=[
            Step("drawn", then="50% a, 50% b as colour"),
            Step(
                "a", do=Do("email", arm="{arm.colour}"), wait="1 day", when=[Transition("won", on=On("Clicked", where="arm.colour == 'a'"))]
            ),
            Step(
                "b", do=Do("email", arm="{arm.colour}"), wait="1 day", when=[Transition("won", on=On("Clicked", where="arm.colour == 'b'"))]
            ),
            Step("won", wait="1 day"),
        ],
    )
    shop = Shop(journey)
    shop.event("Visited")
    shop.work()
    drawn = shop.inside("trial").step
    shop.event("Clicked")

    assert shop.sent == [f"2026-03-02 09:00 ann email {drawn}"]
    assert shop.inside("trial").step == "won"


def test_a_journey_that_starts_without_a_key_is_refused_and_the_starter_goes_on() -> None:
    """The step moves all the same; the start of the keyed journey is refused, and that is recorded."""
    from journeykit import Start

    starting = Journey(
        "starting", stage="awareness", entry="Visited", steps=[Step("in", do=Start("keyed", key="event.cart"), wait="1 day")]
    )
    keyed = Journey("keyed", stage="awareness", key="cart", steps=[Step("in", wait="1 day")])
    shop = Shop(starting, keyed)
    shop.event("Visited")

    assert shop.told() == ["03-02 09:00 entered in", "03-02 09:00 refused its key is missing"]


def test_a_hundred_carts_moved_by_one_event_are_no_circle() -> None:
    """One event moves 120 enrollments of a customer: those are no automatic transitions, and nothing is refused."""
    journey = Journey(
        "cart",
        stage="consideration",
        key="cart",
        entry="Product Added",
        steps=[Step("left", wait="2 days", when=[Transition("seen", on=On("Shop Visited", key="any"))]), Step("seen", wait="1 day")],
    )
    shop = Shop(journey)
    for number in range(120):
        shop.event("Product Added", cart=f"c{number}")
    shop.event("Shop Visited")

    assert sum("moved seen" in line for line in shop.told()) == 120
