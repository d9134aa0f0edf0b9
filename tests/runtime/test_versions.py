"""Bringing customers from one version of a journey to another: steps, timers, data, batches, and back."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

from journeykit import DefinitionError, Do, Entry, Event, Journey, On, Scope, SQLiteStorage, Step, Transition, UnknownError
from journeykit.codec import definition_hash
from journeykit.insight.reports.summary import summarize
from journeykit.model.messages import moment
from journeykit.model.records import Commit, Enrollment, Timer, Want
from journeykit.runtime.past import Past
from journeykit.runtime.why import replay
from shop import Shop


def cart(wait: str = "2 hours", *, second: str = "reminded", **more: Any) -> Journey:
    """The reminder of a cart, which the shop keeps changing."""
    return Journey(
        "cart", key="cart_id", entry="Product Added", exits="Order Completed", stage="consideration",
        steps=[Step("left", wait=wait), Step(second, do=Do("email", template=second), wait="3 days"), Step("last", do=Do("email", template="last"))],
        **more,
    )  # fmt: skip


def released(shop: Shop, *journeys: Journey) -> Shop:
    """The same shop after a release, with other journeys."""
    after = Shop(*journeys, storage=shop.storage)
    after.clock.set(shop.clock.now())
    after._ids = shop._ids
    return after


def changed(old: Journey, new: Journey, **more: Any) -> dict[str, Any]:
    """A migration, as it would stand in a file."""
    return {"journey": old.name, "changed": {definition_hash(old): definition_hash(new)}, **more}


def test_a_timer_that_runs_goes_on_and_a_renamed_step_is_the_same_place() -> None:
    """Ann waits two hours, of which one is over; Ben has been reminded. After the release both go on as they were."""
    old, new = cart(), cart("5 hours", second="told")
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("3 hours")
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("1 hour")
    shop = released(shop, new)
    moved = shop.engine.versions.migrate(changed(old, new, steps={"reminded": "told"}))

    assert (moved.moved, moved.left, moved.broken) == (2, 0, 0)
    ann, ben = shop.inside("cart", "a"), shop.inside("cart", "b", "ben")
    assert (ann.step, ann.definition, ben.step, ben.visit) == ("left", definition_hash(new), "told", 2)
    shop.wait("2 hours")
    assert shop.sent == ["2026-03-02 14:00 ann email told"]
    shop.wait("3 days")
    assert shop.sent[1:] == ["2026-03-05 11:00 ben email last", "2026-03-05 14:00 ann email last"]


def test_a_timer_that_is_counted_anew_is_counted_from_entering_the_step() -> None:
    """Ann has waited two of five hours when the shop makes three of them, Ben four, which are more than three already."""
    old, new = cart("5 hours"), cart("3 hours")
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("2 hours")
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("2 hours")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, wait="rearm"))
    shop.wait("2 hours")

    assert shop.sent == ["2026-03-02 13:00 ben email reminded", "2026-03-02 14:00 ann email reminded"]


def test_a_dropped_timer_waits_for_nothing_any_more() -> None:
    """Ann stays where she is until she does something; Ben, in another step, goes on."""
    old, new = cart(), cart("9 hours")
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("3 hours")
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, wait={"left": "drop"}))
    shop.wait("10 days")

    assert shop.sent == ["2026-03-05 11:00 ben email last"]
    assert shop.inside("cart", "a").timers == ()


def waiting(wait: str | None, **more: Any) -> Journey:
    """A step that waits for an answer, and perhaps not for ever."""
    ask = Step("asked", wait=wait, when={"Answered": "thanked"}, **more)
    return Journey("survey", entry="Survey Sent", stage="retention", steps=[ask, Step("thanked", do=Do("email", template="thanks"))])


def test_a_wait_that_the_old_version_did_not_have_begins_with_the_migration() -> None:
    """Ann has not answered for a month; nobody thanks her the moment the shop decides to wait a week."""
    old, new = waiting(None), waiting("7 days")
    shop = Shop(old)
    shop.event("Survey Sent")
    shop.wait("30 days")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new))
    shop.wait("8 days")

    assert shop.sent == ["2026-04-08 09:00 ann email thanks"]


def test_it_is_refused_while_somebody_stands_where_there_is_nowhere_to_go() -> None:
    """The new version has no second step and Ann is in it; nothing is changed, also of Ben who could go."""
    old, new = cart(), cart(second="told")
    shop = Shop(old)
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("3 hours")
    shop.event("Product Added", "ben", cart_id="b")
    shop = released(shop, new)
    rehearsal = shop.engine.versions.rehearse(changed(old, new))

    assert [(one.step, one.number, one.becomes, one.to) for one in rehearsal.fates] == [
        ("left", 1, "moves", "left"),
        ("reminded", 1, "nowhere", None),
    ]
    with pytest.raises(DefinitionError) as refused:
        shop.engine.versions.migrate(changed(old, new))
    assert refused.value.problems == (
        f'cart {definition_hash(old)}: 1 in step "reminded": no step "reminded" in the new version; say under steps where they go',
    )
    assert [step for _, digest, step, _ in shop.engine.versions.occupied() if digest == definition_hash(old)] == ["left", "reminded"]


def test_a_timer_without_a_rule_in_the_new_version_is_refused_until_somebody_says_what_becomes_of_it() -> None:
    """Ann's wait of a week has nothing to lead to where nobody waits any more."""
    old, new = waiting("7 days"), waiting(None)
    shop = Shop(old)
    shop.event("Survey Sent")
    shop = released(shop, new)

    with pytest.raises(
        DefinitionError, match=r'a timer "asked: 7 days" that may run, and none in "asked" .*say wait: {asked: rearm}, or drop'
    ):
        shop.engine.versions.migrate(changed(old, new))
    assert shop.engine.versions.migrate(changed(old, new, wait={"asked": "drop"})).moved == 1
    shop.wait("30 days")
    assert shop.sent == []


