"""Two moments that are past when somebody comes in: the first leads away, the other is looked at again where they are then."""

from __future__ import annotations

from journeykit import Entry, Journey, On, Scope, Step, Transition
from shop import Shop

ENDS = "2 hours after data.event, wait if missing, exit if past"


def visit(date: str | None) -> list[tuple[str, str | None, str | None, str]]:
    """
    What is told of Ann, who is invited to a visit that was yesterday, and the event that ends the journey with it. She is led to where another
    date is agreed, if she is offered one.
    """
    rules = [
        Transition("asked", on=On(after="2 hours before data.visit, wait if missing, skip to asked if past")),
        Transition("over", on=On(after=ENDS)),
    ]
    steps = [
        Step("invited", stage="retention", wait="30 days"),
        Step("asked", set={} if date is None else {"data.event": f"'{date}'"}, wait="30 days"),
        Step("over", end="over"),
    ]
    entry = Entry("Invited", set={"data.visit": "event.visit", "data.event": "event.visit"})
    shop = Shop(Journey("visit", entry=entry, zone="UTC", when=rules, steps=steps))
    shop.event("Invited", visit="2026-03-01")
    return [(entry.kind, entry.source, entry.target, entry.timers) for entry in shop.storage.history("ann")]


LED = [("entered", None, "invited", "+2@1775034000000000"), ("moved", "invited", "asked", "-2 +3@1775034000000000")]


def test_the_other_moment_is_another_one_by_then() -> None:
    """The event is on the 20th of March now: its timer is armed for two hours after it."""
    assert visit("2026-03-20") == [*LED, ("stayed", "asked", "asked", "+1@1773972000000000")]


def test_the_other_moment_is_past_still() -> None:
    """Nobody has offered another date: it leads her out."""
    assert visit(None) == [*LED, ("exited", "asked", None, "-3")]


def test_the_scope_of_the_other_moment_has_been_left_by_then() -> None:
    """Both moments of a scope are past: the first leads out of the scope, and the other is nobody's any more; led within it, it counts."""
    for target, led in {"outside": [("moved", "outside"), ("completed", None)], "within": [("moved", "within"), ("exited", None)]}.items():
        rules = [
            Transition(target, on=On(after=f"2 hours before data.visit, wait if missing, skip to {target} if past")),
            Transition("outside", on=On(after=ENDS)),
        ]
        steps = [
            Step("before", stage="retention", when={"Go": "first"}),
            Scope("visiting", when=rules, steps=[Step("first", wait="30 days"), Step("within", wait="30 days")]),
            Step("outside"),
        ]
        entry = Entry("Invited", set={"data.visit": "event.visit", "data.event": "event.visit"})
        shop = Shop(Journey("visit", entry=entry, zone="UTC", when=Transition("outside", on=On("Done")), steps=steps))
        shop.event("Invited", visit="2026-03-01")
        shop.event("Go")

        assert [(entry.kind, entry.target) for entry in shop.storage.history("ann")[2:]] == led
