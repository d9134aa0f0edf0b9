"""
Journeys that nobody published, made of the same capabilities in other combinations: core and reference agree on them.

Twenty journeys, some stories each; every capability must have had its effect, in every case of it, or the comparison proves nothing.
JOURNEYKIT_EXAMPLES and JOURNEYKIT_SEED bring more of them and others.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from agreement.combining import BETWEEN, BRANCHES, CATALOG, ENTRIES, LEAVING, REENTRIES, TAGS, Combined, Story, combined, effects
from agreement.generators import Happening
from agreement.test_reference import shown
from agreement.worlds import CoreShop, ReferenceShop, differences

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("JOURNEYKIT_SEED", "0"))
LENGTH = 60  #: happenings of a story
STORIES = 4  #: of each journey
AT_LEAST = 2  #: how often each case must have come up in forty journeys

#: what the recipes' tags ask for besides, and where it is held against something else than the core's own word
ELSEWHERE = {
    "policies, in tests/runtime/test_policy_properties.py": (
        "quiet-hours", "frequency-cap", "support-suppression", "list-suppression", "double-opt-in",
    ),
    "facts about objects, in tests/agreement/test_objects.py": (
        "product-fanout", "throttled-fanout", "price-drop", "back-in-stock", "subscription-expiry",
    ),
    "an action like any other, in tests/recipes": (
        "multi-channel", "webhook", "internal-notification", "audience-sync", "tag", "attribute-update", "best-channel",
    ),
    "words that are here under another tag": (
        "survey-branch", "predicted", "points", "loyalty-tier", "dunning", "replenishment", "b2b-account", "escalation",
    ),
    "lanes, in tests/recipes": ("journey-priority",),
}  # fmt: skip


def told(one: Combined, seed: int) -> ReferenceShop:
    """Tell a story of *one* to core and reference; return the reference."""
    core, reference = CoreShop(one.journeys, CATALOG), ReferenceShop(one.journeys, CATALOG)
    story = Story(Random(seed), one.journeys)
    happenings: list[Happening] = []

    def happen(happening: Happening) -> None:
        happenings.append(happening)
        for world in (core, reference):
            _ = world.wait(happening.at) if happening.event is None else world.event(happening.event, happening.at)

    def compare() -> None:
        assert not differences(core, reference), f"seed {seed}\n{shown(one.journeys, happenings, CATALOG)}"

    for happening in story.introductions():
        happen(happening)
    for number in range(LENGTH):
        happen(story.next(reference))
        if number % 20 == 0:
            compare()
    happen(Happening(story.at + 30 * 24 * 3_600_000_000, None))
    compare()
    return reference


@pytest.fixture(name="seen", scope="module")
def _seen(examples: int) -> Counter[str]:
    """What so many journeys came to, twenty at least."""
    counted: Counter[str] = Counter()
    for number, one in enumerate(combined(max(40, examples // 5), SEED)):
        for story in range(STORIES):
            counted += effects(one, told(one, SEED + 1_000 * number + story))
    return counted


def test_core_and_reference_agree_on_what_nobody_published(seen: Counter[str]) -> None:
    """The same steps, data, timers, actions and refusals, happening by happening."""
    assert sum(seen.values()) > 1_000


CASES = (
    *ENTRIES, *REENTRIES, *LEAVING, "holdout", "several keys at once", "the better one", "followed",
    *(tag for tag in BETWEEN if tag not in BRANCHES),
    *(f"{tag}: {what}" for tag, ways in BRANCHES.items() for what in (*(name for name, _ in ways), "none")),
    "split-random: one", "split-random: other", "ab-winner: one", "ab-winner: other", "global-counter: granted", "global-counter: used up",
    "nested-scope: left", "nested-scope: inner left", "score: reached", "wait-for-event-timeout: time-out", "wait-for-event-timeout: Clicked",
    "cross-journey-exclusion: busy", "cross-journey-exclusion: free", "parallel-tracks: track 0", "parallel-tracks: track 1",
    "multi-anchor-timers: journey", "multi-anchor-timers: step",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_capability_had_its_effect(case: str, seen: Counter[str], examples: int) -> None:
    """Not once or twice by luck, in each way that it can have one."""
    count = sum(number for did, number in seen.items() if did == case or did.startswith(f"{case}: "))
    assert count >= AT_LEAST or (SEED and examples < 2_000)  # by luck some others are few


def test_every_tag_of_the_recipes_has_its_place() -> None:
    """Each is among what is combined here, or it is written down where it is held."""
    lines = [line for line in (ROOT / "docs" / "recipes.md").read_text("utf-8").splitlines() if re.fullmatch(r"[a-z-]+( · [a-z-]+)*", line)]
    tags = {tag for line in lines for tag in line.split(" · ")} - {"flowchart", "end"}
    elsewhere = {tag for several in ELSEWHERE.values() for tag in several}

    assert len(tags) > 60
    assert sorted(tags - TAGS - elsewhere) == []
    assert sorted(TAGS & elsewhere) == []