def test_those_of_a_step_may_stay_on_the_old_version() -> None:
    """Whoever has been reminded comes to the end of it as it was; the others come to the new version."""
    old, new = cart(), cart("4 hours", second="told")
    shop = Shop(old)
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("3 hours")
    shop.event("Product Added", "ben", cart_id="b")
    shop = released(shop, new)
    told = changed(old, new, steps={"reminded": None})

    assert [shop.engine.versions.rehearse(told).count(what) for what in ("moves", "stays", "nowhere")] == [1, 1, 0]
    moved = shop.engine.versions.migrate(told)
    assert (moved.moved, moved.left) == (1, 1)
    assert shop.inside("cart", "a").definition == definition_hash(old)


def test_what_a_step_performs_is_not_performed_again_and_what_follows_it_follows() -> None:
    """Ann is brought into a step that sends a letter and waits for nothing: the letter is not sent, what comes next is."""
    old = Journey("hello", entry="Signed Up", stage="purchase", steps=[Step("waits", wait="9 days")])
    new = Journey(
        "hello", entry="Signed Up", stage="purchase",
        steps=[Step("greets", do=Do("email", template="greeting")), Step("calls", do=Do("sms", template="call"), wait="9 days")],
    )  # fmt: skip
    shop = Shop(old)
    shop.event("Signed Up")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, steps={"waits": "greets"}, wait="drop"))
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann sms call"]
    assert shop.told()[-2:] == ["03-02 09:00 migrated " + f"{definition_hash(old)} to {definition_hash(new)}", "03-02 09:00 moved calls"]


def test_a_final_step_ends_those_who_are_brought_there() -> None:
    """The shop gives the second reminder up, and everybody who waits for it."""
    old = cart()
    new = Journey(
        "cart",
        key="cart_id",
        entry="Product Added",
        stage="consideration",
        steps=[Step("left", wait="2 hours"), Step("given up", end="given up")],
    )
    shop = Shop(old)
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("3 hours")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, steps={"reminded": "given up"}))

    ann = shop.inside("cart", "a")
    assert (ann.status, ann.reason, ann.timers) == ("exited", "given up", ())


