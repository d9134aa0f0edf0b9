"""Performing what was asked for: each request at least once, under one key, until it is performed, dead or dropped (P30)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from journeykit.errors import ConditionError, EventError
from journeykit.model.messages import ActionRequest, Done, Failed, Retry, moment, words
from journeykit.model.pauses import Pause
from journeykit.model.records import Answered, Claimed, Mail, OutboxMessage, Settlement
from journeykit.ports import Clock, Storage
from journeykit.runtime import logs
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import after
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.hooks import Hooks
from journeykit.runtime.ledger import Ledger, by_priority
from journeykit.runtime.letters import EXIT, SETTLED, derived, own_event
from journeykit.runtime.permission import Refusal, View
from journeykit.runtime.plugins import Actions
from journeykit.runtime.policies import Policies
from journeykit.runtime.process import told_to_end
from journeykit.runtime.rates import Rates

GROUP = 32  #: requests claimed together
MOST = 128  #: and at most, where actions are quick: what is claimed here no other thread performs
QUICK = 50_000  #: microseconds within which a group is done whose successor may be twice as large
FRESH = 1_000_000  #: microseconds for which the state looked at before performing is trusted
PROMPT = 200_000  #: microseconds after which what was performed is recorded, even in the middle of a group
_WORDS = 500  #: characters of a reason that are kept

State = Literal["open", "performed", "dead", "dropped"]


class Dispatched(NamedTuple):
    """How many requests were performed, put off for another attempt, given up as dead letters, and dropped."""

    performed: int = 0
    retried: int = 0
    dead: int = 0
    dropped: int = 0

    def plus(self, other: Dispatched) -> Dispatched:
        """Both counts together."""
        return Dispatched(*(one + more for one, more in zip(self, other, strict=True)))


_COUNTED: dict[State, Dispatched] = {
    "performed": Dispatched(performed=1), "open": Dispatched(retried=1), "dead": Dispatched(dead=1), "dropped": Dispatched(dropped=1)
}  # fmt: skip


class Dispatcher:
    """
    Takes requests from the outbox, performs them and records how it ended.

    Outcomes are recorded for a group together, at the latest a fifth of a second after the first of them: a crash repeats what
    was performed in that time, under the same idempotency keys. Recording each alone would halve the speed of quick actions and
    repeat one instead of a few; slow actions are recorded one by one in either case.
    """

    def __init__(
        self,
        storage: Storage,
        definitions: Definitions,
        actions: Actions,
        policies: Policies,
        clock: Clock,
        backoff: Backoff,
        hooks: Hooks,
        lease: int,
        rates: Rates,
        decide_mail: Callable[[Sequence[str]], None],
        pauses: Callable[[], Sequence[Pause]],
    ) -> None:
        self._storage = storage
        self._definitions = definitions
        self._actions = actions
        self._policies = policies
        self._clock = clock
        self._backoff = backoff
        self._hooks = hooks
        self._lease = lease
        self._rates = rates
        self._decide_mail = decide_mail
        self._pauses = pauses

    def dispatch(self, limit: int, stop: Callable[[], bool] | None = None) -> Dispatched:
        """Make up to *limit* attempts; *stop* is asked between two, and once true, what is left is given back."""
        counts, token, size = Dispatched(), secrets.token_hex(8), GROUP
        while (left := limit - sum(counts)) > 0 and not (stop is not None and stop()):
            now, window = self._clock.now(), self._definitions.compiled.chain.window
            since = now - window if window else None
            claimed = self._storage.claim_outbox(now, min(size, left), self._lease, token, since, self._rates.closed(now))
            if not claimed:
                break
            counts = counts.plus(self._group(by_priority(claimed) if window else claimed, stop))
            size = min(2 * size, MOST) if self._clock.now() - now < QUICK else GROUP
        return counts

    def _group(self, claimed: Sequence[Claimed], stop: Callable[[], bool] | None) -> Dispatched:
        group, ledger = _Group(self._storage, self._hooks, self._clock.now()), Ledger(claimed)
        view, seen_at = self._view(claimed), group.began
        try:
            for place, one in enumerate(claimed):
                now = self._clock.now()
                if (stop is not None and stop()) or now - group.began > self._lease // 2:
                    group.give_back(claimed[place:], now)
                    break
                if now - seen_at > FRESH:
                    view, seen_at = self._view(claimed[place:]), now
                settlement = self._attempt(one, view, ledger, now)
                ledger.note(one, settlement)
                group.add(one, settlement, self._clock.now())
        finally:  # also where the process is told to end in the middle of an action: what was performed before is recorded
            group.settle()
        return group.counts

    def _view(self, claimed: Sequence[Claimed]) -> View:
        return View(self._storage, self._definitions, self._policies, claimed, self._decide_mail, self._pauses())

    # -- one request -------------------------------------------------------------------------------------------------

    def _attempt(self, claimed: Claimed, view: View, ledger: Ledger, now: int) -> Settlement:
        if view.elsewhere(claimed.message):  # claimed again, it has the customer that stands for them now
            return Settlement(claimed.id, claimed.token, "open", None, now, attempted=False)
        try:
            refusal = view.refusal(claimed.message, now, ledger.of(claimed))
        except ConditionError as error:  # without every policy's word nothing is performed
            return self._again(claimed, Retry(reason=str(error)))
        if refusal is not None:
            return self._refused(claimed, refusal, now)
        if claimed.attempts >= self._backoff.attempts:  # each ended without a word: the process died, or the lease ran out
            return self._ended(claimed, "dead", f"{claimed.attempts} attempts without an answer")
        if claimed.message.action not in self._actions:
            known = ", ".join(self._actions.names()) or "none"
            return self._answered(claimed, Retry(reason=f'no action named "{claimed.message.action}" here; there are {known}'))
        if not self._rates.may(claimed.message.action, now):  # it keeps its place in the line
            return Settlement(claimed.id, claimed.token, "open", None, now if claimed.attempts else claimed.message.at, attempted=False)
        if not self._begun(claimed):
            return Settlement(claimed.id, claimed.token, "open", None, now, attempted=False)  # in other hands by now
        return self._answered(claimed, self._perform(claimed))

    def _begun(self, claimed: Claimed) -> bool:
        """Where there is a cap, write down that a message may have arrived from now on, so that a crash cannot hide it."""
        counted = claimed.message.message == "marketing" and self._definitions.compiled.chain.window > 0
        return not counted or self._storage.begin(claimed.id, claimed.token, self._clock.now())

    def _refused(self, claimed: Claimed, refusal: Refusal, now: int) -> Settlement:
        """Held until its instant has passed (P4), which is no attempt; or dropped."""
        reason, until = refusal.reason[:_WORDS], refusal.until
        answered = Answered(now, refusal.policy, "drop" if until is None else "defer", until, reason)
        logs.became(claimed, "dropped" if until is None else f"held until {moment(until).isoformat()}", reason)
        if until is not None:
            return Settlement(claimed.id, claimed.token, "open", reason, until + 1, attempted=False, answered=answered)
        settlement = self._ended(claimed, "dropped", reason, _exits(claimed.message, refusal, now))
        return settlement._replace(answered=answered)

    def _perform(self, claimed: Claimed) -> object:
        """Call the action; what it raises means that it is to be tried again. What ends the process from outside passes."""
        message = claimed.message
        try:
            return self._actions[message.action](_request(claimed))
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            if told_to_end(error):
                raise
            logs.action_failed(claimed, error)
            return Retry(reason=f"{type(error).__name__}: {words(error)}")

    def _answered(self, claimed: Claimed, answer: object) -> Settlement:
        if answer is None or isinstance(answer, Done):
            mail, reason = self._answer(claimed, answer or Done())
            return self._ended(claimed, "performed", reason, mail)
        if isinstance(answer, Retry):
            return self._again(claimed, answer)
        if isinstance(answer, Failed):
            return self._ended(claimed, "dead", answer.reason or "failed")._replace(undone=True)
        return self._ended(claimed, "dead", f"answered {words(answer, repr):.60}; an action answers Done, Retry or Failed")

    def _again(self, claimed: Claimed, answer: Retry) -> Settlement:
        attempt = claimed.attempts + 1
        if attempt >= self._backoff.attempts:
            return self._ended(claimed, "dead", f"{attempt} attempts; the last: {answer.reason or 'retry'}")
        seconds = self._backoff.wait(attempt) if answer.after is None else answer.after
        logs.tried_again(claimed, answer.reason, seconds)
        return Settlement(claimed.id, claimed.token, "open", answer.reason[:_WORDS] or None, after(self._clock.now(), seconds))

    def _ended(self, claimed: Claimed, state: State, reason: str | None, mail: tuple[Mail, ...] = ()) -> Settlement:
        now, message = self._clock.now(), claimed.message
        if message.listens:
            mail = (*mail, _outcome(message, state, reason, now))
        if state == "dead":
            logs.dead(claimed, reason)
        elif state == "performed":
            logs.became(claimed, state, reason)
        return Settlement(claimed.id, claimed.token, state, None if reason is None else reason[:_WORDS], now, mail)

    def _answer(self, claimed: Claimed, done: Done) -> tuple[tuple[Mail, ...], str | None]:
        """The event that carries an action's answer; one that cannot be kept is told in the reason, for the action was performed."""
        if done.event is None:
            return (), None
        message, now = claimed.message, self._clock.now()
        key = message.idempotency_key
        try:
            if done.event.startswith("$"):
                raise EventError(f'name: "{done.event}" is one of the library\'s own')
            json.dumps(done.properties, allow_nan=False)
            properties = {**self._key_property(message), **done.properties}
            event = own_event(done.event, derived(key, "answer"), message.customer_id, now, properties, key)
        except (EventError, TypeError, ValueError, AttributeError, RecursionError) as error:
            logs.log_failure("action %s answered what cannot be kept: %s", message.action, error, logs.fields_of(message))
            return (), f"its answer could not be kept: {error}"
        return (Mail(event, now),), None

    def _key_property(self, message: OutboxMessage) -> dict[str, str]:
        """The property that leads an answer back to its enrollment, where the journey is keyed by a plain one."""
        compiled = self._definitions.compiled.journeys.get(message.journey)
        name = compiled.journey.keyed if compiled is not None else None
        if name is None or any(sign in name for sign in ".[("):
            return {}
        return {name: message.key}


