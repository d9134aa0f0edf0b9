"""Invented customers through journeys: the numbers are those of what happened to them, whatever way they are worked out."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from journeykit import DefinitionError, Drop, loads
from journeykit.rehearsal import simulate
from journeykit.rehearsal.course import Course
from journeykit.rehearsal.people import Crowd
from journeykit.rehearsal.power import smallest_difference
from journeykit.storage.memory import MemoryStorage
from rehearsal_shop import CART, PEOPLE, SHOP, WIN_BACK, people

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKS = 13


def micros(moment):
    return int(moment.timestamp()) * 1_000_000


# -- by hand ---------------------------------------------------------------------------------------------------------------


def test_everybody_who_buys_in_time_hears_nothing():
    """Ten customers fill a cart at nine, and buy an hour later: ten came in, ten bought, nobody was written to."""
    found = simulate(
        [loads(CART)],
        people("""
            customers: 10
            begin: {Product Added: 100%}
            arrival: {over: 1 day, hours: {9: 100%}}
            events:
              Product Added:
                properties: {cart_id: new}
                next: {Order Completed: 100% after 1 hour}
              Order Completed: {properties: {cart_id: same}}
        """),
        days=14,
    ).figures()

    assert (found["customers"], found["events"], found["messages"]) == (10, 20, {})
    assert found["journeys"]["recover-cart"] == {
        "entered": 10,
        "goals": 10,
        "ended": {"bought": 10},
        "steps": {
            "left": {"entered": [10, 0], "left": [10, 0], "there": [0, 0]},
            "reminded": {"entered": [0, 0], "left": [0, 0], "there": [0, 0]},
        },
    }


def test_who_never_buys_is_reminded_two_hours_later():
    """Ten fill a cart at nine o'clock and leave it: all are reminded at eleven, and still there at the end of the third day."""
    found = simulate(
        [loads(CART)],
        people("""
            customers: 10
            begin: {Product Added: 100%}
            arrival: {over: [9 hours]}
            events: {Product Added: {properties: {cart_id: new}}}
        """),
        days=3,
    ).figures()

    assert found["journeys"]["recover-cart"]["steps"] == {
        "left": {"entered": [10], "left": [10], "there": [0]},
        "reminded": {"entered": [10], "left": [0], "there": [10]},
    }
    assert found["messages"]["email"]["by hour of day"] == [0] * 11 + [10] + [0] * 12
    assert found["messages"]["email"]["peak"] == {"messages": 10, "hour": "2026-01-01T11:00:00+00:00"}


def test_a_cap_is_full_and_two_journeys_meet():
    """Everybody gets the thanks at once and the question an hour later: with one message a week the question is dropped, without it both come."""
    shop = [
        loads("journey: thanks\nentry: Order Completed\nsteps:\n  - {step: thanked, stage: retention, do: {email: {template: thanks}}}\n"),
        loads(
            "journey: survey\nentry: Order Completed\nsteps:\n  - {step: waits, stage: retention, wait: 1 hour}\n  - {step: asked, do: {email: {template: survey}}}\n"
        ),
    ]
    who = people("{customers: 7, begin: Order Completed, arrival: {over: 1 day}}")

    capped = simulate([*shop, loads("policies: [at most 1 in 7 days]")], who, days=7).figures()
    free = simulate(shop, who, days=7).figures()

    assert capped["policies"] == {"at most 1 in 7 days": {"dropped": {"email": 7}, "held": {}}}
    assert (capped["messages"]["email"]["asked for"], capped["messages"]["email"]["performed"]) == (14, 7)
    assert capped["conflicts"]["customers with messages of two journeys within 24 hours"] == 0
    assert free["conflicts"]["customers with messages of two journeys within 24 hours"] == 7
    assert free["conflicts"]["of both"] == {"survey": {"thanks": 7}}


