"""Sentences that are nearly right: read as something else without a word they would decide for years what nobody meant."""

from __future__ import annotations

from random import Random

import pytest

from journeykit import Catalog, DefinitionError, Do, Exit, Journey, On, Step, check
from journeykit.model.phrases import Aggregate

STEPS = [Step("in", stage="awareness", wait="1 day"), Step("told", do=Do("email"))]
NEARLY = (
    "in -{number} days", "in last {number} days", "in the last {number} days", "in the past {number} dayz", "within {number} days",
    "in five days", "in days", "last {number} weeks", "this dayz", "this quarter", "this fortnight", "today", "since start", "since the entry", "per month",
    "in Europe/Berlin", "from customer.spent in {number} days", "where", "if event.paid", "with event.kind", "> {number}", ">= {number}",
    "== 'x'", ";", ",", "in {number} days, where event.paid",
)  # fmt: skip


@pytest.mark.parametrize("tail", NEARLY)
def test_an_event_is_never_called_like_that(tail: str) -> None:
    """Whatever number stands in it: it is refused, and told how it is written."""
    random = Random(tail)
    for _ in range(20):
        text = f"count of {random.choice(('Order', 'Order Completed', 'Logged in'))} {tail.format(number=random.randint(0, 400))}"
        with pytest.raises(DefinitionError) as caught:
            Aggregate(text)

        assert text in str(caught.value) or "is no duration; write" in str(caught.value)


@pytest.mark.parametrize(
    "event",
    [
        "Logged in", "Checked in", "Inactive for 30 days", "Trial day 3", "Rate this way", "Viewed this page", "Home > Cart", "Cart, abandoned",
        "Terms and Conditions Accepted", "Returned from store", "Waiting since Monday", "Didn't open", "Where Clicked", "Paid in EUR/USD",
    ],
)  # fmt: skip
def test_what_an_event_may_well_be_called(event: str) -> None:
    """Names that hold the same words are names."""
    assert (Aggregate(f"count of {event}").event, Aggregate(f"count of {event} in 5 days").event) == (event, event)


def test_blanks_around_a_name_are_no_part_of_it() -> None:
    """Two blanks are typed as quickly as one."""
    assert Aggregate("count of  Order  in 5 days").event == "Order"


@pytest.mark.parametrize(
    ("journey", "problem"),
    [
        (
            Journey("j", entry="Order where event.total > 5", steps=STEPS),
            'j: entry.event: "Order where event.total > 5" would be the name; write event: Order and where: event.total > 5',
        ),
        (
            Journey("j", entry="Order", exits=Exit(On(changed="customer.plan to gold")), steps=STEPS),
            "j: exits[0].changed: \"customer.plan to gold\" says more than what changes; write changed: customer.plan and where: signal.new == 'gold'",
        ),
        (
            Journey("j", entry="Order", exits=Exit(On(changed="customer.plan == 'gold'")), steps=STEPS),
            "j: exits[0].changed: \"customer.plan == 'gold'\" says more than what changes; write changed: customer.plan and where: signal.new == 'gold'",
        ),
    ],
)
def test_a_condition_stands_under_where(journey: Journey, problem: str) -> None:
    """Behind the name it would be a part of that, and nothing would ever come."""
    assert check([journey]) == (problem,)


@pytest.mark.parametrize(
    ("policy", "way"),
    [
        ("hold out 10% as control for email", "hold out 10% for email as control"),
        ("none while customer.bounced as bounced for email", "none for email while customer.bounced as bounced"),
    ],
)
def test_channels_stand_before_the_name(policy: str, way: str) -> None:
    """Behind it, the policy would hold for all of them."""
    (problem,) = check([Journey("j", entry="Order", steps=STEPS), Catalog(policies=[policy])])

    assert problem.startswith(f'catalog: policies[0]: "{policy}" holds for all channels, and ')
    assert problem.endswith(f'would be its name; write for example "{way}"')
    assert check([Journey("j", entry="Order", steps=STEPS), Catalog(policies=["none while customer.called as asked for help"])]) == ()


def test_what_is_split_or_queued_says_its_name_last() -> None:
    """Shares per enrollment, and a lane whose clocks run on."""
    with pytest.raises(DefinitionError, match='write "per enrollment as NAME"'):
        Step("in", then="50% a, 50% b as x per enrollment")
    lane = "one at a time of a, b as offers clocks run on"
    with pytest.raises(DefinitionError, match=f'"{lane}".*put a comma before "clocks"'):
        Catalog(policies=[lane])
