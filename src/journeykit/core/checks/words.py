"""Checks of what a definition names: waits, expressions, signals, actions, and the words of the catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from journeykit.core.checks.world import World
from journeykit.core.definitions.objects import vocabulary
from journeykit.core.definitions.opening import opening
from journeykit.core.definitions.survey import Rule, Survey, template_problem, unknown
from journeykit.core.expressions.calendar import known_zone, near_zone, read_moment
from journeykit.errors import ConditionError
from journeykit.model.calls import Call, read_call
from journeykit.model.conditions import Expression
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.journey import Do, Journey
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait

_TARGET = re.compile(r"(data|customer|consent)\.([^.\[\]]+)")
_CHANGED = re.compile(r"(customer|consent)\.([^.\[\]]+)")
_ASKED = re.compile(r"(.+?) (?:where|if|when) ((?:not )?(?:event|customer|data|consent|segment)\..+)")
_COMPARED = re.compile(r"((?:customer|consent)\.\w+) ?(?:to|is|==?) ?['\"]?(.+?)['\"]?")
_SETTLED = re.compile(r"(.+) (performed|dead|dropped)")
_CASES = {
    "missing": 'add "wait if missing", "exit if missing" or "skip to STEP if missing"',
    "past": 'add "now if past", "exit if past" or "skip to STEP if past"',
}


# extensions


def extensions(survey: Survey, world: World) -> Iterator[str]:
    """Triggers and timers of third parties are there, and take what they are given."""
    for path, wait, _ in survey.waits:
        if wait.timer is not None and wait.moment is not None:
            yield from (f"{path}: {problem}" for problem in world.extensions.problems("timer", Call(wait.timer, wait.moment)))
    for rule in survey.rules:
        call = read_call(rule.on.event or "")
        if call is not None:
            yield from (f"{rule.path}.event: {problem}" for problem in _trigger(call, str(rule.on.event), world))


def _trigger(call: Call, text: str, world: World) -> Iterator[str]:
    found, known = list(world.extensions.problems("trigger", call)), vocabulary(world.catalog)
    yield from found
    if not found and known and world.extensions.event(text) not in known:
        yield f"trigger {call.name} wants to see {unknown('event', world.extensions.event(text), known)}"


# waits


def waits(survey: Survey, world: World) -> Iterator[str]:
    """A moment says what follows when it is missing or past (P6); calendar time has a zone (P5)."""
    del world
    for path, wait, _ in survey.waits:
        for case in () if path.startswith("entry") and path.endswith(".after") else wait.undeclared:
            yield f'{path}: "{wait.text}" does not say what follows when the moment is {case}; {_CASES[case]}'
        if wait.civil and wait.zone is None and survey.journey.zone is None:
            yield f'{path}: "{wait.text}" needs a time zone for customers without one; give the journey a zone, or add "in Europe/Berlin"'
    for path, schedule in _schedules(survey):
        if schedule.zone is None and survey.journey.zone is None:
            yield (
                f'{path}: "{schedule.text}" needs a time zone for customers without one; give the journey a zone, or add ", in Europe/Berlin"'
            )
        yield from _known(path, schedule.moment, "a schedule")
    yield from (problem for path, zone in _zones(survey) for problem in _zone(path, zone))


def _schedules(survey: Survey) -> Iterator[tuple[str, Schedule]]:
    return ((f"{rule.path}.every", rule.on.every) for rule in survey.rules if rule.on.every is not None)


def _known(path: str, moment: Expression | None, what: str) -> Iterator[str]:
    """A date that is counted from outside a journey is the customer's."""
    for root in sorted({str(read[0]) for read in moment.paths} - {"customer", "consent", "segment"}) if moment else ():
        yield f"{path}: {what} knows no {root}; it counts from what is known about the customer, such as customer.birthday"


def _zones(survey: Survey) -> Iterator[tuple[str, str]]:
    if survey.journey.zone is not None:
        yield "zone", survey.journey.zone
    yield from ((path, schedule.zone) for path, schedule in _schedules(survey) if schedule.zone is not None)
    yield from ((path, wait.zone) for path, wait, _ in survey.waits if wait.zone is not None)


def _zone(path: str, zone: str) -> Iterator[str]:
    if not known_zone(zone):
        yield f'{path}: no time zone "{zone}"; write an IANA name such as Europe/Berlin{near_zone(zone)}'


