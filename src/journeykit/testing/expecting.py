"""What a story expects: the next message, one that was dropped or held, an end; and what is told where it is not so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from journeykit.core.expressions.calendar import read_moment, show
from journeykit.errors import ConditionError
from journeykit.model.messages import ActionRequest, Event
from journeykit.model.phrases import MICROSECONDS, suggestion
from journeykit.model.records import Enrollment, Facts, OutboxRow, Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.engine import Engine
from journeykit.testing.fakes import Performed, Recorder, asked
from journeykit.testing.telling import Row, compared, misspelt, page, told

When = str | datetime
EVERY = 1 << 40  #: rows of an outbox


class Expecting:
    """The part of `journeykit.testing.Scenario` that says what is expected, and looks at what is there."""

    engine: Engine
    clock: ManualClock
    storage: Storage
    actions: Recorder
    zone: str
    _met: list[str]  #: what was expected and came, as it was expected
    _events: list[Event]  #: those that were told
    _told: set[int]  #: requests that were expected to be dropped or dead

    def look(self) -> None:
        """Let the present instant pass."""
        raise NotImplementedError

    # -- what is expected --------------------------------------------------------------------------------------------

    def expect(self, action: str, *, at: When | None = None, customer: str | None = None, **parameters: Any) -> ActionRequest:
        """
        The next action performed is this one.

        Args:
            action: its name.
            at: when it was performed, to the minute, or to the second where seconds are said.
            customer: whom for.
            parameters: parameters that it had among others.

        Returns:
            The whole request, to look at more closely.

        Raises:
            AssertionError: it is not; the message shows what happened.
        """
        __tracebackhide__ = True
        self.look()
        wanted, performed = self._wanted(action, at, customer, parameters), self.actions.performed
        following = performed[len(self._met) :]
        wrong = list(self._differences(following[0], action, at, customer, parameters)) if following else []
        if following and not wrong:
            self._met.append(wanted)
            return following[0].request
        raise AssertionError(self._not_as_wanted(wanted, following, wrong, action, at, customer, parameters))

    def expect_nothing_else(self) -> None:
        """Nothing was performed up to now that was not expected; raise `AssertionError` with what happened where something was."""
        __tracebackhide__ = True
        self.look()
        rest = self.actions.performed[len(self._met) :]
        if rest:
            verdict = f"expected nothing else, but {rest[0].request.action} came{_times(len(rest))}"
            people = list(dict.fromkeys(one.request.customer_id for one in rest))
            raise AssertionError(self._failure(verdict, self._rows("nothing else"), [], people))

    def expect_dropped(
        self, action: str, *, reason: str = "", at: When | None = None, customer: str | None = None, **parameters: Any
    ) -> OutboxRow:
        """
        An action was asked for and dropped: by a policy, since the customer had left, or since its step or scope was over.

        The same one is not expected twice. In which order is not looked at.

        Args:
            action: its name.
            reason: why, or a part of it.
            at: when it was dropped.
            customer: whom it was for.
            parameters: parameters that it had among others.

        Returns:
            The request, with what became of it.

        Raises:
            AssertionError: there is none.
        """
        __tracebackhide__ = True
        return self._expect_ended("dropped", action, reason, at, customer, parameters)

    def expect_dead(
        self, action: str, *, reason: str = "", at: When | None = None, customer: str | None = None, **parameters: Any
    ) -> OutboxRow:
        """An action was given up, and is a dead letter; see `expect_dropped`."""
        __tracebackhide__ = True
        return self._expect_ended("dead", action, reason, at, customer, parameters)

    def expect_held(
        self, action: str, *, until: When | None = None, reason: str = "", customer: str | None = None, **parameters: Any
    ) -> OutboxRow:
        """
        An action is asked for and held by a policy, now.

        Args:
            action: its name.
            until: until when.
            reason: why, or a part of it.
            customer: whom it is for.
            parameters: parameters that it has among others.

        Returns:
            The request, with what the policies answered.

        Raises:
            AssertionError: there is none.
        """
        __tracebackhide__ = True
        self.look()
        for row in self._requests(action, customer, parameters):
            end = _held_until(row)
            if end is not None and reason in (row.reason or "") and (until is None or self._same_moment(end, until)):
                return row
        said = f"{asked(action, parameters)}{_of(customer)} to be held{_until(until)}{_because(reason)}"
        raise AssertionError(self._no_request(said, action, customer))

    def expect_left(
        self, journey: str, outcome: str = "", *, customer: str = "ann", key: str | None = None, at: When | None = None
    ) -> None:
        """
        A customer has left a journey.

        Args:
            journey: its name.
            outcome: how, or a part of it: ``completed``, ``exited: Order Completed``.
            customer: who.
            key: the key, where they were in it under several.
            at: when they left.

        Raises:
            AssertionError: they are inside, never were, or left otherwise.
        """
        __tracebackhide__ = True
        self.look()
        found = self._enrollment(customer, journey, key)
        said = f"{customer} to have left {_place(journey, key)}{f' as {outcome}' if outcome else ''}{_at(at)}"
        if found is None:
            raise AssertionError(self._failure(f"expected {said}, but they never were in it", [], [], [customer]))
        if found.active:
            where = f"are in {found.step}" if found.step else "wait to be let in"
            raise AssertionError(self._failure(f"expected {said}, but they {where}", [], [], [customer]))
        ended_at = found.ended_at or 0
        if outcome not in _outcome(found) or (at is not None and not self._same_moment(ended_at, at)):
            verdict = f"expected {said}, but it was {_outcome(found)} at {show(ended_at, self.zone)}"
            raise AssertionError(self._failure(verdict, [], [], [customer]))

    # -- what is looked at -------------------------------------------------------------------------------------------

    def messages(self, customer: str | None = None) -> list[Performed]:
        """
        What a customer (everybody, where not said) was sent, in order of time; actions that reach nobody are none (``message: none``).

        Of customers who have been merged it is what any of them was sent.
        """
        self.look()
        mute = {
            row.message.origin or row.message.idempotency_key
            for row in self.storage.outbox(None, None, EVERY)
            if row.message.message == "none"
        }
        whose = None if customer is None else self.storage.identities(customer)
        return [
            one
            for one in self.actions.performed
            if one.request.idempotency_key not in mute and (whose is None or one.request.customer_id in whose)
        ]

    def outcome(self, customer: str, journey: str, key: str | None = None) -> str | None:
        """
        How a customer left a journey: ``completed``, ``exited: Order Completed``, ``merged``; None while they are inside; ``never entered``.

        Args:
            customer: who.
            journey: its name.
            key: the key, where they were in it under several.

        Raises:
            UnknownError: there is no such journey.
        """
        self.look()
        found = self._enrollment(customer, journey, key)
        if found is None:
            return "never entered"
        return None if found.active else _outcome(found)

    def step(self, customer: str = "ann", journey: str | None = None, key: str | None = None) -> str | None:
        """
        The step that a customer stands in; None where they are in none.

        Args:
            customer: who.
            journey: its name, where they are in several.
            key: the key, where they are in it under several.
        """
        self.look()
        inside = [e for e in self._loaded(customer)[1] if e.status == "active"]
        if journey is not None:
            self.engine.definitions.check(journey)
            inside = [e for e in inside if e.journey == journey and key in (None, e.key)]
        if len(inside) > 1:
            places = ", ".join(_place(e.journey, e.key) for e in inside)
            raise AssertionError(f"{customer} is in {places}; say which is meant")
        return inside[0].step if inside else None

    def stage(self, customer: str = "ann") -> str | None:
        """The stage that the lifecycle journey has a customer in."""
        self.look()
        return self._loaded(customer)[0].stage

    def explain(self, customer: str | None = None, why_not: str | None = None) -> str:
        """What happened to a customer (to everybody, where not said), in words; see `journeykit.Engine.explain`."""
        self.look()
        customers = [customer] if customer is not None else self._known()
        return "\n".join(f"{name}\n{self.engine.explain(name, why_not)}" for name in customers)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _known(self) -> list[str]:
        """Everybody to whom something has happened."""
        return self.storage.customers("", EVERY)

    def _loaded(self, customer: str) -> tuple[Facts, list[Enrollment]]:
        (loaded,) = self.storage.load_many([Want(self.storage.identities(customer)[0], None)])
        return loaded.facts, loaded.enrollments

    def _enrollment(self, customer: str, journey: str, key: str | None) -> Enrollment | None:
        self.engine.definitions.check(journey)
        found = [e for e in self._loaded(customer)[1] if e.journey == journey and key in (None, e.key)]
        if len(found) > 1:
            keys = ", ".join(e.key for e in found)
            raise AssertionError(f"{customer} is or was in {journey} under {keys}; say which key is meant")
        return found[0] if found else None

    def _instant(self, at: When) -> int:
        found = read_moment(at, self.zone)
        if found is None:
            raise ConditionError("None is no moment; give an ISO date or time such as 2026-11-28 09:00")
        return found

    def _same_moment(self, at: int, wanted: When) -> bool:
        precision = 60 * MICROSECONDS if isinstance(wanted, str) and wanted.count(":") < 2 else MICROSECONDS
        return at // precision == self._instant(wanted) // precision

    def _differences(
        self, found: Performed, action: str, at: When | None, customer: str | None, parameters: Mapping[str, Any]
    ) -> Iterator[str]:
        """What is not as expected, in words."""
        request = found.request
        if request.action != action:
            yield f"{action}, but {request.action} came"
        if customer is not None and request.customer_id != customer:
            yield f"for {customer}, but it was for {request.customer_id}"
        if at is not None and not self._same_moment(found.at, at):
            yield f"at {show(self._instant(at), self.zone)}, but it came at {show(found.at, self.zone)}"
        for name, value in parameters.items() if request.action == action else ():
            if name not in request.parameters:
                yield f"{name}={value!r}, but there is no {name}{suggestion(name, request.parameters)}"
            elif request.parameters[name] != value:
                yield f"{name}={value!r}, but it is {request.parameters[name]!r}"

    def _requests(self, action: str, customer: str | None, parameters: Mapping[str, Any], state: str | None = None) -> Iterator[OutboxRow]:
        for row in self.storage.outbox(state, None if customer is None else self.storage.identities(customer)[0], EVERY):
            given = row.message.parameters
            if row.message.action == action and all(name in given and given[name] == value for name, value in parameters.items()):
                yield row

    def _not_as_wanted(
        self, wanted: str, following: Sequence[Performed], wrong: list[str], action: str, at: When | None, customer: str | None,
        parameters: Mapping[str, Any],
    ) -> str:  # fmt: skip
        """What is told where the next action performed is none or another."""
        rows, hints = self._rows(wanted), [f"not the same: {one}" for one in wrong]
        if not following:
            people = [customer] if customer else self._known()
            unheard = misspelt((event.name for event in self._events), self.engine.definitions.heard())
            return self._failure(f"expected {wanted}, but nothing more was performed", rows, unheard, people, action)
        came = following[0].request
        later = next((one for one in following[1:] if not any(self._differences(one, action, at, customer, parameters))), None)
        hints += [f"it came later, {later}; expect what came before it first"] if later else []
        missing = later is None and (came.action != action or customer not in (None, came.customer_id))
        verdict = (
            f"expected {wanted}, but {came.action if came.action != action else 'it'} came{' otherwise' if came.action == action else ''}"
        )
        people = [*([customer] if customer else []), came.customer_id]
        return self._failure(verdict, rows, hints, people, action if missing else None)

    def _expect_ended(
        self, state: Literal["dropped", "dead"], action: str, reason: str, at: When | None, customer: str | None, parameters: dict[str, Any]
    ) -> OutboxRow:
        __tracebackhide__ = True
        self.look()
        for row in self._requests(action, customer, parameters, state):
            meant = reason in (row.reason or "") and (at is None or self._same_moment(row.due_at, at))
            if meant and row.id not in self._told:
                self._told.add(row.id)
                return row
        said = f"{asked(action, parameters)}{_of(customer)} to be {state}{_at(at)}{_because(reason)}"
        raise AssertionError(self._no_request(said, action, customer))

    def _no_request(self, said: str, action: str, customer: str | None) -> str:
        """What became of the requests that there are, where none became what was *said*."""
        rows = list(self._requests(action, customer, {}))
        came = [self._became(row) for row in rows] or [f"{action} was not asked for"]
        verdict = f"expected {said}, but {'none was' if len(rows) != 1 else 'it was not'}" if rows else f"expected {said}, but {came[0]}"
        people = [customer] if customer else list(dict.fromkeys(row.message.customer_id for row in rows)) or self._known()
        return self._failure(
            verdict, [(said if not number else "", text) for number, text in enumerate(came)], [], people, None if rows else action, 0
        )

    def _became(self, row: OutboxRow) -> str:
        text = f"{show(row.message.at, self.zone)}  {asked(row.message.action, row.message.parameters)} for {row.message.customer_id}: "
        end = _held_until(row)
        state: str = "waits to be performed" if row.state == "open" else row.state
        state += f" at {show(row.due_at, self.zone)}" if row.state != "open" and row.due_at != row.message.at else ""
        state = f"held until {show(end, self.zone)}" if end is not None else state
        return f"{text}{state}{f', {row.reason}' if row.reason else ''}{' (expected before)' if row.id in self._told else ''}"

    def _wanted(self, action: str, at: When | None, customer: str | None, parameters: Mapping[str, Any]) -> str:
        when = "" if at is None else f" at {show(self._instant(at), self.zone)}"
        return f"{asked(action, parameters)}{_of(customer)}{when}"

    def _rows(self, wanted: str) -> list[Row]:
        came = [str(one) for one in self.actions.performed]
        expected = [*self._met, wanted]
        came += ["nothing"] * (len(expected) - len(came))
        return [(expected[number] if number < len(expected) else "", text) for number, text in enumerate(came)]

    def _failure(
        self,
        verdict: str,
        rows: Sequence[Row],
        hints: Iterable[str],
        people: Iterable[str],
        action: str | None = None,
        wrong: int | None = None,
    ) -> str:
        """All that a reader needs: the verdict, both columns, and for each of the *people* why *action* did not come, and what happened."""
        columns = compared(rows, len(self._met) if wrong is None else wrong) if rows else []
        tell = partial(told, self.engine, show(self.clock.now(), self.zone), self._known(), action)
        return "\n".join(page(verdict, columns, hints, [(name, tell) for name in dict.fromkeys(people)]))


def _held_until(row: OutboxRow) -> int | None:
    """Until when a policy holds a request, None where none does."""
    last = row.answers[-1] if row.state == "open" and row.answers else None
    return last.until if last is not None and last.until is not None and row.due_at == last.until + 1 else None


def _outcome(e: Enrollment) -> str:
    return e.status if e.reason in (None, e.status) else f"{e.status}: {e.reason}"


def _place(journey: str, key: str | None) -> str:
    return f"{journey} {key or ''}".strip()


def _of(customer: str | None) -> str:
    return f" for {customer}" if customer else ""


def _at(at: When | None) -> str:
    return f" at {at}" if at is not None else ""


def _until(until: When | None) -> str:
    return f" until {until}" if until is not None else ""


def _because(reason: str) -> str:
    return f" because of {reason}" if reason else ""


def _times(number: int) -> str:
    return f", and {number - 1} more" if number > 1 else ""
