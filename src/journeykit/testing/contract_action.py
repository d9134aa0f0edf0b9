"""
What every action must keep: a suite of tests to inherit from.

::

    class TestCoupon(ActionContract):
        name = "extras.coupon"
        once = True

        def create_action(self) -> Action:
            return Coupon()

        def performed(self) -> list[dict[str, Any]]:
            return [{"percent": 10}]

        def refused(self) -> list[dict[str, Any]]:
            return [{"percent": "much"}]
"""

from __future__ import annotations

import json
import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

try:
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("the action contract needs pytest; pip install 'journeykit[testing]'") from missing

from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Journey, Step
from journeykit.model.messages import ActionRequest, Done, Failed, Retry, moment
from journeykit.ports import Action
from journeykit.runtime.definitions import check
from journeykit.testing.contract_plugin import changed, is_drawn, raised, survives_text, with_odd
from journeykit.testing.scenario import Scenario

_THREADS = 8


class ActionContract:
    """
    The promises of `journeykit.ports.Action`. Name the subclass ``Test...``.

    Attributes:
        name: what journeys call it.
        once: that it says to do its thing once under one idempotency key, however often it is asked; see `effects`.
        time_limit: the seconds after which it has answered, whatever happens; shorter than the engine's lease.
    """

    name = "tried"
    once = False
    time_limit = 30.0

    @abstractmethod
    def create_action(self) -> Action:
        """Make a new action."""
        raise NotImplementedError("say in create_action which action is tested: return MyAction()")

    @abstractmethod
    def performed(self) -> Sequence[dict[str, Any]]:
        """Parameters with which it does its thing, each as a journey gives them."""
        raise NotImplementedError('give in performed parameters that are right: return [{"percent": 10}]')

    def refused(self) -> Sequence[dict[str, Any]]:
        """Parameters with which it never will; none where there are no such."""
        return ()

    def effects(self) -> object:
        """What it has done to the world so far, as something that can be compared, such as the length of a list; None where that cannot be seen."""
        return None

    def create_stalled_action(self) -> Action | None:
        """Make an action that talks to something that never answers (`journeykit.testing.receivers.talking`); None where it talks to nobody."""
        return None

    def test_it_does_its_thing(self) -> None:
        """With each of the right parameters."""
        assert self.performed(), "give at least one example"
        wrong = [
            f"{given}: {answer!r}"
            for given in self.performed()
            if not isinstance(answer := self.create_action()(self._request(given)) or Done(), Done)
        ]

        assert not wrong, "\n".join(["not done:", *wrong])

    def test_it_refuses_what_will_never_work(self) -> None:
        """At once and with a reason, so that nobody tries it for days."""
        for given in self.refused():
            answer = self.create_action()(self._request(given))
            assert isinstance(answer, Failed), f"{given}: {answer!r} instead of Failed"
            assert answer.reason.strip(), f"{given}: Failed without a reason"

    def test_it_answers_done_retry_or_failed(self) -> None:
        """Or nothing, which means Done; anything else is a dead letter."""
        for given in [*self.performed(), *self.refused()]:
            answer = self.create_action()(self._request(given))
            assert answer is None or isinstance(answer, (Done, Retry, Failed)), f"{given}: {answer!r} is no answer"

    def test_what_it_answers_can_be_kept(self) -> None:
        """The event of its answer has a name of the host's, and its properties are JSON."""
        for given in self.performed():
            answer = self.create_action()(self._request(given))
            if isinstance(answer, Done) and answer.event is not None:
                assert not answer.event.startswith("$"), f"{answer.event} is one of the library's own"
                again = json.loads(json.dumps(answer.properties, allow_nan=False))
                assert again == answer.properties, f"{answer.properties} is {again} once it was kept"

    def test_it_changes_nothing_that_it_is_given(self) -> None:
        """The next attempt is given the same."""
        different = changed(self.create_action(), [(self._request(given),) for given in [*self.performed(), *self.refused()]])

        assert not different, "\n".join(different)

    def test_what_is_missing_or_odd_is_answered(self) -> None:
        """With Failed, where it cannot be done: an error is tried again for days."""
        odd = [(self._request(given),) for right in self.performed() for given in with_odd(right)]
        errors = raised(self.create_action(), odd)

        assert not errors, "\n".join(["it raises an error:", *errors])

    def test_the_same_key_twice_does_it_once(self) -> None:
        """Where it says so: a crash may repeat any request, under its key, with a new process behind it."""
        if not self.once:
            pytest.skip("it does not say once = True: what is asked twice under one key may be done twice")
        for given in self.performed():
            request = self._request(given)
            action = self.create_action()
            first, seen = action(deepcopy(request)), deepcopy(self.effects())
            again = [action(deepcopy(request)), self.create_action()(deepcopy(request))]
            assert again == [first, first], f"{given}: {first!r} at first, {again!r} under the same key"
            assert self.effects() == seen, f"{given}: {seen!r:.300} after the first, {self.effects()!r:.300} after three under one key"

    def test_it_comes_back(self) -> None:
        """Within the time limit, also where whoever it talks to never says a word."""
        actions = [(self.create_action(), self._request(given)) for given in self.performed()]
        stalled = self.create_stalled_action()
        if stalled is not None:
            actions += [(stalled, self._request(given)) for given in self.performed()]
        for action, request in actions:
            thread = threading.Thread(target=_called, args=(action, request), daemon=True)
            began = time.monotonic()
            thread.start()
            thread.join(self.time_limit)
            assert not thread.is_alive(), f"no answer for {time.monotonic() - began:.1f} seconds; give its calls a time limit"

    def test_it_can_be_called_from_any_thread(self) -> None:
        """One action, many requests at once; with ``once`` each is answered as it is alone, and never with what is another's."""
        action = self.create_action()
        requests = [self._request(given, f"customer {number}") for number in range(_THREADS) for given in self.performed()]
        with ThreadPoolExecutor(_THREADS) as threads:
            answers = list(threads.map(lambda one: action(deepcopy(one)) or Done(), requests))
        wrong = [answer for answer in answers if not isinstance(answer, Done)]

        assert not wrong, f"not done: {wrong}"
        if self.once:
            self._are_answered_as_alone(requests, answers)

    def test_a_journey_names_it(self) -> None:
        """A journey with it is checked, is the same after it was written and read, and its picture shows the name."""
        for given in self.performed():
            journey = self._journey(given)
            problems = check(journey, actions=[self.name])
            assert not problems, "\n".join(problems)
            assert survives_text(journey), f"another journey once it was written and read: {journey}"
            assert is_drawn(journey, self.name), f"the picture of the journey does not show {self.name}"

    def test_an_engine_performs_it(self) -> None:
        """Each request ends as performed, and its answer is kept."""
        for given in self.performed():
            shop = Scenario(self._journey(given), Catalog(), actions={self.name: self.create_action()})
            shop.event("Begin")
            (row,) = shop.storage.outbox()

            assert (row.state, row.reason) == ("performed", None), f"{given}: {row.state}, {row.reason}"
            assert row.message.parameters == given

    # -- inside ------------------------------------------------------------------------------------------------------

    def _are_answered_as_alone(self, requests: Sequence[ActionRequest], answers: Sequence[object]) -> None:
        """Where asked one after the other they are always answered the same, they were among others, too."""
        action = self.create_action()
        alone, again = ([action(deepcopy(one)) or Done() for one in requests] for _ in range(2))
        if alone == again:
            for one, other in zip(alone, answers, strict=True):
                assert one == other, f"{one!r} when asked alone, {other!r} among others"

    def _request(self, parameters: dict[str, Any], customer: str = "ann") -> ActionRequest:
        key = f"{customer}/tried//1/1/{json.dumps(parameters, sort_keys=True, default=repr)}"
        return ActionRequest(self.name, customer, deepcopy(parameters), key, 1, moment(0), None, "tried")

    def _journey(self, parameters: dict[str, Any]) -> Journey:
        steps = [Step("done", stage="awareness", do=Do(self.name, **parameters))]
        return Journey("tried", entry="Begin", steps=steps, zone="UTC")


def _called(action: Action, request: ActionRequest) -> None:
    try:
        action(request)
    except Exception:  # noqa: BLE001  which counts as Retry
        return
