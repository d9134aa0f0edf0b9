"""P25: lists."""

from __future__ import annotations

from attrs import evolve

from journeykit import Catalog, Do, Exit, Journey, On, Step, Transition, check
from journeykit.model.phrases import Reentry
from shop import Shop

CARDS = Journey(
    "cards", each="customer.cards", zone="Europe/Berlin",
    steps=[
        Step("valid", stage="retention", wait="30 days before data.expires, exit if missing, now if past, following"),
        Step("told", do=Do("email", card="{journey.key} {data.expires}"), wait="60 days"),
    ],
)  # fmt: skip


def card(number: str | int, expires: str | None = None, **more: str) -> dict[str, object]:
    """A card as the shop keeps it."""
    return {"id": number, **({} if expires is None else {"expires": expires}), **more}


def holding(*cards: dict[str, object]) -> Shop:
    """Ann's cards become known."""
    shop = Shop(CARDS)
    shop.identify(traits={"cards": [*cards]})
    return shop


def test_each_record_has_an_enrollment_with_times_of_its_own() -> None:
    """Two cards, two reminders, thirty days before each expires."""
    shop = holding(card("visa", "2026-05-01"), card("amex", "2026-06-01"))
    shop.wait("70 days")

    assert shop.sent == ["2026-03-31 22:00 ann email visa 2026-05-01", "2026-05-01 22:00 ann email amex 2026-06-01"]


def test_a_record_that_appears_enters_and_the_others_stay() -> None:
    """Another card later opens an enrollment, and does nothing to the first."""
    shop = holding(card("visa", "2026-05-01"))
    shop.wait("1 day")
    shop.identify(traits={"cards": [card("visa", "2026-05-01"), card("amex", "2026-06-01")]})

    assert shop.told() == [
        "03-02 09:00 traits unknown -> [{'id': 'visa', 'expires': '2026-05-01'}]",
        "03-02 09:00 entered valid",
        "03-03 09:00 traits [{'id': 'visa', 'expires': '2026-05-01'}] -> [{'id': 'visa', 'expires': '2026-05-01'}, {'id': 'amex', 'expires': '2026-06-01'}]",
        "03-03 09:00 entered valid",
    ]  # fmt: skip


def test_data_follows_the_record_and_timers_follow_the_data() -> None:
    """The card is prolonged: the reminder moves with it, and what the record no longer says is no longer known."""
    shop = holding(card("visa", "2026-05-01", colour="gold"))
    shop.wait("1 day")
    shop.identify(traits={"cards": [card("visa", "2026-07-01")]})
    shop.wait("120 days")

    assert shop.inside("cards", "visa").data == {"id": "visa", "expires": "2026-07-01"}
    assert shop.sent == ["2026-05-31 22:00 ann email visa 2026-07-01"]


def test_what_a_record_leaves_open_is_forgotten_also_after_a_slip() -> None:
    """The list is no list for a moment, which is parked; the one after it leaves open when the card expires, and nobody writes about that."""
    shop = holding(card("visa", "2026-05-01"))
    shop.identify(traits={"cards": "visa"})
    shop.identify(traits={"cards": [{"id": "visa", "expires": None}]})
    shop.wait("70 days")

    assert shop.inside("cards", "visa").data == {"id": "visa"}
    assert shop.sent == []


def test_a_record_that_goes_takes_its_enrollment_along() -> None:
    """The card is given back: no reminder, and the other card's comes."""
    shop = holding(card("visa", "2026-05-01"), card("amex", "2026-06-01"))
    shop.identify(traits={"cards": [card("amex", "2026-06-01")]})
    shop.wait("70 days")

    assert (shop.inside("cards", "visa").status, shop.inside("cards", "visa").reason) == ("exited", "removed")
    assert [line.split()[-2] for line in shop.sent] == ["amex"]


def test_a_list_that_goes_takes_all_of_them_along() -> None:
    """Taking the trait away is an empty list."""
    shop = holding(card("visa", "2026-05-01"), card(7, "2026-06-01"))
    shop.identify(traits={"cards": None})

    assert [shop.inside("cards", key).reason for key in ("visa", "7")] == ["removed", "removed"]


def test_who_was_through_comes_again_only_where_re_entry_says_so() -> None:
    """A reminded card is prolonged and due again; a card that reappears is a new one for the same rule."""
    once, again = CARDS, Journey("again", each="customer.cards", reentry="always", zone="Europe/Berlin", steps=CARDS.steps)
    shop = Shop(once, again)
    shop.identify(traits={"cards": [card("visa", "2026-05-01")]})
    shop.wait("100 days")
    shop.identify(traits={"cards": [card("visa", "2027-05-01")]})

    assert [shop.inside(name, "visa").number for name in ("cards", "again")] == [1, 2]