def test_a_lane_holds_and_a_closed_door_refuses():
    """The newsletter is held while a cart is open, and nobody comes in a second time."""
    shop = [
        loads(CART),
        loads(
            "journey: news\nentry: Product Added\nsteps:\n  - {step: waits, stage: awareness, wait: 1 hour}\n  - {step: sent, do: email}\n"
        ),
        loads("policies: ['one at a time of recover-cart, news as offers']"),
    ]
    who = people("""
        customers: 5
        begin: Product Added
        arrival: {over: 1 day}
        events: {Product Added: {properties: {cart_id: [c1]}, next: [{Product Added: 100% after 20 days}, {}]}}
    """)

    found = simulate(shop, who, days=28).figures()

    assert found["conflicts"]["held"] == {"news": {"lane offers": 5}}
    assert found["conflicts"]["refused"]["news"] == {"once": 5}


def test_what_a_reached_customer_does():
    """Everybody opens the reminder an hour after it, and whoever opens it buys another hour later: five goals, one minute of the worker included."""
    who = people("""
        customers: 5
        begin: Product Added
        arrival: {over: 1 day}
        events:
          Product Added: {properties: {cart_id: new}}
          Email Opened: {properties: {template: same}, next: {Order Completed: 100% after 1 hour}}
          Order Completed: {properties: {cart_id: same}}
        after:
          email cart-reminder: {Email Opened: 100% after 1 hour}
          email: {Complaint: 100% after 1 hour}
    """)

    storage, crowd = MemoryStorage(), Crowd(who, range(5), micros(START), micros(START + 5 * DAY), 1)
    course = Course([loads(CART)], storage, crowd)
    course.go_on(micros(START + 5 * DAY))

    for number in range(1, 6):
        added, opened, bought = storage.events(f"customer-{number}")
        (row,) = storage.outbox(None, f"customer-{number}")
        assert [one.event.name for one in (added, opened, bought)] == ["Product Added", "Email Opened", "Order Completed"]
        assert opened.event.properties == {"template": "cart-reminder"}
        assert bought.event.properties == added.event.properties
        assert row.message.at == added.event.at + 2 * 3_600_000_000
        assert 0 < opened.event.at - row.message.at - 3_600_000_000 <= 60_000_000
    assert simulate([loads(CART)], who, days=5).figures()["journeys"]["recover-cart"]["goals"] == 5


# -- against what the engine recorded --------------------------------------------------------------------------------------


@pytest.fixture(name="recorded", scope="module")
def _recorded():
    """The storage after thirteen weeks of two hundred customers, all in one go."""
    storage, end = MemoryStorage(), micros(START + WEEKS * 7 * DAY)
    course = Course(SHOP, storage, Crowd(people(), range(200), micros(START), end, 7))
    course.go_on(end)
    return storage


@pytest.fixture(name="simulated", scope="module")
def _simulated():
    return simulate(SHOP, people(), days=WEEKS * 7, seed=7)


def test_steps_are_those_of_the_history(recorded, simulated):
    """Who entered and left a step in which week, and who stood there at its end, out of the engine's own history."""
    entered, left = Counter(), Counter()
    for name in recorded.customers(limit=1_000):
        for entry in recorded.history(name):
            week = (datetime.fromtimestamp(entry.at / 1e6, UTC) - START) // (7 * DAY)
            if entry.target and entry.kind in ("entered", "moved"):
                entered[entry.journey, entry.target, week] += 1
            if entry.source and entry.kind in ("moved", "completed", "exited"):
                left[entry.journey, entry.source, week] += 1

    figures = simulated.figures()["journeys"]
    places = [("recover-cart", "left"), ("recover-cart", "reminded"), ("win-back", "quiet"), ("win-back", "asked")]
    for journey, step in places:
        numbers = figures[journey]["steps"][step]
        assert numbers["entered"] == [entered[journey, step, week] for week in range(WEEKS)]
        assert numbers["left"] == [left[journey, step, week] for week in range(WEEKS)]
        assert numbers["there"] == [sum(numbers["entered"][: week + 1]) - sum(numbers["left"][: week + 1]) for week in range(WEEKS)]
    occupied = {(journey, step): number for journey, _, step, number in recorded.occupied()}
    assert {place: figures[place[0]]["steps"][place[1]]["there"][-1] for place in places} == {
        place: occupied.get(place, 0) for place in places
    }
    assert sum(entered.values()) > 500