def course(*steps: Step | Scope, lifecycle: bool = False) -> Journey:
    """A course of lessons."""
    return Journey(
        "course",
        entry="Signed Up",
        lifecycle=lifecycle,
        stage="consideration",
        steps=[*steps, Step("done", do=Do("email", template="done"))],
    )


def test_scopes_are_renamed_left_and_entered_like_steps() -> None:
    """The limit of the scope that Ann is in goes on under its new name; one around it is entered, and its limit begins now."""
    first = Scope("lessons", wait="10 days", steps=[Step("one", wait="30 days")])
    new_one = Scope("all", wait="6 days", steps=[Scope("units", wait="10 days", steps=[Step("one", wait="30 days")])])
    old, new = course(first), course(new_one)
    shop = Shop(old)
    shop.event("Signed Up")
    shop.wait("5 days")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, steps={"lessons": "units"}))
    at = shop.clock.now()

    ann = shop.inside("course")
    assert ann.scopes == {"all": (at, 1), "units": (ann.entered_at, 1)}
    labels = [new_rule(shop, ann.definition, timer.index) for timer in ann.timers]
    assert dict(zip(labels, [moment(timer.due_at or 0).day for timer in ann.timers], strict=True)) == {
        "units: 10 days": 12, "one: 30 days": 1, "all: 6 days": 13
    }  # fmt: skip
    shop.wait("7 days")
    assert shop.sent == ["2026-03-12 09:00 ann email done"]


def new_rule(shop: Shop, digest: str, index: int) -> str:
    """How people call a timer."""
    return shop.engine.definitions.compiled.definitions[digest].timers[index].label


def test_a_scope_that_goes_takes_its_limit_along() -> None:
    """Ann is in no scope any more, and nothing ends her lessons after ten days."""
    old = course(Scope("lessons", wait="10 days", steps=[Step("one", wait="30 days")]))
    new = course(Step("one", wait="30 days"))
    shop = Shop(old)
    shop.event("Signed Up")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new))
    shop.wait("31 days")

    assert shop.sent == ["2026-04-01 09:00 ann email done"]


def test_the_lifecycle_tells_the_stage_of_the_new_step() -> None:
    """The shop counts those who wait as buyers now; whoever listens for the stage hears of it."""
    old, new = course(Step("one", wait="9 days"), lifecycle=True), course(Step("one", stage="purchase", wait="9 days"), lifecycle=True)
    news = Journey(
        "news",
        entry=On(changed="customer.stage", where="customer.stage == 'purchase'"),
        stage="retention",
        steps=[Step("told", do=Do("sms"))],
    )
    shop = Shop(old, news)
    shop.event("Signed Up")
    shop = released(shop, new, news)
    shop.engine.versions.migrate(changed(old, new))
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann sms"]


def amounts(kind: str) -> Journey:
    """A journey that keeps what was ordered, in euros first and in cents later."""
    order = On("Order Completed")
    return Journey(
        "orders", entry=order, stage="purchase", reentry="always",
        steps=[Step("thanked", when=[Transition(on="Asked", do=Do("email", template=f"{{data.{kind}}}"))], wait="9 days")],
    )  # fmt: skip


def ordered(shop: Shop, customer: str, amount: Any) -> None:
    """An order, whose amount the enrollment keeps."""
    shop.engine.enroll("orders", customer, id=f"order-{customer}", data={} if amount is None else {"amount": amount})


