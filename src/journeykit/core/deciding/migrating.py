"""
From one version of a journey to another (P19): who can go where, and the signal that brings one enrollment there.

It moves nobody: it says what the place is called now where they stand. Visit and moments of entry stay, nothing of the step is
performed, timers run on, are counted anew or go. What follows by itself there, follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.plans import CompiledTimer
from journeykit.core.definitions.outline import Place, scopes
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.operations import changed_data
from journeykit.core.enrollments.timing import renew, resume
from journeykit.core.expressions.context import Context, Declared, Resolver
from journeykit.core.expressions.expressions import compile_expression, plain
from journeykit.core.turns.turn import Raised
from journeykit.model.conditions import Expression
from journeykit.model.messages import Event
from journeykit.model.migrations import Migration
from journeykit.model.pauses import Hold
from journeykit.model.phrases import suggestion
from journeykit.model.records import Enrollment, Timer

Owner = tuple[Literal["step", "scope", "journey"], str]

CAUSE, UNDONE = "migration", "migration undone"


class Passage(NamedTuple):
    """Two versions of a journey: the old names, what they are called in the new one, and what becomes of timers."""

    old: CompiledJourney
    new: CompiledJourney
    steps: Mapping[str, str | None]
    wait: Mapping[str, str]
    waits: str = "keep"

    @classmethod
    def of(cls, old: CompiledJourney, new: CompiledJourney, migration: Migration) -> Passage:
        """The passage that a migration describes."""
        return cls(old, new, migration.steps, migration.wait, migration.waits)

    def name(self, old: str) -> str | None:
        """What a step or a scope is called in the new version; None where it has no place there."""
        return self.steps.get(old, old)

    def running(self, owner: Owner) -> str:
        """What becomes of the timers of an owner, by its old name."""
        return self.wait.get(owner[1], self.waits)

    def place(self, step: str) -> Place | None:
        """Where those stand in the new version who stand in *step* of the old one."""
        return self.new.places.get(self.name(step) or "")

    def owners(self, step: str) -> dict[Owner, Owner]:
        """The owners of timers that go on for those who stand in *step*, and what they are in the new version."""
        there = self.place(step)
        around = [] if there is None else [scope.name for scope in there.scopes]
        here = self.old.places.get(step)
        found: dict[Owner, Owner] = {("journey", self.old.name): ("journey", self.new.name)}
        for scope in here.scopes if here else ():
            if (name := self.name(scope.name)) in around and name is not None:
                found["scope", scope.name] = ("scope", name)
        if there is not None:
            found["step", step] = ("step", there.step.name)
        return found

    def counterparts(self, owners: Mapping[Owner, Owner]) -> dict[int, int]:
        """The rule that takes over from each rule of *owners*, by their numbers; one that has none is not among them."""
        found: dict[int, int] = {}
        for one, other in owners.items():
            found |= _paired(_rules(self.old, one), _rules(self.new, other))
        return found

    def stranded(self, step: str) -> Iterator[str]:
        """Why those who stand in *step* cannot go: it has no place in the new version, or a timer that runs has no rule there."""
        there = self.place(step)
        if there is None:
            name = self.name(step) or step
            yield f'no step "{name}" in the new version; say under steps where they go{suggestion(name, self.new.places)}'
            return
        if there.step.end is not None:
            return
        owners = self.owners(step)
        taken = self.counterparts(owners)
        for owner in owners:
            if self.running(owner) == "keep":
                lost = [rule for rule in _rules(self.old, owner) if rule.index not in taken]
                yield from (_lost(rule, there) for rule in lost)

    def problems(self) -> Iterator[str]:
        """What is wrong with it, whoever stands where."""
        if (self.old.journey.keyed is None) != (self.new.journey.keyed is None):
            yield "one version has a key and the other has none; let those inside come to their end on the old version"
        old, new = _names(self.old), _names(self.new)
        for name, to in self.steps.items():
            if name not in old:
                yield f'steps: no step or scope "{name}" in the old version; there are {", ".join(old)}{suggestion(name, old)}'
            elif to is not None and new.get(to) != old[name]:
                yield f'steps.{name}: no {old[name]} "{to}" in the new version; there are {", ".join(new)}{suggestion(to, new)}'
        for name in self.wait.keys() - old.keys() - {self.old.name}:
            yield f'wait: no step or scope "{name}" in the old version; there are {", ".join(old)}{suggestion(name, old)}'


def _names(journey: CompiledJourney) -> dict[str, str]:
    """Every step and scope, and which of both it is."""
    return dict.fromkeys(journey.places, "step") | {scope.name: "scope" for scope, _, _ in scopes(journey.journey)}


def _rules(journey: CompiledJourney, owner: Owner) -> list[CompiledTimer]:
    return [timer for timer in journey.timers if (timer.owner, timer.name) == owner]


def _lost(rule: CompiledTimer, there: Place) -> str:
    where = "the journey" if rule.owner == "journey" else f'"{there.step.name}"' if rule.owner == "step" else "its scope"
    return f'a timer "{rule.label}" that may run, and none in {where} of the new version; say wait: {{{rule.name}: rearm}}, or drop'


def _paired(old: Iterable[CompiledTimer], new: Iterable[CompiledTimer]) -> dict[int, int]:
    """Rules of the same words belong together, and where one is left on either side, those two."""
    texts = {rule.wait.text: rule.index for rule in new}
    found = {rule.index: texts[rule.wait.text] for rule in old if rule.wait.text in texts}
    left = [rule.index for rule in old if rule.index not in found]
    free = [rule.index for rule in new if rule.index not in found.values()]
    return found | {left[0]: free[0]} if len(left) == len(free) == 1 else found


# -- the signal ----------------------------------------------------------------------------------------------------------


def migrate(turn: Deciding, event: Event) -> None:
    """Bring one enrollment to another version, or back to where it was: what the event says is all that it needs."""
    given = event.properties
    turn.need(frozenset({given["journey"]}))
    e = turn.find(given["journey"], given["key"])
    known = turn.compiled.definitions
    old, new = known.get(given["from"]), known.get(given["to"])
    on_it = e is not None and (e.status, e.number, e.definition) == ("active", given["number"], given["from"])
    if e is None or old is None or new is None or not on_it:
        turn.note("refused", None, CAUSE, reason=f'not in "{given["journey"]}" on version {given["from"]}')
        return
    turn.take_up(new, e)
    if given.get("back") is None:
        _bring(turn, Passage(old, new, given.get("steps") or {}, given.get("wait") or {}), given)
    else:
        _bring_back(turn, given)
    turn.settle(moved=True)
    turn.changed[e.journey, e.key] = turn.e
    turn.commit.definitions = (*turn.commit.definitions, (new.hash, new.name, new.text))


def _bring(turn: Deciding, passage: Passage, given: Mapping[str, Any]) -> None:
    e = turn.own()
    source, there = e.step, passage.place(e.step)
    assert there is not None
    owners = passage.owners(source)
    before, e.timers = e.timers, ()
    _stand(turn, passage.new, there.step.name, given)
    e.scopes = _open(passage, e, there, turn.now)
    if e.held is not None and e.held.step is not None:
        e.held = e.held._replace(step=passage.name(e.held.step))  # who is paused stays so, whatever the place is called
        turn.raised += (Raised("moved", (e.journey, e.key)),)
    if there.step.end is not None:
        marks = "".join(f"-{timer.index} " for timer in before)
        _note(turn, given, source, marks, CAUSE)
        completed = there.step.end == "completed"
        turn.end("completed" if completed else "exited", None if completed else there.step.end, CAUSE)
        return
    taken = passage.counterparts(owners)
    marks = _take_over(e, before, {index: rule for index, rule in taken.items() if passage.running(_owner(passage.old, index)) == "keep"})
    begun, from_now = list(_begun(passage, owners, taken)), list(_new(passage, owners, taken, there))
    armed, leading = renew(turn, passage.new.journey, e, begun, anchored=True)
    more, away = renew(turn, passage.new.journey, e, from_now, anchored=False)
    _note(turn, given, source, f"{marks}{armed}{more}", CAUSE)
    if leading or away:
        turn.lead([*leading, *away], e.visit)


def _bring_back(turn: Deciding, given: Mapping[str, Any]) -> None:
    e, back = turn.own(), given["back"]
    source, marks = e.step, "".join(f"-{timer.index} " for timer in e.timers)
    e.timers = tuple(Timer(*timer) for timer in back["timers"])
    e.scopes = {name: (at, visit) for name, (at, visit) in back["scopes"].items()}
    if back.get("held") is not None:
        e.held = Hold(*back["held"])
    _stand(turn, turn.journey, back["step"], back)
    marks += "".join(f"~{timer.index}@{'' if timer.due_at is None else timer.due_at} " for timer in e.timers)
    _note(turn, given, source, marks, UNDONE)
    resume(turn, e)


def _stand(turn: Deciding, journey: CompiledJourney, step: str, given: Mapping[str, Any]) -> None:
    e = turn.e
    e.definition, e.step = journey.hash, step
    if given.get("data") is not None:
        e.data = turn.data = dict(given["data"])
    if journey.lifecycle and journey.stages[step] != turn.facts.stage:
        turn.stage(journey.stages[step])


def _note(turn: Deciding, given: Mapping[str, Any], source: str, marks: str, cause: str) -> None:
    e = turn.e
    turn.note("migrated", e, cause, source, e.step, f"{given['from']} to {given['to']}", marks.rstrip())


def _open(passage: Passage, e: Enrollment, there: Place, now: int) -> dict[str, tuple[int, int]]:
    """The scopes around a place: those that were open go on, others are entered now."""
    were = {passage.name(name): since for name, since in e.scopes.items()}
    return {scope.name: were.get(scope.name, (now, e.visit)) for scope in there.scopes}


def _owner(journey: CompiledJourney, index: int) -> Owner:
    return journey.timers[index].owner, journey.timers[index].name


def _take_over(e: Enrollment, before: Iterable[Timer], taken: Mapping[int, int]) -> str:
    """Let timers run on under the rules that take over; the others are cancelled."""
    marks: str = ""
    for timer in before:
        if timer.index not in taken:
            marks += f"-{timer.index} "
            continue
        kept = timer._replace(index=taken[timer.index])
        e.timers = (*e.timers, kept)
        marks += f"~{kept.index}@{'' if kept.due_at is None else kept.due_at} "
    return marks


def _begun(passage: Passage, owners: Mapping[Owner, Owner], taken: Mapping[int, int]) -> Iterator[CompiledTimer]:
    """Rules that are counted anew, from when their owner was entered."""
    for one, other in owners.items():
        if passage.running(one) == "rearm":
            yield from _rules(passage.new, other)


def _new(passage: Passage, owners: Mapping[Owner, Owner], taken: Mapping[int, int], there: Place) -> Iterator[CompiledTimer]:
    """Rules that the old version did not have, which are counted from now."""
    for scope in there.scopes:
        if ("scope", scope.name) not in owners.values():
            yield from _rules(passage.new, ("scope", scope.name))
    for one, other in owners.items():
        if passage.running(one) == "keep":
            yield from (rule for rule in _rules(passage.new, other) if rule.index not in taken.values())


# -- the data ------------------------------------------------------------------------------------------------------------


def settled(settings: Mapping[str, Expression], known: Declared, context: Context, journey: str) -> dict[str, Any]:
    """
    The data of the enrollment of *context* after *settings*, one after the other.

    Raises:
        ConditionError: an expression cannot be evaluated on it.
    """
    resolve = Resolver(known, None, journey)
    for name, expression in settings.items():
        context.data = changed_data(context.data, name.removeprefix("data."), plain(compile_expression(expression, resolve)(context)))
    return dict(context.data)