def entries(survey: Survey, world: World) -> Iterator[str]:
    """An entry waits for a signal that can come to somebody outside, and idles for an elapsed time."""
    del world
    for rule, entry in zip((r for r in survey.rules if r.kind == "entry"), survey.journey.entry, strict=True):
        on = entry.on
        if on.after is not None:
            yield from _date_of_entry(f"{rule.path}.after", on.after)
        elif on.settled is not None or on.signal is None:
            yield f"{rule.path}: nobody is inside yet; only an event, a change, a segment, a schedule or a date can let them in; name one"
        yield from _of_somebody_inside(rule)
        if entry.on.key == "any":
            yield f"{rule.path}.key: an entry gives the key and compares none; name the property that holds it, or leave it out"
        if entry.wait is not None and on.event is None and on.signal is not None:
            yield f"{rule.path}.wait: only an event can come again and restart it; leave it out, and let the first step wait"
        elif entry.wait is not None and not _elapsed(entry.wait):
            yield f'{rule.path}.wait: "{entry.wait.text}" is no elapsed time; write for example "15 minutes"'
    goal = survey.journey.goal
    if goal is not None and (goal.on.signal is None or goal.on.after is not None):
        yield "goal: only a signal can reach it; name an event, a change, a segment, a schedule or an outcome"


def _of_somebody_inside(rule: Rule) -> Iterator[str]:
    """What an entry's condition reads and nobody has who is still outside: such an entry lets in nobody, or the wrong ones."""
    for root, *names in sorted(rule.on.where.paths, key=str) if rule.on.where is not None else ():
        if root in ("data", "step", "scope", "journey"):
            missing = ".".join(map(str, (root, *names)))
            yield f"{rule.path}.where: nobody is inside yet, and {missing} is always missing; ask for event, customer, consent or segment"


def _date_of_entry(path: str, wait: Wait) -> Iterator[str]:
    if wait.moment is None:
        yield f'{path}: nobody is inside yet to wait; count from a date of the customer, such as "30 days before customer.renews_at"'
    elif wait.missing not in (None, "wait") or wait.past not in (None, "now"):
        yield f'{path}: nobody is inside yet to be led away; a date that is missing is waited for, and one that is past lets in "now if past" only'
    yield from _known(path, wait.moment, "an entry")


def _elapsed(wait: Wait) -> bool:
    return wait.kind == "elapsed"


def opens(survey: Survey, world: World) -> Iterator[str]:
    """``open`` names two dates, the earlier first, and says who is there already only where somebody can be."""
    del world
    journey, text, zone = survey.journey, survey.journey.open, survey.journey.zone
    if text is None:
        return
    said = opening(text)
    begin, end = (
        None if part is None else _date(part, zone if zone and known_zone(zone) else "UTC") for part in (said or (None, None))[:2]
    )
    if said is None or (said.begin is not None and (begin is None or end is None)):
        yield f'open: "{text}" is no time span; write "2026-11-01 to 2026-12-24"'
    elif begin is not None and end is not None and begin >= end:
        yield f'open: "{text}" ends before it begins; turn it round'
    if said is not None and said.already and journey.each is None and not any(entry.on.segment for entry in journey.entry):
        yield f'open: "{text}": nobody is there before an event comes; let a segment or the records of a list in (each), or leave it out'


def _date(text: str, zone: str) -> int | None:
    try:
        return read_moment(text, zone)
    except ConditionError:
        return None


# expressions


def settings(survey: Survey, world: World) -> Iterator[str]:
    """What is set is data, a trait or a consent; where nobody is inside yet, data."""
    for setting in survey.settings:
        match = _TARGET.fullmatch(setting.target)
        root, name = (match[1], match[2]) if match else ("", "")
        if root == "data" and name.startswith("$"):
            yield f'{setting.path}: names that begin with "$" are the library\'s own; set another name'
        elif not setting.inside and root != "data":
            yield f'{setting.path}: "{setting.target}" cannot be set here; begin with data., such as data.total'
        elif match is None:
            yield f'{setting.path}: "{setting.target}" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL'
        elif root == "customer" and (name in RESERVED - {"zone"} or name in world.catalog.facts):
            what = "a declared fact" if name in world.catalog.facts else "the library's own"
            yield f"{setting.path}: customer.{name} is {what}; set another trait, or data.{name}"
        elif root == "customer":
            yield from _trait(setting.path, name, world.catalog)


def templates(survey: Survey, world: World) -> Iterator[str]:
    """What stands in braces can be read."""
    del world
    for act in survey.acts:
        if isinstance(act.do, Do):
            for name, value in act.do.parameters.items():
                error = template_problem(value)
                if error is not None:
                    yield f"{act.path}.{name}: {error}"


def readings(survey: Survey, world: World) -> Iterator[str]:
    """What expressions read is declared, where the catalog declares it."""
    for reading in survey.readings():
        for path in sorted(reading.expression.paths, key=str):
            if path[0] == "customer":
                yield from _trait(reading.path, str(path[1]), world.catalog)
            elif path[0] == "segment":
                yield from _segment(reading.path, str(path[1]), world.catalog)
            elif path[0] == "event":
                yield from _property(reading.path, reading.event, str(path[1]), world.catalog)
            elif path[0] == "active":
                yield from _active(reading.path, str(path[1]), survey.journey, world)
            elif path[0] == "scope" and not reading.owner.scopes:
                yield f"{reading.path}: scope.entered_at is not known outside a scope; write step.entered_at or journey.entered_at"


