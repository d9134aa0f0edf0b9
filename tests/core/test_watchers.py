"""What a customer keeps of segments, schedules and dates: nothing where there is nothing to wait for."""

from __future__ import annotations

from journeykit import Catalog, Do, Journey, On, Step
from journeykit.model.records import Moment, Want
from shop import Shop


def kept(shop: Shop, customer: str) -> list[tuple[str, int | None, object]]:
    """The customer's own timers, without the mark of who has looked."""
    (loaded,) = shop.storage.load_many([Want(customer, None)])
    rows = [Moment(*moment) for moment in loaded.moments]
    return [(row.name, row.due_at, row.value) for row in rows][1:]


def test_of_a_segment_that_nothing_speaks_for_nothing_is_kept() -> None:
    """Three orders are not more than five, and neither are none: only Cid, who is in, has a row of it."""
    journey = Journey("vip", entry=On(segment="vip"), steps=[Step("in", stage="retention", wait="1 day")])
    shop = Shop(journey, Catalog(segments={"vip": "customer.orders > 5"}))
    shop.identify("ann", traits={"orders": 3})
    shop.identify("bob", traits={"name": "Bob"})
    shop.identify("cid", traits={"orders": 6})

    assert [kept(shop, customer) for customer in ("ann", "bob")] == [[], []]
    ((name, due_at, inside),) = kept(shop, "cid")
    assert (name.startswith("segment vip"), due_at, inside) == (True, None, True)


def test_of_a_date_the_moment_is_kept() -> None:
    """Ann's contract ends in May; of Bob, whose contract nobody knows, nothing is kept."""
    entry = On(after="3 days before customer.ends, in UTC")
    shop = Shop(Journey("renew", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]))
    shop.identify("ann", traits={"ends": "2026-05-10"})
    shop.identify("bob", traits={"name": "Bob"})

    assert [row[1:] for row in kept(shop, "ann")] == [(1_778_112_000_000_000, None)]
    assert kept(shop, "bob") == []


def test_a_date_counts_business_days_around_the_holidays_of_the_shop() -> None:
    """Three business days before Thursday, the 12th: Monday, or the Friday before where Tuesday is a holiday."""
    entry = On(after="3 business days before customer.ends at 09:00, in UTC")
    journey = Journey("renew", entry=entry, steps=[Step("in", stage="retention", wait="30 days")])
    for holidays, day in (((), "03-09"), (("2026-03-10",), "03-06")):
        shop = Shop(journey, Catalog(holidays=holidays))
        shop.identify("ann", traits={"ends": "2026-03-12"})
        shop.wait("14 days")

        assert [line for line in shop.told() if "entered" in line] == [f"{day} 09:00 entered in"]


def test_a_birthday_that_is_no_date_never_comes() -> None:
    """Ann's is not known to be one, Bob's is told rightly a day later, and Cem's in the wrong way: neither the rule nor the customer is stuck."""
    entry = On(every="year on customer.born at 09:00, in UTC")
    shop = Shop(Journey("birthday", entry=entry, reentry="always", steps=[Step("in", stage="retention", wait="1 day")]))
    for customer, born in (("ann", "in May"), ("bob", "soon"), ("cem", "1990-03-10")):
        shop.identify(customer, traits={"born": born})
    shop.wait("1 day")
    shop.identify("bob", traits={"born": "1980-03-08"})
    shop.identify("cem", traits={"born": "unknown"})
    shop.wait("20 days")

    told = {customer: [line.split()[:3] for line in shop.told(customer) if "traits" not in line] for customer in ("ann", "bob", "cem")}
    assert told == {
        "ann": [["03-02", "09:00", "parked"]],
        "bob": [["03-02", "09:00", "parked"], ["03-08", "09:00", "entered"], ["03-09", "09:00", "completed"]],
        "cem": [["03-03", "09:00", "parked"], ["03-10", "09:00", "parked"]],
    }  # and on the day that had been known before, once
    note = next(entry for entry in shop.storage.history("cem") if entry.kind == "parked")
    assert (note.journey, note.cause, note.source) == ("", "every year on customer.born at 09:00, in UTC (UTC)", None)
    assert note.reason == "'unknown' is no moment; give an ISO date or time such as 2026-11-28 or 2026-11-28T09:00:00+01:00"


