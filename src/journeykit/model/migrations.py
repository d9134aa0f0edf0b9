"""How customers get from one version of a journey to another: a value, as an author writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from attrs import evolve, field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression

Running = Literal["keep", "rearm", "drop"]  #: what becomes of timers that run
Setting = str | Mapping[str, Expression]  #: the name of a function, or what is set and the expressions it is set to

SHORTEST = 4  #: digits of a version that have to be written


@frozen(kw_only=True)
class Migration:
    """
    How customers get from one version of a journey to another.

    Attributes:
        journey: its name.
        origin: the version they are on: its hash, or the first digits of it.
        target: the version they come to, likewise.
        steps: where those go who stand in a step (or scope) that is called otherwise now, by its old name; None lets them stay on
            the old version. What is not named keeps its name.
        wait: what becomes of timers that run, by the old name of their step or scope, the journey's name for those of the journey:
            ``keep`` (they go on, and what is new is counted from now), ``rearm`` (all are counted anew, by the new rule, from when
            their step was entered) or ``drop``.
        waits: the same for those that *wait* does not name.
        set: how the data changes, one after the other: a function by name, or expressions as in a transition.
    """

    journey: str
    origin: str
    target: str
    steps: Mapping[str, str | None] = field(factory=dict)
    wait: Mapping[str, Running] = field(factory=dict)
    waits: Running = "keep"
    set: tuple[Setting, ...] = ()

    def __attrs_post_init__(self) -> None:
        problems = [f"changed: {version!r:.40} is no version; write its first {SHORTEST} digits or more" for version in (self.origin, self.target) if not _is_version(version)]  # fmt: skip
        if not problems and self.origin == self.target:
            problems.append(f"changed: {self.origin} leads to itself; name two versions")
        for name, word in [*self.wait.items(), ("", self.waits)]:
            if word not in get_args(Running):
                problems.append(f"wait{f'.{name}' if name else ''}: {word!r:.40} is not known; write {', '.join(get_args(Running))}")
        if problems:
            raise DefinitionError(problems)

    def running(self, name: str) -> Running:
        """What becomes of the timers of a step, a scope or the journey of that name."""
        return self.wait.get(name, self.waits)

    def step(self, name: str) -> str | None:
        """Where those go who stand in the step, or the scope, *name*."""
        return self.steps.get(name, name)

    def then(self, other: Migration) -> Migration:
        """Both as one, *other* behind it: from the origin of this to the target of *other*."""
        steps = {name: None if to is None else other.step(to) for name, to in self.steps.items()}
        steps |= {name: to for name, to in other.steps.items() if name not in steps}
        # What a name was called in between is not known of names that neither mentions: they keep it, and their rule.
        wait = {name: self._both(other, name) for name in dict.fromkeys((*self.wait, *self.steps, *other.wait))}
        waits = _later(self.waits, other.waits)
        return evolve(self, target=other.target, steps=steps, wait=wait, waits=waits, set=(*self.set, *other.set))

    def _both(self, other: Migration, name: str) -> Running:
        return _later(self.running(name), other.running(self.step(name) or name))


def _later(first: Running, second: Running) -> Running:
    """What becomes of a timer to which both happen: keeping it changes nothing."""
    return first if second == "keep" else second


def _is_version(text: object) -> bool:
    return isinstance(text, str) and SHORTEST <= len(text) <= 64 and all(sign in "0123456789abcdef" for sign in text)


def chains(migrations: Iterable[Migration]) -> dict[tuple[str, str], Migration]:
    """
    Put migrations one behind the other, as far as they go.

    Args:
        migrations: with whole hashes.

    Returns:
        By journey and version, what leads those who are on it to the last one.

    Raises:
        DefinitionError: two begin at one version, or they lead round in a circle.
    """
    begins: dict[tuple[str, str], Migration] = {}
    for one in migrations:
        if begins.setdefault((one.journey, one.origin), one) != one:
            raise DefinitionError(f"{one.journey}: two migrations begin at version {one.origin}; keep one")
    return {place: _to_the_end(one, begins) for place, one in begins.items()}


def _to_the_end(one: Migration, begins: Mapping[tuple[str, str], Migration]) -> Migration:
    passed = {one.origin}
    while (after := begins.get((one.journey, one.target))) is not None:
        passed.add(one.target)
        if after.target in passed:
            raise DefinitionError(f"{one.journey}: the migrations lead from version {after.target} back to it; take one of them out")
        one = one.then(after)
    return one
