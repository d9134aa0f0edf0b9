"""A journey as a picture: a Mermaid flowchart, which GitHub and most documentation tools draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from journeykit.core.definitions.outline import Onward, Place, first_step, places, scopes
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split
from journeykit.model.wait import Wait

#: what Mermaid, or the Markdown in its labels, could take for something else than text
_SPECIAL = re.compile(r"""["#$&*;<>@\[\\\]^`{|}~]|(?<![^\W_])_|_(?![^\W_])|(?<=%)%|^[+=-]|(?<=direction) (?=TB|BT|RL|LR|TD)""")
_NUMBERED = re.compile(r"^(\d+)([.)])")


def mermaid(journey: Journey, others: Iterable[Journey | Catalog] = ()) -> str:
    """
    Draw *journey* as a Mermaid flowchart: steps in their stages and scopes, what moves a customer, and how it ends.

    Rules that hold in several steps lead off a hexagon, "anywhere"; dotted lines leave the journey or move nothing. A box with double
    sides is another journey, one that it starts. An action is shown with its ``template``, where it has one. The same journey always
    gives the same text; it need not compile.

    Args:
        journey: what is drawn.
        others: the journeys and catalogs beside it, where known: then it is also drawn which of them start it, and its lane.

    Returns:
        The text of the diagram, to be put into a Markdown block marked ``mermaid``.
    """
    return "\n".join(_Drawing(journey, list(others)).lines()) + "\n"