def test_data_is_changed_by_expressions_or_by_a_function() -> None:
    """Ann's twelve euros are 1200 cents, by the words of the migration and by a function alike; undone, they are euros again."""
    old, new = amounts("amount"), amounts("cents")
    by_words = {"data.cents": "data.amount * 100", "data.amount": "None"}
    for functions, how in (({}, by_words), ({"cents": lambda data: {"cents": data["amount"] * 100}}, "cents")):
        shop = Shop(old)
        ordered(shop, "ann", 12)
        shop = released(shop, new)
        told = changed(old, new, set=how)
        assert shop.engine.versions.migrate(told, functions=functions).moved == 1
        shop.event("Asked")
        shop.work()
        assert (shop.sent, shop.inside("orders").data) == (["2026-03-02 09:00 ann email 1200"], {"cents": 1200})
    shop = Shop(old)
    ordered(shop, "ann", 12)
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, set=by_words))
    shop.engine.versions.undo(changed(old, new, set=by_words))
    assert shop.inside("orders").data == {"amount": 12}


def test_data_that_cannot_be_changed_leaves_its_customer_and_is_told_before() -> None:
    """Ben's amount is missing: the rehearsal says so, and he stays where he is; Ann goes."""
    old, new = amounts("amount"), amounts("cents")
    shop = Shop(old)
    ordered(shop, "ann", 12)
    ordered(shop, "ben", None)
    shop = released(shop, new)
    told = changed(old, new, set={"data.cents": "data.amount * 100"})
    rehearsal, moved = shop.engine.versions.rehearse(told), shop.engine.versions.migrate(told)

    assert (rehearsal.broken, rehearsal.count("moves")) == (1, 2)
    assert (moved.moved, moved.left, moved.broken) == (1, 1, 1)
    assert str(moved.why).startswith("ben: ")
    assert moved.why == rehearsal.why
    assert shop.inside("orders", customer="ben").definition == definition_hash(old)


def test_a_function_that_fails_or_answers_nonsense_leaves_its_customer() -> None:
    """What the shop's own function does wrong is told with its words."""
    old, new = amounts("amount"), amounts("cents")
    shop = Shop(old)
    ordered(shop, "ann", 12)
    shop = released(shop, new)
    told = changed(old, new, set="cents")

    with pytest.raises(DefinitionError, match='set: no function "cents"; there are none'):
        shop.engine.versions.migrate(told)
    assert shop.engine.versions.migrate(told, functions={"cents": lambda data: data["euros"]}).why == "ann: cents failed: KeyError: 'euros'"
    assert "not JSON serializable" in str(shop.engine.versions.migrate(told, functions={"cents": lambda data: {"cents": {1}}}).why)
    assert shop.storage.history("ann")[-1].kind == "entered"


def test_undone_everybody_has_what_they_had_but_those_who_moved_on() -> None:
    """Ann is back where she was with her old wait, which goes on; Ben was reminded by the new version and is left there."""
    old, new = cart("2 hours"), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("1 hour 30 minutes")
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, new)
    told = changed(old, new)
    before = shop.inside("cart", "a")
    shop.engine.versions.migrate(told)
    shop.wait("1 hour")
    undone = shop.engine.versions.undo(told)

    assert (undone.moved, undone.on) == (1, 1)
    assert shop.inside("cart", "a") == before
    assert shop.inside("cart", "b", "ben").definition == definition_hash(new)
    note = shop.storage.history("ann")[-1]
    assert (note.kind, note.journey, note.key, note.source, note.target) == ("migrated", "cart", "a", "left", "left")
    assert note.timers == "-0 ~0@1772454600000000"
    again = shop.engine.versions.undo(told)
    assert (again.moved, again.on) == (0, 1)
    shop.wait("2 hours")
    assert shop.sent == ["2026-03-02 11:00 ben email reminded", "2026-03-02 12:30 ann email reminded"]


