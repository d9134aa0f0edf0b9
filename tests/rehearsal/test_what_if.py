"""A past through other definitions: who would have got what, when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from journeykit import Catalog, DefinitionError, Event, SQLiteStorage, loads
from journeykit.rehearsal import Recorded, what_if
from journeykit.testing import Scenario
from rehearsal_shop import CART, CATALOG, SHOP, WIN_BACK, people

OLD = loads(CART)
LATER = loads(CART.replace("2 hours", "3 hours"))
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def event(name, customer, hours, **properties):
    """Something that happened so many hours after nine o'clock."""
    at = BEGIN + timedelta(hours=hours)
    return Event(name, id=f"{name} {hours}", customer_id=customer, occurred_at=at, properties=properties)


#: Ann leaves her cart, Ben buys after two hours and a half, Eve after one.
PAST = [
    event("Product Added", "ann", 0, cart_id="c1"),
    event("Product Added", "ben", 1, cart_id="c2"),
    event("Product Added", "eve", 2, cart_id="c3"),
    event("Order Completed", "eve", 3, cart_id="c3"),
    event("Order Completed", "ben", 3.5, cart_id="c2"),
    event("Product Added", "ann", 24, cart_id="c9"),
]


def test_an_hour_more_spares_ben_and_lets_ann_wait():
    """Of two reminders one is left, and Ann's comes at twelve instead of eleven; Eve hears nothing either way."""
    found = what_if(OLD, LATER, PAST)

    assert (found.customers, found.events, found.changed) == (3, 6, 2)
    assert found.messages == {("consideration", "email cart-reminder"): (2, 1)}
    assert found.unsent == (0, 0)
    assert found.journeys == {"recover-cart": {"entered": (4, 4), "exited: bought": (2, 2), "reached the goal": (2, 2)}}
    examples = {one.customer_id: list(one.apart()) for one in found.examples}
    ann = [(datetime.fromtimestamp(at / 1e6, UTC).hour, old, new) for at, old, new in examples["ann"]]
    left = ["recover-cart c1: left to reminded", "recover-cart c1: email cart-reminder"]
    assert ann == [(11, left, []), (12, [], left)]
    assert [one.customer_id for one in found.examples] == ["ann", "ben"]


def test_the_same_definitions_change_nothing():
    """Nobody goes another way, and that is said."""
    found = what_if(OLD, [OLD], PAST)

    assert (found.changed, found.examples) == (0, ())
    assert "everybody goes the same way" in str(found)


def test_time_goes_on_as_long_as_is_wanted():
    """Until the last event Ann's second cart has not been left for long enough; two hours later it has."""
    late = what_if(OLD, LATER, PAST, until=(BEGIN + timedelta(hours=26, minutes=1)).isoformat())

    assert late.messages == {("consideration", "email cart-reminder"): (3, 1)}


def test_policies_are_asked_as_well():
    """A cap of one a week lets the second reminder go; what was asked for and not sent is told."""
    capped = [OLD, loads("policies: [at most 1 in 7 days]")]
    past = [*PAST, event("Product Added", "ben", 30, cart_id="c7")]

    found = what_if(OLD, capped, past, until=(BEGIN + timedelta(days=3)).isoformat())

    assert found.messages == {("consideration", "email cart-reminder"): (4, 2)}
    assert found.unsent == (0, 2)
    assert found.journeys["recover-cart"]["entered"] == (5, 5)
    assert any("frequency cap: at most 1 in 7 days" in line.text for line in found.examples[0].new.lines)


def test_a_journey_that_is_new_or_gone():
    """What only one side has is nought on the other."""
    found = what_if(OLD, loads(WIN_BACK), PAST, until=(BEGIN + timedelta(days=31)).isoformat())

    assert found.messages == {("consideration", "email cart-reminder"): (3, 0), ("retention", "email come-back"): (0, 2)}
    assert found.journeys["win-back"] == {"entered": (0, 2)}
    assert found.journeys["recover-cart"]["entered"] == (4, 0)


def test_who_goes_together_makes_no_difference():
    """Customer by customer, or all of them at once."""
    assert what_if(OLD, LATER, PAST, together=1) == what_if(OLD, LATER, PAST)


