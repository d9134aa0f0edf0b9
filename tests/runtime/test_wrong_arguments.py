"""Whoever gives something wrong reads which argument it was, what they gave, and what to give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from journeykit import (
    Catalog,
    DefinitionError,
    Engine,
    Event,
    EventError,
    Journey,
    MemoryStorage,
    On,
    PostgresStorage,
    Scope,
    SQLiteStorage,
    Step,
    StorageError,
    Transition,
    Worker,
    check,
)
from journeykit.runtime.backoff import Backoff
from journeykit.testing import Scenario

WELCOME = Journey("welcome", entry="Signed Up", steps=[Step("in", stage="awareness", wait="1 day")])


class Yesterday:
    """A clock that tells the time as people do."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1)


def engine(**options: Any) -> Engine:
    """An engine that is given something."""
    return Engine([WELCOME], MemoryStorage(), **options)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: engine(clock="09:00"), "clock: '09:00' is no clock; leave it out, or give for example ManualClock(\"2026-03-02T09:00:00Z\")"),
        (lambda: engine(catch_up_limit="many"), "catch_up_limit: 'many' is no whole number from 0 on; give for example 1"),
        (lambda: engine(catch_up_limit=True), "catch_up_limit: True is no whole number from 0 on; give for example 1"),
        (lambda: engine(lease="5 minutes"), "lease: '5 minutes' is no number of seconds above 0; give for example 300"),
        (lambda: engine(lease=float("nan")), "lease: nan is no number of seconds above 0; give for example 300"),
        (lambda: engine(lease=-1), "lease: -1 is no number of seconds above 0; give for example 300"),
        (lambda: engine(backoff=30), "backoff: 30 is no Backoff; give for example Backoff(first=30, attempts=8)"),
        (lambda: engine(hooks=print), "hooks: <built-in function print> is no list; write for example [watch]"),
        (lambda: engine(rates=["email"]), """rates: ['email'] is no mapping; write for example {"email": "100 per minute"}"""),
        (lambda: engine(history="no"), "history: 'no' is neither True nor False; give one of them"),
        (lambda: Backoff(attempts=0), "attempts: 0 is no whole number from 1 on; give for example 1"),
        (lambda: Backoff(first=-30), "first: -30 is no number from 0 on; give for example 30"),
        (lambda: Worker("shop"), "engine: 'shop' is no engine; give the Engine that it is to work for"),
        (lambda: Worker(engine(), threads=-1), "threads: -1 is no whole number from 0 on; give for example 1"),
        (lambda: Worker(engine(), batch=0), "batch: 0 is no whole number from 1 on; give for example 1"),
        (lambda: Worker(engine(), idle="1 second"), "idle: '1 second' is no number from 0 on; give for example 1"),
        (lambda: engine().dispatch("all"), "limit: 'all' is no whole number from 0 on; give for example 1"),
        (lambda: engine().dispatch(stop=True), "stop: True cannot be called; give a function, or leave it out"),
        (lambda: engine().run_due(limit=2.5), "limit: 2.5 is no whole number from 0 on; give for example 1"),
    ],
)  # fmt: skip
def test_what_an_engine_is_given(make: Callable[[], object], says: str) -> None:
    """Its arguments, and those of what it is given."""
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == says