def test_who_has_left_since_stays_away() -> None:
    """
    Leaving is for good. Ann has bought since, Ben was brought to a step that ends the journey, Eve has bought and come in again: of the
    four only Joe is put back.
    """
    old = cart("2 hours")
    new = Journey(
        "cart", key="cart_id", entry="Product Added", exits="Order Completed", stage="consideration", reentry="always",
        steps=[Step("left", wait="9 days"), Step("over", end="given up")],
    )  # fmt: skip
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("3 hours")  # ben is reminded
    for name in ("ann", "eve", "joe"):
        shop.event("Product Added", name, cart_id=name[0])
    shop = released(shop, new)
    told = changed(old, new, steps={"reminded": "over", "last": "over"}, wait="drop")
    moved = shop.engine.versions.migrate(told)
    for name in ("ann", "eve"):
        shop.event("Order Completed", name, cart_id=name[0])
    shop.event("Product Added", "eve", cart_id="e")
    undone = shop.engine.versions.undo(told)
    stand = {name: shop.inside("cart", name[0], name) for name in ("ann", "ben", "eve", "joe")}

    assert (moved.moved, undone.moved, undone.on) == (4, 1, 0)
    assert {name: (e.status, e.reason, e.number) for name, e in stand.items()} == {
        "ann": ("exited", "Order Completed", 1),
        "ben": ("exited", "given up", 1),
        "eve": ("active", None, 2),
        "joe": ("active", None, 1),
    }
    assert {name for name, e in stand.items() if e.definition == definition_hash(old)} == {"joe"}


def test_a_wait_that_was_over_meanwhile_fires_when_it_is_put_back() -> None:
    """Ann's two hours were dropped and are over when the migration is undone: she is reminded then, not before."""
    old, new = cart("2 hours"), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, new)
    told = changed(old, new, wait="drop")
    shop.engine.versions.migrate(told)
    shop.wait("5 hours")
    shop.engine.versions.undo(told)
    shop.work()

    assert shop.sent == ["2026-03-02 14:00 ann email reminded"]


def test_brought_again_after_it_was_undone() -> None:
    """There and back and there: each is a signal of its own."""
    old, new = cart(), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, new)
    told = changed(old, new)
    runs = [
        shop.engine.versions.migrate(told),
        shop.engine.versions.undo(told),
        shop.engine.versions.migrate(told),
        shop.engine.versions.undo(told),
    ]

    assert [run.moved for run in runs] == [1, 1, 1, 1]
    assert [line for line in shop.told() if "migrated" in line] == [
        f"03-02 09:00 migrated {one} to {other}"
        for one, other in ((definition_hash(old), definition_hash(new)), (definition_hash(new), definition_hash(old))) * 2
    ]


def test_stopped_it_goes_on_and_moves_nobody_twice(tmp_path: Path) -> None:
    """Five hundred customers, stopped after each batch and broken off in one: in the end each has been brought once."""
    old, new = cart(), cart("4 hours")
    shop = Shop(old, storage=SQLiteStorage(tmp_path / "shop.db", synchronous="off"))
    names = [f"customer {number:03}" for number in range(500)]
    shop.engine.handle_many([shop.fact("Product Added", name, cart_id="c") for name in names])
    shop = released(shop, new)
    told = changed(old, new)

    def breaks_off(moved: int) -> None:
        raise KeyboardInterrupt

    asked = count()
    first = shop.engine.versions.migrate(told, stop=lambda: next(asked) > 0)
    with pytest.raises(KeyboardInterrupt):
        shop.engine.versions.migrate(told, progress=breaks_off)
    last = shop.engine.versions.migrate(told)

    assert (first.moved, first.left, first.stopped) == (200, 300, True)
    assert (last.moved, last.left, last.stopped) == (100, 0, False)
    assert [[entry.kind for entry in shop.storage.history(name)] for name in names] == [["entered", "migrated"]] * 500


def test_versions_are_composed_also_over_one_that_nobody_was_ever_on() -> None:
    """Ann is on the first version, Ben on the second, nobody on the third: all come to the last in one go."""
    versions = [cart(second="reminded"), cart(second="told"), cart(second="asked"), cart(second="helped")]
    shop = Shop(versions[0])
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, versions[1])
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("3 hours")
    shop = released(shop, versions[3])
    steps = [{"reminded": "told"}, {"told": "asked"}, {"asked": "helped"}]
    told = [changed(old, new, steps=step) for old, new, step in zip(versions, versions[1:], steps, strict=False)]
    moved = shop.engine.versions.migrate(*told)

    assert moved.moved == 2
    assert shop.engine.versions.occupied() == [("cart", definition_hash(versions[3]), "helped", 2)]
    assert [line for line in shop.told() if "migrated" in line] == [
        f"03-02 12:00 migrated {definition_hash(versions[0])} to {definition_hash(versions[3])}"
    ]


