"""From one version of a journey to another: who can go where, and every mark that the history has of it."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Journey, On, Scope, Step, Transition
from journeykit.codec import definition_hash
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.deciding.migrating import Passage
from journeykit.model.migrations import Migration
from journeykit.model.records import LoggedEvent, Want
from shop import MONDAY, Shop

START = 1_772_442_000_000_000
HOUR = 3_600_000_000


def journey(*waits: str, outer: str = "outer", step: str = "left", limit: str = "9 days", **more: Any) -> Journey:
    """A step within a scope, each with timers; of the step the first is its wait and the others lead to its end."""
    first, *others = waits
    inner = Step(step, stage="purchase", wait=first, when=[Transition("over", on=On(after=wait)) for wait in others])
    rules = [Transition("over", on=On(after=limit))]
    return Journey(
        "ask", entry="Came", zone="UTC", when=rules, steps=[Scope(outer, wait="2 days", steps=[inner]), Step("over", wait="1 day")], **more
    )


def passage(old: Journey, new: Journey, **more: Any) -> Passage:
    """The way between the two."""
    one, other = (compile_journeys([("hash", "text", each)]).journeys["ask"] for each in (old, new))
    return Passage.of(one, other, Migration(journey="ask", origin="aaaa", target="bbbb", **more))


OLD = journey("1 hour", "2 hours", "3 hours")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (journey("1 hour", "2 hours", "3 hours"), {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        (journey("3 hours", "2 hours", "1 hour"), {0: 0, 1: 1, 2: 4, 3: 3, 4: 2}),
        (journey("1 hour", "2 hours", "4 hours"), {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        (journey("1 hour", "4 hours", "5 hours"), {0: 0, 1: 1, 2: 2}),
        (journey("1 hour"), {0: 0, 1: 1, 2: 2}),
        (journey("1 hour", "3 hours"), {0: 0, 1: 1, 2: 2, 4: 3}),
        (journey("1 hour", "2 hours", "3 hours", limit="8 days"), {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
    ],
)  # fmt: skip
def test_which_rule_takes_over_from_which(new: Journey, expected: dict[int, int]) -> None:
    """Of one place those of the same words, and where one is left on both sides, those two."""
    way = passage(OLD, new)

    assert way.counterparts(way.owners("left")) == expected


def test_where_a_place_is_and_what_it_is_called() -> None:
    """By the new names where there are any; what has no place there has no owner that goes on, but for the journey."""
    way = passage(
        OLD, journey("1 hour", outer="round", step="kept"), steps={"left": "kept", "outer": "round"}, wait={"left": "rearm"}, waits="drop"
    )
    own = ("journey", "ask")
    assert way.owners("left") == {own: own, ("scope", "outer"): ("scope", "round"), ("step", "left"): ("step", "kept")}
    assert (way.name("left"), way.name("over"), way.place("nowhere")) == ("kept", "over", None)
    assert [way.running((kind, name)) for kind, name in (("step", "left"), ("scope", "outer"))] == ["rearm", "drop"]
    lost = passage(OLD, journey("1 hour", outer="round", step="kept"))
    assert (lost.owners("left"), lost.owners("over")) == ({own: own}, {own: own, ("step", "over"): ("step", "over")})


def test_who_cannot_go() -> None:
    """In words: there is no such step, or a timer that runs has no rule there, of the step, of its scope or of the journey."""
    assert list(passage(OLD, journey("1 hour", step="lefts")).stranded("left")) == [
        'no step "left" in the new version; say under steps where they go; did you mean "lefts"?'
    ]
    assert list(passage(OLD, journey("1 hour", step="xyz"), steps={"left": None}).stranded("left")) == [
        'no step "left" in the new version; say under steps where they go'
    ]
    fewer = journey("1 hour")
    told = [
        f'a timer "left: {wait}" that may run, and none in "left" of the new version; say wait: {{left: rearm}}, or drop'
        for wait in ("2 hours", "3 hours")
    ]
    assert list(passage(OLD, fewer).stranded("left")) == told
    assert list(passage(OLD, fewer, wait={"left": "drop"}).stranded("left")) == []
    assert list(passage(OLD, fewer, waits="rearm").stranded("left")) == []
    bare = Journey(
        "ask", entry="Came", steps=[Scope("outer", steps=[Step("left", stage="purchase", wait="1 hour")]), Step("over", wait="1 day")]
    )
    assert list(passage(journey("1 hour"), bare).stranded("left")) == [
        'a timer "ask: 9 days" that may run, and none in the journey of the new version; say wait: {ask: rearm}, or drop',
        'a timer "outer: 2 days" that may run, and none in its scope of the new version; say wait: {outer: rearm}, or drop',
    ]
    ended = Journey("ask", entry="Came", steps=[Step("left", stage="purchase", wait="1 hour"), Step("over", end="done")])
    assert list(passage(OLD, ended).stranded("over")) == []


def test_what_is_wrong_with_a_migration_whoever_stands_where() -> None:
    """Names that one of both versions does not have, a scope where there was a step, and a key that comes or goes."""
    way = passage(
        OLD,
        journey("1 hour", key="cart"),
        steps={"lefd": "left", "left": "outer", "over": "ovr", "outer": "left"},
        wait={"ask": "drop", "out": "keep"},
    )

    assert list(way.problems()) == [
        "one version has a key and the other has none; let those inside come to their end on the old version",
        'steps: no step or scope "lefd" in the old version; there are left, over, outer; did you mean "left"?',
        'steps.left: no step "outer" in the new version; there are left, over, outer; did you mean "outer"?',
        'steps.over: no step "ovr" in the new version; there are left, over, outer; did you mean "over"?',
        'steps.outer: no scope "left" in the new version; there are left, over, outer; did you mean "left"?',
        'wait: no step or scope "out" in the old version; there are left, over, outer; did you mean "outer"?',
    ]
    assert list(passage(OLD, OLD, steps={"left": "over", "outer": "outer", "over": None}).problems()) == []
    assert list(passage(OLD, OLD, steps={"outer": None}).problems()) == []


def released(shop: Shop, new: Journey) -> Shop:
    """The same shop after a release."""
    after = Shop(new, storage=shop.storage)
    after.clock.set(shop.clock.now())
    return after


@pytest.mark.parametrize(
    ("more", "marks"),
    [
        ({}, f"~0@{START + 216 * HOUR} ~1@{START + 48 * HOUR} ~2@{START + HOUR} ~3@{START + 2 * HOUR} ~4@{START + 3 * HOUR} +5@{START + HOUR // 2 + 5 * HOUR}"),
        ({"wait": "drop"}, "-0 -1 -2 -3 -4"),
        ({"wait": {"left": "rearm"}}, f"~0@{START + 216 * HOUR} ~1@{START + 48 * HOUR} -2 -3 -4 +2@{START + HOUR} +3@{START + 3 * HOUR} +4@{START + 4 * HOUR} +5@{START + 5 * HOUR}"),
        ({"wait": {"left": "drop", "ask": "rearm"}}, f"-0 ~1@{START + 48 * HOUR} -2 -3 -4 +0@{START + 216 * HOUR}"),
    ],
)  # fmt: skip
def test_every_mark_of_a_migration_and_of_its_undoing(more: dict[str, Any], marks: str) -> None:
    """Half an hour after she came in; what goes on keeps its moment, what is counted anew begins when she came, what is new now."""
    new = journey("1 hour", "3 hours", "4 hours", "5 hours") if more else journey("1 hour", "2 hours", "3 hours", "5 hours")
    old, now = definition_hash(OLD), definition_hash(new)
    told = {"journey": "ask", "changed": {old: now}, **more}
    shop = Shop(OLD)
    shop.event("Came")
    before = shop.inside("ask")
    shop.wait("30 minutes")
    shop = released(shop, new)
    shop.engine.versions.migrate(told)
    line = shop.storage.history("ann")[-1]
    assert (line.kind, line.source, line.target, line.cause, line.reason) == ("migrated", "left", "left", "migration", f"{old} to {now}")
    assert line.timers == marks
    shop.engine.versions.undo(told)
    line = shop.storage.history("ann")[-1]
    assert (line.kind, line.source, line.target, line.cause, line.reason) == (
        "migrated",
        "left",
        "left",
        "migration undone",
        f"{now} to {old}",
    )
    assert line.timers.endswith(
        f"~0@{START + 216 * HOUR} ~1@{START + 48 * HOUR} ~2@{START + HOUR} ~3@{START + 2 * HOUR} ~4@{START + 3 * HOUR}"
    )
    assert shop.inside("ask") == before


def test_whoever_is_not_where_a_migration_says_is_left() -> None:
    """Another enrollment, another version, one that nobody knows, or one that has ended: the history says so, and nothing changes. Where all is right, it has moved."""
    shop = Shop(OLD)
    shop.event("Came", at=MONDAY)
    version = definition_hash(OLD)
    given = {"journey": "ask", "key": "", "number": 1, "from": version, "to": version}
    compiled, now = shop.engine.definitions.compiled, shop.clock.now()
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    for wrong in ({"number": 2}, {"key": "x"}, {"from": "other"}, {"to": "other"}, {"journey": "gone"}):
        event = LoggedEvent(shop.fact("$migrate", **{**given, **wrong}), now)
        commit = advance(compiled, Customer(loaded), event, now)
        journey, origin = ({**given, **wrong}[name] for name in ("journey", "from"))
        assert [line[4:] for line in commit.history] == [
            ("refused", "", "", 0, None, None, "migration", f'not in "{journey}" on version {origin}', "")
        ]
        assert (commit.enrollments, commit.definitions) == ((), ())
    commit = advance(compiled, Customer(loaded), LoggedEvent(shop.fact("$migrate", **given), now), now)
    assert ([line.kind for line in commit.history], [one[:2] for one in commit.definitions]) == (["migrated"], [(version, "ask")])
    loaded.enrollments[0].status = "exited"
    commit = advance(compiled, Customer(loaded), LoggedEvent(shop.fact("$migrate", **given), now), now)
    assert [line.reason for line in commit.history] == [f'not in "ask" on version {version}']
