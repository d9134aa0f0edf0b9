"""What whoever runs the shop may do in a story, as rules of a state machine: see `machine`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from journeykit.core.definitions.outline import places, scopes
from journeykit.model.journey import Journey
from journeykit.model.pauses import Pause
from journeykit.runtime.pausing import Clocks
from journeykit.testing.happenings import copied_as, named, step
from journeykit.testing.scenario import Scenario
from journeykit.testing.vocabulary import Vocabulary

OPERATIONS = ("merge", "erase", "pause")
_OFTEN = 3  #: rules for what happens once in a story

Rule = Callable[..., None]
Machine = Any  #: a `JourneyMachine`, which is made of these
Paused = Mapping[str, str]  #: what `Scenario.pause` is given


def operating(words: Vocabulary, customers: Sequence[str], operations: Sequence[str], *, later: bool) -> Iterator[tuple[str, Rule]]:
    """
    The rules by name.

    Args:
        words: what the journeys speak of.
        customers: who may be merged and erased.
        operations: which of `OPERATIONS` there are.
        later: whether there is a later release.
    """
    if "merge" in operations and len(customers) > 1:
        yield "merges", rule(both=st.sampled_from(list(permutations(customers, 2))))(merges)
    if "erase" in operations:
        yield "erases", rule(customer=st.sampled_from(list(customers)))(erases)
    if "pause" in operations:
        whole = st.sampled_from(list(_pausable(words)))
        yield "pauses", rule(what=whole, clocks=st.sampled_from(("stand still", "run on")))(pauses)
        yield "resumes", precondition(_is_paused)(rule(number=st.integers(0, 3))(resumes))
    if later:
        for name in named("deploys", _OFTEN):
            yield name, precondition(_may_deploy)(rule()(copied_as(deploys, name)))
        for name in named("migrates", _OFTEN):
            yield name, precondition(_may_migrate)(rule()(copied_as(migrates, name)))


def _pausable(words: Vocabulary) -> Iterator[Paused]:
    """Journeys, their steps and scopes, and actions."""
    for journey in words.journeys:
        yield {"journey": journey.name}
        yield from ({"journey": journey.name, "step": name} for name in sorted(_names(journey)))
    yield from ({"action": name} for name in words.actions)


def merges(self: Machine, both: tuple[str, str]) -> None:
    """Two customers turn out to be one; not the other way round where they have been one before."""
    survivor, other = both
    if self.shop.storage.identities(other)[0] != self.shop.storage.identities(survivor)[0]:
        step(self, lambda shop: shop.merge(survivor, other))


def erases(self: Machine, customer: str) -> None:
    """All that is known of a customer is taken out."""
    step(self, lambda shop: shop.erase(customer))


def pauses(self: Machine, what: Paused, clocks: Clocks) -> None:
    """A journey, a step or an action is paused."""
    if _there(self.shop, what):
        step(self, lambda shop: shop.pause(clocks=clocks, **what))


def resumes(self: Machine, number: int) -> None:
    """One of the pauses ends."""
    several = self.shop.engine.pauses()
    one = several[number % len(several)]
    step(self, lambda shop: resume(shop, one))


def resume(shop: Scenario, pause: Pause) -> None:
    """End a pause."""
    named = {"journey": pause.journey, "step": pause.step, "action": pause.action}
    shop.resume(**{name: value for name, value in named.items() if value is not None})


def deploys(self: Machine) -> None:
    """The later release takes over."""
    step(self, lambda shop: shop.deploy(self.later))


def migrates(self: Machine) -> None:
    """Those who are inside come along."""
    step(self, lambda shop: shop.migrate(*self.migrations))


def _there(shop: Scenario, what: Paused) -> bool:
    """Whether the release that is there knows it."""
    known = shop.engine.definitions
    if "action" in what:
        return what["action"] in known.actions()
    return any(
        one.name == what["journey"] and ("step" not in what or what["step"] in _names(one.journey))
        for one in known.compiled.definitions.values()
    )


def _names(journey: Journey) -> set[str]:
    """Of steps and scopes."""
    return {*(place.step.name for place in places(journey)), *(scope.name for scope, _, _ in scopes(journey))}


def _is_paused(self: Machine) -> bool:
    return bool(self.shop.engine.pauses())


def _may_deploy(self: Machine) -> bool:
    """Once, and when somebody is inside whom it may concern."""
    return not any(one.method == "deploy" for one in self.shop.told) and bool(self.shop.engine.versions.occupied())


def _may_migrate(self: Machine) -> bool:
    """When somebody is on a version of before."""
    current = {one.hash for one in self.shop.engine.definitions.compiled.journeys.values()}
    return bool(self.migrations) and any(digest not in current for _, digest, _, _ in self.shop.engine.versions.occupied())