def test_a_date_that_moves_occurs_once_for_each_moment() -> None:
    """Ann's contract is prolonged before it ends and again after; told the same end twice, or a past one, nothing follows."""
    entry = On(after="3 days before customer.ends, in UTC")
    shop = Shop(Journey("renew", entry=entry, reentry="always", steps=[Step("in", stage="retention", wait="1 day")]))
    for ends in ("2026-03-10", "2026-03-20", "2026-03-10", "2026-03-20"):
        shop.identify(traits={"ends": ends})
    shop.wait("16 days")
    for ends in ("2026-03-20", "2026-03-01", "2026-03-20", "2026-04-20"):
        shop.identify(traits={"ends": ends})
    shop.wait("40 days")

    assert [line for line in shop.told() if "entered" in line] == ["03-17 00:00 entered in", "04-17 00:00 entered in"]


def test_a_date_that_was_past_lets_in_where_that_counts_as_now() -> None:
    """A week too late is now; without that word it is never; a customer of whom it is the first thing that is known has had it."""
    for past, expected in ((", now if past", ["03-05 09:00 entered in"]), ("", [])):
        entry = On(after=f"3 days before customer.ends{past}, in UTC")
        shop = Shop(Journey("renew", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]))
        shop.identify(traits={"name": "Ann"})
        shop.identify("bob", traits={"ends": "2026-02-20"})
        shop.wait("3 days")
        shop.identify(traits={"ends": "2026-03-01"})
        shop.wait("9 days")

        assert [line for line in shop.told() if "entered" in line] == expected
        assert [line for line in shop.told("bob") if "entered" in line] == []


def test_a_schedule_moves_with_the_zone_of_its_customer() -> None:
    """Nine o'clock is nine where Ann is: she flies to New York on Monday and has it twice that day, and once on Tuesday, there."""
    entry = On(every="day at 10:00")
    shop = Shop(Journey("daily", zone="UTC", entry=entry, reentry="always", steps=[Step("in", stage="retention", wait="1 hour")]))
    shop.identify(zone="Europe/Berlin")
    shop.wait("1 hour")
    shop.identify(zone="America/New_York")
    shop.wait("1 day 12 hours")

    assert [line for line in shop.told() if "entered" in line] == [
        "03-02 09:00 entered in",
        "03-02 15:00 entered in",
        "03-03 15:00 entered in",
    ]
    shop.identify(zone="Europe/Berlin")
    shop.wait("1 day")
    assert [line for line in shop.told() if "entered" in line][3:] == ["03-04 09:00 entered in"]


def test_a_segment_is_kept_under_a_name_that_says_what_it_is() -> None:
    """The mark is made of its own condition, those that it is built on and the balances that they begin with: of another, nothing is known yet."""
    facts = {"spent": "sum of Order.total from customer.before"}
    segments = {"vip": "customer.spent > 5", "both": "segment.vip and customer.age > 30"}
    names = []
    for more in ({}, {"vip": "customer.spent > 4"}, {"both": "segment.vip and customer.age > 31"}):
        catalog = Catalog(facts=facts, segments={**segments, **more})
        journey = Journey("vips", entry=[On(segment="vip"), On(segment="both")], steps=[Step("in", stage="retention", wait="1 day")])
        shop = Shop(journey, catalog)
        shop.identify(traits={"age": 40, "before": 9})
        names.append([name for name, _, _ in kept(shop, "ann")])

    assert names == [
        ["segment vip 9c47e179", "segment both e0491aea"],
        ["segment vip da23fa73", "segment both 3de33561"],
        ["segment vip 9c47e179", "segment both aa25e478"],
    ]


def test_what_is_known_first_may_be_the_zone_or_the_stage() -> None:
    """Ann's zone alone makes her one of those in Berlin, and her stage one of the new ones; both are edges when they come later."""
    catalog = Catalog(segments={"berlin": "customer.zone == 'Europe/Berlin'", "new": "customer.stage == 'awareness'"})
    journeys = [Journey(name, entry=On(segment=name), reentry="always", steps=[Step("in", stage="retention", do=Do("email", of=name))]) for name in ("berlin", "new")]  # fmt: skip
    life = Journey("life", lifecycle=True, entry="Came", steps=[Step("here", stage="awareness", wait="9 days")])
    shop = Shop(*journeys, life, catalog)
    shop.identify("ann", zone="Europe/Berlin")
    shop.identify("bob", traits={"name": "Bob"})
    for customer in ("ann", "bob"):
        shop.identify(customer, zone="Asia/Tokyo")
        shop.identify(customer, zone="Europe/Berlin")
        shop.event("Came", customer)
    shop.work()

    assert shop.sent == [f"2026-03-02 09:00 {customer} email {name}" for customer in ("ann", "bob") for name in ("berlin", "new")]


