"""Checks of policies: what they name exists, they can be evaluated, they leave a way through, and nobody waits for ever for a dropped message."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from journeykit.core.checks.facts import since_entry
from journeykit.core.checks.world import World
from journeykit.core.definitions.outline import Place
from journeykit.core.definitions.survey import Rule, Survey, unknown
from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.journey import Do, Journey, Scope, Step
from journeykit.model.policies import Policy

_DAY = 24 * 60
_ABSENT = ("event", "signal", "data", "arm", "step", "scope", "journey")  #: known while a journey decides, not when a message is performed


def policies(world: World, plugins: Collection[str] | None) -> Iterator[str]:
    """Everything that is wrong with the policies of the catalog, each at its place."""
    several = world.catalog.policies
    for number, policy in enumerate(several):
        found = (*_channels(policy, world), *_condition(policy, world.catalog), *_zone(policy, world.journeys), *_plugin(policy, plugins))
        found += (*_swallowed(policy, world), *_household(several[:number], policy, world.catalog))
        found += (*_twice(several[:number], policy), *_lane(several[:number], policy, world.journeys))
        yield from (f"policies[{number}]: {problem}" for problem in found)
    yield from (f"policies: {problem}" for problem in _no_way_through(several))


# what they name


def _channels(policy: Policy, world: World) -> Iterator[str]:
    """The actions that a policy names are there, and reach somebody."""
    declared = world.catalog.actions
    known = list(declared) or (None if world.actions is None else list(world.actions))
    for channel in policy.channels:
        if known is not None and channel not in known:
            yield f'"{policy.text}": {unknown("action", channel, known)}'
        elif declared.get(channel) == "none" and policy.kind != "holdout":
            yield f'"{policy.text}": "{channel}" reaches nobody, so that it never holds; declare it as marketing, or leave it out'
        elif declared.get(channel) == "transactional" and policy.kind in ("consent", "quiet", "cap"):
            yield f'"{policy.text}": "{channel}" is transactional and passes it; declare it as marketing, or leave it out'


def _swallowed(policy: Policy, world: World) -> Iterator[str]:
    """Channels stand before the name; behind it they would be a part of it, and the policy about all."""
    name, _, behind = policy.name.rpartition(" for ")
    asked = (act.do.action for journey in world.journeys for act in Survey(journey).acts if isinstance(act.do, Do))
    if name and {*behind.split(" and ")} <= {*world.catalog.actions, *(world.actions or ()), *asked}:
        way = "hold out 10% for email as control" if policy.kind == "holdout" else "none for email while customer.bounced as bounced"
        yield f'"{policy.text}" holds for all channels, and "{policy.name}" would be its name; write for example "{way}"'


def _condition(policy: Policy, catalog: Catalog) -> Iterator[str]:
    """A suppression reads the customer, and what is declared of them."""
    if policy.where is None:
        return
    yield from (f'"{policy.text}": {problem}' for problem in since_entry(policy.where, catalog, "a policy"))
    traits = [*catalog.traits, *catalog.facts, *sorted(RESERVED)]
    for path in sorted(policy.where.paths, key=str):
        if path[0] in _ABSENT:
            yield f'"{policy.text}": {path[0]} is not known when a message is performed; read the customer, consent or now'
        elif path[0] == "customer" and catalog.traits and path[1] not in traits:
            yield f'"{policy.text}": {unknown("trait or fact", str(path[1]), traits)}'


def _household(before: Sequence[Policy], policy: Policy, catalog: Catalog) -> Iterator[str]:
    """What customers share is a trait or fact that is there, and one for all caps, since a message carries one."""
    if policy.per is None:
        return
    traits = [*catalog.traits, *catalog.facts, *sorted(RESERVED)]
    if catalog.traits and policy.per not in traits:
        yield f'"{policy.text}": {unknown("trait or fact", policy.per, traits)}'
    other = next((one for one in before if one.per is not None and one.per != policy.per), None)
    if other is not None:
        yield f'"{policy.text}" counts per customer.{policy.per}, and "{other.text}" per customer.{other.per}; keep one of the two'


def _zone(policy: Policy, journeys: Iterable[Journey]) -> Iterator[str]:
    """Quiet hours say what is done for a customer without a zone, or every journey has one."""
    if policy.kind != "quiet" or policy.missing in ("drop", "permit"):
        return
    if policy.missing is not None and not known_zone(policy.missing):
        yield f'"{policy.text}": no time zone "{policy.missing}"; write an IANA name such as Europe/Berlin, "drop" or "permit"{near_zone(policy.missing)}'
    without = next((journey.name for journey in journeys if journey.zone is None), None)
    if policy.missing is None and without is not None:
        yield (
            f'"{policy.text}" does not say what follows for customers without a time zone; add ", missing zone Europe/Berlin", '
            f'", missing zone drop" or ", missing zone permit", or give journey "{without}" a zone'
        )


def _plugin(policy: Policy, plugins: Collection[str] | None) -> Iterator[str]:
    if policy.kind == "plugin" and plugins is not None and policy.name not in plugins:
        yield f"{unknown('policy', policy.name, sorted(plugins))}; give it to the engine: policies={{...}}"


def _twice(before: Sequence[Policy], policy: Policy) -> Iterator[str]:
    """Names tell holdouts apart; one channel has one consent."""
    for other in before:
        if policy.kind == other.kind == "holdout" and policy.name == other.name:
            yield f'another holdout is called "{policy.name}"; give it a name of its own'
        if policy.kind == other.kind == "consent" and policy.about == other.about and _same_channel(policy, other):
            yield f'"{policy.text}" and "{other.text}" are about the same messages; keep one'


def _same_channel(policy: Policy, other: Policy) -> bool:
    return bool(set(policy.channels) & set(other.channels)) or not (policy.channels or other.channels)


# lanes


def _lane(before: Sequence[Policy], policy: Policy, journeys: Sequence[Journey]) -> Iterator[str]:
    """A lane is made of journeys that are there, and no journey waits in two of them."""
    names = [journey.name for journey in journeys]
    for place, name in enumerate(policy.journeys):
        if name not in names:
            yield f'"{policy.text}": {unknown("journey", name, names)}'
        elif name in policy.journeys[:place]:
            yield f'"{policy.text}" names "{name}" twice; keep the more important place'
    for other in before:
        if policy.kind == other.kind == "lane" and policy.name == other.name:
            yield f'another lane is called "{policy.name}"; give it a name of its own'
        for name in dict.fromkeys(policy.journeys):
            if name in other.journeys:
                yield f'"{name}" is in the lane "{other.name}" already; a journey waits in one lane only'


# a way through


def _no_way_through(several: Sequence[Policy]) -> Iterator[str]:
    """Quiet hours that leave no minute of the week hold a message until it expires."""
    quiet = [policy for policy in several if policy.kind == "quiet"]
    named = dict.fromkeys(channel for policy in quiet for channel in policy.channels)
    for channel in ("", *named):
        concerned = [policy for policy in quiet if policy.about is None and (not policy.channels or channel in policy.channels)]
        if concerned and len(set[int]().union(*(_minutes(policy) for policy in concerned))) == 7 * _DAY:
            whose = f' for "{channel}"' if channel else ""
            yield f"the quiet hours leave no time{whose} in the whole week; shorten one of them"
            return


def _minutes(policy: Policy) -> set[int]:
    """The minutes of the week in which it is quiet."""
    days = range(7) if policy.days is None else policy.days
    return {(day * _DAY + minute) % (7 * _DAY) for day in days for minute in range(policy.begin, policy.end)}


# waiting for an answer


def unanswered(survey: Survey, world: World) -> Iterator[str]:
    """A step that waits without limit for an answer to a message that may be dropped would keep its customers for ever (P34)."""
    if not world.catalog.policies:
        return
    for place in survey.places:
        step = place.step
        rules = [rule for owner in survey.around(place) for rule in survey.rules if rule.owner is owner and rule.kind != "entry"]
        if step.end is None and step.when and not _limited(place, survey, rules):
            yield from _waited_for(place, rules, world.catalog)


def _limited(place: Place, survey: Survey, rules: Iterable[Rule]) -> bool:
    """Whether time alone, or a condition, can lead on."""
    items = [owner.item for owner in survey.around(place) if isinstance(owner.item, (Step, Scope))]
    return any(item.wait is not None for item in items) or any(rule.on.after is not None or _quiet(rule) for rule in rules)


def _quiet(rule: Rule) -> bool:
    return rule.on.event is None and rule.on.settled is None


def _waited_for(place: Place, rules: Sequence[Rule], catalog: Catalog) -> Iterator[str]:
    own = [rule for rule in rules if rule.kind == "move" and isinstance(rule.owner.item, Step)]
    heard = {rule.on.settled for rule in rules}
    for do in place.step.do:
        if not isinstance(do, Do) or not _may_be_dropped(do, catalog) or f"{do.action} dropped" in heard:
            continue
        if own and all(_answers(rule, do.action) for rule in own):
            yield (
                f"{place.path}: waits without limit for an answer to {do.action}, which a policy may drop; add a wait, "
                f'or a transition with settled: "{do.action} dropped"'
            )


def _answers(rule: Rule, action: str) -> bool:
    """Whether *rule* waits for what only a message that was sent can bring: its outcome, or an event called after it."""
    if rule.on.settled is not None:
        return rule.on.settled == f"{action} performed"
    return rule.on.event is not None and re.search(rf"\b{re.escape(action)}\b", rule.on.event, re.IGNORECASE) is not None


def _may_be_dropped(do: Do, catalog: Catalog) -> bool:
    """Whether some policy binds it."""
    kind = do.message or catalog.actions.get(do.action, "marketing")
    binding = [policy for policy in catalog.policies if policy.kind != "lane" and (not policy.channels or do.action in policy.channels)]
    if kind == "marketing":
        return bool(binding)
    return kind == "transactional" and any(policy.everything or policy.kind == "plugin" for policy in binding)
