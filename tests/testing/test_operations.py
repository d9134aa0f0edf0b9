"""What whoever runs the shop does in a story: by hand in a scenario, and by the machine, which tells the shortest story in which it does harm."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from any_story import STORIES, broken, holds, machine, verdict
from journeykit import Catalog, DefinitionError, Do, Journey, Step, dumps
from journeykit.codec import definition_hash
from journeykit.testing import Scenario
from journeykit.testing.machine import JourneyMachine, always
from journeykit.testing.operations import OPERATIONS
from journeykit.testing.properties import everyone_leaves_within, never_after, never_closer, never_twice

CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    reentry="always",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", template="cart"))],
)
HOUR = 3_600_000_000  #: microseconds


def trial(*steps: Step) -> Journey:
    return Journey("trial", entry="Trial Started", stage="consideration", steps=steps)


OLD = trial(Step("welcome", wait="2 days"), Step("reminded", do=Do("email", template="reminder"), wait="3 days"))
NEW = trial(Step("welcome", wait="3 days"), Step("asked", do=Do("sms", template="question"), wait="3 days"))
CHANGED = {"journey": "trial", "changed": {definition_hash(OLD): definition_hash(NEW)}, "steps": {"reminded": "asked"}, "wait": "rearm"}


def shop(*definitions: Journey | Catalog, **options: object) -> Scenario:
    return Scenario(*definitions, at="2026-03-02 09:00", zone="Europe/Berlin", **options)


# -- by hand ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", [None, "decided", "committed"])
def test_two_who_are_one_are_told_of_under_both_names(point: str | None) -> None:
    """Killed in it or not: carts and messages of both are one customer's, whichever id is asked for."""
    story = shop(CART)
    story.event("Product Added", customer="ann", cart_id="c1")
    story.wait("3 hours")
    story.event("Product Added", customer="visitor", cart_id="c2")
    if point:
        story.kill(point)
    story.merge("ann", "visitor")
    story.wait("3 hours")

    assert [one.request.customer_id for one in story.messages("visitor")] == ["ann", "ann"]
    assert story.messages("ann") == story.messages()
    assert story.merge("ann", "visitor").status == "duplicate"
    assert "2026-03-02 12:00 CET  ann  merge visitor\n" in str(story)


@pytest.mark.parametrize("point", [None, "decided", "committed"])
def test_who_is_erased_is_somebody_new(point: str | None) -> None:
    """Also as far as the arms go in which everybody is; what was heard before has been heard."""
    held_out = Catalog(actions={"email": "marketing"}, policies=["hold out 50% as control"])
    story = shop(CART, held_out, arms={"control": "treated"})
    story.event("Product Added", cart_id="c1")
    story.wait("3 hours")
    if point:
        story.kill(point)
    story.erase("ann")
    assert story.storage.customers() == []
    story.identify("ann", consent={"email": True})
    story.event("Product Added", cart_id="c2")
    story.wait("3 hours")

    story.expect("email", at="2026-03-02 11:00")
    story.expect("email", at="2026-03-02 14:00")
    story.expect_nothing_else()
    assert len(story.messages("ann")) == 2


def test_a_pause_lets_time_stand_still() -> None:
    """Three hours of a wait of two: what was left of it is left behind the pause."""
    story = shop(CART)
    story.event("Product Added", cart_id="c1")
    story.wait("1 hour")
    assert story.pause("recover-cart", step="left")
    story.wait("3 hours")
    assert story.resume("recover-cart", step="left")
    story.wait("3 hours")
    story.expect("email", at="2026-03-02 14:00")


def test_in_the_very_instant_in_which_a_pause_ends() -> None:
    """Whoever has been held and is merged then, before any worker has looked, goes on like the others."""
    story = shop(CART)
    story.event("Product Added", customer="ann", cart_id="c1")
    story.event("Product Added", customer="bob", cart_id="c2")
    story.pause("recover-cart")
    story.wait("3 hours")
    story.resume("recover-cart")
    story.merge("ann", "bob")
    story.wait("3 hours")
    story.expect("email", at="2026-03-02 14:00")
    story.expect("email", at="2026-03-02 14:00")


