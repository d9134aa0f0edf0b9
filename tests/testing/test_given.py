"""What the test kit says to somebody who uses it for the first time: the mistake, and the way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from journeykit import Do, Engine, Journey, MemoryStorage, Step, load, loads
from journeykit.rehearsal import read_population, replay, simulate, what_if
from journeykit.testing import Recorder, Scenario, boundaries

CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    steps=[
        Step("left", stage="consideration", wait="2 hours", then="50% short, 50% long as wording"),
        Step("short", do=Do("email", template="short"), end="completed"),
        Step("long", do=Do("email", template="long"), end="completed"),
    ],
)
PEOPLE = read_population("{begin: Product Added, events: {Product Added: {properties: {cart_id: new}}}}")
OTHERS = (
    "at, zone, catalog, storage, actions, arms, hooks, catch_up_limit, backoff, lease, history, perform, triggers, timers, policies, rates"
)


def shop(**options: Any) -> Scenario:
    """A shop at nine o'clock in Berlin."""
    return Scenario(CART, **{"at": "2026-03-02 09:00", "zone": "Europe/Berlin", **options})


MAKING: list[tuple[Callable[[], object], str]] = [
    (lambda: shop(tz="UTC"), f'a scenario takes no argument "tz"; there are {OTHERS}'),
    (lambda: shop(action={}), f'a scenario takes no argument "action"; there are {OTHERS}; did you mean "actions"?'),
    (lambda: shop(clock=None), "clock: a scenario has a clock of its own; say at=... for where it begins"),
    (lambda: Scenario(definitions=[CART]), "definitions: give them first, without a name: Scenario(*definitions)"),
    (lambda: Scenario("journeys/"), "'journeys/' is no journey and no catalog; give a list of them, for example load(\"journeys/\")"),
    (lambda: Scenario(None), 'None is no journey and no catalog; give a list of them, for example load("journeys/")'),
    (lambda: shop(zone="Berlin"), 'no time zone "Berlin"; write an IANA name, for example "Europe/Berlin"; did you mean "Europe/Berlin"?'),
    (lambda: shop(at=None), "None is no moment; give an ISO date or time such as 2026-11-28 09:00"),
    (lambda: shop(arms="short"), "arms: 'short' is no mapping; write the arm of each experiment: arms={'wording': 'short'}"),
    (lambda: shop(storage="shop.db"), "'shop.db' is no storage; give one that is made, for example SQLiteStorage(\"shop.db\")"),
    (lambda: shop(actions=["email"]), "actions: ['email'] is no mapping; give each by its name, as {'email': send}"),
    (lambda: shop(actions={"email": "send"}), "actions: \"email\" is 'send', which cannot be called; give a function"),
    (lambda: shop(policies=["kind"]), "policies: ['kind'] is no mapping; give each by its name, as {'name': function}"),
    (lambda: shop(rates={"email": 100}), 'rates["email"]: "100" is no rate; write for example "100 per minute" or "5 per 10 seconds"'),
    (lambda: Recorder(given={"email": 7}), 'actions: "email" is 7, which cannot be called; give a function'),
    (lambda: boundaries("2026"), "year: '2026' is no year; give a whole number, for example 2026"),
    (lambda: boundaries(0), "year: 0 is none that can be counted in every time zone; give one from 2 to 9998"),
    (
        lambda: Engine("journeys/", MemoryStorage()),
        "'journeys/' is no journey and no catalog; give a list of them, for example load(\"journeys/\")",
    ),
    (lambda: Engine(CART, "shop.db"), "'shop.db' is no storage; give one that is made, for example SQLiteStorage(\"shop.db\")"),
    (lambda: replay(CART, MemoryStorage(), customers="ann"), 'customers: "ann" is a text; give a list: ["ann"]'),
    (lambda: replay(CART, MemoryStorage(), hooks=[]), 'a rehearsal takes no argument "hooks"; a host brings triggers, timers, policies'),
    (lambda: simulate(CART, "people.yaml"), "population: 'people.yaml' is none; read one with read_population(text)"),
    (lambda: simulate(CART, PEOPLE, customers="7"), "customers: '7' is no whole number; give 1 or more"),
    (
        lambda: simulate(CART, PEOPLE, polices={}),
        'a rehearsal takes no argument "polices"; a host brings triggers, timers, policies; did you mean "policies"?',
    ),
    (lambda: what_if(CART, CART, [{"name": "Product Added"}]), "{'name': 'Product Added'} is no event; give Event(...)"),
    (lambda: replay(CART, "shop.db"), "'shop.db' is no storage; give one that is made, for example SQLiteStorage(\"shop.db\")"),
]