def lines(shop: Shop) -> list[tuple[str, str, str, str | None]]:
    """Kind, journey, cause and reason of every line of Ann's history."""
    return [(line.kind, line.journey, line.cause, line.reason) for line in shop.storage.history("ann")]


def test_a_segment_that_cannot_be_worked_out_stays_as_it_was() -> None:
    """Ann's limit becomes a text and a number again: she is not asked to leave meanwhile, and does not come in twice."""
    step = Step("in", stage="retention", wait="9 days")
    shop = Shop(Journey("vips", entry=On(segment="vip"), reentry="always", exits=On(segment="not vip"), steps=step), Catalog(segments={"vip": "customer.limit > 100"}))  # fmt: skip
    shop.event("Came")
    for limit in (5, 200, "much", 300, 7):
        shop.identify(traits={"limit": limit})

    error = "\"customer.limit > 100\": 'much' (text) and 100 (number): cannot be ordered by >"
    assert [line for line in lines(shop) if line[0] != "traits"] == [
        ("segment", "", "segment vip", "entered"),
        ("entered", "vips", "segment vip", shop.inside("vips").definition),
        ("parked", "", "segment vip", error),
        ("segment", "", "segment vip", "left"),
        ("exited", "vips", "segment not vip", "segment not vip"),
    ]


def test_a_schedule_whose_date_is_none_when_it_comes_is_let_pass() -> None:
    """Ann's birthday becomes a text that is no date: it is told once for the change and once for the day, and moves nobody."""
    shop = Shop(
        Journey("wish", entry=On(every="year on customer.born at 09:00"), zone="UTC", steps=Step("in", stage="retention", wait="9 days"))
    )
    shop.event("Came")
    shop.identify(traits={"born": "2000-03-05"})
    due = [moment for moment in kept(shop, "ann") if moment[1] is not None]
    assert [moment[1] for moment in due] == [1_772_701_200_000_000]
    shop.identify(traits={"born": "never"})
    assert [moment[1] for moment in kept(shop, "ann") if moment[1] is not None] == [1_772_701_200_000_000]
    shop.wait("10 days")

    assert [(line[0], line[2]) for line in lines(shop) if line[0] != "traits"] == [("parked", due[0][0].rpartition(" ")[0])] * 2
    assert [moment for moment in kept(shop, "ann") if moment[1] is not None] == []


def test_a_schedule_that_is_declared_no_more_passes() -> None:
    """The next release has another one: when the old one comes nothing happens, and nothing is kept of it."""
    step = Step("in", stage="retention", wait="30 days")
    daily = On(every="day at 10:00")
    for journey, told in ((Journey("new", entry=daily, zone="UTC", steps=step), 1), (Journey("plain", entry="Never", steps=step), 0)):
        shop = Shop(Journey("old", entry=On(every="year on customer.born at 09:00"), zone="UTC", steps=step))
        shop.event("Came")
        shop.identify(traits={"born": "2000-03-05"})
        again = Shop(journey, storage=shop.storage, at="2026-03-05T08:00:00Z")
        again.wait("3 hours")

        assert [line[:3] for line in lines(again) if line[0] != "traits"] == [("entered", "new", "every day at 10:00")] * told
        assert [name.rpartition(" ")[0] for name, _, _ in kept(again, "ann")] == ["every day at 10:00 (UTC)"] * told


SEEN = Catalog(facts={"seen": "count of Seen in 10 days"})
START = 1_772_442_000_000_000
DAY = 86_400_000_000
PLAIN = Journey("plain", entry="Came", lifecycle=True, steps=[Step("in", stage="retention", wait="1 day")])


def released(before: Shop, *definitions: Journey | Catalog) -> Shop:
    """The next release of the shop, a day later."""
    return Shop(PLAIN, *definitions, storage=before.storage, at="2026-03-03T09:00:00+00:00")


