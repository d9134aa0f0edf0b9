"""The better arm of an experiment: who is drawn, who counts, and from when on there is nothing to draw any more."""

from __future__ import annotations

import pytest

from journeykit import Journey, Step
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.plans import CompiledSplit
from journeykit.core.compiling.quotas import KNOWN, Known, Unread
from journeykit.core.compiling.splits import draw
from journeykit.core.deciding.customer import Customer
from journeykit.core.turns.tallies import give, measured, tally
from journeykit.core.turns.turn import Turn
from journeykit.model.records import Facts, Loaded

DAY = 86_400_000_000
BEGAN, BETTER, SUBJECT = "choose/subject began", "choose/subject better", "choose/subject"
COMPILED = compile_journeys([("hash", "text", Journey("choose", entry="Came", steps=[
    Step("first", stage="retention", wait="1 day", then="50% few, 50% many, then the better by share of Opened after 2 days as subject"),
    Step("few", wait="1 day"), Step("many", wait="1 day"),
]))])  # fmt: skip


def split() -> CompiledSplit:
    """The one split of the journey."""
    (found,) = [row.split for rows in COMPILED.journeys["choose"].rules.rows["first"].values() for row in rows if row.split]
    return found


def ann(now: int, arms: dict[str, str] | None = None, **told: str) -> Turn:
    """A decision about Ann, and what is known of the experiment."""
    turn = Turn(COMPILED, Customer(Loaded("ann", 0, 0, Facts(arms=arms or {}), [], [])), now, None)
    turn.known = Known(told={f"choose/subject {name}": value for name, value in told.items()})
    return turn


def test_as_long_as_nothing_is_decided_an_arm_is_drawn_and_counted() -> None:
    """Up to the instant before the two days are over; what had to be known is noted."""
    drawn = draw(split(), "ann")[0]
    turn = ann(10 + 2 * DAY - 1, began="10", other="x")

    assert measured(turn, split()).target == drawn
    assert (turn.facts.arms, turn.commit.quotas) == ({SUBJECT: drawn}, ((f"{SUBJECT}/{drawn}", 1, None),))
    assert turn.needed == KNOWN._replace(told={BEGAN: "10"})


def test_then_the_better_is_taken_and_nobody_is_counted() -> None:
    """In the very instant; whoever has an arm keeps it, without asking."""
    for better in ("few", "many"):
        turn = ann(10 + 2 * DAY, began="10", better=better)
        assert measured(turn, split()).target == better
        assert (turn.facts.arms, turn.commit.quotas) == ({SUBJECT: better}, ())
        assert turn.needed == KNOWN._replace(told={BEGAN: "10", BETTER: better})
        kept = ann(10 + 9 * DAY, {SUBJECT: better})
        assert measured(kept, split()).target == better
        assert (kept.facts.arms, kept.commit.quotas, kept.needed) == ({SUBJECT: better}, (), None)


def test_a_better_arm_that_there_is_no_more_is_drawn_for_and_counted() -> None:
    """The version before this one had an arm "mail", which was the better; whoever comes now gets one of those there are."""
    drawn = draw(split(), "ann")[0]
    turn = ann(10 + 2 * DAY, began="10", better="mail")

    assert measured(turn, split()).target == drawn
    assert (turn.facts.arms, turn.commit.quotas) == ({SUBJECT: drawn}, ((f"{SUBJECT}/{drawn}", 1, None),))
    assert turn.needed == KNOWN._replace(told={BEGAN: "10", BETTER: "mail"})


def test_what_is_not_known_is_asked_for() -> None:
    """When it began, which is now where nobody has; and which of the arms is the better."""
    with pytest.raises(Unread) as unread:
        measured(ann(77), split())
    assert (unread.value.name, unread.value.first) == (BEGAN, "77")
    with pytest.raises(Unread) as unread:
        measured(ann(10 + 2 * DAY, began="10"), split())
    assert (unread.value.name, unread.value.first) == (BETTER, ("few", "many"))


def test_who_was_given_an_arm_counts_when_they_come_to_it() -> None:
    """Once, also when the better one is known; an arm that there is no more is drawn anew."""
    turn = ann(5)
    give(turn, {SUBJECT: "many", "other/x": "a"})
    assert turn.facts.arms == {SUBJECT: "many", "other/x": "a", f"{SUBJECT} given": "many"}
    came = ann(10 + 9 * DAY, turn.facts.arms, began="10", better="few")
    assert measured(came, split()).target == "many"
    assert (came.facts.arms, came.commit.quotas) == ({SUBJECT: "many", "other/x": "a"}, ((f"{SUBJECT}/many", 1, None),))
    gone = ann(10 + 9 * DAY, {SUBJECT: "third"}, began="10", better="few")
    assert (measured(gone, split()).target, gone.facts.arms, gone.commit.quotas) == ("few", {SUBJECT: "few"}, ())


def test_who_does_what_is_measured_counts_once_for_their_arm() -> None:
    """Not for another event, and not without an arm."""
    turn = ann(5, {SUBJECT: "few"})
    for event in ("Clicked", "Opened", "Opened"):
        tally(turn, event)
    assert turn.commit.quotas == ((f"{SUBJECT}/few/reached", 1, None),)
    assert turn.facts.arms == {SUBJECT: "few", f"{SUBJECT} reached": "few"}
    nobody = ann(5)
    tally(nobody, "Opened")
    assert (nobody.commit.quotas, nobody.facts.arms) == ((), {})