class _Drawing:
    """
    Names the nodes and collects the arrows.

    Attributes:
        names: the node of each step.
        extras: nodes that are no steps (ends, the goal), by what is written on them; found while arrows are drawn.
        journeys: nodes that are other journeys, by their names; found in the same way.
    """

    def __init__(self, journey: Journey, others: list[Journey | Catalog]) -> None:
        self.journey = journey
        self.others = [one for one in others if isinstance(one, Journey) and one.name != journey.name]
        self.lanes = [policy for one in others if isinstance(one, Catalog) for policy in one.policies if policy.kind == "lane"]
        self.journeys: dict[str, str] = {}
        self.places = {place.step.name: place for place in places(journey)}
        self.names = {name: f"s{number}" for number, name in enumerate(self.places, 1)}
        self.scopes = {scope.name: (f"g{number}", scope, onward) for number, (scope, _, onward) in enumerate(scopes(journey), 1)}
        self.extras: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        arrows = [*self._entries(), *self._steps(), *self._scopes(), *self._journey(), *self._starts(), *self._started()]
        yield "flowchart TD"
        yield f"    start{_box('([', [*_title(self.journey), *self._lane()], '])')}"
        yield from self._stages()
        if any(arrow.startswith("anywhere ") for arrow in arrows):
            yield f"    anywhere{_box('{{', ['anywhere'], '}}')}"
        yield from (f"    {name}{_box('([', [text], '])')}" for text, name in self.extras.items())
        yield from (f"    {name}{_box('[[', [text], ']]')}" for text, name in self.journeys.items())
        yield from (f"    {arrow}" for arrow in arrows)

    # -- boxes -------------------------------------------------------------------------------------------------------

    def _stages(self) -> Iterator[str]:
        stages: dict[str | None, list[Step | Scope]] = {}
        for item in self.journey.steps:
            place = self.places.get(first_step(item) or "")
            stages.setdefault(place.stage if place else item.stage, []).append(item)
        for number, (stage, items) in enumerate(stages.items(), 1):
            if stage is None:
                yield from self._boxes(items, "    ")
            else:
                yield f"    subgraph stage{number}{_box('[', [stage], ']')}"
                yield from self._boxes(items, " " * 8)
                yield "    end"

    def _boxes(self, items: Iterable[Step | Scope], indent: str) -> Iterator[str]:
        for item in items:
            if isinstance(item, Step):
                yield f"{indent}{self.names[item.name]}{_step(item)}"
                continue
            name = self.scopes[item.name][0]
            yield f"{indent}subgraph {name}{_box('[', [', '.join([item.name, *_actions(item)])], ']')}"
            yield from self._boxes(item.steps, f"{indent}    ")
            if item.wait or item.exits or item.when:
                yield f"{indent}    {name}any{_box('{{', [f'anywhere in {item.name}'], '}}')}"
            yield f"{indent}end"

    # -- arrows ------------------------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[str]:
        first = self._node(first_step(self.journey.steps[0]) if self.journey.steps else None)
        if not self.journey.entry:
            yield _arrow("start", ["by the host or another journey"], first)
        for entry in self.journey.entry:
            yield _arrow("start", _entry(entry), first)

    def _steps(self) -> Iterator[str]:
        for place in self.places.values():
            if place.step.end is None:
                yield from self._step(self.names[place.step.name], place)

    def _step(self, source: str, place: Place) -> Iterator[str]:
        step = place.step
        yield from self._moves(source, step.when)
        if step.wait is not None:
            yield from self._onward(source, [_wait(step.wait)], place.onward)
            yield from self._cases(source, step.wait)
        elif not step.when:
            yield from self._onward(source, [], place.onward)

    def _scopes(self) -> Iterator[str]:
        for name, scope, onward in self.scopes.values():
            source = f"{name}any"
            for rule in scope.exits:
                yield from self._onward(source, _exit(rule), onward) if rule.end is None else [self._leave(source, rule)]
            if scope.wait is not None:
                yield from self._onward(source, [_wait(scope.wait)], onward)
                yield from self._cases(source, scope.wait)
            yield from self._moves(source, scope.when)

    def _journey(self) -> Iterator[str]:
        yield from (self._leave("anywhere", rule) for rule in self.journey.exits)
        goal = self.journey.goal
        if goal is not None:
            target = self._extra("goal") if goal.end is None else self._end(goal.end)
            yield _arrow("anywhere", ["goal", *_on(goal.on)], target, dotted=True)
        yield from self._moves("anywhere", self.journey.when)

    def _starts(self) -> Iterator[str]:
        """The journeys that are started, from where that is asked for."""
        for source, start in self._asked():
            whom = [f"for {start.customer.text}"] if start.customer is not None else []
            target = "start" if start.journey == self.journey.name else self._other(start.journey)
            yield _arrow(source, ["starts", *whom], target, dotted=True)

    def _asked(self) -> Iterator[tuple[str, Start]]:
        for place in self.places.values():
            step = place.step
            yield from ((self.names[step.name], start) for start in _started_by([step], place.onward))
        for name, scope, _ in self.scopes.values():
            yield from ((name, start) for start in _started_by([scope], None))  # what follows it, its last step has
        yield from (("anywhere", start) for move in self.journey.when for start in _of(move.do))

    def _started(self) -> Iterator[str]:
        """The other journeys that start this one."""
        for other in self.others:
            if any(start.journey == self.journey.name for start in _all_started(other)):
                yield _arrow(self._other(other.name), ["starts"], "start", dotted=True)

    def _other(self, name: str) -> str:
        return self.journeys.setdefault(name, f"j{len(self.journeys) + 1}")

    def _lane(self) -> list[str]:
        """Its lane, and the journeys in it that go first."""
        for lane in self.lanes:
            if self.journey.name in lane.journeys:
                before = lane.journeys[: lane.journeys.index(self.journey.name)]
                return [f"one at a time as {lane.name}", *([f"behind {', '.join(before)}"] if before else [])]
        return []

    def _moves(self, source: str, moves: Iterable[Transition]) -> Iterator[str]:
        for move in moves:
            label = [*_on(move.on), *_does(move.do)]
            yield _arrow(source, label, source if move.to is None else self._node(move.to), dotted=move.to is None)

    def _onward(self, source: str, label: Sequence[str], onward: Onward) -> Iterator[str]:
        if onward is None:
            yield _arrow(source, label, self._node(None))
        elif isinstance(onward, Split):
            yield from (_arrow(source, [*label, f"{share}%"], self._node(target)) for target, share in onward.shares)
        else:
            for branch in onward:
                where = _on(branch.on) or (["otherwise"] if len(onward) > 1 else [])
                yield _arrow(source, [*label, *where, *_does(branch.do)], self._node(branch.to))

    def _cases(self, source: str, wait: Wait) -> Iterator[str]:
        """What becomes of a customer whose moment is missing or past, where it is not just waiting or going on."""
        for when, what, to in (("missing", wait.missing, wait.missing_to), ("past", wait.past, wait.past_to)):
            if what == "skip" and to is not None:
                yield _arrow(source, [f"if {when}"], self._node(to))
            elif what == "exit":
                yield _arrow(source, [f"if {when}"], self._end(f"{wait.text}: {when}"), dotted=True)

    def _leave(self, source: str, rule: Exit) -> str:
        return _arrow(source, _exit(rule), self._end(rule.end or _reason(rule.on)), dotted=True)

    def _node(self, step: str | None) -> str:
        if step is None:
            return self._end("completed")
        return self.names.get(step) or self._extra(f"no step {step}")

    def _end(self, end: str) -> str:
        return self._extra(_ending(end))

    def _extra(self, text: str) -> str:
        return self.extras.setdefault(text, f"e{len(self.extras) + 1}")