@pytest.mark.parametrize("given", ["value", "file"])
def test_another_release_takes_over_and_those_inside_come_along(tmp_path: Path, given: str) -> None:
    """The versions are those of the files, although the scenario puts journeys that name no zone into its own."""
    path = tmp_path / "trial.migration.yaml"
    path.write_text(f"journey: trial\nchanged: {{{definition_hash(OLD)[:8]}: {definition_hash(NEW)[:8]}}}\nsteps: {{reminded: asked}}\n")
    story = shop(OLD)
    story.event("Trial Started", customer="ann")
    story.wait("1 day")
    story.event("Trial Started", customer="bob")
    story.wait("1 day 1 hour")
    story.deploy(NEW)
    story.event("Trial Started", customer="cid")
    assert story.migrate(CHANGED if given == "value" else path).moved == 2
    story.wait("5 days")

    heard = Counter((one.request.customer_id, one.request.action) for one in story.performed)
    assert heard == {("ann", "email"): 1, ("bob", "sms"): 1, ("cid", "sms"): 1}
    assert "2026-03-04 10:00 CET  deploy trial\n" in str(story)
    assert "2026-03-04 10:00 CET  migrate " in str(story)


def test_operations_are_told_again_as_code() -> None:
    """Executed, the code comes to the same; both releases stand above it."""
    story = shop(OLD)
    story.event("Trial Started", customer="ann")
    story.event("Trial Started", customer="bob")
    story.merge("ann", "bob")
    story.pause("trial", step="welcome", clocks="run on")
    story.pause(action="email")
    story.wait("1 day")
    story.resume("trial", step="welcome")
    story.deploy([NEW])
    story.migrate(CHANGED)
    story.resume(action="email")
    story.wait("4 days")
    story.erase("bob")
    code = story.as_code()
    told = {}
    exec(compile(code, "<pasted>", "exec"), told)

    assert 'shop.pause("trial", step="welcome", clocks="run on")\nshop.pause(action="email")\n' in code
    assert "shop.deploy(trial_2)\n" in code
    assert dumps(NEW).strip() in code
    assert str(told["shop"]) == str(story)
    assert len(story.performed) == 1


# -- by the machine --------------------------------------------------------------------------------------------------------


def review(**more: object) -> Journey:
    steps = [Step("bought", wait="14 days"), Step("asked", do="review-request")]
    return Journey("review", stage="advocacy", entry="Order Completed", reentry="always", steps=steps, **more)


@always
def only_who_bought_is_asked(_self: JourneyMachine, shop: Scenario) -> int:
    """Wrong where customers are merged: it looks at the ids as they were told."""
    bought = {one.customer for one in shop.told if "Order Completed" in one.arguments}
    assert {one.request.customer_id for one in shop.performed} <= bought, "somebody was asked who has bought nothing"
    return len(bought)


@always
def only_who_bought_is_asked_whoever_they_are(_self: JourneyMachine, shop: Scenario) -> int:
    """The same with who they have become; those who are several and were asked are what there was to look at."""
    bought = {one.customer for one in shop.told if "Order Completed" in one.arguments}
    known = {shop.storage.identities(one)[0] for one in bought}
    asked = {one.request.customer_id for one in shop.performed}
    assert asked <= known | bought
    return sum(len(shop.storage.identities(one)) > 1 for one in asked & known)


def test_a_property_that_forgets_that_two_may_be_one() -> None:
    """Bob has bought and become Ann, who is asked."""
    shop = machine([review()], own=only_who_bought_is_asked, operations=["merge"], mishaps=())
    story = broken(shop, "somebody was asked who has bought nothing")
    assert len(story) == 3
    assert {line[:10] for line in story} == {"shop.event", "shop.merge", "shop.wait("}

    holds(machine([review()], own=only_who_bought_is_asked_whoever_they_are, operations=["merge"]), "something to look at")