def test_a_journey_may_keep_the_list() -> None:
    """What a transition sets is a change of the list as any other."""
    keep = Step("kept", stage="purchase", set={"customer.cards": "event.cards"}, end="completed")
    shop = Shop(CARDS, Journey("import", entry="Signed Up", steps=[keep]))
    shop.event("Signed Up", cards=[card("visa", "2026-05-01")])

    assert shop.inside("cards", "visa").step == "valid"


def test_an_exit_that_reads_the_record_looks_again() -> None:
    """A card that is blocked needs no reminder; one blocked already is not even let in."""
    shop = Shop(Journey("cards", each="customer.cards", exits=Exit(On(where="data.blocked"), end="blocked"), steps=[Step("valid", stage="retention", wait="1 day")]))  # fmt: skip
    shop.identify(traits={"cards": [card("visa"), card("amex", blocked="yes")]})
    shop.identify(traits={"cards": [card("visa", blocked="yes"), card("amex", blocked="yes")]})

    assert shop.inside("cards", "visa").reason == "blocked"
    assert [line for line in shop.told() if "refused" in line] == ["03-02 09:00 refused exit rule: blocked"]


def test_an_event_about_one_record_is_its_own() -> None:
    """The key of the event is its id, or what the trigger names."""
    steps = [
        Step("valid", stage="retention", when=[Transition("used", on=On("Card Used", key="card"))], wait="9 days"),
        Step("used", wait="1 day"),
    ]
    shop = Shop(Journey("cards", each="customer.cards", steps=steps))
    shop.identify(traits={"cards": [card("visa"), card("amex")]})
    shop.event("Card Used", card="amex")

    assert [shop.inside("cards", key).step for key in ("visa", "amex")] == ["valid", "used"]


def test_what_is_no_list_is_parked_and_what_has_no_id_is_none() -> None:
    """A mapping instead of a list is an error that waits for its repair; a record without an id is nobody's."""
    shop = Shop(CARDS)
    shop.identify(traits={"cards": [{"expires": "2026-05-01"}, "visa"]})
    shop.identify(traits={"cards": {"id": "visa"}})

    assert [line.split()[2] for line in shop.told()] == ["traits", "traits", "parked"]


def test_a_definition_that_cannot_be_is_reported() -> None:
    """Not a trait, not a list, two keys, an entry beside it."""
    steps = [Step("valid", stage="retention", wait="1 day")]
    wrong = [
        Journey("one", each="data.cards", steps=steps),
        Journey("two", each="customer.name", key="id", entry="Came", steps=steps),
        Journey("three", each="customer.crads", steps=steps),
    ]

    assert check([*wrong, Catalog(traits={"cards": "list", "name": "text"})]) == (
        'one: each: "data.cards" is no trait; write for example customer.cards',
        "two: each: customer.name is declared as text; a list of records is needed",
        "two: key: each record's id is the key already; leave one of key and each out",
        "two: entry: each record lets in by itself; leave entry or each out",
        'three: each: no trait "crads"; did you mean "cards"?',
    )


def test_records_known_before_the_journey_come_in_where_it_says_so() -> None:
    """Two shops have known Ann's cards for a year. One opens its journey to those already there: they come in once, with all their dates."""
    plain = Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")])
    for opens, sent in (("with those already there", ["2026-03-31 22:00 ann email visa 2026-05-01"]), (None, [])):
        before = Shop(plain)
        before.identify(traits={"cards": [card("visa", "2026-05-01")]})
        before.identify("bob", traits={"cards": []})
        after = Shop(plain, evolve(CARDS, open=opens), storage=before.storage)
        filled = [after.engine.backfill(), after.engine.backfill()]
        after.wait("70 days")

        assert filled == ([1, 0] if opens else [0, 0])
        assert after.sent == sent
        assert after.engine.backfill() == 0


def test_a_record_that_has_been_inside_does_not_come_in_again() -> None:
    """Ann's journey began with her first card, which has gone through; filling in brings the second, and leaves the first alone."""
    first, second = card("visa", "2026-03-20"), card("amex", "2026-06-01")
    plain = Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")])
    early = Shop(evolve(CARDS, reentry=Reentry("always")))
    early.identify(traits={"cards": [first]})
    early.wait("70 days")
    paused = Shop(plain, at="2026-05-11T09:00:00+00:00", storage=early.storage)
    paused.engine.identify("ann", id="second", traits={"cards": [first, second]})
    late = Shop(
        evolve(CARDS, reentry=Reentry("always"), open="with those already there"), at="2026-05-12T09:00:00+00:00", storage=early.storage
    )
    late.engine.backfill()
    late.work()

    assert [late.inside("cards", key).number for key in ("visa", "amex")] == [1, 1]
    assert late.sent == ["2026-05-12 09:00 ann email amex 2026-06-01"]
