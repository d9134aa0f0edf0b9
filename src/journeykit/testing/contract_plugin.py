"""What the contracts of plugins share: a plugin is asked again, in another order, from several threads, and with things missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime
from typing import Any

from journeykit.codec import definition_hash, dumps, loads
from journeykit.insight.definitions.diagram import mermaid
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import ActionRequest, Event
from journeykit.model.policies import Question
from journeykit.testing.purity import impurities

ODD: tuple[Any, ...] = (None, 0, -1, "", "?", [], {}, True)  #: what a property or a trait may be that nobody thought of
_THREADS = 4

Asked = tuple[Any, ...]  #: what a plugin is called with


class PurePlugin:
    """
    What every plugin that is asked keeps: it answers out of what it is given, and leaves that as it is.

    Attributes:
        pure: that it looks at nothing else; say False where it asks a service, as a policy may.
    """

    pure = True

    def test_it_answers_the_same_for_ever(self) -> None:
        """Decisions are replayed: asked again, after other questions, made anew, in other threads."""
        if self.pure:
            different = answered_alike(self._create, self._questions())
            assert not different, "\n".join(["it keeps something in mind, or is left to chance:", *different])

    def test_it_reads_no_clock_and_no_chance(self) -> None:
        """Nothing but what it is given, the present among it, so that a test and a rehearsal can say what it is."""
        if self.pure:
            names = reached(self._create(), self._questions())
            assert not names, (
                f"it reaches {', '.join(names)}; it may look at what it is given only (a policy that has to ask others says pure = False)"
            )

    def test_it_changes_nothing_that_it_is_given(self) -> None:
        """That belongs to others: an event is stored as it came, an argument may be a list out of the customer's data."""
        different = changed(self._create(), self._questions())

        assert not different, "\n".join(different)

    def _create(self) -> Callable[..., Any]:
        raise NotImplementedError

    def _questions(self) -> Sequence[Asked]:
        raise NotImplementedError


class NamedInJourneys(PurePlugin):
    """The same of what journeys name: triggers and timers."""

    name: str

    def test_a_journey_names_it(self) -> None:
        """A journey with it is checked, is the same after it was written and read, and its picture shows the name."""
        for journey in self._journeys():
            problems = self._problems(journey)
            assert not problems, "\n".join(problems)
            assert survives_text(journey), f"another journey once it was written and read: {journey}"
            assert is_drawn(journey, self.name), f"the picture of the journey does not show {self.name}"

    def _journeys(self) -> Sequence[Journey]:
        raise NotImplementedError

    def _problems(self, journey: Journey) -> tuple[str, ...]:
        raise NotImplementedError


def answered_alike(create: Callable[[], Callable[..., Any]], questions: Sequence[Asked]) -> list[str]:
    """
    Where a plugin answers the same question differently: asked again, after other questions, made anew, or by several threads.

    Returns:
        A line for each such question.
    """
    first, other = create(), create()
    answers = [first(*deepcopy(one)) for one in questions]
    again = [first(*deepcopy(one)) for one in reversed(questions)][::-1]
    anew = [create()(*deepcopy(one)) for one in questions]
    with ThreadPoolExecutor(_THREADS) as threads:
        beside = list(threads.map(lambda one: other(*deepcopy(one)), [*questions] * _THREADS))
    beside = [beside[number :: len(questions)] for number in range(len(questions))] if questions else []
    return [
        f"{shown(one)}: {answer!r} at first, {sorted({repr(late) for late in rest})} later"
        for one, answer, rest in zip(questions, answers, ([a, n, *b] for a, n, b in zip(again, anew, beside, strict=True)), strict=True)
        if any(late != answer for late in rest)
    ]


def changed(call: Callable[..., Any], questions: Iterable[Asked]) -> list[str]:
    """What a plugin has changed of what it was given, a line for each question."""
    found = []
    for one in questions:
        given = deepcopy(one)
        call(*given)
        found += [] if repr(given) == repr(one) else [f"{shown(one)} has become {shown(given)}"]
    return found


def raised(call: Callable[..., Any], questions: Iterable[Asked]) -> list[str]:
    """The errors that a plugin raises, a line for each with the first question that led to it."""
    first: dict[str, Asked] = {}
    times = Counter[str]()
    for one in questions:
        try:
            call(*deepcopy(one))
        except Exception as error:  # noqa: BLE001  whatever it raises
            said = f"{type(error).__name__}: {error}"
            first.setdefault(said, one)
            times[said] += 1
    return [f"{said}  for {shown(one)}{f' and {times[said] - 1} more' if times[said] > 1 else ''}" for said, one in first.items()]


def reached(call: Callable[..., Any], questions: Iterable[Asked]) -> list[str]:
    """What a plugin reaches beyond what it is given, by name."""
    return sorted({name for one in questions for name in impurities(lambda one=one: call(*deepcopy(one)))})  # type: ignore[misc]


def with_gaps(values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """*values* with each of them missing in turn."""
    return [(*values[:place], None, *values[place + 1 :]) for place in range(len(values))]


def with_odd(values: dict[str, Any]) -> list[dict[str, Any]]:
    """A mapping without each of its names in turn, without all of them, and with each being something that nobody thought of."""
    less = [{name: value for name, value in values.items() if name != left_out} for left_out in values]
    return [{}, *less, *({**values, name: odd} for name in values for odd in ODD)]


def survives_text(definition: Journey | Catalog) -> bool:
    """Whether a definition is the same after it was written and read."""
    again = loads(dumps(definition))
    hashes = [definition_hash(one) for one in (again, definition) if isinstance(one, Journey)]
    return again == definition and dumps(again) == dumps(definition) and len(set(hashes)) < 2


def is_drawn(journey: Journey, name: str) -> bool:
    """Whether the diagram of a journey shows the *name*."""
    return name in mermaid(journey)


def shown(question: Asked) -> str:
    """A question as its examples are written."""
    return " with ".join(f"{_said(one):.200}" for one in question)


def _said(value: object) -> str:
    match value:
        case Event():
            return repr(value.properties)
        case ActionRequest():
            return repr(value.parameters)
        case Question():
            return f"customer={value.customer!r}, parameters={value.parameters!r}, consent={value.consent!r}"
        case datetime():
            return value.isoformat()
        case _:
            return repr(value)