def test_whoever_decides_in_between_wins_and_the_customer_is_brought_all_the_same() -> None:
    """While Ann's data is being changed she orders more: that is decided first, and then she is brought, with what is so then."""
    old, new = amounts("amount"), amounts("cents")
    shop = Shop(old)
    ordered(shop, "ann", 12)
    shop = released(shop, new)
    asked: list[dict[str, Any]] = []

    def cents(data: dict[str, Any]) -> dict[str, Any]:
        asked.append(data)
        if len(asked) == 1:
            shop.event("Asked")
        return {"cents": data["amount"] * 100}

    moved = shop.engine.versions.migrate(changed(old, new, set="cents"), functions={"cents": cents})

    assert (moved.moved, len(asked)) == (1, 2)
    assert [entry.kind for entry in shop.storage.history("ann")] == ["entered", "stayed", "migrated"]


def test_a_worker_of_the_old_release_goes_on_while_customers_are_brought() -> None:
    """It learns the new version from the storage, decides on it, and goes on letting in on the old one; another run brings those."""
    old, new = cart(), cart("4 hours", second="told")
    before = Shop(old)
    for name in ("ann", "ben"):
        before.event("Product Added", name, cart_id=name)
    after = released(before, new)
    told = changed(old, new, steps={"reminded": "told"})
    after.engine.versions.migrate(told)
    before.event("Product Added", "eve", cart_id="eve")
    before.event("Order Completed", "ann", cart_id="ann")
    before.wait("2 hours 30 minutes")

    assert before.sent == ["2026-03-02 11:00 ben email told", "2026-03-02 11:00 eve email reminded"]
    after.clock.set(before.clock.now())
    assert after.engine.versions.migrate(told).moved == 1
    before.wait("4 days")
    assert before.sent[2:] == ["2026-03-05 11:00 ben email last", "2026-03-05 11:00 eve email last"]


def test_a_replay_of_one_who_was_brought_comes_to_the_same() -> None:
    """Ann's log decided again, with the versions of then, gives the same history, requests and enrollments to the letter."""
    versions = [cart("2 hours"), cart("3 hours", second="told"), cart("9 hours", second="asked")]
    shop = Shop(versions[0])
    shop.event("Product Added", cart_id="one")
    shop.wait("30 minutes")
    shop = released(shop, versions[1])
    shop.event("Product Added", cart_id="two")
    shop.engine.versions.migrate(changed(*versions[:2], steps={"reminded": "told"}, wait={"left": "rearm"}))
    shop.wait("2 hours")
    shop.engine.versions.undo(changed(*versions[:2], steps={"reminded": "told"}))
    shop.engine.versions.migrate(changed(*versions[:2], steps={"reminded": "told"}))
    shop = released(shop, versions[2])
    shop.event("Product Added", cart_id="three")
    shop.wait("8 hours")
    shop.engine.versions.migrate(changed(*versions[1:], steps={"told": "asked"}))
    shop.wait("5 days")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    history = shop.storage.history("ann")
    first, changes = Past(shop.engine.definitions, history, loaded.enrollments).in_force()
    commits = replay(first, loaded, shop.storage.events("ann"), None, changes)

    assert [entry for commit in commits for entry in commit.history] == history
    assert [m for commit in commits for m in commit.outbox] == [row.message for row in shop.storage.outbox(customer_id="ann")]
    last = {(e.journey, e.key): e for commit in commits for e in commit.enrollments}
    assert sorted(last.values(), key=lambda e: e.order) == loaded.enrollments
    assert len(changes) == 2
    assert [entry.kind for entry in history].count("migrated") == 5