class _Group:
    """Requests claimed together, and how far they have come."""

    def __init__(self, storage: Storage, hooks: Hooks, began: int) -> None:
        self.began = began
        self.counts = Dispatched()
        self._storage = storage
        self._hooks = hooks
        self._unsettled: list[tuple[Claimed, Settlement]] = []
        self._since = began

    def add(self, claimed: Claimed, settlement: Settlement, now: int) -> None:
        """Take down how an attempt ended."""
        if not self._unsettled:
            self._since = now
        self._unsettled.append((claimed, settlement))
        if now - self._since >= PROMPT or now - self.began >= PROMPT:
            self.settle()

    def settle(self) -> None:
        """Record what has not been recorded."""
        taken, self._unsettled = self._unsettled, []
        if not taken:
            return
        for (claimed, settlement), written in zip(taken, self._storage.settle([s for _, s in taken]), strict=True):
            if written and (settlement.attempted or settlement.answered is not None):  # else it was given back untried
                self.counts = self.counts.plus(_COUNTED[settlement.state])
                if self._hooks:
                    self._hooks.settled(claimed, settlement)

    def give_back(self, claimed: Sequence[Claimed], now: int) -> None:
        """Let others have what has not been attempted."""
        self.settle()
        self._storage.settle([Settlement(one.id, one.token, "open", None, now, attempted=False) for one in claimed])


def _request(claimed: Claimed) -> ActionRequest:
    message = claimed.message
    return ActionRequest(
        action=message.action,
        customer_id=message.customer_id,
        parameters=message.parameters,
        idempotency_key=message.idempotency_key,
        attempt=claimed.attempts + 1,
        requested_at=moment(message.at),
        deadline=None if message.expires_at is None else moment(message.expires_at),
        journey=message.journey,
    )


def _outcome(message: OutboxMessage, state: State, reason: str | None, now: int) -> Mail:
    """The signal for a journey that listens for what became of its action."""
    properties = {
        "action": message.action, "outcome": state, "journey": message.journey, "key": message.key, "number": message.number, "reason": reason
    }  # fmt: skip
    return Mail(own_event(SETTLED, derived(message.idempotency_key, state), message.customer_id, now, properties), now)


def _exits(message: OutboxMessage, refusal: Refusal, now: int) -> tuple[Mail, ...]:
    """What takes a customer out whose exit rule holds."""
    if refusal.leaves is None:
        return ()
    properties = {"journey": message.journey, "key": message.key, "reason": refusal.leaves}
    return (Mail(own_event(EXIT, derived(message.idempotency_key, "exit"), message.customer_id, now, properties), now),)