TELLING: list[tuple[Callable[[Scenario], object], str]] = [
    (
        lambda shop: shop.event("Product Added", customer_id="bob", cart_id="c1"),
        'customer_id: write customer=... here; a property of that name goes into more={"customer_id": ...}',
    ),
    (
        lambda shop: shop.event("Product Added", properties={"cart_id": "c1"}),
        'properties: write more=... here; a property of that name goes into more={"properties": ...}',
    ),
    (
        lambda shop: shop.publish("Back In Stock", occurred_at="2026-03-02", sku="p1"),
        'occurred_at: write at=... here; a property of that name goes into more={"occurred_at": ...}',
    ),
    (lambda shop: shop.again(), "no event has been told yet, so none can be delivered again"),
    (lambda shop: shop.again(0), "back: 0 is no event that has been told; 1 is the last one"),
    (lambda shop: shop.identify("ann", consent=True), "consent: True is no mapping; give each by its name"),
    (lambda shop: shop.wait(7200), '7200 is no duration; write a text, for example "2 hours"'),
    (lambda shop: shop.wait(timedelta(hours=2)), 'datetime.timedelta(seconds=7200) is no duration; write a text, for example "2 hours"'),
    (lambda shop: shop.until("2026-03-01 09:00"), "it is 2026-03-02 09:00 CET, and time does not go back to 2026-03-01 09:00 CET"),
    (lambda shop: shop.resume("recover-cart"), "recover-cart is not paused; what is paused: nothing"),
    (lambda shop: shop.enroll(CART, key="c1"), f"{CART!r:.60} is no name of a journey; there are recover-cart"),
    (lambda shop: shop.step("ann", "recover-crt"), 'no journey "recover-crt"; there are recover-cart; did you mean "recover-cart"?'),
]


@pytest.mark.parametrize(("make", "said"), MAKING, ids=[said[:40] for _, said in MAKING])
def test_what_something_is_made_of(make: Callable[[], object], said: str) -> None:
    """The argument, what was given, and what to give."""
    with pytest.raises(Exception, match=f"^{re.escape(said)}$"):
        make()


@pytest.mark.parametrize(("tell", "said"), TELLING, ids=[said[:40] for _, said in TELLING])
def test_what_is_told(tell: Callable[[Scenario], object], said: str) -> None:
    """The same for what happens in a story."""
    story = shop()
    with pytest.raises(Exception, match=f"^{re.escape(said)}$"):
        tell(story)


def test_another_pause_is_named_where_one_is_ended() -> None:
    """The journey is paused, and somebody ends the pause of a step."""
    story = shop()
    story.pause("recover-cart")
    story.pause(action="email")
    with pytest.raises(Exception, match=r"^recover-cart, step left is not paused; what is paused: recover-cart, action email$"):
        story.resume("recover-cart", step="left")
    assert story.resume("recover-cart")
    assert story.resume(action="email")


def test_a_misspelt_event_is_told_by_the_expectation_that_fails() -> None:
    """Nothing listens to it, and its name is nearly that of another; an event that resembles none is no mistake."""
    story = shop()
    story.event("Page Viewed")
    story.event("Prodct Added", cart_id="c1")
    story.wait("2 hours")
    with pytest.raises(AssertionError) as caught:
        story.expect("email")
    lines = str(caught.value).splitlines()
    assert [line for line in lines if line.startswith("nothing listens")] == [
        'nothing listens to "Prodct Added"; did you mean "Product Added"?'
    ]


def test_an_entry_that_was_refused_is_a_reason() -> None:
    """The cart has no id, so nobody was let in: that is why no e-mail came, although the first step would only have waited."""
    story = shop()
    story.event("Product Added", cart="c1")
    story.wait("2 hours")
    with pytest.raises(AssertionError) as caught:
        story.expect("email")
    lines = str(caught.value).splitlines()
    why = "2026-03-02 09:00 CET  recover-cart: Product Added came, but it had no cart_id,"
    assert lines[lines.index("why not email for ann") + 1] == why


def test_whoever_waits_to_be_let_in_has_not_left() -> None:
    """An entry with a wait of its own: until it is over they are in no step."""
    welcome = loads(
        "journey: welcome\nentry: {event: Signed Up, wait: 15 minutes}\nsteps: [{step: greeted, stage: awareness, wait: 1 day}]"
    )
    story = Scenario(welcome, at="2026-03-02 09:00")
    story.event("Signed Up")
    with pytest.raises(AssertionError, match=r"^expected ann to have left welcome, but they wait to be let in\n"):
        story.expect_left("welcome")


def test_one_enrollment_needs_no_key() -> None:
    """With one cart the journey is enough; with two the key says which."""
    story = shop()
    story.event("Product Added", cart_id="c1")
    assert story.step("ann", "recover-cart") == "left"
    story.event("Product Added", cart_id="c2")
    assert story.step("ann", "recover-cart", "c2") == "left"
    with pytest.raises(AssertionError, match=r"^ann is in recover-cart c1, recover-cart c2; say which is meant$"):
        story.step("ann", "recover-cart")


def test_properties_of_any_name_happen_to_an_object_too(tmp_path: Path) -> None:
    """A price list calls its article ``id``."""
    (tmp_path / "shop.yaml").write_text(STOCK, "utf-8")
    story = Scenario(load(tmp_path / "shop.yaml"), at="2026-03-02 09:00")
    story.event("Restock Subscribed", more={"id": "p1"})
    story.publish("Back In Stock", more={"id": "p1"})
    story.expect("email", customer="ann")


STOCK = """\
events:
  Back In Stock: {id: object}
---
journey: back-in-stock
key: id
entry: Restock Subscribed
steps:
  - step: waits
    stage: consideration
    when: {Back In Stock: told}
  - {step: told, do: {email: {template: back}}, end: completed}
"""