def test_messages_and_policies_are_those_of_the_outbox(recorded, simulated):
    """What was performed at which hour of the customer's day, what each policy dropped and held."""
    hours, dropped, held = Counter(), Counter(), Counter()
    for row in recorded.outbox(limit=10_000):
        (loaded,) = recorded.load_many([want(row.message.customer_id)])
        held.update({answer.policy for answer in row.answers if answer.answer == "defer"})
        if row.state == "performed":
            at = datetime.fromtimestamp(row.due_at / 1e6, ZoneInfo(loaded.facts.zone))
            hours[at.hour] += 1
        elif row.state == "dropped":
            dropped[row.answers[-1].policy] += 1

    figures = simulated.figures()
    assert figures["messages"]["email"]["by hour of day"] == [hours[hour] for hour in range(24)]
    assert {name: sum(found["dropped"].values()) for name, found in figures["policies"].items() if found["dropped"]} == dropped
    assert {name: sum(found["held"].values()) for name, found in figures["policies"].items() if found["held"]} == held
    assert set(dropped) >= {"consent", "hold out 10% as control", "exited"}
    assert sum(hours[hour] for hour in (22, 23, *range(8))) == 0  # the night is quiet
    assert hours[8] > 50  # and what it held is sent at eight


def want(customer_id):
    from journeykit.model.records import Want

    return Want(customer_id, None)


def test_what_happens_too_close_is_found(recorded, simulated):
    """Customers who got messages of both journeys within a day, counted pair by pair."""
    close = 0
    for name in recorded.customers(limit=1_000):
        got = [row for row in recorded.outbox(None, name, 1_000) if row.state == "performed"]
        sent = [(row.due_at, row.message.journey) for row in got]
        close += any(abs(at - other) < 86_400_000_000 and one != two for at, one in sent for other, two in sent)

    conflicts = simulated.figures()["conflicts"]
    assert conflicts["customers with messages of two journeys within 24 hours"] == close > 0


def test_the_holdout_and_what_it_can_find(recorded, simulated):
    """Who was held out and who of them bought, and the difference that so many would show."""
    arms, goals = Counter(), Counter()
    for name in recorded.customers(limit=1_000):
        (loaded,) = recorded.load_many([want(name)])
        arm = loaded.facts.arms.get("holdout/control")
        if arm is not None:
            arms[arm] += 1
            goals[arm] += any(entry.kind == "goal" for entry in recorded.history(name))

    (experiment,) = simulated.figures()["experiments"].values()
    assert experiment["arms"] == {arm: {"customers": arms[arm], "goals": goals[arm]} for arm in ("held out", "treated")}
    rate = sum(goals.values()) / sum(arms.values())
    by_hand = (1.959964 + 0.841621) * (rate * (1 - rate) * (1 / arms["held out"] + 1 / arms["treated"])) ** 0.5
    assert experiment["smallest difference found"] == pytest.approx(by_hand, rel=1e-5)


def test_who_did_what_is_measured_is_no_experiment_of_its_own():
    """The better of two wordings is looked for by who opens it; the report knows one experiment with two arms."""
    journey = loads("""
journey: news
entry: Signed Up
steps:
  - step: drawn
    stage: retention
    then: 50% short, 50% long, then the better by share of Email Opened after 9 days as wording
  - {step: short, do: {email: {template: short}}, end: completed}
  - {step: long, do: {email: {template: long}}, end: completed}
""")
    who = people(
        "{customers: 40, begin: Signed Up, arrival: {over: 20 days}, events: {Signed Up: {next: {Email Opened: 50% within 1 day}}}}"
    )
    found = simulate([journey], who, days=30).figures()

    assert list(found["experiments"]) == ["news/wording"]
    assert sorted(found["experiments"]["news/wording"]["arms"]) == ["long", "short"]


def test_the_power_of_the_textbook():
    """1,000 in each group and a rate of a tenth show 3.76 points; groups of nobody, or rates of nought, show nothing."""
    assert smallest_difference(0.1, 1_000, 1_000) == pytest.approx(0.0376, abs=0.0001)
    assert smallest_difference(0.1, 0, 1_000) is None
    assert smallest_difference(0.0, 10, 10) is None


