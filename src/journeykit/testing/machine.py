"""
Any story: a state machine of hypothesis that drives journeys with whatever may happen, and holds a host's properties against it.

::

    class Shop(JourneyMachine):
        definitions = load("journeys/")
        calm = never_closer("email", "24 hours")

        @always
        def nobody_is_left_without_an_answer(self, shop):
            ...

    TestShop = Shop.TestCase

Customers do what the journeys listen to, late, ahead of time and twice; time passes by the waits of the journeys and just beside them; the
worker lags; the engine is killed; actions fail; and where you say so, customers are merged and erased, journeys paused, and a later release
takes over. Where a property does not hold, the shortest story that shows it is printed as Python to
paste into a test.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, TypeVar
from unittest import TestCase

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from journeykit.errors import DefinitionError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.phrases import suggestion
from journeykit.ports import Storage
from journeykit.runtime.definitions import merged
from journeykit.runtime.migrations import Given
from journeykit.storage.memory import MemoryStorage
from journeykit.testing.happenings import MISHAPS, duration, rules
from journeykit.testing.operating import paused
from journeykit.testing.operations import OPERATIONS, operating, resume
from journeykit.testing.properties import Looked, Property
from journeykit.testing.scenario import Scenario
from journeykit.testing.shortest import Broken, shortest
from journeykit.testing.told import Call
from journeykit.testing.vocabulary import Vocabulary

Method = TypeVar("Method", bound=Callable[..., Any])

__all__ = ["JourneyMachine", "always"]

BUGS = 8  #: stories that hypothesis raises at the end, one for each fault; how many are remembered
FEW = 10  #: stories after which a property should have had something to look at
STEPS = 30  #: things that happen in a story
_ALWAYS = "journeykit_always"


def always(method: Method) -> Method:
    """
    Mark a method of a `JourneyMachine` as something that must hold after everything that happens.

    It is given the `Scenario` so far, at which it looks and in which it changes nothing. Where it does not hold it raises
    `AssertionError` or returns False. It may return how many things it had to look at; 0, or nothing at all while nobody has been let
    into a journey, counts as none.
    """
    setattr(method, _ALWAYS, True)
    return method


class Tally:
    """How many stories were told, and how often each property had something to look at."""

    def __init__(self) -> None:
        self.stories = 0
        self.seen: dict[str, Counter[str]] = {}
        self.broken: deque[Broken] = deque(maxlen=BUGS)  #: the last stories that broke something

    def add(self, looked: Mapping[str, Looked]) -> None:
        """Take down what was seen in one story."""
        self.stories += 1
        for name, one in looked.items():
            self.seen.setdefault(name, Counter()).update(one.seen)

    def unseen(self) -> list[str]:
        """What no story had: a line for each."""
        return [f"{name}: {what} never came" for name, seen in self.seen.items() for what, times in seen.items() if not times]


class JourneyMachine(RuleBasedStateMachine):
    """
    Any story of some journeys; inherit from it and let your test runner find its ``TestCase``.

    Attributes:
        definitions: journeys and catalogs.
        customers: whom events are about.
        at: where each story begins; the day before the clock changes in Europe where not said.
        zone: as in `Scenario`.
        options: further arguments of `Scenario`, such as ``policies`` or ``actions``.
        also: names of further events that happen.
        mishaps: what goes wrong: ``late``, ``ahead``, ``again``, ``lag``, ``kill``, ``fail``; leave out what should not.
        operations: what whoever runs the shop does: ``merge``, ``erase``, ``pause``; nothing where not said.
        later: the journeys and catalogs of the next release, all of them, which takes over at some point; nothing where not said.
        migrations: how those who are inside come to that release: files, folders, or plain values as they would stand in a file.
        storage: makes the storage of each story.
        shop: the story so far, in a rule of your own.
    """

    definitions: ClassVar[Iterable[Journey | Catalog]] = ()
    customers: ClassVar[Sequence[str]] = ("ann", "bob")
    at: ClassVar[str] = "2026-03-28 12:00"
    zone: ClassVar[str] = "Europe/Berlin"
    options: ClassVar[Mapping[str, Any]] = {}
    also: ClassVar[Sequence[str]] = ()
    mishaps: ClassVar[Sequence[str]] = MISHAPS
    operations: ClassVar[Sequence[str]] = ()
    later: ClassVar[Iterable[Journey | Catalog]] = ()
    migrations: ClassVar[Sequence[Given]] = ()
    storage: ClassVar[Callable[[], Storage]] = MemoryStorage
    tally: ClassVar[Tally] = Tally()
    _held: ClassVar[dict[str, Property]] = {}
    _methods: ClassVar[list[str]] = []

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        _check(cls)
        now, later = list(cls.definitions), list(cls.later)
        cls.definitions, cls.later = now, later
        cls._held = {name: one for name in dir(cls) if isinstance(one := getattr(cls, name, None), Property)}
        cls._methods = [name for name in dir(cls) if hasattr(getattr(cls, name, None), _ALWAYS)]
        words = _spoken(now, later, [*cls.also, *(event for one in cls._held.values() for event in one.events)])
        lengths = sorted({*words.seconds, *(length for one in cls._held.values() for length in one.seconds)})
        operations = operating(words, cls.customers, cls.operations, later=bool(cls.later))
        for name, rule in (*rules(words, cls.customers, lengths, cls.mishaps), *operations):
            if name not in vars(cls):
                setattr(cls, name, rule)
        parts = {"machine": cls, "settings": _settings(), "__module__": cls.__module__}
        case = type(f"{cls.__name__}.TestCase", (StoriesTestCase,), parts)
        cls.TestCase = case  # type: ignore[assignment]  # a property that makes hypothesis's own

    def __init__(self) -> None:
        super().__init__()
        self.shop = self.scenario()
        self.lag = 0  #: how many more things happen before the worker is back
        self._looked: dict[str, Looked] = {}
        self._broken = False

    @classmethod
    def scenario(cls) -> Scenario:
        """The beginning of every story."""
        return Scenario(cls.definitions, at=cls.at, zone=cls.zone, storage=cls.storage(), **cls.options)

    @classmethod
    def check(cls, shop: Scenario) -> None:
        """
        Hold every property against a story, as it stands.

        Raises:
            AssertionError: one does not hold.
        """
        machine = cls()
        try:
            machine.look(shop)
        finally:
            machine.shop.storage.close()

    @invariant()
    def every_property_holds(self) -> None:
        """Look at the story so far."""
        self.during(lambda: self.look(self.shop))

    def during(self, call: Callable[[], object]) -> None:
        """Make a *call*; whatever it raises says with which story it did."""
        try:
            call()
        except Exception as error:
            self._broken = True
            self.tally.broken.append(Broken(self.shop.told[1:], error))
            error.add_note(self.story())
            raise

    @classmethod
    def tell(cls, calls: Sequence[Call]) -> Broken | None:
        """Tell a story from the beginning, as it was told before: what it breaks, and with which of its calls."""
        machine = cls()
        try:
            for one in calls:
                machine.during(partial(getattr(machine.shop, one.method), *one.arguments, **one.options))
            machine.every_property_holds()
        except Exception:  # noqa: BLE001  whatever a host's property or plugin raises
            return cls.tally.broken[-1]
        finally:
            machine.shop.storage.close()
        return None

    def story(self) -> str:
        """The story so far, as Python to paste into a test."""
        name = type(self).__name__
        written = {"deploy": f"{name}.later", "migrate": f"*{name}.migrations"}
        code = self.shop.as_code(scenario=f"{name}.scenario()", expected=False, **written)
        return f"The story, to paste into a test:\n\n{code}{name}.check(shop)"

    def teardown(self) -> None:
        """The end: what has to be seen in the long run, and what there was to see."""
        try:
            if not self._broken:
                self._see_the_end()
        finally:
            self.shop.storage.close()

    def _see_the_end(self) -> None:
        horizon = max((one.horizon for one in self._held.values()), default=0)
        if horizon:
            self.during(lambda: self._end(horizon))
        self.tally.add(self._looked)

    def _end(self, horizon: int) -> None:
        if not self.shop.working:
            self.shop.start_worker()
        for pause in self.shop.engine.pauses():
            resume(self.shop, pause)
        self.shop.wait(duration(horizon + paused(self.shop.storage.pauses(), 0, self.shop.clock.now())))
        self.look(self.shop)

    def look(self, shop: Scenario) -> None:
        """Hold every property against *shop*, and remember what there was to see; `check` is for tests."""
        for name, one in self._held.items():
            self._looked[name] = one.check(shop)
        for name in self._methods:
            self._looked[name] = _asked(name, getattr(self, name), shop)


def _check(machine: type[JourneyMachine]) -> None:
    """What can be seen to be wrong before a story is told."""
    lists = {
        "definitions": machine.definitions,
        "customers": machine.customers,
        "mishaps": machine.mishaps,
        "operations": machine.operations,
    }
    for name, given in {**lists, "later": machine.later, "migrations": machine.migrations}.items():
        if isinstance(given, str):
            raise TypeError(f'{name}: "{given}" is a text; give a list')
    for name, known in (("mishaps", MISHAPS), ("operations", OPERATIONS)):
        if unknown := [one for one in lists[name] if one not in known]:
            raise ValueError(f'{name}: "{unknown[0]}" is none; there are {", ".join(known)}{suggestion(str(unknown[0]), known)}')
    if machine.migrations and not machine.later:
        raise ValueError("migrations: they lead to a later release, and there is none; give its journeys and catalogs as later")


def _spoken(now: Sequence[Journey | Catalog], later: Sequence[Journey | Catalog], also: Sequence[str]) -> Vocabulary:
    """The words of both releases, as far as their catalogs agree; what can be asked of an engine only once the later one is there is left out."""
    both = [*now, *(one for one in later if one not in now)]
    try:
        merged(one for one in both if isinstance(one, Catalog))
    except DefinitionError:
        both = [*now, *(one for one in later if isinstance(one, Journey))]
    words, first = Vocabulary(both, also), Vocabulary(now)
    words.arms, words.doors, words.subjects, words.actions = first.arms, first.doors, first.subjects, first.actions
    return words


def _shortest(machine: type[JourneyMachine], error: Exception, told: Sequence[Broken]) -> Exception:
    """What broke in one of the stories *told*, as the shortest story that breaks it says it; of several faults each."""
    if isinstance(error, ExceptionGroup):
        return error.derive([_shortest(machine, one, told) for one in error.exceptions])
    broken = next((one for one in told if one.error is error), None)
    return error if broken is None else shortest(broken, machine.tell).error


def _asked(name: str, method: Callable[[Scenario], bool | int | None], shop: Scenario) -> Looked:
    """What a property of the host's own says."""
    answer = method(shop)
    if answer is False:
        raise AssertionError(f"{name} does not hold")
    if answer is None or answer is True:
        answer = len(shop.storage.definitions())  # kept with the first who is let in
    return Looked({"something to look at": answer})


