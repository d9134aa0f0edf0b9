"""
Whether a message may be performed now: the policies of a catalog as one chain, in an order that nobody can change (P34).

The order is consent, holdout, expired, suppressed, policies of the host, quiet hours, frequency caps. (Erased, exited and moved on
come before; `journeykit.runtime.permission` looks at them.) The first that does not permit decides; a message that was held is
asked about again from the beginning. Pure: the moment, the customer and what they have been sent are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from attrs import field, frozen

from journeykit.core.compiling.plans import as_key
from journeykit.core.compiling.splits import percentile
from journeykit.core.expressions.calendar import civil, local_day
from journeykit.core.expressions.context import Context, Declared, Getter, Resolver
from journeykit.core.expressions.expressions import MISSING, compile_condition
from journeykit.model.messages import moment
from journeykit.model.policies import Defer, Drop, Kind, Permit, Policy, PolicyAnswer, Question
from journeykit.model.records import Facts, OutboxMessage, Sent

HELD_OUT, TREATED = "held out", "treated"  #: the arms of a holdout, kept with the customer
ERASED = "$erased"  #: among the arms of a customer who was erased
TOPIC, PRIORITY = "topic", "priority"  #: the parameters of a message that say what it is about, and how important it is
_ORDER: tuple[Kind, ...] = ("consent", "holdout", "suppression", "plugin", "quiet", "cap")
_HOUR = 3_600_000_000
_PERMIT = Permit()


class Case(NamedTuple):
    """One message that is about to be performed."""

    message: OutboxMessage
    facts: Facts  #: what is known about the addressee
    now: int
    zone: str | None  #: the journey's, for customers without one
    sent: Sequence[Sent] = ()  #: the other marketing messages of the customer and their household, performed or under way


class Verdict(NamedTuple):
    """The answer that decides, and whose it is."""

    policy: str
    answer: Defer | Drop


Ask = Callable[[str, Question], PolicyAnswer]  #: asks the host's policy of that name
Answering = Callable[[Case, Ask], PolicyAnswer]


@frozen(eq=False)
class Rule:
    """One policy, ready to be asked: whether it is about a message, and what it answers."""

    policy: str
    binds: Callable[[OutboxMessage], bool]
    answer: Answering


@frozen(eq=False)
class Lane:
    """Journeys of which a customer goes on in one at a time, the most important first; *still*: time stands still in the others."""

    name: str
    journeys: tuple[str, ...]
    still: bool
    members: frozenset[str]


@frozen(eq=False)
class Chain:
    """
    All policies of a catalog.

    Attributes:
        rules: in the order in which they are asked.
        holdouts: those whose arm is drawn when a message is asked for.
        window: the longest window of a frequency cap in microseconds; 0 where there is none.
        household: how what customers share is read that caps count together; None where each is counted alone.
    """

    rules: tuple[Rule, ...] = ()
    holdouts: tuple[Policy, ...] = ()
    window: int = field(default=0)
    household: Getter | None = field(default=None)

    def verdict(self, case: Case, ask: Ask) -> Verdict | None:
        """
        What stands against performing a message at this moment; None where nothing does.

        Raises:
            ConditionError: a policy cannot be evaluated for this customer.
        """
        for rule in self.rules:
            if rule.binds(case.message):
                answer = rule.answer(case, ask)
                if not isinstance(answer, Permit):
                    return Verdict(rule.policy, answer)
        return None

    def addressed(self, context: Context, messages: Iterable[OutboxMessage]) -> tuple[OutboxMessage, ...]:
        """*messages*, the marketing among them with the household of the customer of *context*, where there is one."""
        name = as_key(self.household(context)) if self.household is not None else MISSING
        if not isinstance(name, str):
            return tuple(messages)
        return tuple(one._replace(household=name) if one.message == "marketing" else one for one in messages)

    def drawn(self, customer_id: str, facts: Facts, messages: Iterable[OutboxMessage]) -> Facts:
        """The facts with the arm of each holdout that *messages* ask about for the first time; it is kept, so that it never changes."""
        arms: dict[str, str] = {}
        for message in messages:
            for policy in self.holdouts:
                if experiment(policy.name) not in facts.arms and _held_out_from(policy, message):
                    arms[experiment(policy.name)] = _arm(policy, customer_id)
        if not arms:
            return facts
        after = facts.copy()
        after.arms = {**facts.arms, **arms}
        return after


def compile_policies(policies: Sequence[Policy], known: Declared) -> Chain:
    """
    Make the chain of the policies of a catalog.

    Args:
        policies: in any order.
        known: how the declared facts and segments are read.
    """
    by_kind = {kind: [policy for policy in policies if policy.kind == kind] for kind in _ORDER}
    makers: dict[Kind, Callable[[Policy], Rule]] = {
        "holdout": _holdout, "suppression": lambda policy: _suppression(policy, Resolver(known)),
        "plugin": lambda policy: _plugin(policy, known.facts), "quiet": _quiet, "cap": _cap,
    }  # fmt: skip
    rules = [_ERASED, *_consents(by_kind["consent"])]
    for kind in _ORDER[1:]:
        rules += [_EXPIRED] if kind == "suppression" else []
        rules += [makers[kind](policy) for policy in by_kind[kind]]
    per = next((policy.per for policy in by_kind["cap"] if policy.per is not None), None)
    household = None if per is None else Resolver(known)(("customer", per))
    return Chain(tuple(rules), tuple(by_kind["holdout"]), max((policy.window for policy in by_kind["cap"]), default=0), household)


def lanes_of(policies: Iterable[Policy]) -> dict[str, Lane]:
    """For each journey in a lane of *policies* that lane."""
    found = (Lane(one.name, one.journeys, one.still, frozenset(one.journeys)) for one in policies if one.kind == "lane")
    return {journey: lane for lane in found for journey in lane.journeys}


def topic(parameters: Mapping[str, Any]) -> str | None:
    """What a message is about."""
    value = parameters.get(TOPIC)
    return value if isinstance(value, str) else None


def priority(parameters: Mapping[str, Any]) -> float:
    """How a message stands against others that are due with it: the higher goes first; 0 where nothing is said."""
    value = parameters.get(PRIORITY)
    return value if isinstance(value, (int, float)) else 0


def experiment(name: str) -> str:
    """How the arm of a holdout is called among a customer's arms."""
    return f"holdout/{name}"