def test_a_story_over_several_versions_is_told_with_the_words_of_each() -> None:
    """Timers are called as they were called then; why nothing was sent is asked of the version of then."""
    old = cart("2 hours")
    new = Journey("cart", key="cart_id", entry="Product Added", stage="consideration", steps=[Step("left", wait="4 hours")])
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, wait="rearm"))
    shop.wait("5 hours")
    told = shop.engine.explain("ann", why_not="email")

    assert [line.text for line in told.entries] == [
        "Product Added cart_id='a'",
        "cart a: entered left on Product Added",
        'cart a: timer "left: 2 hours" set for 2026-03-02 11:00 UTC',
        f"cart a: brought from version {definition_hash(old)} to {definition_hash(new)} in left",
        'cart a: timer "left: 2 hours" cancelled',
        'cart a: timer "left: 4 hours" set for 2026-03-02 13:00 UTC',
        'cart a: timer "left: 4 hours" is over',
        "cart a: completed in left after 4 hours",
    ]
    assert [line.text for line in told.why_not] == ["cart a: completed in left after 4 hours before it was asked for"]


def test_what_nobody_knows_is_refused() -> None:
    """Versions, steps, words and functions that are not there; one version with a key and one without; a way that leads in a circle."""
    old, new = cart(), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop = released(shop, new)
    migrate = shop.engine.versions.migrate

    with pytest.raises(UnknownError, match="cart: no version begins with abcd; journeykit versions shows those that there are"):
        migrate({"journey": "cart", "changed": {"abcd": definition_hash(new)}})
    with pytest.raises(UnknownError, match="cart: nobody knows version aaaabbbbccccdddd; there are"):
        migrate({"journey": "cart", "changed": {definition_hash(old): "aaaabbbbccccdddd"}})
    with pytest.raises(DefinitionError) as wrong:
        migrate(changed(old, new, steps={"lft": "left", "left": "remindd"}, wait={"lst": "drop"}))
    assert wrong.value.problems == (
        'cart: steps: no step or scope "lft" in the old version; there are left, reminded, last; did you mean "left"?',
        'cart: steps.left: no step "remindd" in the new version; there are left, reminded, last; did you mean "reminded"?',
        'cart: wait: no step or scope "lst" in the old version; there are left, reminded, last; did you mean "last"?',
    )
    with pytest.raises(DefinitionError, match="lead from version"):
        migrate(changed(old, new), changed(new, old))
    with pytest.raises(DefinitionError, match="two migrations begin at version"):
        migrate(changed(old, new), changed(old, new, wait="drop"))
    with pytest.raises(DefinitionError, match="no migration; name a file of them"):
        migrate()


def test_a_key_cannot_come_or_go() -> None:
    """Who is inside under a key is not somebody without one."""
    old = cart()
    new = Journey("cart", entry="Product Added", stage="consideration", steps=old.steps)
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop = released(shop, new)

    with pytest.raises(DefinitionError, match="one version has a key and the other has none"):
        shop.engine.versions.migrate(changed(old, new))


def test_those_who_have_ended_are_left_alone() -> None:
    """Ann has bought; she stays on the version with which she ended."""
    old, new = cart(), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop.event("Order Completed", cart_id="a")
    shop = released(shop, new)

    assert shop.engine.versions.migrate(changed(old, new)).moved == 0
    assert shop.inside("cart", "a").definition == definition_hash(old)


def test_an_entry_that_waits_is_let_in_by_the_version_of_then() -> None:
    """Ann's cart is left to itself for a quarter of an hour, in which the shop releases another version, with another entry before it."""

    def idle(second: str, *before: str) -> Journey:
        entries = [*before, Entry("Product Added", wait="15 minutes")]
        return Journey("cart", key="cart_id", entry=entries, stage="consideration", steps=[Step("left", wait="1 hour"), Step("sent", do=Do("email", template=second))])  # fmt: skip

    old, new = idle("old"), idle("new", "Cart Shared")
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop = released(shop, new)
    assert shop.engine.versions.rehearse(changed(old, new)).fates == ()
    assert shop.engine.versions.migrate(changed(old, new)).moved == 0
    shop.wait("2 hours")

    assert shop.sent == ["2026-03-02 10:15 ann email new"]


