"""One shop, run twice: by the core, and by the reference. Both are told the same and asked for the same account of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from journeykit.codec import definition_hash, journey_text
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.quotas import Known, Shared, Unread
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.turns.tallies import better
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, moment
from journeykit.model.records import Commit, Enrollment, Facts, HistoryEntry, Loaded, LoggedEvent
from reference import Reference
from reference_values import plain

Account = dict[str, Any]
TOLD = ("entered", "moved", "stayed", "goal", "completed", "exited")


def known(values: dict[str, Any]) -> dict[str, Any]:
    """*values* without those that are as good as missing, and without what the library itself keeps among them."""
    return {name: value for name, value in values.items() if value is not None and not name.startswith("$")}


class Mailboxes:
    """What customers have been sent and nobody has decided: as in every storage the earliest goes first, of one moment what arrived first."""

    def __init__(self) -> None:
        self._mail: list[tuple[int, int, Event]] = []
        self._arrived = itertools.count()

    def event(self, event: Event, at: int) -> None:
        """Accept and decide *event*, and what it puts into other customers' mailboxes."""
        self._decide(event, at)
        self._deliver()

    def _post(self, event: Event, at: int) -> None:
        heappush(self._mail, (at, next(self._arrived), event))

    def _deliver(self) -> None:
        """Decide what stands in the mailboxes; what is sent meanwhile waits for its turn."""
        while self._mail:
            at, _, event = heappop(self._mail)
            self._decide(event, at)

    def _decide(self, event: Event, at: int) -> None:
        raise NotImplementedError


class CoreShop(Mailboxes):
    """Every customer decided by the core, nothing written anywhere."""

    def __init__(self, journeys: Sequence[Journey], catalog: Catalog) -> None:
        super().__init__()
        self.compiled = compile_journeys([(definition_hash(one), journey_text(one), one) for one in journeys], catalog)
        self.customers: dict[str, Customer] = {}
        self.commits: dict[str, list[Any]] = {}
        self.seen: set[tuple[str, str]] = set()
        self.taken: Counter[str] = Counter()  #: of shared numbers
        self.kept: dict[str, str] = {}  #: once for all customers

    def customer(self, name: str) -> Customer:
        """The state of a customer, empty at first."""
        if name not in self.customers:
            self.customers[name] = Customer(Loaded(name, 0, 0, Facts(), [], []))
            self.commits[name] = []
        return self.customers[name]

    def _decide(self, event: Event, at: int) -> None:
        customer = self.customer(event.customer_id)
        if (event.customer_id, event.id) in self.seen:
            return
        self.seen.add((event.customer_id, event.id))
        at = max(at, customer.accepted_at)
        self._advance(customer, LoggedEvent(event, at), at)

    def wait(self, until: int) -> None:
        """Fire everything due before *until*."""
        for customer in list(self.customers.values()):
            self._advance(customer, None, until)
            self._deliver()

    def _advance(self, customer: Customer, event: LoggedEvent | None, at: int) -> None:
        known = Known({}, self.kept)
        commit = self._decided(customer, event, at, known)
        left: dict[str, int] = {}
        while short := self._short(commit):
            left |= short  # of one number and then of another
            commit = self._decided(customer, event, at, known._replace(left=left))
        for name, count, _ in commit.quotas:
            self.taken[name] += count
        customer.apply(commit)
        self.commits[customer.customer_id].append(commit)
        for mail in commit.mail:
            self._post(mail.event, mail.accepted_at)

    def _decided(self, customer: Customer, event: LoggedEvent | None, at: int, known: Known) -> Commit:
        """Decide, and again as often as something has to be known that is kept once for all."""
        while True:
            try:
                return advance(self.compiled, customer, event, at, shared=Shared(known))
            except Unread as unread:
                name, first = unread.name, unread.first
                if isinstance(first, int):
                    known = known._replace(left={**known.left, name: first - self.taken[name]})
                else:
                    self.kept[name] = first if isinstance(first, str) else better(name, first, lambda name: self.taken[name])

    def _short(self, commit: Commit) -> dict[str, int]:
        """What is left of the shared numbers of which *commit* takes too much."""
        wanted: Counter[str] = Counter()
        for name, count, _ in commit.quotas:
            wanted[name] += count
        left = {name: limit - self.taken[name] for name, _, limit in commit.quotas if limit is not None}
        return left if any(wanted[name] > number for name, number in left.items()) else {}

    def account(self, name: str) -> Account:
        """What has become of a customer."""
        customer, commits = self.customer(name), self.commits[name]
        history = [entry for commit in commits for entry in commit.history]
        enrollments = sorted((e for e in customer.enrollments.values() if e.number), key=lambda e: e.order)
        return {
            "enrollments": [self._enrollment(e) for e in enrollments],
            "held": sorted((e.journey, e.key, e.waiting.due_at) for e in customer.enrollments.values() if e.waiting),
            "actions": [m[8:9] + m[1:4] + m[6:8] + m[9:12] for commit in commits for m in commit.outbox],
            "moves": [_move(one) for one in history if one.kind in TOLD and one.cause != "following"],
            "refused": [
                (one.at, one.journey, one.key, _why(str(one.reason))) for one in history if one.kind == "refused" and one.cause != "exit"
            ],
            "parked": [one.at for commit in commits for one in commit.history if one.kind == "parked"],
            "known": [
                customer.facts.zone,
                customer.facts.stage,
                known(customer.facts.consent),
                known(customer.facts.traits),
                customer.facts.arms,
            ],
        }

    def _enrollment(self, e: Enrollment) -> dict[str, Any]:
        rules = self.compiled.definitions[e.definition].timers
        timers = [(t.due_at, rules[t.index].name if rules[t.index].owner != "journey" else "", rules[t.index].wait.text) for t in e.timers]
        return {
            "id": (e.journey, e.key, e.number), "status": e.status, "reason": e.reason, "step": e.step, "data": known(e.data),
            "times": (e.entered_at, e.step_at, e.goal_at, e.ended_at), "performed": e.performed, "timers": sorted(timers, key=repr),
            "scopes": {name: at for name, (at, _) in e.scopes.items()},
        }  # fmt: skip