def about(policy: Policy, action: str, message_topic: str | None) -> bool:
    """Whether a policy is about messages of that action and topic."""
    return (not policy.channels or action in policy.channels) and (policy.about is None or policy.about == message_topic)


# whom they bind


def _marketing(policy: Policy) -> Callable[[OutboxMessage], bool]:
    return lambda message: message.message == "marketing" and about(policy, message.action, topic(message.parameters))


def _messages(policy: Policy) -> Callable[[OutboxMessage], bool]:
    return lambda message: message.message != "none" and about(policy, message.action, topic(message.parameters))


# erased


def _erased(case: Case, _ask: Ask) -> PolicyAnswer:
    """Whoever was erased has to have agreed since, whatever the catalog says of those who have said nothing."""
    purposes = (case.message.action, topic(case.message.parameters))
    if ERASED not in case.facts.arms or any(case.facts.consent.get(purpose) for purpose in purposes if purpose):
        return _PERMIT
    return Drop("erased: no consent has been given since")


_ERASED = Rule("erased", lambda message: message.message == "marketing", _erased)


# consent


def _consents(policies: Sequence[Policy]) -> Iterable[Rule]:
    """One rule for the channel, of which the sentence that names it counts; one for each topic."""
    channels = [policy for policy in policies if policy.about is None]
    named = {name: policy for policy in channels for name in policy.channels}
    others = next((policy for policy in channels if not policy.channels), None)
    for policy in channels:
        yield Rule(policy.text, _chosen(policy, named, others), _agreed(policy, None))
    for policy in policies:
        if policy.about is not None:
            yield Rule(policy.text, _marketing(policy), _agreed(policy, policy.about))


def _chosen(policy: Policy, named: Mapping[str, Policy], others: Policy | None) -> Callable[[OutboxMessage], bool]:
    return lambda message: message.message == "marketing" and named.get(message.action, others) is policy


def _agreed(policy: Policy, purpose: str | None) -> Answering:
    def answer(case: Case, _ask: Ask) -> PolicyAnswer:
        name = purpose or case.message.action
        said = case.facts.consent.get(name)
        if said or (said is None and policy.opt_out):
            return _PERMIT
        return Drop(f"consent: {'never given' if said is None else 'refused'} for {name}")

    return answer


# holdout


def _holdout(policy: Policy) -> Rule:
    def answer(case: Case, _ask: Ask) -> PolicyAnswer:
        arm = case.facts.arms.get(experiment(policy.name)) or _arm(policy, case.message.customer_id)
        return Drop(f"holdout: {policy.name}") if arm == HELD_OUT else _PERMIT

    return Rule(policy.text, lambda message: _held_out_from(policy, message), answer)


def _held_out_from(policy: Policy, message: OutboxMessage) -> bool:
    """Marketing is; what is named is a treatment, whatever it is."""
    treatment = message.message == "marketing" or message.action in policy.channels
    return treatment and about(policy, message.action, topic(message.parameters))


