"""Actions for tests: they write down what they are asked, and answer as they were told."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from journeykit.core.expressions.calendar import show
from journeykit.errors import UnknownError
from journeykit.model.messages import ActionRequest, Answer, Done, Failed, Retry, moment, words
from journeykit.model.phrases import suggestion
from journeykit.ports import Action, Clock
from journeykit.runtime.clock import SystemClock

Scripted = Answer | BaseException | type[BaseException] | Callable[[ActionRequest], Answer | None]
"""What an action can be told to answer: an answer, an error to raise, or a function of the request."""


class Performed(NamedTuple):
    """
    An action that was performed, and when.

    Attributes:
        request: what was asked for.
        at: microseconds since 1970 UTC.
        zone: the time zone in which it is shown.
    """

    request: ActionRequest
    at: int
    zone: str = "UTC"

    @property
    def when(self) -> datetime:
        """The moment, as the clocks of the zone showed it."""
        return moment(self.at).astimezone(ZoneInfo(self.zone))

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        request = self.request
        return f"{show(self.at, self.zone)}  {asked(request.action, request.parameters)} for {request.customer_id}"


class Attempt(NamedTuple):
    """
    One attempt at an action.

    Attributes:
        request: what was asked for; ``request.attempt`` counts from 1.
        at: microseconds since 1970 UTC.
        answer: what was answered; an error that was raised counts as `journeykit.Retry`, as it does for the engine.
    """

    request: ActionRequest
    at: int
    answer: object

    @property
    def reason(self) -> str:
        """Why it did not work, as far as that was said; empty where it did."""
        return getattr(self.answer, "reason", "")


class Recorder(Mapping[str, Action]):
    """
    The actions of an engine: each is written down and answered as scripted, and is done where nothing else was said.

    ::

        actions = Recorder("email", "sms")
        actions.answer("email", Retry(after=60), Done())
        engine = Engine(journeys, storage, actions)

    Safe to use from several threads.

    Args:
        names: the names of the actions.
        given: implementations by name, for those that are to be performed for real as long as nothing is scripted.
        clock: where the moments come from; the machine's clock where not said.
        zone: the time zone in which what was performed is shown.

    Attributes:
        performed: every action that was done, in order.
        attempts: every attempt, also those that did not work.
    """

    def __init__(self, *names: str, given: Mapping[str, Action] | None = None, clock: Clock | None = None, zone: str = "UTC") -> None:
        self.performed: list[Performed] = []
        self.attempts: list[Attempt] = []
        self._given = _callable(given)
        self._names = dict.fromkeys([*names, *self._given])
        self._clock = clock or SystemClock()
        self._zone = zone
        self._scripts: dict[tuple[str, str | None], list[Scripted]] = {}
        self._lock = threading.Lock()

    def learn(self, *names: str) -> None:
        """There are these actions as well."""
        self._names |= dict.fromkeys(names)

    def answer(self, action: str, *scripted: Scripted, customer: str | None = None) -> None:
        """
        Say what an action answers from now on.

        Args:
            action: its name.
            scripted: the answers in order, each once and the last from then on: `journeykit.Done`, `journeykit.Retry` or `journeykit.Failed`, an error to
                raise, or a function of the request; nothing, to have it as it was at the beginning.
            customer: for whom; for everybody for whom nothing else was said, where not said.

        Raises:
            UnknownError: there is no such action.
            TypeError: one of the answers is none.
        """
        if action not in self._names:
            raise UnknownError(
                f'no action "{action}"; there are {", ".join(sorted(self._names)) or "none"}{suggestion(action, self._names)}'
            )
        with self._lock:
            self._scripts[action, customer] = [_answerable(one) for one in scripted]

    def __getitem__(self, name: str) -> Action:
        if name not in self._names:
            raise KeyError(name)
        return self._perform

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _perform(self, request: ActionRequest, /) -> Answer | None:
        action = self._scripted(request)
        try:
            answer: object = action(request)
        except BaseException as error:
            self.attempts.append(Attempt(request, self._clock.now(), Retry(reason=f"{type(error).__name__}: {words(error)}")))
            raise
        answer = Done() if answer is None else answer
        self.attempts.append(Attempt(request, self._clock.now(), answer))
        if isinstance(answer, Done):
            self.performed.append(Performed(request, self._clock.now(), self._zone))
        return answer  # type: ignore[return-value]  # what is no answer is for the engine to refuse

    def _scripted(self, request: ActionRequest) -> Action:
        with self._lock:
            for customer in (request.customer_id, None):
                if script := self._scripts.get((request.action, customer)):
                    return partial(_answered, script.pop(0) if len(script) > 1 else script[0])
        return self._given.get(request.action, _done)


def answers(*scripted: Scripted) -> Action:
    """
    An action that answers as scripted, each answer once and the last from then on; see `Recorder.answer`.

    Raises:
        TypeError: one of them is no answer.
    """
    script = [_answerable(one) for one in scripted] or [Done()]
    lock = threading.Lock()

    def action(request: ActionRequest, /) -> Answer | None:
        with lock:
            following = script.pop(0) if len(script) > 1 else script[0]
        return _answered(following, request)

    return action


def failing(error: BaseException | type[BaseException]) -> Action:
    """An action that raises *error* at each attempt, which the engine takes for `journeykit.Retry`."""
    return answers(error)


def hanging(until: threading.Event, seconds: float = 60.0) -> Action:
    """
    An action that does not come back before *until* is set, as a provider that says nothing.

    Args:
        until: set by the test, at the latest when it ends.
        seconds: after these it gives up and raises `TimeoutError`, so that a test that forgets comes to an end.
    """

    def action(_request: ActionRequest, /) -> Done:
        if not until.wait(seconds):
            raise TimeoutError(f"nobody has set the event for {seconds:g} seconds; set it when the test is over")
        return Done()

    return action


def asked(action: str, parameters: Mapping[str, Any]) -> str:
    """How people write a request: ``email template='welcome'``."""
    return " ".join([action, *_listed(parameters)])


def differences(left: Sequence[Performed], right: Sequence[Performed]) -> list[str]:
    """Two lists of what was performed, a line for each: ``<`` stands only in the left one, ``>`` only in the right one."""
    lines, others = [str(one) for one in left], [str(one) for one in right]
    head = f"{len(left)} performed on the left, {len(right)} on the right"
    if lines == others:  # keys, attempts and deadlines are in no line
        pairs = [(one, other) for one, other in zip(left, right, strict=True) if one != other]
        return [
            f"{head}, told alike",
            *[line for one, other in pairs for line in (f"< Performed{tuple(one)!r}", f"> Performed{tuple(other)!r}")],
        ]
    marks = {"  ": "  ", "- ": "< ", "+ ": "> "}
    return [head, *[marks[line[:2]] + line[2:] for line in difflib.ndiff(lines, others) if line[:2] in marks]]


def _callable(given: Mapping[str, Action] | None) -> dict[str, Action]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"actions: {given!r:.60} is no mapping; give each by its name, as {{'email': send}}")
    for name, action in (given or {}).items():
        if not callable(action):
            raise TypeError(f'actions: "{name}" is {action!r:.60}, which cannot be called; give a function')
    return dict(given or {})


def _listed(parameters: Mapping[str, Any]) -> list[str]:
    listed = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    return [listed] if listed else []


def _answerable(value: object) -> Scripted:
    raised = isinstance(value, BaseException) or (isinstance(value, type) and issubclass(value, BaseException))
    if raised or isinstance(value, (Done, Retry, Failed)) or (callable(value) and not isinstance(value, type)):
        return value  # type: ignore[return-value]
    hint = f"give {value.__name__}()" if isinstance(value, type) else "give Done(), Retry(), Failed(), an error to raise, or a function"
    raise TypeError(f"{value!r:.60} is nothing that an action answers; {hint}")


def _answered(scripted: Scripted, request: ActionRequest) -> Answer | None:
    if isinstance(scripted, (BaseException, type)):
        raise scripted
    return scripted if isinstance(scripted, (Done, Retry, Failed)) else scripted(request)


def _done(_request: ActionRequest, /) -> Done:
    return Done()
