"""
What every trigger must keep: a suite of tests to inherit from.

::

    class TestCampaign(TriggerContract):
        name = "extras.campaign"

        def create_trigger(self) -> Trigger:
            return Campaign()

        def recognised(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
            return [({"url": "https://shop.example/?utm_campaign=spring"}, ("spring",))]

        def left(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
            return [({"url": "https://shop.example/"}, ("spring",))]
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from journeykit.model.journey import Entry, Journey, Step
from journeykit.model.messages import Event
from journeykit.ports import Trigger
from journeykit.runtime.definitions import check
from journeykit.testing.contract_plugin import Asked, NamedInJourneys, raised, with_gaps, with_odd
from journeykit.testing.scenario import Scenario

Example = tuple[dict[str, Any], tuple[Any, ...]]  #: the properties of an event, and the arguments of the definition


class TriggerContract(NamedInJourneys):
    """
    The promises of `journeykit.ports.Trigger`. Name the subclass ``Test...``.

    Attributes:
        name: what definitions call it.
    """

    name = "tried"

    @abstractmethod
    def create_trigger(self) -> Trigger:
        """Make a new trigger."""
        raise NotImplementedError("say in create_trigger which trigger is tested: return MyTrigger()")

    @abstractmethod
    def recognised(self) -> Sequence[Example]:
        """Examples that it is to recognise: the properties of an event, and the arguments of the definition."""
        raise NotImplementedError('give in recognised what it is to recognise: return [({"url": "..."}, ("spring",))]')

    @abstractmethod
    def left(self) -> Sequence[Example]:
        """Examples that it is to leave."""
        raise NotImplementedError('give in left what it is to leave: return [({"url": "..."}, ("spring",))]')

    def test_it_says_which_event_it_wants_to_see(self) -> None:
        """In its attribute ``event``; events whose names begin with ``$`` are the library's own."""
        event = getattr(self.create_trigger(), "event", None)

        assert isinstance(event, str), f"event is {event!r}; give it the name of the event that it wants to see"
        assert event, "event is empty; give it the name of the event that it wants to see"
        assert event[0] != "$", f"event is {event!r}, one of the library's own"

    def test_it_recognises_what_it_should(self) -> None:
        """Each of the examples."""
        wrong = [example for example in self.recognised() if not self.create_trigger()(*self._asked(example))]

        assert not wrong, f"not recognised: {wrong}"

    def test_it_leaves_what_it_should(self) -> None:
        """Each of the examples; without any a trigger that recognises everything would pass."""
        assert self.left(), "give in left at least one example"
        wrong = [example for example in self.left() if self.create_trigger()(*self._asked(example))]

        assert not wrong, f"recognised, and should not be: {wrong}"

    def test_it_answers_where_something_is_missing_or_odd(self) -> None:
        """An event without a property, with one of another type, an argument that is None: an error would park the signal."""
        odd = [self._asked((properties, arguments)) for given, arguments in self._examples() for properties in with_odd(given)]
        odd += [self._asked((given, gaps)) for given, arguments in self._examples() for gaps in with_gaps(arguments)]
        errors = raised(self.create_trigger(), odd)

        assert not errors, "\n".join(["it raises an error:", *errors])

    def test_an_engine_asks_it(self) -> None:
        """Whoever it recognises is let in, nobody else, and nothing is parked; arguments come out of the customer's data."""
        for examples, wanted in ((self.recognised(), "in"), (self.left(), None)):
            for given, arguments in examples:
                trigger = self.create_trigger()
                shop = Scenario(self._journey(len(arguments)), triggers={self.name: trigger})
                shop.identify(traits={f"argument_{number}": value for number, value in enumerate(arguments)})
                shop.event(trigger.event, more=given)

                assert not [row for row in shop.storage.events("ann", 1 << 62) if row.state == "parked"]
                assert shop.step() == wanted, f"{given} with {arguments}"

    # -- inside ------------------------------------------------------------------------------------------------------

    def _create(self) -> Trigger:
        return self.create_trigger()

    def _examples(self) -> list[Example]:
        return [*self.recognised(), *self.left()]

    def _questions(self) -> list[Asked]:
        return [self._asked(example) for example in self._examples()]

    def _asked(self, example: Example) -> Asked:
        properties, arguments = example
        name = getattr(self.create_trigger(), "event", None) or "Tried"
        event = Event(name, id="tried", customer_id="ann", occurred_at="2026-03-02T09:00:00+00:00", properties=properties)
        return (event, *arguments)

    def _journeys(self) -> list[Journey]:
        return [self._journey(number) for number in sorted({len(arguments) for _, arguments in self._examples()})]

    def _problems(self, journey: Journey) -> tuple[str, ...]:
        return check(journey, triggers={self.name: self.create_trigger()})

    def _journey(self, arguments: int) -> Journey:
        said = ", ".join(f"customer.argument_{number}" for number in range(arguments))
        steps = [Step("in", stage="awareness", wait="1 day")]
        return Journey("tried", entry=Entry(f"{self.name}({said})"), steps=steps, zone="UTC")
