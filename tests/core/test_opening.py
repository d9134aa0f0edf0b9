"""Journeys that are opened to those already there: who comes in, and what does not keep the others out."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Step
from journeykit.core.deciding.backfill import opened as to_open
from journeykit.core.deciding.customer import Customer
from journeykit.model.records import Want
from shop import MONDAY, Shop

PLAIN = Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")])
GROUPS = Catalog(segments={"vip": "customer.vip", "young": "customer.age < 30", "odd": "customer.odd"})
GREETED = [Step("greeted", stage="retention", do=Do("email", journey="{data.by}"), wait="9 days")]


def entries(*segments: str, **more: Any) -> list[Entry]:
    """Ways in by segments, each of which says which it was."""
    return [Entry(On(segment=segment, **more), set={"data.by": f"'{segment}'"}) for segment in segments]


def before(**known: dict[str, Any]) -> Shop:
    """A shop without the journey, and what is known of its customers."""
    shop = Shop(PLAIN, GROUPS)
    for customer, traits in known.items():
        shop.identify(customer, traits=traits)
    return shop


def opened(shop: Shop, *journeys: Journey, at: str = MONDAY) -> Shop:
    """The release that has the journeys."""
    after = Shop(PLAIN, *journeys, GROUPS, at=at, storage=shop.storage)
    after.engine.backfill()
    after.work()
    return after


def test_whoever_matches_one_of_the_entries_comes_in_by_the_first_that_holds() -> None:
    """Ann is in the first segment, Bob in the second, Cem in both and Dan in none; nobody comes in twice."""
    shop = before(ann={"vip": True}, bob={"age": 20}, cem={"vip": True, "age": 20}, dan={"age": 40})
    after = opened(shop, Journey("groups", entry=entries("vip", "young"), open="with those already there", steps=GREETED))

    assert sorted(line[17:] for line in after.sent) == ["ann email vip", "bob email young", "cem email vip"]
    assert after.engine.backfill() == 0


def test_entries_of_another_kind_are_nobody_who_is_there() -> None:
    """An event or a change may let Ann in later; of several ways the one by a segment counts."""
    shop = before(ann={"vip": True})
    ways = [Entry("Came"), Entry(On(changed="customer.age")), *entries("odd", "vip")]
    after = opened(shop, Journey("groups", entry=ways, open="with those already there", steps=GREETED))

    assert [line[17:] for line in after.sent] == ["ann email vip"]


def test_whose_key_is_missing_is_not_asked() -> None:
    """The journey is about a contract: Ann has one and Bob none, who is not refused but was never asked."""
    shop = before(ann={"vip": True, "contract": "k1"}, bob={"vip": True}, cem={"vip": True, "contract": "k3"})
    after = opened(shop, Journey("groups", key="customer.contract", entry=entries("vip"), open="with those already there", steps=GREETED))

    assert sorted(line[17:] for line in after.sent) == ["ann email vip", "cem email vip"]
    assert after.inside("groups", "k1").key == "k1"
    assert "refused" not in {entry.kind for entry in after.storage.history("bob")}
    loaded = after.storage.load_many([Want(customer, None) for customer in ("ann", "bob", "cem")])
    assert [to_open(after.engine.definitions.compiled, Customer(one), after.clock.now()) for one in loaded] == [[], [], []]


def test_whoever_cannot_be_looked_at_is_kept_aside_and_nobody_else() -> None:
    """Bob's age is a text, and the segment cannot be worked out: he stays outside and his history says why; Ann is greeted."""
    shop = before(ann={"age": 20}, bob={"age": "young"})
    after = opened(shop, Journey("groups", entry=entries("young"), open="with those already there", steps=GREETED))

    assert [line[17:] for line in after.sent] == ["ann email young"]
    (line,) = [line for line in after.storage.history("bob") if line.kind == "parked"]
    error = "\"customer.age < 30\": 'young' (text) and 30 (number): cannot be ordered by <"
    assert (line.journey, line.key, line.cause, line.source, line.reason) == ("", "", "open", None, error)
    (row,) = [one.event.properties for one in after.storage.events("bob") if one.state == "parked"]
    assert (row["journey"], row["number"], row["error"], row["event"]["name"]) == ("", 0, error, "$open")


