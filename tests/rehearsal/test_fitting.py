"""A population out of a history: what followed what, how often, and after how long."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from journeykit import Event
from journeykit.errors import DefinitionError, HistoryError
from journeykit.rehearsal import fit, population_text, read_population

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR


def past(*told):
    """Events from (customer, name, hours after nine, properties), in order of time."""
    events = [
        Event(name, id=f"{who} {number}", customer_id=who, occurred_at=NINE + timedelta(hours=hours), properties=more[0] if more else {})
        for number, (who, name, hours, *more) in enumerate(told)
    ]
    return sorted(events, key=lambda event: event.at)


def test_what_followed_and_how_soon():
    """Of four who filled a cart one bought after an hour, one after three; two never did: half of them, in one to three hours."""
    people = fit(past(
        ("ann", "Product Added", 0), ("ann", "Order Completed", 1), ("ben", "Product Added", 0), ("ben", "Order Completed", 3),
        ("eve", "Product Added", 1), ("zoe", "Product Added", 2), ("max", "Page Viewed", 500),
    ))  # fmt: skip

    ((name, follow),) = people.events["Product Added"].next[0].items()
    assert (name, round(follow.share, 4)) == ("Order Completed", 0.5)
    assert (follow.after[0], follow.after[-1]) == (HOUR, 3 * HOUR)
    assert people.begin.names == ("Product Added", "Page Viewed")
    assert people.begin.upto == (0.8, 1.0)
    assert people.customers == 5
    assert people.arrival.over == (0, 9 * HOUR, 10 * HOUR, 11 * HOUR, 22 * DAY)


def test_whoever_came_late_is_no_loss():
    """Ben came a day before the history ends and was not seen to come back: of the two who were seen for two days one came back, not one of three."""
    people = fit(past(("ann", "Order", 0), ("ann", "Order", 48), ("eve", "Order", 0), ("ben", "Order", 72), ("max", "Look", 96)))

    first, second = people.events["Order"].next[0], people.events["Order"].next[1:]
    assert first["Order"].share == pytest.approx(0.5)
    assert second == ({},)


def test_the_first_time_is_not_the_tenth():
    """Everybody comes a second time after a day, and nobody of them a third time."""
    people = fit(past(*((who, "Order", at) for who in ("ann", "ben", "eve") for at in (0, 24)), ("max", "Look", 240)))

    first, second = people.events["Order"].next
    assert (first["Order"].share, first["Order"].after) == (1.0, (DAY,))
    assert second == {}


def test_what_properties_said():
    """Few values by their shares, many numbers by quantiles, ids that are told again or never."""
    told = []
    for number in range(40):
        who, cart = f"c{number}", f"cart {number}"
        told += [
            (
                who,
                "Product Added",
                number,
                {"cart_id": cart, "colour": "red" if number % 4 else "blue", "price": 100 + number, "gift": False},
            ),
            (who, "Order Completed", number + 1, {"cart_id": cart, "weight": 1.5 + number}),
        ]
    people = fit(past(*told))

    added, ordered = people.events["Product Added"].properties, people.events["Order Completed"].properties
    assert (added["cart_id"].kind, ordered["cart_id"].kind) == ("new", "same")
    assert added["colour"].shares.names == ("red", "blue")
    assert added["colour"].shares.upto == (0.75, 1.0)
    assert (added["price"].quantiles[0], added["price"].quantiles[5], added["price"].quantiles[-1]) == (100, 119, 139)
    assert (added["price"].digits, ordered["weight"].digits) == (None, 2)
    assert added["gift"].shares.names == (False,)
    assert read_population(population_text(people)).events["Product Added"].properties["cart_id"].kind == "new"


def test_hours_are_those_of_a_zone():
    """Nine o'clock in London is ten in Berlin."""
    assert "hours: {'9': 100%}" in population_text(fit(past(("ann", "Order", 0))))
    assert "hours: {'10': 100%}" in population_text(fit(past(("ann", "Order", 0)), "Europe/Berlin"))


def test_in_whatever_order_it_is_told():
    """A history that is told backwards says the same."""
    told = past(("ann", "Product Added", 0), ("ann", "Order Completed", 1), ("ben", "Product Added", 2), ("ben", "Order Completed", 5))

    assert fit(reversed(told)) == fit(told)


def test_numbers_without_a_value_are_left_out():
    """What no file can hold costs nothing else: the totals of the others are learnt from."""
    told = [
        (f"c{number}", "Order", number, {"total": float("nan") if number % 4 == 0 else 100 + number, "rate": float("inf")})
        for number in range(60)
    ]
    found = fit(past(*told))
    again = read_population(population_text(found)).events["Order"].properties

    assert list(again) == ["total"]
    assert (again["total"].quantiles[0], again["total"].quantiles[-1]) == (101, 159)


def test_what_was_a_number_is_a_number_in_the_file():
    """Six kinds of values with their shares are read from the file as they were told, and so are texts that look like them."""
    told = [(f"c{n}", "Order", n, {"count": n % 3, "gift": n % 2 == 0, "size": ("38", "40", "XL")[n % 3]}) for n in range(30)]
    again = read_population(population_text(fit(past(*told)))).events["Order"].properties

    assert {name: set(again[name].shares.names) for name in again} == {
        "count": {0, 1, 2},
        "gift": {True, False},
        "size": {"38", "40", "XL"},
    }
    assert {type(one) for one in again["gift"].shares.names} == {bool}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("shop.csv", "events: 'shop.csv' is no history; give a list of events, or a History that collect(...) has read files into"),
        (None, "events: None is no history; give a list of events, or a History that collect(...) has read files into"),
        (past(("ann", "Order", 0))[0], "is no history; give a list of events"),
        ([*past(("ann", "Order", 0)), {"name": "Order"}], "events[1]: {'name': 'Order'} is no event; give Event(...), or let collect(...) read a file"),
        ([], "there is no event to learn from; give a history of what customers did"),
    ],
)  # fmt: skip
def test_what_is_no_history(given, problem):
    """A file is read before; what stands in it is no event yet."""
    with pytest.raises(HistoryError, match=re.escape(problem)):
        fit(given)


@pytest.mark.parametrize("zone", ["Berlin", None, 5])
def test_a_zone_that_there_is_not(zone):
    """The hours of arrival are somebody's."""
    with pytest.raises(DefinitionError, match=r"^zone: .* is no time zone; write an IANA name, for example \"Europe/Berlin\""):
        fit(past(("ann", "Order", 0)), zone)


def test_nothing_to_learn_from():
    """A history that only tells who somebody is says nothing of what they do."""
    with pytest.raises(HistoryError, match="there is no event to learn from; give a history of what customers did"):
        fit(past(("ann", "$identify", 0)))