def test_nothing_is_performed_and_nothing_is_written(tmp_path):
    """Not even in the database whose events are taken."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    sent = []
    shop = Scenario([OLD, Catalog(actions={"email": "marketing"})], at="2026-03-02 09:00", storage=storage, actions={"email": sent.append})
    shop.event("Product Added", "ann", cart_id="c1")
    shop.wait("5 days")
    before = (tmp_path / "shop.db").read_bytes(), len(sent)

    found = what_if([OLD], [LATER], Recorded(storage))

    assert found.messages == {("consideration", "email cart-reminder"): (1, 1)}
    assert found.changed == 1
    assert ((tmp_path / "shop.db").read_bytes(), len(sent)) == before
    storage.close()


def test_events_of_a_database_are_accepted_when_they_were():
    """An event that reached the shop a day late counts from then, also when it is decided again."""
    shop = Scenario(OLD, at="2026-03-03 09:00")
    shop.event("Product Added", "ann", cart_id="c1", at="2026-03-02 09:00")
    shop.identify("ann", zone="Europe/Berlin")
    shop.engine.enroll("recover-cart", "ben", id="by hand", key="c2")
    shop.wait("1 day")
    past = Recorded(shop.storage)

    assert [(event.name, event.at == at) for at, event in past] == [
        ("Product Added", False), ("$identify", True), ("$enter", True)
    ]  # fmt: skip
    assert past.journeys() == [shop.engine.definitions.compiled.journeys["recover-cart"].journey]
    (example,) = what_if(OLD, LATER, past, until="2026-03-04T09:00+00:00").examples
    assert [datetime.fromtimestamp(at / 1e6, UTC).isoformat()[:16] for at, _, _ in example.apart()] == [
        "2026-03-03T11:00",
        "2026-03-03T12:00",
    ]
    assert example.old.zone == "Europe/Berlin"


def test_what_journeys_did_themselves_happens_again():
    """Who is started by a friend, or leaves just before a message, is not told of it twice: it follows from what happened."""
    invite = loads(
        """
        journey: invite
        entry: Invited
        exits: {where: exists(customer.angry)}
        steps:
          - step: waits
            stage: awareness
            wait: 1 hour
          - step: sent
            do: [{start: {journey: welcome, customer: data.friend}}, {email: {template: invite}}]
            wait: 5 days
            when: [{settled: email performed, do: {log: {message: none}}}]
    """.replace("entry: Invited", "entry: {event: Invited, set: {data.friend: event.friend}}")
    )
    welcome = loads("journey: welcome\nsteps:\n  - {step: came, stage: awareness, do: {email: {template: welcome}}}\n")
    shop = Scenario([invite, welcome], at="2026-03-02 09:00")
    shop.event("Invited", "ann", friend="ben")
    shop.wait("2 days")
    past = Recorded(shop.storage)

    assert [event.name for _, event in past] == ["Invited"]
    found = what_if([invite, welcome], [invite, welcome], past)
    assert found.messages == {("awareness", "email invite"): (1, 1), ("awareness", "email welcome"): (1, 1), ("awareness", "log"): (1, 1)}
    assert found.changed == 0


def test_nothing_to_send_through():
    """A past without events is a mistake."""
    with pytest.raises(DefinitionError, match="there are no events to send through; give a history, or a database that has one"):
        what_if(OLD, LATER, [])


def test_all_of_it_fits_a_terminal():
    """Eighty columns, both ways side by side, and what nobody can know."""
    text = str(what_if(OLD, LATER, PAST))

    assert max(map(len, text.splitlines())) <= 80
    assert (
        text.splitlines()[-16:]
        == [
            "ann",
            "    old                                  | new",
            "  2026-03-02 11:00 UTC",
            "    recover-cart c1: left to reminded    |",
            "    recover-cart c1: email cart-reminder |",
            "  2026-03-02 12:00 UTC",
            "                                         | recover-cart c1: left to reminded",
            "                                         | recover-cart c1: email cart-reminder",
            "",
            "ben",
            "    old                                  | new",
            "  2026-03-02 12:00 UTC",
            "    recover-cart c2: left to reminded    |",
            "    recover-cart c2: email cart-reminder |",
            "",
            "How customers would have reacted is not known: here they do what they did then,",
            "whatever they are sent.",
        ][-16:]
    )


def test_two_hundred_invented_customers_who_are_never_disturbed():
    """Without policies nobody is held, and every message of before comes all the same."""
    from journeykit.rehearsal.people import Crowd

    events = [one for _, one in Crowd(people(), range(200), 0, 90 * 86_400_000_000, 1).before(90 * 86_400_000_000)]
    seen = []

    found = what_if(SHOP, SHOP[:2], events, progress=lambda share, done: seen.append(share))

    (old, new), unsent = [sum(both[side] for both in found.messages.values()) for side in (0, 1)], found.unsent
    assert old + unsent[0] == new + unsent[1] > 300
    assert unsent[0] > 100 > unsent[1]
    assert loads(CATALOG) not in SHOP[:2]
    assert seen == sorted(seen)