def _active(path: str, name: str, journey: Journey, world: World) -> Iterator[str]:
    known = [other.name for other in world.journeys]
    if name not in known:
        yield f"{path}: {unknown('journey', name, known)}"
    elif name == journey.name and not path.startswith("entry"):
        yield f'{path}: who is inside "{name}" is always active in it; name another journey, or ask it in the entry'


def _trait(path: str, name: str, catalog: Catalog) -> Iterator[str]:
    known = [*catalog.traits, *catalog.facts, *sorted(RESERVED)]
    if catalog.traits and name not in known:
        yield f"{path}: {unknown('trait or fact', name, known)}"


def _of_an_entry(path: str, name: str, catalog: Catalog) -> Iterator[str]:
    fact = catalog.facts.get(name)
    if fact is not None and fact.since_entry:
        yield f"{path}: customer.{name} is counted for each enrollment by itself; wait for the event {fact.event}, and ask for the number where it comes"


def _property(path: str, event: str | None, name: str, catalog: Catalog) -> Iterator[str]:
    declared = catalog.events.get(event or "")
    if declared and name not in declared:
        yield f"{path}: {unknown(f'property of {event}', name, list(declared))}"


# signals and actions


def events(survey: Survey, world: World) -> Iterator[str]:
    """Events that are waited for are declared, where any are, and have names that somebody could have meant."""
    known = vocabulary(world.catalog)
    for rule in survey.rules:
        name = rule.on.event
        if swallowed := _ASKED.fullmatch(name or ""):
            yield f'{rule.path}.event: "{name}" would be the name; write event: {swallowed[1]} and where: {swallowed[2]}'
        elif name is not None and read_call(name) is None and known and name not in known and not name.startswith("$"):
            yield f"{rule.path}.event: {unknown('event', name, known)}"


def changes(survey: Survey, world: World) -> Iterator[str]:
    """``changed`` names a customer's value, ``settled`` the outcome of an action that the journey asks for."""
    asked = list(dict.fromkeys(act.do.action for act in survey.acts if isinstance(act.do, Do)))
    for rule in survey.rules:
        if rule.on.changed is not None:
            match = _CHANGED.fullmatch(rule.on.changed)
            if compared := _COMPARED.fullmatch(rule.on.changed):
                yield f'{rule.path}.changed: "{rule.on.changed}" says more than what changes; write changed: {compared[1]} and where: signal.new == {compared[2]!r}'
            elif match is None:
                yield f'{rule.path}.changed: "{rule.on.changed}" cannot be waited for; write customer.NAME or consent.CHANNEL'
            elif match[1] == "customer":
                yield from _trait(f"{rule.path}.changed", match[2], world.catalog)
                yield from _of_an_entry(f"{rule.path}.changed", match[2], world.catalog)
        if rule.on.segment is not None:
            yield from _segment(f"{rule.path}.segment", rule.on.segment.removeprefix("not "), world.catalog)
        if rule.on.settled is not None and rule.kind != "entry":
            yield from _settled(f"{rule.path}.settled", rule.on.settled, asked)


def _segment(path: str, name: str, catalog: Catalog) -> Iterator[str]:
    if name not in catalog.segments:
        yield f"{path}: {unknown('segment', name, list(catalog.segments))}"


def _settled(path: str, text: str, asked: list[str]) -> Iterator[str]:
    match = _SETTLED.fullmatch(text)
    if match is None:
        yield f'{path}: "{text}" is no outcome; write the action and performed, dead or dropped: "{(asked or ["email"])[0]} dead"'
    elif match[1] not in asked:
        yield f"{path}: the journey asks for {unknown('action', match[1], asked)}"


def actions(survey: Survey, world: World) -> Iterator[str]:
    """Actions that are asked for are declared, and given to the engine, where either is known."""
    for act in survey.acts:
        if not isinstance(act.do, Do):
            continue
        for known in (list(world.catalog.actions) or None, None if world.actions is None else list(world.actions)):
            if known is not None and act.do.action not in known:
                yield f"{act.path}: {unknown('action', act.do.action, known)}"
                break
        if act.do.expires is not None and act.do.expires.owner == "scope" and not act.owner.scopes:
            yield f'{act.path}.expires: "{act.do.expires.text}" stands in no scope; write "with step", or an age such as "2 days"'


WORDS: tuple[Callable[[Survey, World], Iterator[str]], ...] = (
    extensions,
    waits,
    entries,
    opens,
    settings,
    templates,
    readings,
    events,
    changes,
    actions,
)
