"""A journey tried out as a story: what happens, how time passes, and what the customer hears."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from attrs import evolve

from journeykit.core.expressions.calendar import show
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, moment, text
from journeykit.model.phrases import MICROSECONDS, seconds
from journeykit.model.records import Want
from journeykit.ports import Action, Storage
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import Definitions, asked, storage_of
from journeykit.runtime.engine import Engine
from journeykit.runtime.letters import ARM
from journeykit.runtime.plugins import extensions_of
from journeykit.runtime.work import Outcome
from journeykit.storage.memory import MemoryStorage
from journeykit.testing.arms import experiments, found
from journeykit.testing.boundary import known
from journeykit.testing.expecting import Expecting, When
from journeykit.testing.fakes import Attempt, Performed, Recorder, Scripted
from journeykit.testing.given import look_at, refuse_elsewhere
from journeykit.testing.mishaps import Mishaps
from journeykit.testing.operating import Definition, Operating
from journeykit.testing.passing import pass_until
from journeykit.testing.retelling import Retelling, flat
from journeykit.testing.told import Call, said

_INSTANT = 1_000  #: microseconds that count as one instant: what comes after another in it is a microsecond later
_MANY = 1_000_000  #: customers with mail


class Scenario(Expecting, Mishaps, Operating, Retelling):
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
        arms: for experiments and holdouts by name, the arm that everybody is in for whom `arm` says no other.
        options: further arguments of the engine, such as ``policies``; its ``backoff`` is without chance where not said.

    Attributes:
        engine: the engine.
        clock: its clock.
        storage: its storage.
        actions: its actions, as a `Recorder`.
        told: every call that made something happen, in order, so that the story can be told again.
    """

    def __init__(
        self,
        *definitions: Journey | Catalog | Iterable[Journey | Catalog],
        at: When = "2026-01-01 09:00",
        zone: str = "UTC",
        catalog: Catalog | None = None,
        storage: Storage | None = None,
        actions: Mapping[str, Action] | None = None,
        arms: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        look_at(options, arms)
        self.zone = known(zone)
        self._moment = self._instant(at)  #: where the story is; the clock may be some microseconds on, where that instant is over
        self.clock = ManualClock(self._moment)
        begun = {"at": at, "zone": zone, **said(catalog=catalog, storage=storage, actions=actions, arms=arms), **options}
        self.told, self._before = [Call(self._moment, "Scenario", definitions, begun)], [0]
        self.storage: Storage = MemoryStorage() if storage is None else storage_of(storage)
        self.storage.migrate()
        self.actions = Recorder(given=actions, clock=self.clock, zone=zone)
        self._options = {"backoff": Backoff(jitter=lambda: 0), **options}
        self._versions = {}
        self._release((*definitions, *([] if catalog is None else [catalog])))
        self._arms = {found(self._experiments, name, arm): arm for name, arm in (arms or {}).items()}
        self._customers: set[str] = set()
        self._ids = count(1)
        self._events: list[Event] = []
        self._met, self._told, self._looks_at = [], set(), None

    @property
    def performed(self) -> list[Performed]:
        """Every action performed, in order."""
        return self.actions.performed

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt at an action, in order, also those that did not work."""
        return self.actions.attempts

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

        Raises:
            TypeError: one of them is called as an `journeykit.Event` calls something that is an argument here.
        """
        refuse_elsewhere(properties, more)
        self._tell("event", name, customer=customer, **said(id=id, at=at, more=more), **properties)
        self._meet(customer)
        occurred_at, told = moment(self.clock.now() if at is None else self._instant(at)), {**properties, **(more or {})}
        event = Event(name, id=id or self._fresh(name), customer_id=customer, occurred_at=occurred_at, properties=told)
        self._events.append(event)
        return self._handle(event)

    def again(self, back: int = 1) -> Outcome:
        """
        The last event is delivered again, as it was; which counts once.

        Args:
            back: 2 for the one before the last, and so on; the first, where there are fewer.

        Raises:
            IndexError: no event has been told yet.
            ValueError: *back* is less than 1.
        """
        if back < 1:
            raise ValueError(f"back: {back} is no event that has been told; 1 is the last one")
        if not self._events:
            raise IndexError("no event has been told yet, so none can be delivered again")
        event = self._events[-min(back, len(self._events))]
        self._tell("again", *([back] if back != 1 else []))
        return self._handle(event)

    def identify(
        self,
        customer: str = "ann",
        *,
        traits: Mapping[str, Any] | None = None,
        zone: str | None = None,
        consent: Mapping[str, bool] | None = None,
        at: When | None = None,
    ) -> Outcome:
        """Something becomes known about a customer: ``traits={"first_name": "Ann"}``; see `Engine.identify`."""
        self._tell("identify", customer, **said(zone=zone, traits=traits, consent=consent, at=at))
        self._meet(customer)
        event_id, since = self._fresh("identify"), None if at is None else self._instant(at)
        outcome = self._surviving(lambda: self.engine.identify(customer, id=event_id, traits=traits, zone=zone, consent=consent, at=since))
        self._settle(self.clock.now())
        return outcome

    def publish(
        self, name: str, /, *, id: str | None = None, at: When | None = None, more: Mapping[str, Any] | None = None, **properties: Any
    ) -> bool:
        """Something happens to an object, and those who wait for it hear of it when it is their turn; see `event` and `Engine.publish`."""
        refuse_elsewhere(properties, more)
        self._tell("publish", name, **said(id=id, at=at, more=more), **properties)
        told = {**properties, **(more or {})}
        occurred_at = None if at is None else self._instant(at)
        event_id = id or self._fresh(name)
        known = self._surviving(lambda: self.engine.publish(name, id=event_id, properties=told, at=occurred_at))
        self._settle(self.clock.now())
        return known

    def enroll(self, journey: str, customer: str = "ann", *, key: str = "", data: Mapping[str, Any] | None = None) -> Outcome:
        """Let a customer into a journey, as far as its re-entry rule allows; see `Engine.enroll`."""
        self._tell("enroll", journey, customer=customer, **said(key=key or None, data=data))
        self._meet(customer)
        event_id = self._fresh("enroll")
        outcome = self._surviving(lambda: self.engine.enroll(journey, customer, id=event_id, key=key, data=data))
        self._settle(self.clock.now())
        return outcome

    def arm(self, customer: str, experiment: str, arm: str) -> None:
        """
        Say in which arm of an experiment, or of a holdout, a customer is, so that none is drawn.

        Args:
            customer: who.
            experiment: its name: ``wording``, or ``recover-cart/wording`` where another journey has one of that name.
            arm: the step that the arm leads to; of a holdout ``held out`` or ``treated``.

        Raises:
            UnknownError: there is no such experiment, or it has no such arm.
        """
        whole = found(self._experiments, experiment, arm)
        self._tell("arm", customer, experiment, arm)
        self._meet(customer)
        self._put(customer, {whole: arm})

    def answer(self, action: str, *scripted: Scripted, customer: str | None = None) -> None:
        """
        Say what an action answers from now on, each answer once and the last from then on.

        Args:
            action: its name.
            scripted: `journeykit.Done`, `journeykit.Retry` or `journeykit.Failed`, an error to raise, or a function of the request; nothing, to have
                it as it was at the beginning.
            customer: for whom; for everybody for whom nothing else was said, where not said.

        Raises:
            UnknownError: no journey asks for such an action.
            TypeError: one of the answers is none.
        """
        self.actions.answer(action, *scripted, customer=customer)
        self._tell("answer", action, *scripted, **said(customer=customer))

    def wait(self, how_long: str) -> None:
        """Let time pass: ``2 hours``, ``1 day 12 hours``; a day is 24 hours."""
        self._tell("wait", how_long)
        self._pass(self._moment + seconds(how_long) * MICROSECONDS)

    def until(self, at: When) -> None:
        """Let time pass until a moment: ``2026-03-29 09:00`` in the scenario's zone."""
        self._tell("until", at)
        self._pass(self._instant(at))

    def look(self) -> None:
        """
        Let the present instant pass: timers due in it fire, and a message held until now is released.

        Whoever expects or looks at something does this first.
        """
        if self._run(self._moment + _INSTANT):
            self._tell("look")

    def __str__(self) -> str:
        return self._transcript()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _tell(self, method: str, *arguments: Any, **options: Any) -> None:
        self.told.append(Call(self._moment, method, arguments, options))
        self._before.append(len(self.performed))

    def _release(self, definitions: Iterable[Definition | Iterable[Definition]]) -> None:
        """Let an engine with these definitions take over."""
        values = [self._here(value) for value in flat(definitions)]
        self.actions.learn(*sorted(self._asked(values, self._options)))
        self._made = lambda kept: Engine(values, kept, self.actions, clock=self.clock, **self._options)
        self.engine = self._made(self.storage)
        self._experiments = experiments(self.engine.definitions)

    def _here(self, value: Definition) -> Definition:
        here = evolve(value, zone=self.zone) if isinstance(value, Journey) and value.zone is None else value
        self._remember(value, here)
        return here

    def _fresh(self, name: str) -> str:
        return f"{name} {next(self._ids)}"

    def _handle(self, event: Event) -> Outcome:
        outcome = self._surviving(lambda: self.engine.handle(event))
        self._settle(self.clock.now())
        return outcome

    def _asked(self, values: list[Journey | Catalog], options: Mapping[str, Any]) -> set[str]:
        """The actions that the journeys ask for, and the older versions of them that the storage knows."""
        if self.storage.definitions():
            brought = extensions_of(options.get("triggers"), options.get("timers"))
            return Definitions(values, self.storage, extensions=brought).actions()
        return {name for value in values if isinstance(value, Journey) for name in asked(value)}

    def _own(self, name: str, customer: str, properties: dict[str, str]) -> Event:
        occurred_at = moment(self.clock.now())
        return Event(name, id=self._fresh(name), customer_id=customer, occurred_at=occurred_at, properties=properties)

    def _meet(self, customer: str) -> None:
        """Put a customer who is new into the arms that everybody is in."""
        text(customer, "customer")
        if customer not in self._customers:
            self._customers.add(customer)
            if self._arms:
                self._put(customer, self._arms)

    def _put(self, customer: str, arms: dict[str, str]) -> None:
        event = self._own(ARM, customer, arms)
        self._surviving(lambda: self.engine.handle(event))

    def _meet_mailed(self, until: int) -> None:
        """The same for whoever has been mailed by others: it comes before their mail."""
        due = self.storage.claim_due(until, _MANY) if self._arms else []
        for loaded in self.storage.load_many([Want(name, frozenset()) for name in due if name not in self._customers]):
            self._customers.add(loaded.customer_id)
            if loaded.revision == 0 and loaded.pending:
                self.storage.accept([(self._own(ARM, loaded.customer_id, self._arms), loaded.pending[0].accepted_at - 1)])

    def _catch_up(self) -> None:
        self._settle(self.clock.now())

    def _settle(self, until: int) -> bool:
        """Do everything that is due before *until*; return whether there was anything."""
        busy = False
        if not self.working:
            return False
        self._meet_mailed(until)
        while self._working(lambda: self.engine.run_due(until) or sum(self.engine.dispatch())):
            busy = True
            self._meet_mailed(until)
        return busy

    def _pass(self, target: int) -> None:
        """Let everything happen that is due until *target*."""
        if target < self._moment:
            raise ValueError(f"it is {show(self._moment, self.zone)}, and time does not go back to {show(target, self.zone)}")
        self._run(target)
        self.clock.set(max(target, self.clock.now()))
        self._moment = target

    def _run(self, target: int) -> bool:
        """Let everything happen that is due until *target*, where the worker is there; return whether anything did."""
        if not self.working:
            return False
        at, busy = self._looks_at, False
        if at is not None and at <= target:
            self._looks_at = None
            busy = pass_until(at, self.storage, self.clock, self._settle)
            self.clock.set(max(at, self.clock.now()))
            busy = self._settle(self.clock.now()) or busy
        return pass_until(target, self.storage, self.clock, self._settle) or busy
