"""What is wrong with declared facts, and with reading what an enrollment counts where there is none: the line that an author gets."""

from __future__ import annotations

import pytest

from journeykit import Catalog, DefinitionError, Do, Entry, Exit, Journey, On, Step, Transition, check
from journeykit.model.phrases import Aggregate

EVENTS = {"Order Completed": {"total": "money", "store": "text"}}
STEPS = [Step("in", stage="purchase", wait="9 days")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "sum of Order Completed.total from customer.spent_before",
            'no trait "spent_before"; there are opening_spent, joined, plan',
        ),
        ("sum of Order Completed.total from customer.plan", "customer.plan is declared as text; a sum begins with a number or money"),
        ("first of Order Completed from customer.plan", "customer.plan is declared as text; the moment of an event begins with a moment"),
        (
            "sum of Order Completed.total from customer.stage",
            "it cannot begin with customer.stage, which is no trait; tell the balance as a trait of its own",
        ),
        (
            "count of Order Completed where data.plan == 'gold'",
            'what is counted for a customer knows no data; read the event, or count it "since entry"',
        ),
        (
            "count of Order Completed where customer.opened > 2",
            "customer.opened is counted since an entry, and it is asked outside; declare a fact over all time or over a window for it",
        ),
    ],
)
def test_a_fact_says_what_it_cannot_be(text: str, line: str) -> None:
    """Place, value and the way out."""
    catalog = Catalog(
        events={**EVENTS, "Email Opened": {}},
        traits={"opening_spent": "money", "joined": "moment", "plan": "text"},
        facts={"opened": "count of Email Opened since entry", "orders": text},
    )

    assert check(catalog) == (f"catalog: facts.orders: {line}",)


def test_only_what_is_added_up_can_begin_with_a_balance() -> None:
    """A mean of what nobody knows the number of is none."""
    for kind in ("mean", "distinct"):
        with pytest.raises(DefinitionError, match=f"nothing can be added to a {kind}; begin a count or a sum with a trait"):
            Aggregate(f"{kind} of Order Completed.total from customer.opening_spent")


def test_what_is_counted_since_an_entry_is_read_inside_only() -> None:
    """Entries, schedules, segments, policies and ``changed`` are looked at without an enrollment, and each says so."""
    catalog = Catalog(
        facts={"opened": "count of Email Opened since entry"},
        segments={"eager": "customer.opened > 3"},
        policies="none while customer.opened > 9 as nosy",
    )
    journey = Journey(
        "trial",
        zone="Europe/Berlin",
        entry=Entry(On("Trial Started", where="customer.opened > 1"), set={"data.$mine": "1"}),
        exits=[Exit(On(changed="customer.opened")), Exit(On(every="year on customer.opened at 09:00"))],
        steps=STEPS,
    )

    assert check([catalog, journey]) == (
        (
            "catalog: segments.eager: customer.opened is counted since an entry, and a segment is asked outside; "
            "declare a fact over all time or over a window for it"
        ),
        (
            'catalog: policies[0]: "none while customer.opened > 9 as nosy": customer.opened is counted since an entry, and a policy is asked '
            "outside; declare a fact over all time or over a window for it"
        ),
        'trial: entry.set.data.$mine: names that begin with "$" are the library\'s own; set another name',
        (
            "trial: exits[0].changed: customer.opened is counted for each enrollment by itself; wait for the event Email Opened, and ask for "
            "the number where it comes"
        ),
        (
            "trial: entry.where: customer.opened is counted since an entry, and an entry is asked outside; "
            "declare a fact over all time or over a window for it"
        ),
        (
            "trial: exits[1].every: customer.opened is counted since an entry, and a schedule is asked outside; "
            "declare a fact over all time or over a window for it"
        ),
    )


def test_inside_it_is_read_everywhere() -> None:
    """Conditions, settings, parameters, branches and waits of a journey read it."""
    catalog = Catalog(facts={"opened": "count of Email Opened since entry", "last_open": "last of Email Opened since entry"})
    move = Transition(
        "in", on=On(where="customer.opened > 3"), do=Do("email", opened="{customer.opened}"), set={"data.n": "customer.opened"}
    )
    steps = [Step("in", stage="purchase", wait="3 days after customer.last_open, wait if missing, now if past, following", when=[move])]

    assert check([catalog, Journey("trial", zone="UTC", entry="Trial Started", exits=On(where="customer.opened > 9"), steps=steps)]) == ()
