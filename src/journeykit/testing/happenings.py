"""What may happen in a story, as rules of a state machine: see `machine`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from hypothesis.strategies import SearchStrategy

from journeykit.model.messages import Done, Failed, Retry
from journeykit.model.phrases import MICROSECONDS
from journeykit.testing.given import ELSEWHERE
from journeykit.testing.mishaps import POINTS
from journeykit.testing.retelling import civil
from journeykit.testing.scenario import Scenario
from journeykit.testing.stories import Person, person, properties
from journeykit.testing.vocabulary import KEYS, Ahead, Vocabulary

MISHAPS = ("late", "ahead", "again", "lag", "kill", "fail")

Rule = Callable[..., None]
Machine = Any  #: a `JourneyMachine`, which is made of these

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_OFTEN = 6  #: rules for events to one for each mishap
_RARELY = 4  #: of so many events one is late
_FAR = 5 * 366 * 86_400  #: seconds that nobody waits for
_ANSWERS = ((Failed("gone"), Done()), (Retry(), Done()), (Retry(), Retry(), Done()), (OSError("no line"), Done()))
_TAKEN = frozenset({"customer", "id", "at", "more", *ELSEWHERE})  #: names of which `Scenario.event` has arguments, or refuses them


def rules(words: Vocabulary, customers: Sequence[str], lengths: Sequence[int], mishaps: Sequence[str]) -> Iterator[tuple[str, Rule]]:
    """
    The rules of a machine, by name.

    Args:
        words: what the journeys speak of.
        customers: whom it happens to.
        lengths: the lengths of time that make a difference, in seconds.
        mishaps: which of `MISHAPS` there are.
    """
    whom = st.sampled_from(list(customers))
    people = st.one_of([person(words, name) for name in customers])
    yield from _at_the_beginning(words, customers)
    for name in named("happens", _OFTEN if words.events else 0):
        yield name, rule(told=_events(words), customer=whom, beside=_beside(lengths, mishaps))(copied_as(happens, name))
    if words.subjects:
        yield "is_published", rule(told=_facts(words))(is_published)
    if words.doors:
        yield "enters", rule(door=_doors(words), customer=whom)(enters)
    if _known(words):
        yield "becomes_known", rule(one=people)(becomes_known)
    for name in named("passes", _OFTEN // 2):
        yield name, rule(seconds=_spans(lengths))(copied_as(passes, name))
    for name in named("comes_up", _OFTEN // 2):
        yield name, rule(beside=st.sampled_from((1, 0, -1)))(copied_as(comes_up, name))
    yield from _mishaps(words, lengths, mishaps)


def _known(words: Vocabulary) -> bool:
    """Whether anything about a customer makes a difference."""
    return bool(words.civil or words.channels or words.traits())


def named(name: str, number: int) -> list[str]:
    """So many names for one thing: hypothesis leaves out some rules of each story, by their names, and it should not leave out all of these."""
    return [name, *(f"{name}_{other}" for other in range(2, number + 1))] if number else []


def copied_as(function: Rule, name: str) -> Rule:
    """The same under another name."""

    def copied(self: Machine, **drawn: Any) -> None:
        function(self, **drawn)

    copied.__name__ = name
    return copied


def _at_the_beginning(words: Vocabulary, customers: Sequence[str]) -> Iterator[tuple[str, Rule]]:
    """What is known of each customer, and the arm of each experiment, before anything happens."""
    for name in customers if _known(words) else ():
        yield f"begins_{name}", initialize(one=st.none() | person(words, name))(begins)
    for experiment, shares in words.arms.items():
        drawn = st.none() | st.tuples(st.sampled_from(list(customers)), st.just(experiment), st.sampled_from(shares))
        yield f"draws_{experiment}", initialize(arm=drawn)(draws)


def _mishaps(words: Vocabulary, lengths: Sequence[int], mishaps: Sequence[str]) -> Iterator[tuple[str, Rule]]:
    if "again" in mishaps:
        yield "is_told_again", precondition(_has_been_told)(rule(back=st.integers(1, 4))(is_told_again))
    if "lag" in mishaps:
        yield "lags", precondition(_works)(rule(seconds=_spans(lengths), things=st.integers(0, 3))(lags))
    if "kill" in mishaps:
        yield "is_killed", rule(at=st.sampled_from(POINTS))(is_killed)
    if "fail" in mishaps and words.actions:
        yield "fails", rule(action=st.sampled_from(words.actions), answers=st.sampled_from(_ANSWERS))(fails)
        for action in words.actions:
            yield f"begins_to_fail_{action}", initialize(action=st.just(action), answers=st.sampled_from((*[None] * 5, *_ANSWERS)))(fails)


# -- what is drawn ---------------------------------------------------------------------------------------------------------


def _events(words: Vocabulary) -> SearchStrategy[tuple[str, dict[str, Any]]]:
    names = [*words.events, *words.entries]  # nothing happens to whom nothing lets in
    return st.one_of([st.tuples(st.just(name), properties(words.properties(name))) for name in names])


def _facts(words: Vocabulary) -> SearchStrategy[tuple[str, dict[str, Any]]]:
    """Events about objects, which name their object."""
    return st.one_of([_fact(name, {**words.properties(name), of: KEYS}, of) for name, of in words.subjects.items()])


def _fact(name: str, choices: Mapping[str, Sequence[Any]], of: str) -> SearchStrategy[tuple[str, dict[str, Any]]]:
    return properties(choices).map(lambda told: (name, {of: KEYS[0], **told}))


def _doors(words: Vocabulary) -> SearchStrategy[tuple[str, str]]:
    """Journeys that the host lets somebody into, with a key where there is one."""
    return st.one_of([st.tuples(st.just(one.name), st.sampled_from(KEYS if one.keyed else ("",))) for one in words.doors])


def _beside(lengths: Sequence[int], mishaps: Sequence[str]) -> SearchStrategy[int]:
    """By how many seconds an event occurred before it was told, or after it; most by none."""
    late = [-length for length in (*lengths, 3_600)] if "late" in mishaps else []
    ahead = [3_600, 86_400] if "ahead" in mishaps else []
    return st.sampled_from([0] * (_RARELY * len(late + ahead) or 1) + late + ahead)


def _spans(lengths: Sequence[int]) -> SearchStrategy[int]:
    """How much time passes: what makes a difference first, then just before and just after it."""
    beside = [length + one for length in lengths for one in (-1, 1) if length > 1]
    return st.sampled_from([*lengths, 3_600, 86_400, *beside])


# -- what happens ----------------------------------------------------------------------------------------------------------


def happens(self: Machine, told: tuple[str, dict[str, Any]], customer: str, beside: int) -> None:
    """A customer does something, which may be told late, or ahead of time."""
    name, more = told
    step(self, lambda shop: shop.event(name, customer, **_at(shop, beside), **_told(shop, more)))


def is_told_again(self: Machine, back: int) -> None:
    """An event is delivered again."""
    step(self, lambda shop: shop.again(*([back] if back > 1 else [])))


def is_published(self: Machine, told: tuple[str, dict[str, Any]]) -> None:
    """Something happens to an object."""
    name, more = told
    if name in self.shop.engine.definitions.catalog.events:
        step(self, lambda shop: shop.publish(name, **_told(shop, more)))


def enters(self: Machine, door: tuple[str, str], customer: str) -> None:
    """The host lets somebody in."""
    journey, key = door
    if journey in self.shop.engine.definitions.compiled.journeys:
        step(self, lambda shop: shop.enroll(journey, customer, key=key))


def becomes_known(self: Machine, one: Person) -> None:
    """Something becomes known about a customer."""
    step(self, lambda shop: _identify(shop, one))


def begins(self: Machine, one: Person | None) -> None:
    """What is known about a customer from the beginning."""
    if one is not None:
        self.during(lambda: _identify(self.shop, one))


def draws(self: Machine, arm: tuple[str, str, str] | None) -> None:
    """In which arm a customer is."""
    if arm is not None:
        self.during(lambda: self.shop.arm(*arm))


def passes(self: Machine, seconds: int) -> None:
    """Time passes."""
    step(self, lambda shop: shop.wait(duration(seconds)))


def comes_up(self: Machine, beside: int) -> None:
    """Time passes until something is due: to that very second, or just beside it."""
    step(self, lambda shop: _wait_until_due(shop, beside))


def lags(self: Machine, seconds: int, things: int) -> None:
    """The worker stands still while time passes and some other things happen."""
    self.lag = things + 1
    self.during(lambda: _stand_still(self.shop, seconds))
    if not things:
        self.during(self.shop.start_worker)


def _stand_still(shop: Scenario, seconds: int) -> None:
    shop.stop_worker()
    shop.wait(duration(seconds))


def is_killed(self: Machine, at: str) -> None:
    """The engine is killed when it next comes to a point."""
    step(self, lambda shop: shop.kill(at))


def fails(self: Machine, action: str, answers: Sequence[Any] | None) -> None:
    """An action does not work, for some time or at all."""
    if answers is not None:
        step(self, lambda shop: shop.answer(action, *answers))


def step(self: Machine, call: Callable[[Scenario], object]) -> None:
    """One thing happens; the worker is back once it has stood still for long enough."""

    def made() -> None:
        if not self.shop.working:
            self.lag -= 1
            if self.lag <= 0:
                self.shop.start_worker()
        call(self.shop)

    self.during(made)


def _identify(shop: Scenario, one: Person) -> None:
    known = {"zone": one.zone, "traits": resolved(one.traits, shop), "consent": one.consent}
    if said := {name: value for name, value in known.items() if value}:
        shop.identify(one.id, **said)


def _wait_until_due(shop: Scenario, beside: int) -> None:
    due = shop.storage.next_due()
    seconds = 0 if due is None else (due - shop.clock.now()) // MICROSECONDS + beside
    if 0 < seconds < _FAR:
        shop.wait(duration(seconds))


def _at(shop: Scenario, beside: int) -> dict[str, Any]:
    return {"at": civil(shop.clock.now() + beside * MICROSECONDS, shop.zone)} if beside else {}


def _told(shop: Scenario, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties as `Scenario.event` takes them."""
    told = resolved(dict(properties), shop)
    more = {name: told.pop(name) for name in _TAKEN & told.keys()}
    return {**told, "more": more} if more else told


def resolved(value: Any, shop: Scenario) -> Any:
    """*value* with moments of the wall clock where it is counted from the present."""
    if isinstance(value, Ahead):
        return civil(shop.clock.now() + value.seconds * MICROSECONDS, shop.zone)
    if isinstance(value, dict):
        return {name: resolved(inner, shop) for name, inner in value.items()}
    return [resolved(inner, shop) for inner in value] if isinstance(value, list) else value


def duration(seconds: int) -> str:
    """How people write so many seconds: ``1 day 2 hours``."""
    parts = []
    for unit, length in _UNITS:
        number, seconds = divmod(seconds, length)
        parts += [f"{number} {unit}{'s' if number > 1 else ''}"] if number else []
    return " ".join(parts)


def _works(self: Machine) -> bool:
    return bool(self.shop.working)


def _has_been_told(self: Machine) -> bool:
    return any(one.method == "event" for one in self.shop.told)