def test_what_two_had_who_became_one_counts_for_both() -> None:
    """A mail to each of them, and then no third one to the customer they are."""
    calm = never_closer("email", "24 hours")
    manners = Catalog(actions={"email": "marketing"}, policies=["at most 1 email in 24 hours or defer up to 3 days"])
    shop = machine([CART, manners], calm=calm, operations=["merge"])
    holds(shop, "email, 2 times")

    story = Scenario(CART, at="2026-03-02 09:00")
    story.event("Product Added", customer="bob", cart_id="c1")
    story.wait("3 hours")
    story.event("Product Added", customer="ann", cart_id="c2")
    story.wait("3 hours")
    story.merge("ann", "bob")
    assert calm.check(story).seen == {"email, 2 times": 0}  # nobody knew
    story.event("Product Added", customer="bob", cart_id="c3")
    story.wait("3 hours")
    with pytest.raises(AssertionError) as caught:
        calm.check(story)
    assert verdict(caught.value).endswith("ann was sent email template='cart' at 2026-03-02 14:00 UTC and at 2026-03-02 17:00 UTC")


@always
def who_complained_is_never_asked(_self: JourneyMachine, shop: Scenario) -> int:
    """Wrong where customers are erased: nobody knows of the complaint any more."""
    complained: set[str | None] = set()
    for one in shop.story:
        if "Complaint Received" in getattr(one, "arguments", ()):
            complained.add(one.customer)
        elif hasattr(one, "request"):
            assert one.request.customer_id not in complained, "somebody was asked who has complained"
    return len(complained)


def test_a_property_that_remembers_what_is_erased() -> None:
    """The ready-made one does not: whoever comes after having been erased is somebody else."""
    quiet = Catalog(
        facts={"complained": "count of Complaint Received"},
        policies=["none while customer.complained > 0 as complaint"],
        actions={"review-request": "transactional"},
    )
    kind, more = never_after("Complaint Received", "review-request"), {"operations": ["erase"], "customers": ["ann"]}
    story = broken(machine([review(), quiet], own=who_complained_is_never_asked, mishaps=(), **more), "somebody was asked who has")
    assert sorted(line.split("(")[0] for line in story) == ["shop.erase", "shop.event", "shop.event", "shop.wait"]

    holds(machine([review(), quiet], kind=kind, **more), "Complaint Received", "review-request")


@always
def in_time(_self: JourneyMachine, shop: Scenario) -> int:
    """Wrong where something is paused, as it would be where the worker lags."""
    last = 0
    for one in shop.story:
        last = one.at if getattr(one, "method", "") == "event" else last
        assert not hasattr(one, "request") or one.at - last <= 3 * HOUR, "a mail came later than 3 hours after the cart"
    return len(shop.performed)


def test_a_property_that_forgets_that_a_journey_may_be_paused() -> None:
    """Whoever is in it stays longer; who says how long anybody stays at most does not count that."""
    steps = [Step("left", wait="2 hours"), Step("told", do="email")]
    cart = Journey("cart", entry="Product Added", reentry="always", stage="consideration", steps=steps)
    own = {"told": in_time, "operations": ["pause"], "mishaps": (), "customers": ["ann"]}
    story = broken(machine([cart], **own), "a mail came later than 3 hours after the cart")
    assert sorted(line.split("(")[0] for line in story if "wait" not in line) == ["shop.event", "shop.pause", "shop.resume"]

    ends = everyone_leaves_within("3 hours")
    holds(machine([cart], ends=ends, operations=["pause"]), "a journey left")


@always
def somebody_came_along(_self: JourneyMachine, shop: Scenario) -> int:
    """What there is to look at."""
    return sum(entry.kind == "migrated" for name in shop.storage.customers() for entry in shop.storage.history(name))


