"""P15: conditions cannot harm."""

from __future__ import annotations

from journeykit import Do, Journey, On, Step
from shop import Shop

SHARE = Journey(
    "share",
    entry="Order Completed",
    reentry="always",
    steps=[
        Step("open", stage="purchase", wait="9 days", when={"Paid": "paid"}),
        Step("late", end="late"),
        Step("paid", do=Do("email", part="{event.paid / event.due}")),
    ],
)
THANKS = Journey("thanks", entry="Order Completed", exits="Paid", steps=[Step("waiting", stage="purchase", wait="9 days")])


def test_only_the_part_that_fails_is_parked() -> None:
    """A payment of nothing due cannot be divided; Ann's share stays where it was, and the other journey goes on."""
    shop = Shop(SHARE, THANKS)
    shop.event("Order Completed")
    shop.event("Paid", paid=10, due=0)
    shop.work()

    assert shop.sent == []
    assert (shop.inside("share").step, shop.inside("share").status) == ("open", "active")
    assert shop.inside("thanks").status == "exited"
    assert [row.event.properties["journey"] for row in shop.storage.events("ann") if row.state == "parked"] == ["share"]


def test_nothing_of_a_parked_part_is_kept() -> None:
    """What was set and asked for before the failing expression is not there."""
    steps = [
        Step("open", stage="purchase", wait="9 days", when={"Paid": "paid"}),
        Step("late", end="late"),
        Step("paid", set={"customer.payer": "True"}, do=[Do("sms"), Do("email", part="{event.paid / event.due}")]),
    ]
    shop = Shop(Journey("share", entry="Order Completed", steps=steps))
    shop.event("Order Completed")
    shop.event("Paid", paid=10, due=0)
    shop.work()

    assert shop.sent == []
    assert "payer" not in shop.engine.storage.load_many([_all_of("ann")])[0].facts.traits


def test_a_parked_part_can_be_retried_after_a_fix() -> None:
    """The journey is mended, the part is offered again, and Ann gets her mail, once."""
    broken = Shop(
        Journey("gift", entry=On("Order Completed", where="event.total > 'many'"), steps=[Step("given", stage="retention", do=Do("email"))])
    )
    broken.event("Order Completed", total=50)
    mended = Shop(
        Journey("gift", entry=On("Order Completed", where="event.total > 40"), steps=[Step("given", stage="retention", do=Do("email"))]),
        storage=broken.storage,
    )
    mended.engine.retry("ann")
    mended.engine.retry("ann")
    mended.work()

    assert mended.sent == ["2026-03-02 09:00 ann email"]
    assert [row for row in mended.storage.events("ann") if row.state == "parked"] == []


def test_missing_is_not_misuse() -> None:
    """Comparing what is not there is no, unequal is yes, and nothing is parked."""
    journeys = [
        Journey(name, entry=On("Asked", where=where), steps=[Step("in", stage="awareness", do=Do("email", rule=name))])
        for name, where in {
            "equal": "event.size == 4",
            "less": "event.size < 4",
            "unequal": "event.size != 4",
            "is in": "event.size in [4]",
        }.items()
    ]
    shop = Shop(*journeys)
    shop.event("Asked")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email unequal"]
    assert [row for row in shop.storage.events("ann") if row.state == "parked"] == []


def test_a_missing_first_name_never_parks_a_journey() -> None:
    """Nobody knows what Ann is called or how old she is: her mail is asked for all the same, and says what stands for it."""
    greeting = {
        "template": "welcome",
        "dear": "{'Dear ' + customer.first_name}",
        "hello": "{'Hello ' + customer.first_name or 'Hello there'}",
        "line": "Good day{', ' + upper(customer.first_name)}!",
        "age": "{round((now - customer.born) / days(365))}",
        "points": ["{customer.points + 10}", "{max(customer.points, 5)}", "{len(customer.cards) if customer.points > 3 else 0}"],
    }
    shop = Shop(Journey("welcome", entry="Joined", steps=[Step("in", stage="awareness", do=Do("email", **greeting))]))
    shop.event("Joined")
    shop.work()

    (request,) = shop.requests
    assert request.parameters == {
        "template": "welcome", "dear": None, "hello": "Hello there", "line": "Good day!", "age": None, "points": [None, None, 0]
    }  # fmt: skip
    assert [row for row in shop.storage.events("ann") if row.state == "parked"] == []
    assert "email template='welcome', dear is missing, hello='Hello there'" in shop.engine.explain("ann").text


def test_a_parameter_that_is_misused_is_parked_all_the_same() -> None:
    """Ann's name is known to be a number, and cannot be greeted; what is set is no parameter, and counting with nothing is an error there."""
    steps = {
        "greets": Step("in", stage="awareness", do=Do("email", dear="{'Dear ' + customer.first_name}")),
        "adds": Step("in", stage="awareness", set={"data.points": "customer.points + 10"}),
    }
    shop = Shop(*(Journey(name, entry="Joined", steps=[step]) for name, step in steps.items()))
    shop.identify(traits={"first_name": 7})
    shop.event("Joined")
    shop.work()

    assert shop.sent == []
    assert [row.event.properties["error"] for row in shop.storage.events("ann") if row.state == "parked"] == [
        "\"'Dear ' + customer.first_name\": 'Dear ' (text) and 7 (number): no numbers to take + of",
        '"customer.points + 10": a missing value and 10 (number): no numbers to take + of',
    ]


def _all_of(customer: str) -> object:
    from journeykit.model.records import Want

    return Want(customer, None)
