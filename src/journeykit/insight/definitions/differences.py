"""What changed between two versions of a definition, in the author's words; one walk over the values of the model finds it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs
from attrs import evolve, frozen

from journeykit.core.definitions.outline import places
from journeykit.core.definitions.outline import scopes as scopes_of
from journeykit.insight.definitions.difference_words import WORDS, shown, subject
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition

Kind = Literal["changed", "added", "removed", "moved", "renamed"]

WALKED = (Journey, Step, Scope, Transition, On, Entry, Exit, Goal, Do, Start, Catalog)  #: what is looked into; all else is one value
_ALIKE = 0.6  #: from this share of equal fields on, a step that went and one that came may be one
_NEAR = 0.2  #: what it counts that both stand behind the same step


@frozen
class Change:
    """
    One difference.

    Attributes:
        kind: ``changed``, ``added``, ``removed``, ``moved`` (it stands elsewhere), ``renamed`` (it looks as if it had been).
        place: where in the definition: ``steps.reminded.wait``.
        text: what people read.
        old, new: what it was and what it is, as text; None where there is nothing.
        step: the step or the scope it is about, by its name in the old version.
        customers: how many enrollments stand there now, where somebody has counted.
    """

    kind: Kind
    place: str
    text: str
    old: str | None = None
    new: str | None = None
    step: str | None = None
    customers: int | None = None


def differences(old: Journey | Catalog, new: Journey | Catalog) -> list[Change]:
    """
    Everything that is different in *new*, in the order of the definition.

    Args:
        old: a journey, or the catalog.
        new: another version of it.
    """
    where = _Where("the catalog" if isinstance(new, Catalog) else "the journey", "")
    found = list(_walk(old, new, where))
    return [*found, *_steps(old, new)] if isinstance(old, Journey) and isinstance(new, Journey) else found


def renamed(changes: Iterable[Change]) -> dict[str, str | None]:
    """What the old steps and scopes are called now, as far as it can be guessed; None for those that went without another."""
    return {str(one.step): one.new if one.kind == "renamed" else None for one in changes if one.step and _of_a_step(one)}


def _of_a_step(change: Change) -> bool:
    return change.kind == "renamed" or (change.kind == "removed" and change.place == f"steps.{change.step}")


def counted(changes: Iterable[Change], old: Journey, standing: Mapping[str, int]) -> list[Change]:
    """
    The same changes, each with how many stand where it is.

    Args:
        changes: between *old* and another version.
        old: the version that they stand on.
        standing: how many stand in each step of it.
    """
    inside = {scope.name: {place.step.name for place in places(old) if scope in place.scopes} for scope, _, _ in scopes_of(old)}
    what = "customers" if old.keyed is None else "enrollments"
    return [_counted(one, sum(standing.get(step, 0) for step in inside.get(one.step or "", {one.step or ""})), what) for one in changes]


def _counted(change: Change, number: int, what: str) -> Change:
    if change.step is None or not number:
        return change
    noun, verb = (what.removesuffix("s"), "waits") if number == 1 else (what, "wait")
    return evolve(change, customers=number, text=f"{change.text}; {number:,} {noun} {verb} there now")


# -- the walk ------------------------------------------------------------------------------------------------------------


@frozen
class _Where:
    """Whose fields are compared: how it is called, its place, and the step that it belongs to."""

    subject: str
    path: str
    step: str | None = None

    def inside(self, name: str, called: str | None = None) -> _Where:
        """What lies in it."""
        subject = (
            self.subject if called is None else called if self.subject in ("the journey", "the catalog") else f"{self.subject}, {called},"
        )
        return _Where(subject, f"{self.path}.{name}".removeprefix("."), self.step)

    def change(self, kind: Kind, said: str, old: Any, new: Any, name: str = "") -> Change:
        """A difference that is said with the words of the table."""
        was, now = (None if value is None else shown(value) for value in (old, new))
        text = said.format(old=was, new=now, name=name)
        return Change(kind, self.path, f"{self.subject} {text}".removeprefix("the catalog "), was, now, self.step)


def _walk(old: Any, new: Any, where: _Where) -> Iterator[Change]:
    """Every field of two values of one class."""
    for field in attrs.fields(type(new)):
        before, after = (getattr(value, field.name, None) for value in (old, new))
        if (
            field.init
            and field.eq
            and before != after
            and not (field.name == "steps" or (isinstance(new, (Step, Scope)) and field.name == "name"))
        ):
            yield from _field(type(new), field.name, before, after, where)


def _field(cls: type[Any], name: str, old: Any, new: Any, where: _Where) -> Iterator[Change]:
    both = [value for value in (old, new) if value is not None]
    if all(isinstance(value, Mapping) for value in both):
        yield from _mapping(cls, name, old, new, where.inside(name))
    elif all(isinstance(value, tuple) and all(isinstance(one, WALKED) or name == "policies" for one in value) for value in both):
        yield from _branches(cls, old, new, where) if name == "then" else _items(cls, name, old, new, where)
    elif len(both) == 2 and isinstance(new, WALKED):
        yield from _walk(old, new, where.inside(name, subject(new) if isinstance(new, Goal) else None))
    elif isinstance(both[0], Goal):
        kind: Kind = "added" if old is None else "removed"
        yield where.inside(name, subject(both[0])).change(kind, getattr(WORDS[cls, name], kind), old and old.on, new and new.on)
    else:
        yield _one(cls, name, old, new, where.inside(name))


def _one(cls: type[Any], name: str, old: Any, new: Any, where: _Where, called: str = "") -> Change:
    """One value instead of another, or of none."""
    words = WORDS[cls, name]
    if old in (None, (), False) and words.added:
        return where.change("added", words.added, None, new, called)
    if new in (None, (), False) and words.removed:
        return where.change("removed", words.removed, old, None, called)
    return where.change("changed", words.changed, old, new, called)


def _mapping(cls: type[Any], name: str, old: Mapping[str, Any], new: Mapping[str, Any], where: _Where) -> Iterator[Change]:
    for key in dict.fromkeys((*new, *old)):
        if old.get(key) != new.get(key):
            yield _one(cls, name, old.get(key), new.get(key), where.inside(key), key)


def _items(cls: type[Any], name: str, old: Sequence[Any], new: Sequence[Any], where: _Where) -> Iterator[Change]:
    """Items of a list that belong together by what they are called; others are new, or gone; the order counts."""
    before, after = _named(old), _named(new)
    for key, item in after.items():
        at = where.inside(f"{name}[{_index(new, item)}]", subject(item))
        if key not in before:
            yield from _whole(cls, name, "added", item, at, where)
        elif before[key] != item:
            yield from _walk(before[key], item, at)
    for key, item in before.items():
        if key not in after:
            yield from _whole(cls, name, "removed", item, where.inside(f"{name}[{_index(old, item)}]", subject(item)), where)
    common = [[subject(item) for key, item in one.items() if key in other] for one, other in ((before, after), (after, before))]
    if common[0] != common[1]:
        said = "asks for {new} instead of {old}" if name in ("do", "leaving") else WORDS[cls, name].changed
        yield where.inside(name).change("moved", said, common[0], common[1])


def _whole(cls: type[Any], name: str, kind: Kind, item: Any, at: _Where, where: _Where) -> Iterator[Change]:
    """An item that came or went. An action is asked for by its owner; anything else is said to be there, or not."""
    said = getattr(WORDS[cls, name], kind)
    old, new = (item, None) if kind == "removed" else (None, item)
    if name in ("do", "leaving"):
        yield evolve(where.inside(name).change(kind, said, old, new), place=at.path)
    else:
        yield at.change(kind, said + _leading(item), old and subject(old), new and subject(new))


def _leading(item: Any) -> str:
    """Where a transition that came or went leads."""
    if not isinstance(item, Transition):
        return ""
    return ", and stays" if item.to is None else f', to "{item.to}"'.replace("{", "{{").replace("}", "}}")


def _named(items: Sequence[Any]) -> dict[tuple[str, int], Any]:
    """Items by what they are called, the second of a name being another than the first."""
    found: dict[tuple[str, int], Any] = {}
    for item in items:
        name = subject(item)
        found[name, sum(key == name for key, _ in found)] = item
    return found


def _index(items: Sequence[Any], item: Any) -> int:
    return next(number for number, one in enumerate(items) if one is item)


def _branches(cls: type[Any], old: Sequence[Any], new: Sequence[Any], where: _Where) -> Iterator[Change]:
    """Where a step goes on: branch by branch where they are the same ones, else as a whole."""
    if len(old) != len(new) or shown(old) != shown(new):
        yield _one(cls, "then", old, new, where.inside("then"))
    for number, (before, after) in enumerate(zip(old, new, strict=False)):
        at = where.inside(f"then[{number}]", subject(after))
        for change in _walk(before, after, at) if before != after else ():
            if not change.place.endswith(("].to", "].on", ".where")):
                yield change


# -- steps and scopes ----------------------------------------------------------------------------------------------------


@frozen
class _Item:
    """A step or scope where it stands: the scope around it, and how people call it."""

    value: Step | Scope
    around: str | None
    called: str


def _flat(items: Sequence[Step | Scope], around: str | None = None, numbers: Iterator[int] | None = None) -> Iterator[_Item]:
    """All steps and scopes in order; steps are numbered through."""
    numbers = iter(range(1, 1 << 20)) if numbers is None else numbers
    for item in items:
        if isinstance(item, Step):
            yield _Item(item, around, f'step {next(numbers)} "{item.name}"')
        else:
            yield _Item(item, around, f'scope "{item.name}"')
            yield from _flat(item.steps, item.name, numbers)


def _steps(old: Journey, new: Journey) -> Iterator[Change]:
    before = {item.value.name: item for item in _flat(old.steps)}
    after = {item.value.name: item for item in _flat(new.steps)}
    was = _guessed(before, after)
    order = [was.get(name, name) for name in after if was.get(name, name) in before]
    stayed = _in_order([name for name in before if name in order], order)
    for name, item in after.items():
        former = was.get(name, name)
        where = _Where(item.called, f"steps.{name}", former if former in before else None)
        if former not in before:
            yield where.change("added", f"is new, {_behind(name, list(after))}", None, name)
            continue
        if former != name:
            yield where.change("renamed", 'seems to be what was "{old}"', former, name)
        mine = before[former]
        if was.get(item.around or "", item.around) != mine.around:
            yield where.change("moved", _around(item.around), mine.around or "no scope", item.around or "no scope")
        elif former not in stayed:
            yield where.change("moved", f"stands {_behind(name, list(after))}", None, None)
        yield from _same(mine.value, item.value, where)
    for name, item in before.items():
        if name not in order:
            yield _Where(item.called, f"steps.{name}", name).change("removed", "is gone", name, None)


def _same(old: Step | Scope, new: Step | Scope, where: _Where) -> Iterator[Change]:
    if type(old) is type(new):
        yield from _walk(old, new, where)
    else:
        kinds = [type(value).__name__.lower() for value in (old, new)]
        yield where.change("changed", "is a {new} instead of a {old}", *kinds)


def _around(scope: str | None) -> str:
    return 'stands in scope "{new}" instead of in {old}' if scope else "stands in no scope instead of in scope {old}"


def _behind(name: str, names: Sequence[str]) -> str:
    place = names.index(name)
    return "the first" if place == 0 else f'behind "{names[place - 1]}"'.replace("{", "{{").replace("}", "}}")


def _in_order(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The names that kept their order; the others have moved."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return {old[place] for block in matcher.get_matching_blocks() for place in range(block.a, block.a + block.size)}


def _guessed(before: Mapping[str, _Item], after: Mapping[str, _Item]) -> dict[str, str]:
    """For new names the old ones that they seem to stand for: the most alike first, each once; behind the same step it is likelier."""
    gone = [item.value for name, item in before.items() if name not in after]
    come = [item.value for name, item in after.items() if name not in before]
    ahead = [dict(zip(names, ["", *names], strict=False)) for names in (list(before), list(after))]
    near = {(a.name, b.name): _NEAR * (ahead[0][a.name] == ahead[1][b.name]) for a in gone for b in come}
    pairs = sorted(((_alike(a, b) + near[a.name, b.name], a.name, b.name) for a in gone for b in come), reverse=True)
    found: dict[str, str] = {}
    for alike, old, new in pairs:
        if alike >= _ALIKE and old not in found.values() and new not in found:
            found[new] = old
    return found


def _alike(old: Step | Scope, new: Step | Scope) -> float:
    """How alike two are that are called differently: by what they say, and by their names."""
    if type(old) is not type(new):
        return 0.0
    said = [f.name for f in attrs.fields(type(new)) if f.name != "name" and (getattr(old, f.name) or getattr(new, f.name))]
    same = sum(_same_words(getattr(old, name), getattr(new, name)) for name in said)
    names = difflib.SequenceMatcher(None, old.name, new.name).ratio()
    return max(same / len(said) if said else 1.0, names if names > 0.7 else 0.0)


def _same_words(old: Any, new: Any) -> float:
    """1 for what says the same, half of it for lists that have some item in common."""
    if old == new:
        return 1.0
    both = isinstance(old, tuple) and isinstance(new, tuple)
    return 0.5 if both and {subject(one) for one in old} & {subject(one) for one in new} else 0.0
