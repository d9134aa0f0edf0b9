"""A recorded past in which customers were merged, journeys paused and versions changed: what of it happens again, and what is said of the rest."""

from __future__ import annotations

import random

import pytest
from attrs import evolve

from journeykit import Event, loads
from journeykit.codec import definition_hash
from journeykit.rehearsal import Recorded, what_if
from journeykit.rehearsal.upkeep import told
from journeykit.runtime.why import EVER
from journeykit.testing import Scenario
from rehearsal_shop import CART

OLD = loads(CART)
LATER = loads(CART.replace("2 hours", "3 hours"))
ASKED = loads(CART.replace("step: reminded", "step: asked"))
PEOPLE = ["ann", "bob", "cid", "dan", "eve"]


def two_carts() -> Scenario:
    """Ann and a visitor each leave a cart, and are one two hours and a half later."""
    shop = Scenario(OLD, at="2026-03-02 09:00")
    shop.event("Product Added", customer="visitor", cart_id="c1")
    shop.wait("1 hour")
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("1 hour 30 minutes")
    shop.merge("ann", "visitor")
    shop.wait("1 day")
    return shop


def test_two_are_two_until_they_are_one() -> None:
    """The visitor is reminded at eleven, and of Ann's cart of that name she is not reminded a second time; an hour later only Ann is."""
    shop = two_carts()
    past = Recorded(shop.storage)

    said = [(one.customer_id, one.name) if isinstance(one, Event) else one[:2] for _, one in past]
    assert said == [("visitor", "Product Added"), ("ann", "Product Added"), ("ann", "visitor")]
    assert len(shop.performed) == 1
    found = what_if(OLD, LATER, past, until="2026-03-02T15:00+00:00")
    assert found.messages == {("consideration", "email cart-reminder"): (1, 1)}
    assert (found.customers, found.events, found.left_out) == (1, 2, ())
    (example,) = found.examples
    assert example.customer_id == "ann"
    times = [
        (at // 3_600_000_000 % 24, side) for at, old, new in example.apart() for side in (old, new) if any("email" in one for one in side)
    ]
    assert [at for at, _ in times] == [11, 12]


def test_those_who_become_one_go_together() -> None:
    """However few are in memory at a time."""
    past = Recorded(two_carts().storage)

    assert what_if(OLD, LATER, past, together=1) == what_if(OLD, LATER, past)


@pytest.mark.parametrize("seed", range(40))
def test_whoever_became_whom_everything_was_told_by_who_told_it(seed: int) -> None:
    """Five customers become fewer and fewer, in any order; read off what stands under the last names, all is as it was told, at its moment."""
    chance, said = random.Random(seed), []
    shop = Scenario(OLD, at="2026-03-02 09:00")
    for number in range(30):
        who = chance.choice(PEOPLE)
        other = chance.choice(PEOPLE)
        roots = [shop.storage.identities(one)[0] for one in (who, other)]
        if chance.random() < 0.2 and roots[0] != roots[1]:
            shop.merge(who, other)
            said.append((shop.clock.now(), "merge", *roots))
        else:
            name = chance.choice(["Product Added", "Order Completed"])
            shop.event(name, customer=who, id=f"e{number}", cart_id=chance.choice(["c1", "c2"]))
            said.append((shop.clock.now(), f"e{number}", roots[0]))
        if chance.random() < 0.6:
            shop.wait(chance.choice(["1 minute", "2 hours", "3 days"]))
    past = Recorded(shop.storage)

    found = [(at, one.id, one.customer_id) if isinstance(one, Event) else (at, "merge", one.survivor, one.other) for at, one in past]
    assert sum(one[1] == "merge" for one in said) >= 1
    assert [one for one in found if one[1] == "merge"] == [one for one in said if one[1] == "merge"]
    assert sorted(found) == sorted(said)
    again = what_if(OLD, OLD, past)
    assert again.changed == 0
    assert sum(both[0] for both in again.messages.values()) == sum(one.at <= past.until for one in shop.performed)


def test_a_pause_lasts_as_it_did() -> None:
    """What would have gone out at eleven went out at two, with the wait of before; one that only the old journey knows is no obstacle."""
    shop = Scenario(OLD, at="2026-03-02 09:00")
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.pause("recover-cart", step="left")
    shop.wait("3 hours")
    shop.resume("recover-cart", step="left")
    shop.wait("1 day")

    (example,) = what_if(OLD, LATER, Recorded(shop.storage), until="2026-03-03T09:00+00:00").examples
    assert [(at // 3_600_000_000 % 24, bool(old), bool(new)) for at, old, new in example.apart()] == [(14, True, False), (15, False, True)]

    renamed = loads(CART.replace("left", "waiting"))
    (example,) = what_if(OLD, renamed, Recorded(shop.storage), until="2026-03-03T09:00+00:00").examples
    reminded = [(at // 3_600_000_000 % 24) for at, _, new in example.apart() if any("email" in one for one in new)]
    assert reminded == [11]


def test_what_does_not_happen_again_is_said() -> None:
    """Migrations are not made again, and who has been let go of is left out."""
    shop = Scenario(OLD, at="2026-03-02 09:00")
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.deploy(ASKED)
    shop.migrate({"journey": "recover-cart", "changed": {definition_hash(OLD): definition_hash(ASKED)}, "steps": {"reminded": "asked"}})
    shop.wait("30 days")
    shop.event("Product Added", customer="bob", cart_id="c1")
    shop.event("Order Completed", customer="cid", cart_id="c1", total=1)
    shop.wait("1 day")
    found = what_if(ASKED, LATER, Recorded(shop.storage))
    assert found.left_out == ("Once an enrollment came to another version; here everybody is on one from the beginning.",)
    assert found.customers == 3

    shop.engine.retain(before="2026-03-20T00:00:00+00:00")
    found = what_if(ASKED, LATER, Recorded(shop.storage))
    assert found.customers == 2
    assert found.figures()["left out"] == ["1 customer is left out whose past has been let go of (retain)."]
    text = str(found)
    assert "1 customer is left out whose past has been let go of (retain).\n\nHow customers would" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_merge_of_an_earlier_release_leaves_the_past_with_who_survived() -> None:
    """It does not say how many of the signals were the other's."""
    shop = two_carts()
    logged = shop.storage.events("ann", EVER)
    (merge,) = [row for row in logged if row.event.name == "$merge"]
    less = {name: value for name, value in merge.event.properties.items() if name != "signals"}
    old = [row if row is not merge else row._replace(event=evolve(row.event, properties=less)) for row in logged]

    assert [getattr(one, "customer_id", one) for _, one in told("ann", logged)][:2] == ["visitor", "ann"]
    assert [getattr(one, "customer_id", one) for _, one in told("ann", old)][:2] == ["ann", "ann"]