def test_a_window_is_kept_from_the_first_look_on() -> None:
    """What was counted before anybody waited for it is no change; in nine days, when Ann's visits leave the window, it is looked at again."""
    shop = Shop(PLAIN, SEEN)
    shop.event("Seen")
    shop.event("Seen")
    journey = Journey("fewer", entry=On(changed="customer.seen"), steps=[Step("in", stage="retention", wait="1 day")])
    shop = released(shop, journey, SEEN)
    shop.event("Came")

    ((name, due_at, seen),) = kept(shop, "ann")
    assert (name.rpartition(" ")[0], due_at, seen) == ("changed customer.seen", START + 10 * DAY, 2)
    assert "entered" not in {line.kind for line in shop.storage.history("ann") if line.journey == "fewer"}
    shop.wait("10 days")
    assert [line.at for line in shop.storage.history("ann") if (line.journey, line.kind) == ("fewer", "entered")] == [START + 10 * DAY]


def test_a_date_that_is_none_at_the_first_look_is_as_good_as_unknown() -> None:
    """Ann was known before there was a journey for birthdays: nothing of it is kept of her, until there is a date."""
    shop = Shop(PLAIN)
    shop.identify(traits={"born": "in May"})
    entry = On(every="year on customer.born at 09:00, in UTC")
    shop = released(shop, Journey("birthday", entry=entry, steps=[Step("in", stage="retention", wait="1 day")]))
    shop.event("Came")

    assert kept(shop, "ann") == []
    shop.identify(traits={"born": "1990-03-08"})
    assert [row[1:] for row in kept(shop, "ann")] == [(START + 6 * DAY, None)]


def test_whoever_was_there_before_is_looked_at_with_the_first_event() -> None:
    """
    Of Ann a count is known under a name with a mark, of Bob a consent, of Cid a zone, of Dan a stage, of Eve a trait, of Fay nothing.

    Each is in a segment that rests on that from the next release on, and their next event is one that concerns nothing.
    """
    segments = {
        "seen": "customer.seen > 0",
        "asked": "consent.email",
        "berlin": "customer.zone == 'Europe/Berlin'",
        "kept": "customer.stage == 'retention'",
        "vip": "customer.vip",
    }
    found = {}
    for segment, condition in segments.items():
        shop = Shop(PLAIN, SEEN)
        shop.event("Seen")
        shop.identify("bob", consent={"email": True})
        shop.identify("cid", zone="Europe/Berlin")
        shop.event("Came", "dan")
        shop.identify("eve", traits={"vip": True})
        journey = Journey("group", entry=On(segment=segment), steps=[Step("in", stage="retention", wait="1 day")])
        after = released(shop, journey, Catalog(facts=SEEN.facts, segments={segment: condition}))
        for customer in ("ann", "bob", "cid", "dan", "eve", "fay"):
            after.event("Looked", customer)
        found[segment] = {
            customer: kept(after, customer) for customer in ("ann", "bob", "cid", "dan", "eve", "fay") if kept(after, customer)
        }

    assert {segment: {customer: rows[0][1:] for customer, rows in who.items()} for segment, who in found.items()} == {
        "seen": {"ann": (START + 10 * DAY, True)},
        "asked": {"bob": (None, True)},
        "berlin": {"cid": (None, True)},
        "kept": {"dan": (None, True)},
        "vip": {"eve": (None, True)},
    }


def test_a_date_that_has_been_is_remembered_from_release_to_release() -> None:
    """Ann's contract ended and let her in; it was withdrawn, the shop has a new segment, she moves, and the same end is told once more: it has been."""
    entry = On(after="3 days before customer.ends, now if past")
    renew = Journey("renew", zone="UTC", entry=entry, reentry="always", steps=[Step("in", stage="retention", wait="1 hour")])
    shop = Shop(PLAIN, renew)
    shop.identify(traits={"name": "Ann"})
    shop.identify(traits={"name": None, "ends": "2026-03-01"})
    shop.identify(traits={"ends": None})
    assert [row[1:] for row in kept(shop, "ann")] == [(None, START - 4 * DAY - 9 * DAY // 24)]
    vips = Journey("vips", entry=On(segment="vip"), steps=[Step("in", stage="retention", wait="1 day")])
    shop = released(shop, renew, vips, Catalog(segments={"vip": "customer.orders > 5"}))
    shop.engine.identify("ann", id="moved", zone="UTC")
    shop.engine.identify("ann", id="again", traits={"ends": "2026-03-01"})

    assert [line.at for line in shop.storage.history("ann") if (line.journey, line.kind) == ("renew", "entered")] == [START]
    shop.engine.identify("ann", id="another", traits={"ends": "2026-02-28"})
    assert [line.at for line in shop.storage.history("ann") if (line.journey, line.kind) == ("renew", "entered")] == [START, START + DAY]