def _settings() -> settings:
    """Those of the profile; the story says all there is to say of a failure, so that hypothesis need not."""
    phases = [phase for phase in settings().phases if phase is not Phase.explain]
    calm = list(HealthCheck)
    return settings(deadline=None, suppress_health_check=calm, stateful_step_count=STEPS, phases=phases, verbosity=Verbosity.quiet)


@contextmanager
def _silence() -> Iterator[None]:
    """What goes wrong here does so on purpose, a thousand times: nobody wants to read of it."""
    logger = logging.getLogger("journeykit")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class StoriesTestCase(TestCase):
    """Tells stories to a machine, until one breaks a property or all are told; fails, too, where a property never had anything to look at."""

    machine: ClassVar[type[JourneyMachine]]
    settings: ClassVar[settings]

    def runTest(self) -> None:  # noqa: N802  the name that unittest looks for
        """Tell them."""
        if not self.machine.definitions:
            raise ValueError("definitions: there are none, so that nothing can happen; give journeys, for example load('journeys/')")
        self.machine.tally = Tally()
        with _silence():
            self._run()
        tally = self.machine.tally
        if tally.stories >= FEW and (unseen := tally.unseen()):
            hint = "let something happen that brings it about (also, customers, options), or take the property away"
            raise AssertionError(f"in {tally.stories} stories there was nothing to look at; {hint}\n" + "\n".join(unseen))

    def _run(self) -> None:
        try:
            run_state_machine_as_test(self.machine, settings=self.settings)
        except Exception as error:  # noqa: BLE001  the same
            raise _shortest(self.machine, error, list(self.machine.tally.broken)) from None

    runTest.is_hypothesis_test = True  # type: ignore[attr-defined]