@pytest.mark.parametrize(
    ("at", "comes_in"),
    [
        ("2026-03-08T23:59:59.999999+00:00", False),
        ("2026-03-09T00:00:00+00:00", True),
        ("2026-03-31T23:59:59.999999+00:00", True),
        ("2026-04-01T00:00:00+00:00", False),
    ],
)
def test_the_doors_are_open_from_the_first_instant_to_the_last(at: str, comes_in: bool) -> None:
    """The first day belongs to it from its midnight on, the last does not."""
    journey = Journey("groups", entry=entries("vip"), open="2026-03-09 to 2026-04-01, with those already there", zone="UTC", steps=GREETED)
    after = opened(before(ann={"vip": True}), journey, at=at)

    assert len(after.sent) == comes_in


def test_what_cannot_be_worked_out_of_one_record_keeps_out_that_one() -> None:
    """Two cards expire on a day that there is, one on one that there is not: it is kept aside, and the others are in."""
    valid = Step("valid", stage="retention", wait="1 day before data.expires, exit if missing, now if past", then="over")
    cards = Journey("cards", each="customer.cards", open="with those already there", zone="UTC", steps=[valid, Step("over", wait="1 day")])
    days = {"a": "2026-05-01", "b": "never", "c": "2026-06-01"}
    shop = before(ann={"cards": [{"id": key, "expires": day} for key, day in days.items()]})
    after = opened(shop, cards)

    assert [after.inside("cards", key).step for key in ("a", "c")] == ["valid", "valid"]
    assert [(entry.key, entry.cause) for entry in after.storage.history("ann") if entry.kind == "entered"] == [("a", "open"), ("c", "open")]
    rows = [one.event.properties for one in after.storage.events("ann") if one.state == "parked"]
    assert [(row["journey"], row["key"], row["number"], row["event"]["name"]) for row in rows] == [("cards", "b", 0, "$open")]
    (note,) = [entry for entry in after.storage.history("ann") if entry.kind == "parked"]
    assert (note.journey, note.key, note.cause, note.reason) == ("cards", "b", "open", rows[0]["error"])
    assert note.reason is not None
    assert "'never'" in note.reason


def test_of_records_those_come_in_that_have_never_been_inside() -> None:
    """One card was through before the release: a list that grows lets in the new one, and the opening nobody a second time."""
    cards = Journey(
        "cards", each="customer.cards", reentry="always", steps=[Step("valid", stage="retention", wait="1 day"), Step("over", end="over")]
    )
    shop = Shop(PLAIN, cards, GROUPS)
    shop.identify(traits={"cards": [{"id": "a"}]})
    shop.wait("3 days")
    opening = Journey("cards", each="customer.cards", reentry="always", open="with those already there", steps=cards.steps)
    after = opened(shop, opening, at="2026-03-05T09:00:00+00:00")

    assert (after.inside("cards", "a").number, after.inside("cards", "a").status) == (1, "exited")
    assert after.engine.backfill() == 0


def test_a_journey_that_has_gone_again_is_opened_to_nobody() -> None:
    """The letter was on its way when the next release came without the journey."""
    shop = before(ann={"vip": True})
    journey = Journey("groups", entry=entries("vip"), open="with those already there", steps=GREETED)
    Shop(PLAIN, journey, GROUPS, storage=shop.storage).engine.backfill()
    shop.work()

    (refused,) = [entry for entry in shop.storage.history("ann") if entry.kind == "refused"]
    assert (refused.journey, refused.cause, refused.reason) == ("", "open", 'no journey "groups"')