# -- the same numbers ------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_in_whatever_parts(monkeypatch):
    """All at once, in sevens, in two processes and one event at a time: the same; another seed: others."""
    few = {"customers": 60, "days": 40}
    once = simulate(SHOP, people(), **few)
    seen = []

    assert simulate(SHOP, people(), **few, together=7, progress=lambda share, done: seen.append((share, done))) == once
    assert simulate(SHOP, people(), **few, together=30, processes=2) == once
    assert simulate(SHOP, people(), **few, seed=2) != once
    monkeypatch.setattr("journeykit.rehearsal.course.BATCH", 1)
    assert simulate(SHOP, people(), **few) == once
    assert seen[-1] == (1.0, 60)
    assert seen == sorted(seen)
    assert once.counts.events > 100


def test_what_the_host_brings_is_asked():
    """A policy of the host that drops everything, and a trigger that sees every second order."""
    shop = [
        loads("journey: thanks\nentry: shop.second()\nsteps:\n  - {step: thanked, stage: retention, do: email}\n"),
        loads("policies: [good-taste]"),
    ]
    who = people("{customers: 4, begin: Order Completed, events: {Order Completed: {next: [{Order Completed: 100% after 1 day}, {}]}}}")

    found = simulate(
        shop, who, days=100, triggers={"shop.second": Second()}, policies={"good-taste": lambda question: Drop("in bad taste")}
    )

    assert found.counts.came == {"thanks": 4}
    assert found.counts.dropped == {("good-taste", "email"): 4}


class Second:
    """Sees every second order."""

    event = "Order Completed"

    def __call__(self, event):
        return event.id.endswith("/2")


def test_whoever_comes_first_does_the_same_among_more():
    """Of 120 customers the first sixty do what sixty do alone."""
    few, many = (
        [(coming.at, coming.customer, coming.name) for coming in Crowd(people(), range(number), 0, 10**18, 1)._coming]
        for number in (60, 120)
    )

    assert set(few) < set(many)
    assert {name for _, name, _ in few} == {f"customer-{number}" for number in range(1, 61)}


def test_what_all_share_is_shared_by_all():
    """Three early birds a day are three, not three for each part of the customers."""
    offer = loads("""
        journey: welcome offer
        zone: Europe/Berlin
        entry: Signed Up
        steps:
          - step: came
            stage: awareness
            then:
              - {to: early, take: 'early-bird, 3'}
              - late
          - {step: early, do: {email: {price: 900}}, end: completed}
          - {step: late, end: late}
    """)

    found = simulate([offer], people("{customers: 20, begin: Signed Up, arrival: {over: 1 day}}"), days=2, together=5).figures()

    assert found["journeys"]["welcome offer"]["ended"] == {"completed": 3, "late": 17}


# -- what is told ----------------------------------------------------------------------------------------------------------


def test_all_of_it_fits_a_terminal(simulated):
    """Eighty columns, every journey, every policy."""
    lines = str(simulated).splitlines()

    assert max(map(len, lines)) <= 80
    for word in ("recover-cart", "win-back", "quiet 22:00 to 08:00", "holdout/control: held out", "seed 7"):
        assert any(word in line for line in lines), word


def test_a_population_that_names_what_nobody_knows():
    """An event that only resembles one, an action that no journey asks for: each with its place and the way out."""
    who = people(PEOPLE.replace("Order Completed: 30% within", "Order Complete: 30% within").replace("email: {Email", "mail: {Email"))

    with pytest.raises(DefinitionError) as caught:
        simulate([loads(CART)], who)

    assert caught.value.problems == (
        'after.mail: no journey asks for "mail"; there are email; did you mean "email"?',
        'events["Product Added"], what follows: no journey and no fact listens to "Order Complete"; did you mean "Order Completed"?',
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"customers": 0}, "customers: 0 is too few; give 1 or more"),
        ({"days": 40_000}, "days: 40000 are more than a hundred years; give fewer"),
        ({"start": "yesterday"}, "start: 'yesterday' is no moment"),
        ({"seed": "lucky"}, "seed: 'lucky' is no whole number; give for example 1"),
        ({"customers": True}, "customers: True is no whole number; give 1 or more"),
        ({"progress": True}, "progress: True cannot be called; give a function, or leave it out"),
    ],
)
def test_numbers_that_make_no_sense(given, problem):
    """They are refused before anything is decided."""
    with pytest.raises(DefinitionError) as caught:
        simulate([loads(WIN_BACK)], people("{begin: Order Completed}"), **given)

    assert caught.value.problems[0].startswith(problem)