# -- words -----------------------------------------------------------------------------------------------------------


def _title(journey: Journey) -> list[str]:
    one = journey.key or (journey.each and f"record of {journey.each}")
    key = [f"one per {one}"] if one else []
    again = [f"again: {journey.reentry.text}"] if journey.reentry.rule != "once" else []
    return [journey.name, *key, *again, *([f"open {journey.open}"] if journey.open else [])]


def _step(step: Step) -> str:
    lines = [step.name, *_actions(step)]
    return _box("[", lines, "]") if step.end is None else _box("([", [*lines, _ending(step.end)], "])")


def _ending(end: str) -> str:
    return "completed" if end == "completed" else f"exited: {end}"


def _actions(item: Step | Scope) -> list[str]:
    return [*_does(item.do), *(f"leaving {text}" for text in _does(item.leaving))]


def _of(actions: Iterable[Do | Start]) -> Iterator[Start]:
    return (action for action in actions if isinstance(action, Start))


def _started_by(items: Sequence[Step | Scope], onward: Onward) -> Iterator[Start]:
    """What is started by being in a step or a scope, entering or leaving it, or going on from it."""
    branches = () if onward is None or isinstance(onward, Split) else onward
    for item in items:
        yield from _of((*item.do, *item.leaving))
        yield from (start for move in (*item.when, *branches) for start in _of(move.do))


def _all_started(journey: Journey) -> Iterator[Start]:
    """Everything that a journey starts."""
    for place in places(journey):
        yield from _started_by([place.step, *place.scopes], place.onward)
    yield from (start for move in journey.when for start in _of(move.do))


def _does(actions: Sequence[Do | Start]) -> list[str]:
    named = ", ".join(_action(action) for action in actions)
    return [f"does {named}"] if named else []


def _action(action: Do | Start) -> str:
    if isinstance(action, Start):
        return f"start {action.journey}"
    template = action.parameters.get("template")
    return f"{action.action} {template}" if isinstance(template, str) else action.action


def _entry(entry: Entry) -> list[str]:
    return [*_on(entry.on), *([f"and nothing more for {entry.wait.text}"] if entry.wait else [])]


def _exit(rule: Exit) -> list[str]:
    return [*_on(rule.on), *(["at the next action"] if rule.at == "next action" else [])]


def _on(on: On | None) -> list[str]:
    if on is None:
        return []
    signal = [_signal(on)] if on.signal else []
    key = {None: [], "any": ["of any key"]}.get(on.key, [f"of the same {on.key}"])
    late = ["unless late"] if on.late == "drop" else []
    return [*signal, *key, *late, *([f"if {on.where.text}"] if on.where else [])]


def _signal(on: On) -> str:
    if on.after is not None:
        return _wait(on.after)
    if on.segment is not None:
        return f"left {on.segment.removeprefix('not ')}" if on.segment.startswith("not ") else f"became {on.segment}"
    if on.every is not None:
        return f"every {on.every.text}"
    return f"{on.changed} changed" if on.changed else on.event or on.settled or ""


def _reason(on: On) -> str:
    """The reason that is recorded where an exit rule names none."""
    if on.signal is None:
        return f"where {on.where.text}" if on.where else ""
    name, value = on.signal
    return str(value) if name == "event" else f"{name} {getattr(value, 'text', value)}"


def _wait(wait: Wait) -> str:
    return f"after {wait.text}" if wait.kind in ("elapsed", "civil") else wait.text


# -- Mermaid ---------------------------------------------------------------------------------------------------------


def _box(left: str, lines: Iterable[str], right: str) -> str:
    return f'{left}"{_label(lines)}"{right}'


def _arrow(source: str, label: Sequence[str], target: str, *, dotted: bool = False) -> str:
    line = "-.->" if dotted else "-->"
    return f'{source} {line}|"{_label(label)}"| {target}' if label else f"{source} {line} {target}"


def _label(lines: Iterable[str]) -> str:
    return "<br/>".join(_escaped(line) for line in lines)


def _escaped(text: str) -> str:
    """*text* on one line, with every sign that could mean something replaced by its number."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    safe = _SPECIAL.sub(lambda match: f"#{ord(match[0])};", plain)
    return _NUMBERED.sub(lambda match: f"{match[1]}#{ord(match[2])};", safe) or " "