def _arm(policy: Policy, customer_id: str) -> str:
    return HELD_OUT if percentile(experiment(policy.name), customer_id) < policy.percent else TREATED


# expired


def _expired(case: Case, _ask: Ask) -> PolicyAnswer:
    expires_at = case.message.expires_at
    return Drop("expired") if expires_at is not None and expires_at <= case.now else _PERMIT


_EXPIRED = Rule("expired", lambda message: message.expires_at is not None, _expired)


# suppressed


def _suppression(policy: Policy, resolve: Resolver) -> Rule:
    assert policy.where is not None
    holds = compile_condition(policy.where, resolve)

    def answer(case: Case, _ask: Ask) -> PolicyAnswer:
        if not holds(Context(case.message.customer_id, case.facts, case.now)):
            return _PERMIT
        again, last = case.now + _HOUR, case.message.at + (policy.defer or 0)  # nobody knows when it will be over: look every hour
        return _held(policy, case, min(again, last) if last > case.now else again, f"suppressed: {policy.name}")

    return Rule(policy.text, _messages(policy) if policy.everything else _marketing(policy), answer)


def _held(policy: Policy, case: Case, until: int, reason: str) -> Defer | Drop:
    """Held until then where the policy holds that long, counted from the decision; else dropped."""
    if policy.defer is None:
        return Drop(reason)
    last = case.message.at + policy.defer
    if until <= last:
        return Defer(moment(until), reason)
    return Drop(f"{reason}, and not over within the time that it may be held")


# policies of the host


def _plugin(policy: Policy, facts: Mapping[str, Getter]) -> Rule:
    return Rule(policy.text, _messages(policy), lambda case, ask: ask(policy.name, _question(case, facts)))


def _question(case: Case, readers: Mapping[str, Getter]) -> Question:
    message, facts = case.message, case.facts
    context = Context(message.customer_id, facts, case.now)
    values = {name: read(context) for name, read in readers.items()}
    own = {"id": message.customer_id, "zone": facts.zone, "stage": facts.stage}
    customer = {**facts.traits, **{name: value for name, value in values.items() if value is not MISSING}, **own}
    return Question(
        message.action, message.message, message.journey, message.customer_id, message.parameters, moment(message.at), moment(case.now),
        customer, facts.consent,
    )  # fmt: skip


# quiet hours


def _quiet(policy: Policy) -> Rule:
    def answer(case: Case, _ask: Ask) -> PolicyAnswer:
        zone = case.facts.zone or (policy.missing if policy.missing not in (None, "drop", "permit") else None)
        if zone is None and policy.missing is None:
            zone = case.zone
        if zone is None:
            return _PERMIT if policy.missing == "permit" else Drop("quiet hours: the customer's time zone is not known")
        until = quiet_until(policy, case.now, zone)
        if until is None:
            return _PERMIT
        reason = f"quiet hours: {clock(policy.begin)} to {clock(policy.end)}"
        return Drop(reason) if policy.drop else Defer(moment(until), reason)

    return Rule(policy.text, _marketing(policy), answer)


def quiet_until(policy: Policy, now: int, zone: str) -> int | None:
    """
    The end of the quiet window that holds *now* in *zone*, or None; a window holds its begin and not its end.

    Raises:
        ConditionError: the zone is unknown.
    """
    today = local_day(now, zone)
    for day in (today - timedelta(1), today):
        if policy.days is None or day.weekday() in policy.days:
            begin, end = (civil(day + timedelta(minutes=minutes), zone) for minutes in (policy.begin, policy.end))
            if begin <= now < end:
                return end
    return None


def clock(minutes: int) -> str:
    """Minutes after midnight as people write them."""
    hours, rest = divmod(minutes, 60)
    return f"{hours if hours == 24 else hours % 24:02}:{rest:02}"


# frequency caps


def _cap(policy: Policy) -> Rule:
    reason = f"frequency cap: {policy.text.partition(' or ')[0]}"

    def answer(case: Case, _ask: Ask) -> PolicyAnswer:
        free = free_at(policy, case.sent, case.now)
        return _PERMIT if free is None else _held(policy, case, free, reason)

    return Rule(policy.text, _marketing(policy), answer)


def free_at(policy: Policy, sent: Iterable[Sent], now: int) -> int | None:
    """When a cap lets one more through: None for at once; what is under way counts as performed now."""
    times = sorted(
        now if one.at is None else one.at for one in sent if about(policy, one.action, one.topic) and (policy.per or not one.other)
    )
    times = [at for at in times if at > now - policy.window]
    return None if len(times) < policy.number else times[-policy.number] + policy.window