def test_a_migration_that_sends_somebody_back() -> None:
    """Who has had the reminder stands before it again, and has it twice."""
    once, back = never_twice("email", template="reminder"), {**CHANGED, "steps": {"reminded": "welcome"}}
    later = trial(Step("welcome", wait="3 days"), Step("reminded", do=Do("email", template="reminder"), wait="3 days"))
    changed = {definition_hash(OLD): definition_hash(later)}
    more = {"later": [later], "zone": "Europe/Berlin", "customers": ["ann"]}
    shop = machine([OLD], once=once, migrations=[{**back, "changed": changed, "steps": {"reminded": "welcome"}}], mishaps=(), **more)
    story = broken(shop, "never_twice(email template='reminder'): ann was sent")
    assert [line.split("(")[0] for line in story if "wait" not in line] == ["shop.event", "shop.deploy", "shop.migrate"]
    assert {"shop.deploy(Shop.later)", "shop.migrate(*Shop.migrations)"} <= set(story)

    mended = {**CHANGED, "changed": changed, "steps": {}}
    holds(
        machine([OLD], once=once, came=somebody_came_along, migrations=[mended], **more),
        "email template='reminder'",
        "something to look at",
    )


def test_everything_at_once_on_journeys_that_are_in_order() -> None:
    """Merged, erased, paused, changed, killed and late: what is promised holds, and there was enough to look at."""
    manners = Catalog(actions={"email": "marketing", "sms": "marketing"}, policies=["at most 1 email in 24 hours or defer up to 3 days"])
    shop = machine(
        [CART, OLD, manners], later=[CART, NEW, manners], migrations=[CHANGED], operations=OPERATIONS, came=somebody_came_along,
        calm=never_closer("email", "24 hours"), once=never_twice("sms"), ends=everyone_leaves_within("30 days"), customers=["ann", "bob", "cid"],
    )  # fmt: skip
    holds(shop, "email, 2 times", "something to look at", "a journey left")

    assert shop.tally.stories >= STORIES


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"operations": ["lunch"]}, 'operations: "lunch" is none; there are merge, erase, pause'),
        ({"mishaps": ["kil"]}, 'mishaps: "kil" is none; there are late, ahead, again, lag, kill, fail; did you mean "kill"?'),
        ({"operations": "merge"}, 'operations: "merge" is a text; give a list'),
        ({"customers": "ann"}, 'customers: "ann" is a text; give a list'),
        ({"migrations": [CHANGED]}, "migrations: they lead to a later release, and there is none; give its journeys and catalogs as later"),
    ],
)
def test_what_a_machine_cannot_be_told(given: dict[str, object], problem: str) -> None:
    """It is refused where it is written, not in the first story, and not silently."""
    with pytest.raises((TypeError, ValueError)) as caught:
        machine([CART], **given)
    assert str(caught.value) == problem


def test_a_machine_without_journeys_is_no_test() -> None:
    """It would hold for ever; one to inherit from may have none."""
    base = machine([])
    with pytest.raises(ValueError, match="definitions: there are none, so that nothing can happen"):
        base.TestCase("runTest").runTest()


def test_an_old_id_of_somebody_erased_becomes_the_other() -> None:
    """Merged, erased, and merged the other way round: nobody is looked for in a circle."""
    story = shop(CART)
    story.merge("ann", "bob")
    story.event("Product Added", customer="bob", cart_id="c1")
    story.erase("ann")
    story.merge("bob", "ann")
    story.event("Product Added", customer="ann", cart_id="c2")
    story.wait("3 hours")

    story.expect_dropped("email", at="2026-03-02 11:00", customer="bob", reason="erased: no consent has been given since")
    story.expect_nothing_else()
    with pytest.raises(DefinitionError, match="'journeys' is no journey and no catalog"):
        story.deploy("journeys")