def test_a_clock_tells_microseconds() -> None:
    """A clock that tells a datetime is refused before anything is decided by it."""
    with pytest.raises(DefinitionError, match=r"^clock: .*Yesterday.* is no clock"):
        engine(clock=Yesterday())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tz": "Europe/Berlin"}, 'an engine takes no argument "tz"; each journey has one, Journey(..., zone="Europe/Berlin"), and so may each customer, identify(..., zone="Europe/Berlin")'),
        ({"hook": []}, 'an engine takes no argument "hook"; there are definitions, storage, actions, clock, hooks, catch_up_limit, backoff, lease, history, perform, triggers, timers, policies, rates; did you mean "hooks"?'),
    ],
)  # fmt: skip
def test_an_argument_that_there_is_not(given: dict[str, object], says: str) -> None:
    """An engine has no zone: a journey has one, and so has a customer."""
    with pytest.raises(TypeError) as caught:
        engine(**given)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("tell", "says"),
    [
        (lambda it: it.handle_many(3), "events: 3 is no list; write for example handle_many([Event(...)])"),
        (lambda it: it.enroll("welcome", "ann", id="1", data=["code"]), """data: ['code'] is no mapping; write for example {"code": "SPRING"}"""),
        (lambda it: it.enroll("welcome", "ann", id="1", key=7), "key: 7 is no id or name; give a text of 1 to 500 characters"),
        (lambda it: it.exit("welcome", "ann", id="1", reason=None), "reason: None is no id or name; give a text of 1 to 500 characters"),
        (lambda it: it.export({"id": "ann"}), "customer_id: {'id': 'ann'} is no id or name; give a text of 1 to 500 characters"),
        (lambda it: it.publish(["Sold Out"], id="1", properties={}), "name: ['Sold Out'] is no id or name; give a text of 1 to 500 characters"),
        (lambda it: it.identify("ann", id="1", zone="Europe/Belin"), 'zone: "Europe/Belin" is no time zone; write an IANA name, for example "Europe/Berlin"; did you mean "Europe/Berlin"?'),
        (lambda it: Event("Signed Up", id="1", customer_id="ann", occurred_at="2026-03-02T09:00Z", source=7), "source: 7 is no text; say where the event comes from, or leave it out"),
    ],
)  # fmt: skip
def test_what_an_engine_is_told(tell: Callable[[Engine], object], says: str) -> None:
    """Facts about customers, as a host comes by them."""
    with pytest.raises(EventError) as caught:
        tell(engine())
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SQLiteStorage(None), 'database: None is no path and no connection; give for example SQLiteStorage("shop.db")'),
        (lambda: SQLiteStorage("shop.db", timeout="long"), "timeout: 'long' is no number from 0 on; give for example 30"),
        (lambda: PostgresStorage("postgresql://shop", connections=0), "connections: 0 is no whole number from 1 on; give for example 1"),
        (lambda: PostgresStorage("postgresql://shop", schema=7), "schema: 7 is no name of a schema; give a text, or leave it out"),
        (lambda: PostgresStorage("postgresql://shop", pooler="yes"), "pooler: 'yes' is neither True nor False; give one of them"),
    ],
)  # fmt: skip
def test_what_a_storage_is_given(make: Callable[[], object], says: str) -> None:
    """Nothing is opened."""
    with pytest.raises(StorageError) as caught:
        make()
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Step("in", set="event.total"), """set: 'event.total' is no mapping; write for example {"data.total": "event.total"}"""),
        (lambda: Journey("welcome", stages=None), 'stages: None is no list; write for example ["trial", "customer"]'),
        (lambda: Journey("welcome", stages="trial"), """stages: 'trial' is no list; write for example ["trial", "customer"]"""),
        (lambda: Catalog(events=["Signed Up"]), """events: ['Signed Up'] is no mapping; write for example {"Order Completed": {"total": "money"}}"""),
        (lambda: Catalog(events={"Signed Up": 5}), 'events.Signed Up: 5 is no mapping; write for example {"total": "money"}'),
        (lambda: Catalog(traits=["plan"]), """traits: ['plan'] is no mapping; write for example {"plan": "text"}"""),
        (lambda: Catalog(facts="orders"), """facts: 'orders' is no mapping; write for example {"orders": "count of Order Completed"}"""),
        (lambda: Catalog(segments=5), 'segments: 5 is no mapping; write for example {"vip": "customer.total >= 50000"}'),
        (lambda: Catalog(holidays="2026-12-25"), """holidays: '2026-12-25' is no list; write for example ["2026-12-25"]"""),
        (lambda: Catalog(actions=None), 'actions: None is no mapping; write for example {"email": "marketing"}'),
        (lambda: Catalog(policies=5), 'policies: 5 is no list; write for example ["at most 2 per week"]'),
    ],
)  # fmt: skip
def test_what_a_definition_is_made_of(make: Callable[[], object], says: str) -> None:
    """Where it is made."""
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == says


def test_what_stands_in_a_definition_where_it_may_not() -> None:
    """All of it at once, each with its place; a checker of types would have said the same."""
    inner = Scope("trial", steps=[Step("first", wait=3, then=[Transition("second", on=On("Came"), back="yes")])], exits=[5])
    wrong = Journey("welcome", entry=7, goal={"on": "Came"}, lifecycle="yes", steps=[inner, Step("second", when=["Came"], do=[None])])
    says = (
        'welcome: steps[0].steps[0].wait: 3 is not what stands here; give a wait, such as "2 hours"',
        "welcome: steps[0].steps[0].then[0].back: 'yes' is not what stands here; give True or False",
        "welcome: steps[0].exits[0]: 5 is not what stands here; give the name of an event, On(...) or Exit(...)",
        "welcome: steps[1].do[0]: None is not what stands here; give Do(...) or Start(...)",
        "welcome: steps[1].when[0]: 'Came' is not what stands here; give Transition(...)",
        "welcome: entry[0].on: 7 is not what stands here; give the name of an event, or On(...)",
        "welcome: goal: {'on': 'Came'} is not what stands here; give the name of an event, On(...) or Goal(...)",
        "welcome: lifecycle: 'yes' is not what stands here; give True or False",
        "catalog: actions.email: 'promotion' is not what stands here; give \"marketing\" or \"transactional\" or \"none\"",
        "catalog: traits: 5 is no name; give a text",
    )  # fmt: skip
    catalog = Catalog(actions={"email": "promotion"}, traits={5: "text"})

    assert sorted(check([wrong, catalog])) == sorted(says)
    with pytest.raises(DefinitionError) as caught:
        Engine([wrong, catalog], MemoryStorage())
    assert sorted(caught.value.problems) == sorted(says)


@pytest.mark.parametrize(
    ("tell", "says"),
    [
        (lambda: Scenario(WELCOME, arms={1: "short"}), "arms: {1: 'short'} is no mapping; write the arm of each experiment: arms={'wording': 'short'}"),
        (lambda: Scenario(WELCOME).event("Signed Up", more=["id"]), "more: ['id'] is no mapping; write the properties by name: more={'id': 'visa'}"),
    ],
)  # fmt: skip
def test_what_a_scenario_is_given(tell: Callable[[], object], says: str) -> None:
    """Whoever writes a test makes mistakes first here."""
    with pytest.raises(TypeError) as caught:
        tell()
    assert str(caught.value) == says