def test_a_population_without_end_is_refused():
    """Where every event is followed by the next at once, nobody waits for the end of time."""
    who = people("{customers: 1, begin: Order Completed, events: {Order Completed: {next: {Order Completed: 100% after 1 second}}}}")

    with pytest.raises(DefinitionError) as caught:
        simulate([loads(WIN_BACK)], who, days=200)

    assert caught.value.problems == (
        'events: a customer has more than 10,000 events, the last "Order Completed"; let fewer follow each event, or later',
    )


# -- people ----------------------------------------------------------------------------------------------------------------


def test_people_have_traits_and_do_things_besides():
    """Three of ten are from Austria, more or less; everybody reads the news an hour after the order, and a friend's review a day later."""
    journey = loads(
        "journey: greet\nentry: {event: Order Completed, where: customer.country == 'AT'}\n"
        "steps: [{step: greeted, stage: retention, wait: 1 hour}]\n"
    )
    who = people("""
        begin: Order Completed
        arrival: {over: 1 day}
        traits: {country: {DE: 70%, AT: 30%}, age: 18 to 80}
        events:
          Order Completed: {also: {News Read: 100% after 1 hour, Review Read: 100% after 1 day}}
    """)
    storage, until = MemoryStorage(), micros(START + 5 * DAY)
    Course([journey], storage, Crowd(who, range(200), micros(START), until, 1)).go_on(until)

    logs = [[one.event for one in storage.events(name)] for name in storage.customers(limit=300)]
    assert {tuple(event.name for event in log) for log in logs} == {("$identify", "Order Completed", "News Read", "Review Read")}
    assert {log[3].at - log[1].at for log in logs} == {86_400_000_000}
    ages = [log[0].properties["traits"]["age"] for log in logs]
    assert (18 <= min(ages) < 25, 75 < max(ages) <= 80) == (True, True)
    from_austria = sum(log[0].properties["traits"]["country"] == "AT" for log in logs)
    assert 40 < from_austria < 80
    assert simulate([journey], who, customers=200, days=5).counts.came == {"greet": from_austria}


def test_everybody_comes_by_their_own_clock():
    """Between nine and ten in New York and in Tokyo, on the day that it is there."""
    who = people("{begin: X, arrival: {over: 2 days, hours: {9: 100%}}, zones: {America/New_York: 50%, Asia/Tokyo: 50%}}")
    crowd = Crowd(who, range(100), micros(START + DAY), 10**18, 1)
    told = [event for _, event in crowd.before(10**18)]
    zones = {event.customer_id: event.properties["zone"] for event in told if event.name == "$identify"}
    hours = {(zones[event.customer_id], event.occurred_at.astimezone(ZoneInfo(zones[event.customer_id]))) for event in told}

    assert {zone for zone, at in hours} == {"America/New_York", "Asia/Tokyo"}
    assert {at.hour for _, at in hours} <= {9}
    assert {at.day for zone, at in hours if zone == "America/New_York"} == {2, 3}


def test_what_is_told_where_little_happened():
    """Everybody is held out of everything: nothing is performed, and no difference can be found, for nobody reaches a goal."""
    shop = [
        loads("journey: thanks\nentry: Order Completed\nsteps:\n  - {step: thanked, stage: retention, do: email}\n"),
        loads("policies: [hold out 99% as control]"),
    ]

    text = str(simulate(shop, people("{customers: 3, begin: Order Completed, arrival: {over: 1 day}}"), days=7))

    assert "email: 3 asked for, 0 performed\n" in text
    assert "    no difference can be found: nobody reaches a goal, or only one arm has customers" in text


def test_what_cannot_be_decided_is_told():
    """A condition that fails parks the signal, and the head says how many."""
    odd = loads(
        "journey: odd\nentry: {event: Order Completed, where: event.total / event.items > 3}\nsteps: [{step: a, stage: retention, wait: 1 day}]\n"
    )
    who = people("""
        customers: 4
        begin: Order Completed
        arrival: {over: 1 day}
        events: {Order Completed: {properties: {total: [10], items: [0]}}}
    """)

    assert "4 signals could not be decided and were parked" in str(simulate(odd, who, days=3))
