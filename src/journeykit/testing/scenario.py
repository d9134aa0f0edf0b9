"""A journey tried out as a story: what happens, how time passes, and what the customer hears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from attrs import evolve

from journeykit.core.calendar import read_moment, show
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import ActionRequest, Answer, Done, Event, moment
from journeykit.model.phrases import MICROSECONDS, seconds
from journeykit.model.records import Enrollment, Facts, Want
from journeykit.ports import Action, Storage
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.engine import Engine
from journeykit.runtime.plugins import extensions_of
from journeykit.runtime.work import Outcome
from journeykit.storage.memory import MemoryStorage
from journeykit.testing.mishaps import Mishaps
from journeykit.testing.retelling import Retelling, flat
from journeykit.testing.told import Call, Performed

When = str | datetime

_STEADY = Backoff(jitter=lambda: 0)  #: a story is the same each time it is told


class Scenario(Mishaps, Retelling):
    """
    Runs journeys on a clock that only moves when the story says so.

    ::

        shop = Scenario(recover_cart, at="2026-03-29 00:30", zone="Europe/Berlin")
        shop.event("Product Added", customer="ann", cart_id="c1")
        shop.wait("2 hours")
        shop.expect("email", template="cart-reminder", at="2026-03-29 03:30")
        shop.expect_nothing_else()

    While time passes, timers fire and actions are performed each at its own moment. A timer that is due in the present instant
    has not fired yet, so that an event of this instant comes first; it fires when something is expected or looked at, or when
    time moves on.

    Args:
        definitions: journeys and catalogs, or lists of them.
        at: where the clock starts.
        zone: the time zone that moments are written in, and that of journeys that name none.
        catalog: one more catalog.
        storage: where everything is kept; in memory where not said.
        actions: implementations by name; what is not given is only written down, and is done.
        options: further arguments of the engine, such as ``backoff``, which has no jitter where not said.

    Attributes:
        engine: the engine.
        clock: its clock.
        performed: every action performed, in order.
        told: every call that made something happen, in order, so that the story can be told again.
        story: both together, in order.
    """

    def __init__(
        self,
        *definitions: Journey | Catalog | Iterable[Journey | Catalog],
        at: When = "2026-01-01 09:00",
        zone: str = "UTC",
        catalog: Catalog | None = None,
        storage: Storage | None = None,
        actions: Mapping[str, Action] | None = None,
        **options: Any,
    ) -> None:
        self.zone = zone
        self.clock = ManualClock(self._instant(at))
        begun = {"at": at, "zone": zone, **_said(catalog=catalog, storage=storage, actions=actions), **options}
        self.told: list[Call] = []
        self.story: list[Call | Performed] = []
        self._remember(Call(self.clock.now(), "Scenario", definitions, begun))
        self.storage: Storage = MemoryStorage() if storage is None else storage
        self.storage.migrate()
        self.performed: list[Performed] = []
        values = [self._here(value) for value in (*flat(definitions), *([catalog] if catalog else []))]
        given = dict(actions or {})
        brought = extensions_of(options.get("triggers"), options.get("timers"))
        asked = Definitions(values, self.storage, extensions=brought).actions()
        recorders = {name: self._recorder(given.get(name)) for name in asked | set(given)}
        options = {"backoff": _STEADY, **options}
        self._made = lambda kept: Engine(values, kept, recorders, clock=self.clock, **options)
        self.engine = self._made(self.storage)
        self._expected = 0
        self._customers: dict[str, None] = {}
        self._ids = count(1)

    # -- what happens ------------------------------------------------------------------------------------------------

    def event(
        self,
        name: str,
        /,
        customer: str = "ann",
        *,
        id: str | None = None,
        at: When | None = None,
        more: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> Outcome:
        """
        Something happens, is decided, and what it asks for is performed.

        Args:
            name: what happens.
            customer: whom it is about.
            id: its id; a new one where not said, so that an event is given twice by saying its id.
            at: when it occurred; now where not said.
            more: properties whose names are taken here: ``{"id": "visa", "at": "2026-03-04"}``.
            properties: its properties.
        """
        self._customers[customer] = None
        self._tell("event", name, customer=customer, **_said(id=id, at=at, more=more), **properties)
        occurred_at, told = moment(self.clock.now() if at is None else self._instant(at)), {**properties, **(more or {})}
        event = Event(name, id=id or f"{name} {next(self._ids)}", customer_id=customer, occurred_at=occurred_at, properties=told)
        outcome = self._surviving(lambda: self.engine.handle(event))
        self._settle(self.clock.now())
        return outcome

    def identify(self, customer: str = "ann", **known: Any) -> Outcome:
        """Something becomes known about a customer: ``traits``, ``zone``, ``consent``; see `Engine.identify`."""
        self._customers[customer] = None
        self._tell("identify", customer, **known)
        event_id = f"identify {next(self._ids)}"
        outcome = self._surviving(lambda: self.engine.identify(customer, id=event_id, **known))
        self._settle(self.clock.now())
        return outcome

    def publish(self, name: str, /, *, id: str | None = None, at: When | None = None, **properties: Any) -> bool:
        """Something happens to an object, and those who wait for it are told as far as it is their turn; see `Engine.publish`."""
        self._tell("publish", name, **_said(id=id, at=at), **properties)
        occurred_at = None if at is None else self._instant(at)
        event_id = id or f"{name} {next(self._ids)}"
        known = self._surviving(lambda: self.engine.publish(name, id=event_id, properties=properties, at=occurred_at))
        self._settle(self.clock.now())
        return known

    def wait(self, how_long: str) -> None:
        """Let time pass: ``2 hours``, ``1 day 12 hours``; a day is 24 hours."""
        self._tell("wait", how_long)
        self._pass(self.clock.now() + seconds(how_long) * MICROSECONDS)

    def until(self, at: When) -> None:
        """Let time pass until a moment: ``2026-03-29 09:00`` in the scenario's zone."""
        self._tell("until", at)
        self._pass(self._instant(at))

    def look(self) -> None:
        """
        Let the present instant pass: timers due in it fire, and a message held until now is released.

        Whoever expects or looks at something does this first.
        """
        now = self.clock.now()
        busy = self._settle(now + 1)
        if self.working and self.storage.next_due() == now + 1:
            self.clock.set(now + 1)
            busy = self._settle(now + 1) or busy
        if busy:
            self._remember(Call(now, "look", (), {}))

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
        wanted = self._wanted(action, at, customer, parameters)
        if self._expected >= len(self.performed):
            raise AssertionError(self._story(f"expected  {wanted}\nbut       nothing more was performed"))
        found = self.performed[self._expected]
        request = found.request
        same = request.action == action and (customer is None or request.customer_id == customer)
        same = same and all(name in request.parameters and request.parameters[name] == value for name, value in parameters.items())
        if not (same and (at is None or self._same_moment(found.at, at))):
            raise AssertionError(self._story(f"expected  {wanted}\nbut came  {self._shown(found)}"))
        self._expected += 1
        return request

    def expect_nothing_else(self) -> None:
        """Nothing was performed up to now that was not expected; raise `AssertionError` with what happened where something was."""
        __tracebackhide__ = True
        self.look()
        rest = self.performed[self._expected :]
        if rest:
            came = "\nand       ".join(self._shown(one) for one in rest)
            raise AssertionError(self._story(f"expected  nothing else\nbut came  {came}"))

    # -- what is looked at -------------------------------------------------------------------------------------------

    def step(self, customer: str = "ann", journey: str | None = None, key: str = "") -> str | None:
        """The step that a customer stands in; None where they are not in *journey* (in the only one they are in, where not said)."""
        self.look()
        inside = [e for e in self._loaded(customer)[1] if e.status == "active"]
        if journey is not None:
            inside = [e for e in inside if (e.journey, e.key) == (journey, key)]
        if len(inside) > 1:
            places = ", ".join(f"{e.journey} {e.key}".strip() for e in inside)
            raise AssertionError(self._story(f"{customer} is in {places}; say which is meant"))
        return inside[0].step if inside else None

    def stage(self, customer: str = "ann") -> str | None:
        """The stage that the lifecycle journey has a customer in."""
        self.look()
        return self._loaded(customer)[0].stage

    def explain(self, customer: str | None = None, why_not: str | None = None) -> str:
        """What happened to a customer (to everybody, where not said), in words; see `Engine.explain`."""
        self.look()
        customers = [customer] if customer is not None else list(self._customers)
        return "\n".join(f"{name}\n{self.engine.explain(name, why_not)}" for name in customers)

    def __str__(self) -> str:
        return self._transcript()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _tell(self, method: str, *arguments: Any, **options: Any) -> None:
        self._remember(Call(self.clock.now(), method, arguments, options))

    def _remember(self, call: Call) -> None:
        self.told.append(call)
        self.story.append(call)

    def _here(self, value: Journey | Catalog) -> Journey | Catalog:
        return evolve(value, zone=self.zone) if isinstance(value, Journey) and value.zone is None else value

    def _instant(self, at: When) -> int:
        found = read_moment(at, self.zone)
        assert found is not None
        return found

    def _recorder(self, action: Action | None) -> Callable[[ActionRequest], Answer]:
        def record(request: ActionRequest) -> Answer:
            answer = Done() if action is None else action(request) or Done()
            if isinstance(answer, Done):
                self.performed.append(Performed(request, self.clock.now()))
                self.story.append(self.performed[-1])
            return answer

        return record

    def _settle(self, until: int) -> bool:
        """Do everything that is due before *until*, where the worker is there; return whether there was anything."""
        busy = False
        while self.working and self._surviving(lambda: self.engine.run_due(until) or sum(self.engine.dispatch())):
            busy = True
        return busy

    def _catch_up(self) -> bool:
        return self._settle(self.clock.now())

    def _pass(self, target: int) -> None:
        """Let everything happen that is due before *target*, each at its own moment: a timer in the instant before it is noticed."""
        while (due := self.storage.next_due()) is not None and due <= target:
            self.clock.set(max(due - 1, self.clock.now()))
            if not self._settle(due):
                self.clock.set(max(due, self.clock.now()))
                if not self._settle(due):
                    break
        now = self.clock.now()
        self.clock.set(now if now == target + 1 else target)  # that instant has been looked at already

    def _loaded(self, customer: str) -> tuple[Facts, list[Enrollment]]:
        (loaded,) = self.storage.load_many([Want(customer, None)])
        return loaded.facts, loaded.enrollments

    def _same_moment(self, at: int, wanted: When) -> bool:
        precision = 60 * MICROSECONDS if isinstance(wanted, str) and wanted.count(":") < 2 else MICROSECONDS
        return at // precision == self._instant(wanted) // precision

    def _wanted(self, action: str, at: When | None, customer: str | None, parameters: Mapping[str, Any]) -> str:
        when = "" if at is None else f"{show(self._instant(at), self.zone)}  "
        return f"{when}{' '.join([action, *_listed(parameters)])}{f' for {customer}' if customer else ''}"

    def _shown(self, one: Performed) -> str:
        request = one.request
        return f"{show(one.at, self.zone)}  {' '.join([request.action, *_listed(request.parameters)])} for {request.customer_id}"

    def _story(self, verdict: str) -> str:
        return f"{verdict}\n\nnow       {show(self.clock.now(), self.zone)}\n\n{self.explain()}"


def _said(**options: Any) -> dict[str, Any]:
    """Those that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _listed(parameters: Mapping[str, Any]) -> list[str]:
    listed = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return [listed] if listed else []