def _move(entry: HistoryEntry) -> tuple[Any, ...]:
    target = entry.target if entry.kind in ("entered", "moved") else None
    return entry.at, entry.kind, entry.journey, entry.key, entry.number, entry.source, target


def _why(reason: str) -> str:
    words = {
        "no ": "no key",
        "its key": "no key",
        "it has no key": "no key",
        "not open": "closed",
        "already": "active",
        "exit rule": "exit rule",
    }
    words = {"not open": "closed"} | words
    return next((why for begin, why in words.items() if reason.startswith(begin)), "re-entry")


class ReferenceShop(Mailboxes):
    """Every customer decided by the reference."""

    def __init__(self, journeys: Sequence[Journey], catalog: Catalog) -> None:
        super().__init__()
        self.journeys, self.catalog = journeys, catalog
        self.customers: dict[str, Reference] = {}
        self.collected: dict[str, int] = {}
        self.shared: dict[str, int] = {}
        self.once: dict[str, Any] = {}

    def customer(self, name: str) -> Reference:
        """The state of a customer, empty at first."""
        return self.customers.setdefault(name, Reference(name, self.journeys, self.catalog, self.shared, self.once))

    def _decide(self, event: Event, at: int) -> None:
        self.customer(event.customer_id).event(event, at)
        self._collect(event.customer_id)

    def wait(self, until: int) -> None:
        """Fire everything due before *until*."""
        for name in list(self.customers):
            self.customers[name].pass_time(until)
            self._collect(name)
            self._deliver()

    def _collect(self, sender: str) -> None:
        """Post what *sender* has written since it was last asked."""
        written, begin = self.customers[sender].state.mail, self.collected.get(sender, 0)
        for place, (at, whom, told) in enumerate(written[begin:], begin):
            self._post(Event("$enter", id=f"start/{sender}/{place}", customer_id=whom, occurred_at=moment(at), properties=told), at)
        self.collected[sender] = len(written)

    def account(self, name: str) -> Account:
        """What has become of a customer."""
        state = self.customer(name).state
        latest = {(life.journey, life.key): life for life in state.lives}
        return {
            "enrollments": [self._enrollment(life) for life in sorted(latest.values(), key=lambda life: life.order)],
            "held": sorted((held.journey, held.key, held.due) for held in state.held),
            "actions": state.actions,
            "moves": state.moves,
            "refused": state.refused,
            "parked": [at for at, _, _ in state.parked],
            "known": [state.zone, state.stage, known(state.consent), known(state.traits), state.arms],
        }

    def _enrollment(self, life: Any) -> dict[str, Any]:
        timers = [(timer.due, timer.owner, timer.wait.text) for timer in life.timers]
        return {
            "id": life.id, "status": life.status, "reason": life.reason, "step": life.step, "data": known(plain(life.data)),
            "times": (life.entered_at, life.step_at, life.goal_at, life.ended_at), "performed": life.performed, "timers": sorted(timers, key=repr),
            "scopes": {name: at for name, (at, _) in life.scopes.items()},
        }  # fmt: skip


def differences(core: CoreShop, reference: ReferenceShop) -> list[str]:
    """Where the two accounts differ, for people to read; empty where they agree."""
    found = []
    for name in sorted({*core.customers, *reference.customers}):
        one, other = core.account(name), reference.account(name)
        for part, told in one.items():
            if told != other[part]:
                found.append(f"{name} {part}:\n   core      {told}\n   reference {other[part]}")
    return found