def test_the_event_is_the_librarys_own() -> None:
    """No host can write it."""
    with pytest.raises(Exception, match="one of the library's own"):
        Shop(cart()).engine.accept(Event("$migrate", id="x", customer_id="ann", occurred_at="2026-03-02T09:00:00+00:00"))


def test_a_version_that_this_release_cannot_read_holds_up_nobody_else() -> None:
    """A later release has let Eve in on a journey with a word that this one does not know: she waits for it, Ann does not."""
    shop = Shop(cart())
    later = Enrollment("cart", "e", 1, "ffff0000ffff0000", 1, "active", "left", 1, 10, 10, {}, (Timer(0, 20, 1),))
    text = '{"journey":"cart","key":"cart_id","steps":[{"step":"left","teleport":true}]}'
    shop.storage.commit_many([Commit("eve", 0, 1, 10, enrollments=[later], definitions=[("ffff0000ffff0000", "cart", text)])])
    shop.event("Product Added", "ann", cart_id="a")
    shop.wait("3 hours")

    assert shop.sent == ["2026-03-02 11:00 ann email reminded"]
    with pytest.raises(
        UnknownError, match=r"this release cannot read definition ffff0000ffff0000 .*teleport.* a later one wrote it, and can"
    ):
        shop.event("Order Completed", "eve", cart_id="e")
    assert Shop(cart(), storage=shop.storage).inside("cart", "e", "eve") == later


def test_the_figures_follow_whoever_is_brought() -> None:
    """Where they stand, and which timers run, is counted by the names of the new version."""
    old, new = cart(), cart("4 hours", second="told")
    shop = Shop(old)
    shop.event("Product Added", "ben", cart_id="b")
    shop.wait("3 hours")
    shop.event("Product Added", "ann", cart_id="a")
    shop = released(shop, new)
    shop.engine.versions.migrate(changed(old, new, steps={"reminded": "told"}, wait={"left": "rearm"}))
    compiled = shop.engine.definitions.compiled
    figures = summarize(compiled.journeys, shop.storage)["journeys"]["cart"]

    assert figures["steps"] == {"left": 1, "told": 1}
    assert figures["timers running"] == {"left: 4 hours": 1, "told: 3 days": 1}
    assert sum(figures["timers cancelled"].values()) == 1


def test_who_is_paused_is_brought_and_stays_paused() -> None:
    """The step is paused when Ann's wait is over: she is brought into it under its new name, and goes on when the pause ends."""
    old, new = cart(), cart(second="told")
    renamed = attrs.evolve(new, steps=[Step("waiting", wait="2 hours"), *new.steps[1:]])
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop.engine.pause("cart", step="left")
    shop.wait("3 hours")
    shop = released(shop, renamed)
    told = changed(old, renamed, steps={"left": "waiting", "reminded": "told"})
    held = shop.inside("cart", "a").held
    shop.engine.versions.migrate(told)
    shop.wait("1 hour")

    ann = shop.inside("cart", "a")
    assert held is not None
    assert ann.held == held._replace(step="waiting")
    assert shop.sent == []
    shop.engine.versions.undo(told)
    assert shop.inside("cart", "a").held == held
    shop.engine.versions.migrate(told)
    shop.engine.resume("cart", step="left")
    shop.wait("5 days")
    assert [line[17:] for line in shop.sent] == ["ann email told", "ann email last"]


def test_a_paused_journey_fires_no_timer_for_a_migration() -> None:
    """What came due in the pause is not decided on the way."""
    old, new = cart(), cart("4 hours")
    shop = Shop(old)
    shop.event("Product Added", cart_id="a")
    shop.engine.pause("cart")
    shop.clock.set(shop.clock.now() + 3 * 3_600_000_000)
    after = released(shop, new)
    after.engine.versions.migrate(changed(old, new))

    assert (after.inside("cart", "a").step, after.inside("cart", "a").definition) == ("left", definition_hash(new))
